// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/serde.hpp"
#include "gregor/base/type_name.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blob_format.hpp"
#include "gregor/log/blob_places.hpp"
#include "gregor/log/blobs.hpp"
#include "gregor/log/confinable.hpp"
#include "gregor/log/encoded_record.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/identity.hpp"
#include "gregor/log/keeper.hpp"
#include "gregor/log/mapped_slot.hpp"
#include "gregor/log/offset_cell.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/partition_files.hpp"
#include "gregor/log/recovery_report.hpp"
#include "gregor/log/slot_time.hpp"
#include "gregor/log/topic_files.hpp"
#include "gregor/log/whole_slots.hpp"
#include "gregor/options.hpp"
#include "gregor/ring/byte_room.hpp"
#include "gregor/ring/env.hpp"
#include "gregor/ring/in_segments.hpp"
#include "gregor/ring/sequencer.hpp"
#include "gregor/ring/signal.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI {

/// One partition's records, in mapped files: what `memory_log` is, with slots that come and go by
/// segments and outlive the process. A record is written into the mapped file itself, then its
/// checksum, and then its stamp; from the stamp on it is there, to readers and to the next process.
///
/// Threads   as `ring::sequencer`; flush, maintain, failure: any
/// Progress  claim: where room is prepared, as the sequencer; else it may wait for the system
/// Errors    `claiming::failed` where the disk is full or broken; `failure` says why. After a
///           failed sync for good
/// Cost      publish: a checksum of the slot. A slot is 16 bytes longer than its record
/// Lifetime  slots: until their segment is cut off, which no batch is in; going flushes
template <class Record, bool Many, class Env = ring::std_env, class Files = disk::os_files>
class mapped_log {
public:
    using env = Env;
    /// Not all of a record lies in its slot as it does in memory.
    static constexpr bool encoded = !std::is_trivially_copyable_v<Record>;
    using stored_type = typename disk::stored_as<Record, encoded>::type;
    using blobs_type = std::conditional_t<encoded, mapped_blobs, no_blobs>;
    using slot_type = mapped_slot<stored_type, Env>;
    using sequencer = ring::sequencer<offset_t, env, Many, ring::in_segments>;
    using lane = typename sequencer::lane_type;
    using sight = typename sequencer::sight_type;
    using run = typename sequencer::run_type;
    using place = typename sequencer::place;
    using owned_place = typename sequencer::gate_type::owned_place;
    using claiming = ring::claiming;
    using claimed = typename sequencer::claimed_type;
    using files_type = disk::confinable<Files>; ///< of a log that is opened to be read
    /// What the logs of a topic are made from.
    using source = disk::topic_files<files_type>;

    /// What was sent is kept when the process ends, and so is what was committed.
    static constexpr bool durable = true;
    using kept_offset = disk::kept_offset;

    static constexpr std::size_t most_records =
        (std::size_t{1} << (sizeof(std::size_t) * 8 - 2)) / sizeof(slot_type);

    /// What values or keys of this type are called in a header: where they lie by a serde that has
    /// a name, so.
    template <class T>
    [[nodiscard]] static constexpr std::string_view name_of() noexcept
    {
        if constexpr (!std::is_trivially_copyable_v<T> && requires { serde<T>::name; }) {
            return serde<T>::name;
        } else {
            return type_name<T>;
        }
    }

    /// Opens or makes what the topic's logs are made from.
    [[nodiscard]] static result<source> open(std::string_view topic, const topic_options& options,
                                             std::string type, std::uint32_t layout)
    {
        return source::open(topic, options.log,
                            disk::identity_of<stored_type, encoded>(std::move(type), layout),
                            options.partitions);
    }

    /// The log of one partition, recovered. Throws std::bad_alloc.
    mapped_log(source& from, std::size_t partition)
        : mapped_log(from.take(partition), from.options())
    {
    }

    /// The most that a claim is for: a segment.
    [[nodiscard]] std::size_t capacity() const noexcept
    {
        return static_cast<std::size_t>(keeper_.segment_records());
    }
    [[nodiscard]] slot_type* slot(offset_t offset) const noexcept
    {
        return slots_ + static_cast<std::size_t>(offset & mask_);
    }
    /// How many slots lie side by side from this one on.
    [[nodiscard]] std::size_t contiguous(offset_t offset) const noexcept
    {
        return static_cast<std::size_t>(mask_ + 1 - (offset & mask_));
    }

