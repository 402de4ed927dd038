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
#include "gregor/log/slot_time.hpp"
#include "gregor/options.hpp"
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
class keeper {
public:
    using extension = ring::extension;

    /// Of recovered files, which are mapped; the sequencer begins where they end. Throws
    /// std::bad_alloc.
    keeper(partition_files<Files> files, log_options options, Sequencer& log);

    keeper(const keeper&) = delete;
    keeper& operator=(const keeper&) = delete;
    ~keeper()
    {
        static_cast<void>(guarded(lasting_, [&]() -> failure_type {
            settled_ = log_.published_end(settled_);
            return files_.close(settled_);
        }));
    }

    [[nodiscard]] const log_options& options() const noexcept { return options_; }
    [[nodiscard]] std::uint64_t segment_records() const noexcept
    {
        return std::uint64_t{1} << shift_;
    }
    /// What the checksums of the offset's segment begin with.
    [[nodiscard]] std::uint32_t salted(offset_t offset) const noexcept
    {
        return salted_[which(offset)];
    }

    /// Makes room for everything below `end`, or says why not.
    [[nodiscard]] GREGOR_COLD extension make_room(offset_t end);
    /// Since when producers find no room, for people.
    [[nodiscard]] ring::since<Env>& full_since() noexcept { return full_since_; }
    [[nodiscard]] const ring::since<Env>& full_since() const noexcept { return full_since_; }

    /// Everything below it outlives the system's end; only grows.
    [[nodiscard]] offset_t durable() const noexcept { return durable_.value(); }

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
    using failure_type = std::optional<error>;

    [[nodiscard]] std::uint64_t slot_bytes() const noexcept { return files_.format().slot_bytes(); }
    /// How many slots are prepared at once: 256 KiB of them.
    [[nodiscard]] std::uint64_t step() const noexcept
    {
        return (std::max)(std::uint64_t{1}, (std::uint64_t{1} << 18U) / slot_bytes());
    }
    [[nodiscard]] std::size_t which(offset_t offset) const noexcept
    {
        return static_cast<std::size_t>(offset >> shift_) & (salted_.size() - 1);
    }
    void knows_salt(offset_t base) noexcept
    {
        salted_[which(base)] = disk::salted(files_.segment_of(base).salt());
    }
    [[nodiscard]] bool is_time(std::chrono::nanoseconds now) const noexcept
    {
        return now.count() - flushed_at_.value() >= options_.flush_interval.count();
    }
    [[nodiscard]] bool flush_unless_busy(std::chrono::nanoseconds now) noexcept;

    // Under the mutex.
    [[nodiscard]] extension add_segment();
    [[nodiscard]] bool cut_off_oldest();
    void remove_older_than(timestamp_t time);
    void prepare(std::uint64_t count) noexcept;
    [[nodiscard]] failure_type flush_now();
    /// What groups have committed, too.
    [[nodiscard]] failure_type flush_all()
    {
        failure_type failed = flush_now();
        return failed ? failed : files_.flush_offsets();
    }
    [[nodiscard]] error full(std::uint64_t most) const;

    /// How the last attempt at something failed, if it did.
    struct trouble {
        failure_type why;
        bool no_memory = false; ///< that is why, and `why` is older
    };

    [[nodiscard]] failure_type reason(const trouble& of) const
    {
        return of.no_memory ? error{errc::out_of_memory,
                                    text({"partition \"", files_.path(), "\""}), "memory", "none"}
                            : of.why;
    }

    /// Does what may fail, and remembers how it did; true where it did not.
    template <class Do>
    bool guarded(trouble& of, Do&& act) noexcept
    {
        of.no_memory = false;
#    if GREGOR_EXCEPTIONS
        try {
            of.why = act();
            return !of.why;
        } catch (const std::bad_alloc&) {
            of.no_memory = true; // all is as it was; the next attempt may come to more
            return false;
        }
#    else
        of.why = act();
        return !of.why;
#    endif
    }

    const log_options options_;
    partition_files<Files> files_; // under the mutex, but for what never changes
    const unsigned shift_;
    Sequencer& log_;
    ring::since<Env> full_since_;
    ring::watermark<offset_t, Env> durable_;
    ring::watermark<std::chrono::nanoseconds::rep, Env> flushed_at_;

    mutable typename Env::mutex mutex_;
    offset_t settled_; ///< everything below it was published
    trouble room_;     ///< where room was made, or taken away
    trouble lasting_;
    std::vector<std::uint32_t> salted_; ///< of each segment: known before its slots are granted
};

template <class Sequencer, class Env, class Files>
keeper<Sequencer, Env, Files>::keeper(partition_files<Files> files, log_options options,
                                      Sequencer& log)
    : options_(std::move(options)), files_(std::move(files)),
      shift_(static_cast<unsigned>(std::countr_zero(files_.format().slot_count))), log_(log),
      durable_(files_.durable()), flushed_at_(0), settled_(files_.report().end),
      salted_(files_.mapped().segments())
{
    for (offset_t base = files_.begin(); base != files_.room_end(); base += segment_records()) {
        knows_salt(base);
    }
}

// --- room ----------------------------------------------------------------------------------------

template <class Sequencer, class Env, class Files>
auto keeper<Sequencer, Env, Files>::make_room(offset_t end) -> extension
{
    const std::lock_guard lock{mutex_};
    auto& room = log_.room();
    while (room.limit() < end) {
        if (room.limit() == files_.room_end()) {
            const extension added = add_segment();
            if (added != extension::granted) {
                return added;
            }
        }
        prepare((std::max)(step(), end - room.limit()));
    }
    full_since_.end();
    return extension::granted;
}

