// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
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
    using sequencer = ring::sequencer<offset_t, env, Many>;
    using lane = typename sequencer::lane_type;
    using sight = typename sequencer::sight_type;
    using run = typename sequencer::run_type;
    using place = typename sequencer::place;
    using owned_place = typename sequencer::gate_type::owned_place;
    using claiming = ring::claiming;
    using claimed = typename sequencer::claimed_type;

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

    memory_log(const memory_log&) = delete;
    memory_log& operator=(const memory_log&) = delete;

    ~memory_log()
    {
        retire{*this}(sequencer_.room().limit() - capacity(), sequencer_.end());
        ::operator delete(slots_, std::align_val_t{alignment});
    }

    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
    [[nodiscard]] Slot* slot(offset_t offset) const noexcept
    {
        return slots_ + static_cast<std::size_t>(offset & mask_);
    }
    /// How many slots lie side by side from this one on.
    [[nodiscard]] std::size_t contiguous(offset_t offset) const noexcept
    {
        return capacity() - static_cast<std::size_t>(offset & mask_);
    }

    [[nodiscard]] claimed claim(lane& mine, std::size_t count)
    {
        const claimed got = sequencer_.claim(mine, count, retire{*this});
        if (got.outcome != claiming::busy) [[likely]] {
            return got;
        }
        return claim_insisting(mine, count);
    }

    [[nodiscard]] claimed hold(lane& mine, std::size_t count)
    {
        const claimed got = sequencer_.hold(mine, count, retire{*this});
        if (got.outcome != claiming::busy) [[likely]] {
            return got;
        }
        return hold_insisting(mine, count);
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

    [[nodiscard]] sequencer& protocol() noexcept { return sequencer_; }
    [[nodiscard]] const sequencer& protocol() const noexcept { return sequencer_; }

    /// Since when producers find no room, for people.
    [[nodiscard]] ring::since<env>& full_since() noexcept { return full_since_; }
    [[nodiscard]] const ring::since<env>& full_since() const noexcept { return full_since_; }

private:
    GREGOR_COLD claimed claim_insisting(lane& mine, std::size_t count)
    {
        return insist([&] { return sequencer_.claim(mine, count, retire{*this}); });
    }
    GREGOR_COLD claimed hold_insisting(lane& mine, std::size_t count)
    {
        return insist([&] { return sequencer_.hold(mine, count, retire{*this}); });
    }

    /// Another thread destroys old records right now; nobody would wake us when it is done.
    template <class Attempt>
    GREGOR_COLD static claimed insist(Attempt&& attempt)
    {
        for (;;) {
            env::yield();
            const claimed got = attempt();
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