    [[nodiscard]] blobs_type blobs() const noexcept
    {
        if constexpr (encoded) {
            return blobs_;
        } else {
            return {};
        }
    }

    // --- producers -------------------------------------------------------------------------------

    [[nodiscard]] claimed claim(lane& mine, std::size_t count)
    {
        return sequencer_.claim(mine, count, supply{*this});
    }
    [[nodiscard]] claimed hold(lane& mine, std::size_t count)
    {
        return sequencer_.hold(mine, count, supply{*this});
    }

    /// For records whose blobs take so many bytes: as `hold`, and there is room for these, unless
    /// others take it.
    [[nodiscard]] claimed hold(lane& mine, std::size_t count, std::size_t blob_bytes)
        requires encoded
    {
        const std::uint64_t needed = bytes_.needed(blob_bytes);
        if (needed > bytes_.limit()) [[unlikely]] {
            if (sequencer_.finished(sequencer_.end())) {
                return {claiming::closed}; // no room is made for nothing, or in what is only read
            }
            switch (noted(keeper_.make_blob_room(needed, false))) {
            case ring::extension::granted: break;
            case ring::extension::failed: return {claiming::failed};
            case ring::extension::busy:
            case ring::extension::full: return {claiming::full};
            }
        }
        return hold(mine, count);
    }
    /// No record is longer.
    [[nodiscard]] std::size_t most_blob_bytes() const noexcept
        requires encoded
    {
        return keeper_.blob_chunk_bytes();
    }
    /// Writes a record to a slot that was claimed: false where there is no room for its blob, and
    /// then nothing was written.
    template <class Value, class Attributes, class Timestamp>
    [[nodiscard]] bool write(offset_t offset, const Value& value, const Attributes& given,
                             Timestamp time, std::size_t blob_bytes)
        requires encoded
    {
        std::uint64_t at = 0;
        while (blob_bytes != 0 && (at = bytes_.take(blob_bytes)) == byte_room::none) {
            if (keeper_.make_blob_room(bytes_.needed(blob_bytes), true) !=
                ring::extension::granted) {
                return false;
            }
        }
        slot(offset)->put(value, given, time, at, blob_bytes, blobs_.at(at));
        return true;
    }

    void publish(lane& mine, offset_t first, std::size_t count) noexcept
    {
        const std::size_t ahead = asks_ahead(count);
        for (std::size_t i = 0; i != count; ++i) {
            finish(first + i, disk::slot_kind::record, ahead);
        }
        sequencer_.publish(mine, first, count);
    }

    void settle(lane& mine, offset_t first, std::size_t count, std::size_t built) noexcept
    {
        const std::size_t ahead = asks_ahead(count);
        for (std::size_t i = 0; i != count; ++i) {
            finish(first + i, i < built ? disk::slot_kind::record : disk::slot_kind::skipped,
                   ahead);
        }
        sequencer_.settle(mine, first, count, built);
    }

    /// Makes lasting what was published below `end`, where the flush policy says so now, and tells
    /// who reads only what is. False where it could not be.
    template <class Clock, class Event>
    [[nodiscard]] bool see_to_lasting(offset_t end, const Clock& time, Event& lasting) noexcept
    {
        if (keeper_.options().flush == flush_policy::none) [[likely]] {
            return true;
        }
        const bool fine = keeper_.see_to_lasting(end, time.steady_now());
        lasting.notify();
        return fine;
    }

    // --- by time ---------------------------------------------------------------------------------

    /// One past the sealed segments from that of `from` on whose records are all older than that;
    /// or `from`, which is held. May wait for the system.
    [[nodiscard]] offset_t past_older(offset_t from, timestamp_t time)
    {
        return keeper_.past_older(from, disk::in_ns(time));
    }

    // --- groups ----------------------------------------------------------------------------------

