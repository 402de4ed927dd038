// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blobs.hpp"
#include "gregor/log/kept_nowhere.hpp"
#include "gregor/options.hpp"
#include "gregor/ring/env.hpp"
#include "gregor/ring/sequencer.hpp"
#include "gregor/ring/signal.hpp"

namespace gregor::inline GREGOR_ABI {

/// One partition's records, in a ring in memory: slots, and the protocol that says who may touch
/// which.
///
/// Threads   as `ring::sequencer`
/// Cost      capacity * sizeof(Slot) bytes, touched when records first reach them; with shared
///           producers 8 bytes a slot more
/// Lifetime  slots live as long as the log; a record until its offset is overwritten, or the log
///           goes
template <class Slot, bool Many, class Env = ring::std_env>
class memory_log {
public:
    using env = Env;
    using slot_type = Slot;
    using sequencer = ring::sequencer<offset_t, env, Many>;
    using lane = typename sequencer::lane_type;
    using sight = typename sequencer::sight_type;
    using run = typename sequencer::run_type;
    using place = typename sequencer::place;
    using owned_place = typename sequencer::gate_type::owned_place;
    using claiming = ring::claiming;
    using claimed = typename sequencer::claimed_type;

    /// What was sent goes when the log goes.
    static constexpr bool durable = false;
    /// Records lie in their slots, all of them.
    static constexpr bool encoded = false;
    using stored_type = Slot;
    using blobs_type = no_blobs;
    using kept_offset = kept_nowhere;

    /// What the logs of a topic are made from.
    class source {
    public:
        source() = default;
        explicit source(const topic_options& options) noexcept
            : partitions_(options.partitions), capacity_(options.capacity_records)
        {
        }
        [[nodiscard]] std::size_t partitions() const noexcept { return partitions_; }
        [[nodiscard]] std::size_t capacity_records() const noexcept { return capacity_; }
        [[nodiscard]] needed_by<std::optional<error>, Slot> add(std::size_t,
                                                                std::size_t) const noexcept
        {
            return {};
        }
        void withdraw(std::size_t) const noexcept {}

    private:
        std::size_t partitions_ = usual_partitions;
        std::size_t capacity_ = usual_capacity_records;
    };

    /// The most records a log can be asked for: its slots, and their bytes, can be counted.
    static constexpr std::size_t most_records =
        (std::size_t{1} << (sizeof(std::size_t) * 8 - 2)) / sizeof(Slot);

    /// `capacity_records` is a power of two. Throws std::bad_alloc.
    explicit memory_log(std::size_t capacity_records)
        : sequencer_(0, capacity_records), mask_(capacity_records - 1),
          slots_(static_cast<Slot*>(
              ::operator new(capacity_records * sizeof(Slot), std::align_val_t{alignment})))
    {
    }

    memory_log(source& from, std::size_t /*partition*/) : memory_log(from.capacity_records()) {}

    memory_log(const memory_log&) = delete;
    memory_log& operator=(const memory_log&) = delete;

    ~memory_log()
    {
        if constexpr (retire::needed) {
            retire{*this}(oldest(), sequencer_.end());
        }
        ::operator delete(slots_, std::align_val_t{alignment});
    }

    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
    [[nodiscard]] Slot* slot(offset_t offset) const noexcept
    {
        return slots_ + static_cast<std::size_t>(offset & mask_);
    }
    [[nodiscard]] static no_blobs blobs() noexcept { return {}; }
    /// How many slots lie side by side from this one on.
    [[nodiscard]] std::size_t contiguous(offset_t offset) const noexcept
    {
        return capacity() - static_cast<std::size_t>(offset & mask_);
    }

    [[nodiscard]] GREGOR_INLINE claimed claim(lane& mine, std::size_t count)
    {
        const claimed got = sequencer_.claim(mine, count, retire{*this});
        if constexpr (retire::needed) {
            if (got.outcome == claiming::busy) [[unlikely]] {
                return claim_insisting(mine, count);
            }
        }
        return got;
    }

