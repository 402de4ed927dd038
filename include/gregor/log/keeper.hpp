// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/partition_files.hpp"
#include "gregor/log/recovery_report.hpp"
#include "gregor/log/room_keeper.hpp"
#include "gregor/log/slot_time.hpp"
#include "gregor/options.hpp"
#include "gregor/ring/byte_room.hpp"
#include "gregor/ring/room.hpp"
#include "gregor/ring/signal.hpp"
#include "gregor/ring/watermark.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// Looks after the files behind a mapped log: makes room for its sequencer, makes lasting what was
/// published, takes away what is old. All that needs the system is done here, under one mutex, by
/// whoever needs it: a producer that finds no room, one that waits for its record to last, or
/// `maintain`, ahead of them.
///
/// Threads   any; `salted`: who may write or read a slot of the segment
/// Progress  blocking: may wait for the system
/// Errors    remembered, until the same succeeds: `failure`
template <class Sequencer, class Env, class Files>
class keeper : public room_keeper<Sequencer, Env, Files> {
    using base = room_keeper<Sequencer, Env, Files>;

public:
    using base::durable;
    using typename base::extension;

    /// Of recovered files, which are mapped; the sequencer begins where they end. Throws
    /// std::bad_alloc.
    keeper(partition_files<Files> files, log_options options, Sequencer& log,
           ring::byte_room<Env>& blobs);

    keeper(const keeper&) = delete;
    keeper& operator=(const keeper&) = delete;
    ~keeper()
    {
        static_cast<void>(guarded(lasting_, [&]() -> failure_type {
            settled_ = log_.published_end(settled_);
            return files_.close(settled_, taken_now());
        }));
    }

    /// Makes room for everything below `end`, or says why not.
    [[nodiscard]] GREGOR_COLD extension make_room(offset_t end);
    /// Makes room for all blobs below this position, or says why not. Who has claimed already, does
    /// not wait for those who still read, and insists.
    [[nodiscard]] GREGOR_COLD extension make_blob_room(std::uint64_t end, bool insists);
    /// Since when producers find no room, for people.
    [[nodiscard]] ring::since<Env>& full_since() noexcept { return full_since_; }
    [[nodiscard]] const ring::since<Env>& full_since() const noexcept { return full_since_; }

    /// Sees to it that what was published below `end` is made lasting when the flush policy says
    /// so. False where it could not be.
    [[nodiscard]] bool see_to_lasting(offset_t end, std::chrono::nanoseconds now) noexcept;

    /// Returns when everything below `end`, which was published, is lasting: true; or when that
    /// cannot be. Who waits at the same time waits for the same sync.
    [[nodiscard]] bool wait_lasting(offset_t end) noexcept;

    /// Makes everything lasting that was published, up to the first claim that is open. The error
    /// where that could not be done.
    [[nodiscard]] std::optional<error> flush();

    /// The same, for who hears of an error later.
    void try_flush() noexcept
    {
        const std::lock_guard lock{mutex_};
        static_cast<void>(guarded(lasting_, [&] { return flush_all(); }));
    }

    /// One past the sealed segments from that of `from` on whose records are all older than that,
    /// in ns since 1970; or `from`, which is held.
    [[nodiscard]] offset_t past_older(offset_t from, std::int64_t time)
    {
        const std::lock_guard lock{mutex_};
        return files_.past_older(from, time);
    }

    /// Calls act(what groups have committed), under the mutex.
    template <class Act>
    auto with_offsets(Act&& act)
    {
        const std::lock_guard lock{mutex_};
        return act(files_.offsets());
    }

    /// Makes room ahead of the producers, makes lasting what the interval says, seals what is full,
    /// and takes away what is too old. True where more is lasting now, or less is there.
    bool maintain(std::chrono::nanoseconds now, timestamp_t wall_clock);

    /// Whether readers stop before a claim that is not published, and where. A snapshot.
    [[nodiscard]] bool stuck(offset_t& at) const
    {
        const std::lock_guard lock{mutex_};
        return log_.stuck(settled_, at);
    }

