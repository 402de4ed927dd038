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
#include "gregor/ring/byte_room.hpp"
#include "gregor/ring/room.hpp"
#include "gregor/ring/signal.hpp"
#include "gregor/ring/watermark.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What a keeper does to its files for room: segments and chunks are added, made ready and taken
/// away.
///
/// Threads   one at a time; `salted`: who may write or read a slot of the segment
/// Progress  blocking: may wait for the system
/// Errors    remembered, until the same succeeds
template <class Sequencer, class Env, class Files>
class room_keeper {
public:
    using extension = ring::extension;

    room_keeper(const room_keeper&) = delete;
    room_keeper& operator=(const room_keeper&) = delete;

    [[nodiscard]] const log_options& options() const noexcept { return options_; }
    [[nodiscard]] std::uint64_t segment_records() const noexcept
    {
        return std::uint64_t{1} << shift_;
    }
    [[nodiscard]] std::size_t blob_chunk_bytes() const noexcept
    {
        return static_cast<std::size_t>(files_.format().blob_chunk_bytes);
    }
    /// What the checksums of the offset's segment begin with.
    [[nodiscard]] std::uint32_t salted(offset_t offset) const noexcept
    {
        return salted_[which(offset)];
    }
    /// Everything below it outlives the system's end; only grows.
    [[nodiscard]] offset_t durable() const noexcept { return durable_.value(); }

protected:
    using failure_type = std::optional<error>;

    /// Of recovered files, which are mapped; the sequencer begins where they end. Throws
    /// std::bad_alloc.
    room_keeper(partition_files<Files> files, log_options options, Sequencer& log,
                ring::byte_room<Env>& blobs)
        : options_(std::move(options)), files_(std::move(files)), log_(log), blobs_(blobs),
          durable_(files_.durable()), settled_(files_.report().end),
          shift_(static_cast<unsigned>(std::countr_zero(files_.format().slot_count))),
          salted_(files_.mapped().segments())
    {
        for (offset_t base = files_.begin(); base != files_.room_end(); base += segment_records()) {
            knows_salt(base);
        }
    }
    ~room_keeper() = default;

    [[nodiscard]] std::uint64_t slot_bytes() const noexcept { return files_.format().slot_bytes(); }
    /// How many slots are prepared at once.
    [[nodiscard]] std::uint64_t step() const noexcept
    {
        return (std::max)(std::uint64_t{1}, step_bytes / slot_bytes());
    }

    /// There is no room left in the segments.
    [[nodiscard]] extension add_segment();
    /// Makes slots behind the limit ready to be written, and shows them.
    void prepare(std::uint64_t count) noexcept;

    /// The position lies in no chunk yet. Who has claimed already does not wait for those who still
    /// read, and insists.
    [[nodiscard]] extension add_chunk(std::uint64_t position, bool insists);
    /// The same as `prepare` for so many bytes of blobs.
    void prepare_blobs(std::uint64_t count) noexcept;

    /// Segments that were sealed before that, and that nobody needs, go.
    void remove_older_than(timestamp_t time);

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

    static constexpr std::uint64_t step_bytes = std::uint64_t{1} << 18U;

    const log_options options_;
    partition_files<Files> files_; // under the mutex, but for what never changes
    Sequencer& log_;
    ring::byte_room<Env>& blobs_;
    ring::watermark<offset_t, Env> durable_;
    offset_t settled_; ///< everything below it was published
    trouble room_;     ///< where room was made, or taken away
    trouble lasting_;

private:
    [[nodiscard]] std::size_t which(offset_t offset) const noexcept
    {
        return static_cast<std::size_t>(offset >> shift_) & (salted_.size() - 1);
    }
    void knows_salt(offset_t base) noexcept
    {
        salted_[which(base)] = disk::salted(files_.segment_of(base).salt());
    }
    [[nodiscard]] bool cut_off_oldest();
    /// The room on the disk that the partition takes.
    [[nodiscard]] std::uint64_t used() const noexcept
    {
        return (files_.room_end() - files_.begin()) * slot_bytes() + files_.blob_bytes();
    }
    /// More than retention allows, if so much is added.
    [[nodiscard]] bool too_large(std::uint64_t more) const noexcept
    {
        return options_.retention_bytes != 0 && used() + more > options_.retention_bytes;
    }
    /// Somebody may come to be done with the oldest segment.
    [[nodiscard]] bool waiting_helps() const noexcept
    {
        const offset_t next = files_.begin() + segment_records();
        return next < files_.room_end() && log_.end() >= next;
    }
    [[nodiscard]] error full(std::uint64_t most) const;
    [[nodiscard]] extension no_place(std::uint64_t most)
    {
        static_cast<void>(guarded(room_, [&]() -> failure_type { return full(most); }));
        return extension::failed;
    }