    [[nodiscard]] claimed hold(lane& mine, std::size_t count)
    {
        for (;;) {
            const claimed got = sequencer_.hold(mine, count, retire{*this});
            if (got.outcome != claiming::busy) [[likely]] {
                return got;
            }
            env::yield(); // as in `claim_insisting`
        }
    }

    GREGOR_INLINE void publish(lane& mine, offset_t first, std::size_t count) noexcept
    {
        sequencer_.publish(mine, first, count);
    }
    void settle(lane& mine, offset_t first, std::size_t count, std::size_t built) noexcept
    {
        sequencer_.settle(mine, first, count, built);
    }

    /// The oldest offset that can still be read; only grows.
    [[nodiscard]] offset_t begin_offset() const noexcept { return sequencer_.room().log_start(); }
    /// The offset that the next record gets; only grows.
    [[nodiscard]] offset_t end_offset() const noexcept { return sequencer_.end(); }

    /// How many records the slowest protected reader has not yet let go. A snapshot.
    [[nodiscard]] offset_t unread() const noexcept
    {
        const offset_t lowest = sequencer_.gate().scan(sequencer_.end());
        const offset_t end = sequencer_.end();
        return end - lowest;
    }

    /// Whether so many records can be written without anybody moving. A snapshot.
    [[nodiscard]] bool has_room(std::size_t count) const noexcept
    {
        return end_offset() + count <= sequencer_.room().limit();
    }

    /// Whether producers of so many would be refused: not where nobody has asked for the room. A
    /// snapshot.
    [[nodiscard]] bool is_full(std::size_t count) const noexcept
    {
        const offset_t end = end_offset();
        offset_t at = 0;
        return !has_room(count) &&
               (sequencer_.gate().scan(end) + capacity() < end + count || stuck(at));
    }

    /// Who stands at or below it stands in the way of producers that find no room: the ring gives
    /// way in steps, and who is last stands in the oldest one.
    [[nodiscard]] offset_t in_the_way() const noexcept
    {
        const offset_t step = oldest() + capacity() / 16;
        return (std::max)(step, sequencer_.gate().scan(end_offset()));
    }

    /// Whether readers stop before a claim that is not published, and where. A snapshot.
    [[nodiscard]] bool stuck(offset_t& at) const noexcept { return sequencer_.stuck(oldest(), at); }

    [[nodiscard]] sequencer& protocol() noexcept { return sequencer_; }
    [[nodiscard]] const sequencer& protocol() const noexcept { return sequencer_; }

    /// Since when producers find no room, for people.
    [[nodiscard]] ring::since<env>& full_since() noexcept { return full_since_; }
    [[nodiscard]] const ring::since<env>& full_since() const noexcept { return full_since_; }

private:
    [[nodiscard]] offset_t oldest() const noexcept
    {
        return sequencer_.room().limit() - capacity();
    }

    /// Another thread destroys old records right now; nobody would wake us when it is done.
    GREGOR_COLD claimed claim_insisting(lane& mine, std::size_t count)
    {
        for (;;) {
            env::yield();
            const claimed got = sequencer_.claim(mine, count, retire{*this});
            if (got.outcome != claiming::busy) {
                return got;
            }
        }
    }

    static constexpr std::size_t alignment = alignof(Slot) > cache_line_bytes ? alignof(Slot)
                                                                              : cache_line_bytes;

    /// Destroys the records that give way; whoever extends the room calls it.
    struct retire {
        static constexpr bool needed = !std::is_trivially_destructible_v<Slot>;

        memory_log& log;

        void operator()(offset_t from, offset_t to) const noexcept
        {
            log.full_since_.end();
            if constexpr (needed) {
                for (; from != to; ++from) {
                    if (log.sequencer_.is_record(from)) {
                        std::destroy_at(log.slot(from));
                    }
                }
            }
        }
    };

    sequencer sequencer_;
    ring::since<env> full_since_;
    const std::size_t mask_;
    Slot* const slots_;
};

} // namespace gregor::inline GREGOR_ABI