    /// Why nothing could be made lasting or, where that is not so, why there was no room, the last
    /// time; none where neither failed.
    [[nodiscard]] std::optional<error> failure() const
    {
        const std::lock_guard lock{mutex_};
        failure_type why = reason(lasting_);
        return why ? std::move(why) : reason(room_);
    }

    /// What was found when it was opened.
    [[nodiscard]] const recovery_report& report() const noexcept { return files_.report(); }

private:
    using base::blobs_;
    using base::durable_;
    using base::files_;
    using base::guarded;
    using base::lasting_;
    using base::log_;
    using base::options_;
    using base::reason;
    using base::room_;
    using base::settled_;
    using typename base::failure_type;

    [[nodiscard]] bool is_time(std::chrono::nanoseconds now) const noexcept
    {
        return now.count() - flushed_at_.value() >= options_.flush_interval.count();
    }
    [[nodiscard]] bool flush_unless_busy(std::chrono::nanoseconds now) noexcept;
    [[nodiscard]] bool has_no_place() const noexcept
    {
        return room_.why && room_.why->code() == errc::log_full;
    }
    void prepare_blobs_ahead();

    // Under the mutex.
    [[nodiscard]] failure_type flush_now();
    /// What groups have committed, too.
    [[nodiscard]] failure_type flush_all()
    {
        failure_type failed = flush_now();
        return failed ? failed : files_.flush_offsets();
    }

    [[nodiscard]] blobs_taken taken_now() const noexcept
    {
        // First: those that it counts are claimed. Of who is alone only what is published can be
        // seen; while he holds more, nobody knows how far it goes.
        const std::uint64_t end = blobs_.taken();
        offset_t at = 0;
        const bool is_held = !log_.shared() && log_.stuck(settled_, at);
        return {end, is_held ? ~offset_t{0} : log_.end()};
    }

    ring::since<Env> full_since_;
    ring::watermark<std::chrono::nanoseconds::rep, Env> flushed_at_;

    mutable typename Env::mutex mutex_;
};

template <class Sequencer, class Env, class Files>
keeper<Sequencer, Env, Files>::keeper(partition_files<Files> files, log_options options,
                                      Sequencer& log, ring::byte_room<Env>& blobs)
    : base(std::move(files), std::move(options), log, blobs), flushed_at_(0)
{
}

// --- room ----------------------------------------------------------------------------------------

template <class Sequencer, class Env, class Files>
auto keeper<Sequencer, Env, Files>::make_room(offset_t end) -> extension
{
    const std::lock_guard lock{mutex_};
    auto& room = log_.room();
    while (room.limit() < end) {
        if (room.limit() == files_.room_end()) {
            const extension added = this->add_segment();
            if (added != extension::granted) {
                return added;
            }
        }
        this->prepare((std::max)(this->step(), end - room.limit()));
    }
    full_since_.end();
    return extension::granted;
}

template <class Sequencer, class Env, class Files>
auto keeper<Sequencer, Env, Files>::make_blob_room(std::uint64_t end, bool insists) -> extension
{
    const std::lock_guard lock{mutex_};
    while (blobs_.limit() < end) {
        if (!files_.blobs().has(blobs_.limit())) {
            const extension added = this->add_chunk(blobs_.limit(), insists);
            if (added != extension::granted) {
                return added;
            }
        }
        this->prepare_blobs((std::max)(base::step_bytes, end - blobs_.limit()));
    }
    full_since_.end();
    return extension::granted;
}

template <class Sequencer, class Env, class Files>
void keeper<Sequencer, Env, Files>::prepare_blobs_ahead()
{
    for (bool more = files_.format().has_blobs(); more;) {
        const std::lock_guard lock{mutex_};
        const std::uint64_t limit = blobs_.limit();
        const bool was_full = has_no_place();
        more = limit < blobs_.taken() + options_.prepare_bytes &&
               (files_.blobs().has(limit) || this->add_chunk(limit, false) == extension::granted);
        if (more) {
            this->prepare_blobs(base::step_bytes);
        } else if (!was_full && has_no_place()) {
            room_.why.reset(); // as above
        }
    }
}