    const unsigned shift_;
    std::vector<std::uint32_t> salted_; ///< of each segment: known before its slots are granted
};

template <class Sequencer, class Env, class Files>
void room_keeper<Sequencer, Env, Files>::prepare(std::uint64_t count) noexcept
{
    const offset_t from = log_.room().limit();
    auto& in = files_.segment_of(from);
    const offset_t to = (std::min)(in.end(), from + count);
    in.prepare(from, static_cast<std::size_t>(to - from));
    log_.room().grant(to);
}

template <class Sequencer, class Env, class Files>
auto room_keeper<Sequencer, Env, Files>::add_segment() -> extension
{
    const std::uint64_t segment_bytes = segment_records() * slot_bytes();
    const std::uint64_t places = files_.mapped().segments();
    const auto segments = [&] { return (files_.room_end() - files_.begin()) / segment_records(); };
    // whatever lies in their blobs, there are two
    const auto no_more = [&](std::uint64_t more) {
        return segments() + more > places || (segments() > 1 && too_large(more * segment_bytes));
    };
    bool again = false;
    while (!again && no_more(1)) {
        if (options_.retention_bytes == 0) {
            return no_place(places * segment_bytes);
        }
        if (!guarded(room_, [&]() -> failure_type { return files_.why_failed(); })) {
            return extension::failed;
        }
        if (!cut_off_oldest()) {
            return guarded(room_, [&] { return files_.why_failed(); }) ? extension::full
                                                                       : extension::failed;
        }
        again = !no_more(0); // else it has to become smaller
        if (!again && !guarded(room_, [&] { return files_.remove_oldest(); })) {
            return extension::failed;
        }
    }
    const offset_t base = files_.room_end();
    const bool added = guarded(room_, [&] {
        return again ? files_.add_segment_of_oldest(blobs_.taken())
                     : files_.add_segment(blobs_.taken());
    });
    durable_.raise(files_.durable()); // what is gone cannot be lost
    if (!added) {
        return extension::failed;
    }
    knows_salt(base);
    return extension::granted;
}

template <class Sequencer, class Env, class Files>
void room_keeper<Sequencer, Env, Files>::prepare_blobs(std::uint64_t count) noexcept
{
    auto& in = files_.blobs();
    const std::uint64_t from = blobs_.limit();
    const std::uint64_t left = in.chunk_bytes() - (from & (in.chunk_bytes() - 1));
    const std::uint64_t part = (std::min)(count, left);
    in.prepare(from, static_cast<std::size_t>(part));
    blobs_.grant(from + part);
}

template <class Sequencer, class Env, class Files>
auto room_keeper<Sequencer, Env, Files>::add_chunk(std::uint64_t position, bool insists)
    -> extension
{
    const auto& there = files_.blobs();
    const auto no_place_left = [&] { return there.span_to(position) > there.mapped().segments(); };
    while (no_place_left() || too_large(there.file_bytes())) {
        if (options_.retention_bytes == 0) {
            return no_place(there.mapped().segments() * there.chunk_bytes());
        }
        if (!guarded(room_, [&]() -> failure_type { return files_.why_failed(); })) {
            return extension::failed;
        }
        if (cut_off_oldest()) {
            if (!guarded(room_, [&] { return files_.remove_oldest(); })) {
                return extension::failed;
            }
        } else if (!insists && waiting_helps()) {
            return guarded(room_, [&] { return files_.why_failed(); }) ? extension::full
                                                                       : extension::failed;
        } else if (no_place_left()) {
            return no_place(there.mapped().segments() * there.chunk_bytes());
        } else {
            break; // one segment is kept, whatever lies in its blobs
        }
    }
    const bool added = guarded(room_, [&] { return files_.add_chunk(position); });
    durable_.raise(files_.durable()); // what is gone cannot be lost
    return added ? extension::granted : extension::failed;
}

/// Nobody reads the oldest segment, nor will, and nobody writes to it: it may go.
template <class Sequencer, class Env, class Files>
bool room_keeper<Sequencer, Env, Files>::cut_off_oldest()
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

/// Segments whose newest record is older than that (where records carry no time: that were sealed
/// before), and that nobody needs.
template <class Sequencer, class Env, class Files>
void room_keeper<Sequencer, Env, Files>::remove_older_than(timestamp_t time)
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
error room_keeper<Sequencer, Env, Files>::full(std::uint64_t most) const
{
    return error{errc::log_full, text({"partition \"", files_.path(), "\""}),
                 text({"log.most_bytes, ", std::to_string(most), ", to be enough"}),
                 "more, and nothing that may go for its size"};
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