    /// Visits the cells of all groups: visit(cell, its note). Before anybody commits.
    template <class Visit>
    void each_group(Visit&& visit)
    {
        keeper_.with_offsets([&](auto& offsets) {
            offsets.each([&](auto& cell) { visit(cell, offsets.note(cell)); });
        });
    }
    /// Keeps what a group commits from now on; of this name there is none yet.
    [[nodiscard]] result<kept_offset> keep_group(std::string_view group, bool lossy)
    {
        auto made = keeper_.with_offsets([&](auto& offsets) {
            if (auto* const left = offsets.find(group)) {
                offsets.remove(*left); // by an attempt that did not come to an end
            }
            return offsets.add(group, lossy);
        });
        return made ? result<kept_offset>{kept_offset{**made}} : made.error();
    }
    void forget_group(kept_offset which) noexcept
    {
        if (which.cell() != nullptr) {
            keeper_.with_offsets([&](auto& offsets) { offsets.remove(*which.cell()); });
        }
    }

    // --- the log as a whole ----------------------------------------------------------------------

    /// The oldest offset that can still be read; only grows.
    [[nodiscard]] offset_t begin_offset() const noexcept { return sequencer_.room().log_start(); }
    /// The offset that the next record gets; only grows.
    [[nodiscard]] offset_t end_offset() const noexcept { return sequencer_.end(); }
    /// Everything below it outlives the system's end; only grows.
    [[nodiscard]] offset_t durable_offset() const noexcept { return keeper_.durable(); }

    /// Where this life began: what lies before it was read from the disk.
    [[nodiscard]] offset_t recovered_end() const noexcept { return keeper_.report().end; }
    /// How far from `from` on, up to `to`, each slot is what was written there. They are held; and
    /// of what follows, a segment ahead is brought into memory, by and by.
    [[nodiscard]] offset_t whole_until(offset_t from, offset_t to) const noexcept
    {
        read_ahead(from, to);
        while (from < to) {
            const offset_t end = (std::min)(to, (from / capacity() + 1) * capacity());
            const auto count = static_cast<std::size_t>(end - from);
            const auto* const bytes = reinterpret_cast<const unsigned char*>(slot(from));
            const std::size_t whole = disk::count_whole_slots(
                keeper_.salted(from), from, bytes, sizeof(slot_type), count, asks_ahead(count));
            if constexpr (encoded) {
                const offset_t broken = broken_blob(from, from + whole);
                if (broken != from + whole) {
                    return broken;
                }
            }
            from += whole;
            if (whole != count) {
                break;
            }
        }
        return from;
    }

    /// How many records the slowest protected reader has not yet let go. A snapshot.
    [[nodiscard]] offset_t unread() const noexcept
    {
        const offset_t lowest = sequencer_.gate().scan(sequencer_.end());
        const offset_t end = sequencer_.end();
        return end - lowest;
    }

    /// Whether so many records can be written now, without asking the system. A snapshot.
    [[nodiscard]] bool has_room(std::size_t count) const noexcept
    {
        return end_offset() + count <= sequencer_.room().limit();
    }

    /// Whether producers of so many were refused: not where it is only not prepared. A snapshot.
    [[nodiscard]] bool is_full(std::size_t count) const noexcept
    {
        return (encoded || !has_room(count)) && refused_.is_raised();
    }

    /// Who stands at or below it stands in the way of producers that find no room.
    [[nodiscard]] offset_t in_the_way() const noexcept
    {
        const offset_t next = begin_offset() + capacity();
        return (std::max)(next, sequencer_.gate().scan(end_offset()));
    }

    /// Whether readers stop before a claim that is not published, and where. A snapshot.
    [[nodiscard]] bool stuck(offset_t& at) const { return keeper_.stuck(at); }

    /// See `disk::keeper`.
    [[nodiscard]] std::optional<error> flush() { return keeper_.flush(); }
    void closed() noexcept { keeper_.try_flush(); }
    [[nodiscard]] bool wait_lasting(offset_t end) noexcept { return keeper_.wait_lasting(end); }
    bool maintain(std::chrono::nanoseconds now, timestamp_t wall_clock)
    {
        return keeper_.maintain(now, wall_clock);
    }
    [[nodiscard]] std::optional<error> failure() const { return keeper_.failure(); }
    [[nodiscard]] const disk::recovery_report& report() const noexcept { return keeper_.report(); }

    [[nodiscard]] sequencer& protocol() noexcept { return sequencer_; }
    [[nodiscard]] const sequencer& protocol() const noexcept { return sequencer_; }