// --- what lasts ----------------------------------------------------------------------------------

template <class Sequencer, class Env, class Files>
auto keeper<Sequencer, Env, Files>::flush_now() -> failure_type
{
    settled_ = log_.published_end(settled_);
    if (failure_type failed = files_.flush(settled_, taken_now())) {
        return failed;
    }
    durable_.raise(files_.durable());
    return {};
}

template <class Sequencer, class Env, class Files>
bool keeper<Sequencer, Env, Files>::flush_unless_busy(std::chrono::nanoseconds now) noexcept
{
    const std::unique_lock lock{mutex_, std::try_to_lock};
    if (!lock.owns_lock()) {
        return true; // somebody is at it, or makes room; the next record sees
    }
    // not before it is done: who fails for good says so at every record
    const bool done = guarded(lasting_, [&] { return flush_all(); });
    if (done) {
        flushed_at_.raise(now.count());
    }
    return done;
}

template <class Sequencer, class Env, class Files>
std::optional<error> keeper<Sequencer, Env, Files>::flush()
{
    const std::lock_guard lock{mutex_};
    return guarded(lasting_, [&] { return flush_all(); }) ? failure_type{} : reason(lasting_);
}

template <class Sequencer, class Env, class Files>
bool keeper<Sequencer, Env, Files>::maintain(std::chrono::nanoseconds now, timestamp_t wall_clock)
{
    if (options_.opening == log_opening::read_only) {
        return false; // there is no room to be made, and nothing goes
    }
    const offset_t durable_before = durable();
    const offset_t begin_before = log_.room().log_start();
    const std::uint64_t ahead = options_.prepare_bytes / this->slot_bytes();
    // in steps, so that nobody waits long
    for (bool more = ahead != 0; more;) {
        const std::lock_guard lock{mutex_};
        const offset_t limit = log_.room().limit();
        const bool was_full = has_no_place();
        more = limit < log_.end() + ahead &&
               (limit != files_.room_end() || this->add_segment() == extension::granted);
        if (more) {
            this->prepare(this->step());
        } else if (!was_full && has_no_place()) {
            room_.why.reset(); // no claim has failed for that yet
        }
    }
    prepare_blobs_ahead();
    const std::lock_guard lock{mutex_};
    settled_ = log_.published_end(settled_);
    const bool has_full = settled_ - files_.durable() >= this->segment_records();
    const bool due = options_.flush == flush_policy::interval && is_time(now);
    if (has_full || due) {
        if (guarded(lasting_, [&] { return flush_all(); })) {
            flushed_at_.raise(now.count());
        }
    }
    if (options_.retention_age.count() != 0) {
        this->remove_older_than(
            wall_clock - std::chrono::duration_cast<timestamp_t::duration>(options_.retention_age));
    }
    return durable() != durable_before || log_.room().log_start() != begin_before;
}

template <class Sequencer, class Env, class Files>
bool keeper<Sequencer, Env, Files>::see_to_lasting(offset_t end,
                                                   std::chrono::nanoseconds now) noexcept
{
    switch (options_.flush) {
    case flush_policy::none: return true;
    case flush_policy::each: return wait_lasting(end);
    case flush_policy::every_records:
        return end - (std::min)(end, durable()) < options_.flush_records || flush_unless_busy(now);
    case flush_policy::interval: return !is_time(now) || flush_unless_busy(now);
    }
    return true;
}

template <class Sequencer, class Env, class Files>
bool keeper<Sequencer, Env, Files>::wait_lasting(offset_t end) noexcept
{
    while (durable() < end) {
        {
            const std::lock_guard lock{mutex_};
            if (durable() < end && !guarded(lasting_, [&] { return flush_now(); })) {
                return false;
            }
        }
        if (durable() < end) {
            Env::yield(); // somebody's claim before it is open
        }
    }
    return true;
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