/// Makes slots behind the limit ready to be written, and shows them.
template <class Sequencer, class Env, class Files>
void keeper<Sequencer, Env, Files>::prepare(std::uint64_t count) noexcept
{
    const offset_t from = log_.room().limit();
    auto& in = files_.segment_of(from);
    const offset_t to = (std::min)(in.end(), from + count);
    in.prepare(from, static_cast<std::size_t>(to - from));
    log_.room().grant(to);
}

template <class Sequencer, class Env, class Files>
auto keeper<Sequencer, Env, Files>::add_segment() -> extension
{
    const std::uint64_t segment_bytes = segment_records() * slot_bytes();
    const std::uint64_t places = files_.mapped().segments() * segment_bytes;
    const std::uint64_t most =
        options_.retention_bytes != 0 ? (std::min)(options_.retention_bytes, places) : places;
    const auto segments = [&] { return (files_.room_end() - files_.begin()) / segment_records(); };
    bool again = false;
    while (!again && (segments() + 1) * segment_bytes > most) {
        if (options_.retention_bytes == 0) {
            static_cast<void>(guarded(room_, [&]() -> failure_type { return full(most); }));
            return extension::failed;
        }
        if (!guarded(room_, [&]() -> failure_type { return files_.why_failed(); })) {
            return extension::failed;
        }
        if (!cut_off_oldest()) {
            return guarded(room_, [&] { return files_.why_failed(); }) ? extension::full
                                                                       : extension::failed;
        }
        again = segments() * segment_bytes <= most; // else it has to become smaller
        if (!again && !guarded(room_, [&] { return files_.remove_oldest(); })) {
            return extension::failed;
        }
    }
    const offset_t base = files_.room_end();
    const bool added = guarded(
        room_, [&] { return again ? files_.add_segment_of_oldest() : files_.add_segment(); });
    durable_.raise(files_.durable()); // what is gone cannot be lost
    if (!added) {
        return extension::failed;
    }
    knows_salt(base);
    return extension::granted;
}

/// Nobody reads the oldest segment, nor will, and nobody writes to it: it may go.
template <class Sequencer, class Env, class Files>
bool keeper<Sequencer, Env, Files>::cut_off_oldest()
{
    const offset_t next = files_.begin() + segment_records();
    if (log_.gate().scan(next) < next) {
        return false;
    }
    settled_ = log_.published_end(settled_);
    if (settled_ < next || next == files_.room_end()) {
        return false; // a claim in it is open
    }
    // What let it go must not be forgotten, or a group would be told that it has missed something.
    return guarded(lasting_, [&] { return files_.flush_offsets(); }) &&
           log_.room().cut_off(next, log_.gate());
}

// --- what lasts ----------------------------------------------------------------------------------

template <class Sequencer, class Env, class Files>
auto keeper<Sequencer, Env, Files>::flush_now() -> failure_type
{
    settled_ = log_.published_end(settled_);
    if (failure_type failed = files_.flush(settled_)) {
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
    const std::uint64_t ahead = options_.prepare_bytes / slot_bytes();
    const auto has_no_place = [this] { return room_.why && room_.why->code() == errc::log_full; };
    // in steps, so that nobody waits long
    for (bool more = ahead != 0; more;) {
        const std::lock_guard lock{mutex_};
        const offset_t limit = log_.room().limit();
        const bool was_full = has_no_place();
        more = limit < log_.end() + ahead &&
               (limit != files_.room_end() || add_segment() == extension::granted);
        if (more) {
            prepare(step());
        } else if (!was_full && has_no_place()) {
            room_.why.reset(); // no claim has failed for that yet
        }
    }
    const std::lock_guard lock{mutex_};
    settled_ = log_.published_end(settled_);
    const bool has_full = settled_ - files_.durable() >= segment_records();
    const bool due = options_.flush == flush_policy::interval && is_time(now);
    if (has_full || due) {
        if (guarded(lasting_, [&] { return flush_all(); })) {
            flushed_at_.raise(now.count());
        }
    }
    if (options_.retention_age.count() != 0) {
        remove_older_than(
            wall_clock - std::chrono::duration_cast<timestamp_t::duration>(options_.retention_age));
    }
    return durable() != durable_before || log_.room().log_start() != begin_before;
}

/// Segments whose newest record is older than that (where records carry no time: that were sealed
/// before), and that nobody needs.
template <class Sequencer, class Env, class Files>
void keeper<Sequencer, Env, Files>::remove_older_than(timestamp_t time)
{
    const std::int64_t limit = in_ns(time);
    const auto is_older = [&] {
        const seal_block& seal = files_.segment_of(files_.begin()).header().seal;
        const std::uint64_t newest = seal.newest != 0 ? seal.newest : seal.sealed;
        return limit > 0 && newest < static_cast<std::uint64_t>(limit);
    };
    while (files_.removable() != 0 && is_older() && cut_off_oldest() &&
           guarded(room_, [&] { return files_.remove_oldest(); })) {}
}

template <class Sequencer, class Env, class Files>
error keeper<Sequencer, Env, Files>::full(std::uint64_t most) const
{
    return error{errc::log_full, text({"partition \"", files_.path(), "\""}),
                 text({"log.most_bytes, ", std::to_string(most), ", to be enough"}),
                 "more, and nothing that may go for its size"};
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