    /// Since when producers find no room, for people.
    [[nodiscard]] ring::since<env>& full_since() noexcept { return keeper_.full_since(); }
    [[nodiscard]] const ring::since<env>& full_since() const noexcept
    {
        return keeper_.full_since();
    }

private:
    using keeper_type = disk::keeper<sequencer, env, files_type>;
    using byte_room = ring::byte_room<env>;

    mapped_log(disk::partition_files<files_type> its, const log_options& options)
        : mask_(its.mapped().segments() * its.format().slot_count - 1),
          slots_(static_cast<slot_type*>(its.mapped().begin())),
          sequencer_(its.begin(), its.report().end, its.report().end,
                     {slots_, sizeof(slot_type), mask_ + 1}, mask_ + 1),
          blobs_(disk::places_of_blobs(its)),
          bytes_(disk::next_blob(its, granule()), its.format().blob_chunk_bytes),
          keeper_(std::move(its), options, sequencer_, bytes_)
    {
        static_assert(disk::slot_bytes_of(sizeof(stored_type), alignof(stored_type)) ==
                          sizeof(slot_type),
                      "a slot lies in memory as it does in the file");
    }

    [[nodiscard]] static constexpr std::size_t granule() noexcept
    {
        if constexpr (encoded) {
            return stored_type::granule;
        } else {
            return 1;
        }
    }

    /// So ended the last attempt to make room.
    ring::extension noted(ring::extension made) noexcept
    {
        if (made != ring::extension::granted) {
            refused_.raise();
        } else {
            static_cast<void>(refused_.take());
        }
        return made;
    }

    /// What makes room for a claim.
    struct supply {
        mapped_log& log;

        ring::extension operator()(offset_t end) const
        {
            return log.noted(log.keeper_.make_room(end));
        }
    };

    /// Who enters a segment with these slots will want the next one soon. The system reads ahead by
    /// itself, but not always far enough: from a disk that gives 1.2 GB/s, readers got 0.3 to 1.2
    /// without this, and 0.7 to 1.4 with it. Where 64 MiB are in memory already, it takes 0.2 ms.
    void read_ahead(offset_t from, offset_t to) const noexcept
    {
        const offset_t entered = (to - 1) / capacity() * capacity();
        const offset_t next = entered + capacity();
        if (from <= entered && next < recovered_end()) {
            Files::populate(slot(next), capacity() * sizeof(slot_type), false);
        }
    }

    /// The first record from `from` on that is not whole, though its slot is; or `to`.
    [[nodiscard]] offset_t broken_blob(offset_t from, offset_t to) const noexcept
        requires encoded
    {
        const std::uint64_t chunk_bytes = keeper_.blob_chunk_bytes();
        for (; from != to; ++from) {
            const slot_type* const here = slot(from);
            if (disk::state_of_whole_slot(here) == disk::slot_state::record &&
                (!disk::is_possible(here->blob, chunk_bytes) ||
                 !disk::is_whole_blob(here->blob, blobs_.at(here->blob.position)))) {
                break;
            }
        }
        return from;
    }

    /// How far behind a slot to ask for others: a page, or where the next run of this length ends.
    [[nodiscard]] static std::size_t asks_ahead(std::size_t count) noexcept
    {
        constexpr std::size_t most = (std::size_t{1} << 18U) / sizeof(slot_type);
        return count == 1
                   ? disk::page_bytes
                   : (std::max)((std::min)(count, most) * sizeof(slot_type), disk::page_bytes);
    }
    /// All of a slot but its stamp. Room that was prepared a while ago is in no cache any more:
    /// slots further on are asked for, that their stores need not wait.
    void finish(offset_t offset, disk::slot_kind kind, std::size_t ahead) noexcept
    {
        slot_type* const here = slot(offset);
        disk::ask_for(reinterpret_cast<const unsigned char*>(here) + ahead, sizeof *here);
        here->finish(keeper_.salted(offset), offset, kind);
    }

    const offset_t mask_;
    slot_type* const slots_;
    sequencer sequencer_;
    const mapped_blobs blobs_; // where there are any
    byte_room bytes_;
    keeper_type keeper_;
    ring::signal<env> refused_; // the last who asked for room
};

} // namespace gregor::inline GREGOR_ABI

#endif
