// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <new>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

/// One producer's ways into the partitions of its topic. When the topic grows, it notices by a load
/// and a compare, and makes the ways that are missing.
///
/// Threads   the producer's; construction under the topic's mutex
/// Progress  known, existing: wait-free, but when the topic has grown: then they take its mutex
/// Errors    existing: std::bad_alloc, and then everything is as it was
template <class State, bool Many>
class producer_lanes {
public:
    using log_type = typename State::log_type;

    /// Written at every send: a line of its own, whatever the allocator puts beside it.
    struct alignas(cache_line_bytes) lane {
        log_type* log;
        typename log_type::lane mine;
    };

    /// For a producer that is not counted yet: the topic is shared where it is not the only one.
    explicit producer_lanes(State& state)
    {
        if constexpr (Many) {
            if (state.live_producers != 0) {
                for (std::size_t i = 0; i != state.partitions.size(); ++i) {
                    state.partitions[i].log.protocol().share();
                }
            }
        }
        open_all(state);
    }

    producer_lanes(const producer_lanes&) = delete;
    producer_lanes& operator=(const producer_lanes&) = delete;
    ~producer_lanes() { ::operator delete(lanes_, alignment); }

    [[nodiscard]] lane& operator[](partition_id p) const noexcept { return lanes_[p.value]; }

    /// Those that it has a lane into.
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// How many partitions a record may choose from: all there are; where memory is short, those
    /// that it has a lane into, until the next record tries again.
    [[nodiscard]] std::size_t known(State& state) noexcept
    {
        const std::size_t count = state.partitions.size_to_compare();
        // (a topic of one partition never had fewer, so it needs no second look)
        if (count != 1 && count != count_) [[unlikely]] {
            return follow_growth(state);
        }
        return count;
    }

    /// A partition that the user or his partitioner named.
    [[nodiscard]] partition_id existing(State& state, partition_id p)
    {
        if (p.value >= count_) [[unlikely]] {
            expect_added(state, p);
        }
        return p;
    }

private:
    static constexpr std::align_val_t alignment{alignof(lane)};

    /// A lane that is there stays as it is, but for its place: an open claim knows it by number.
    void open_all(State& state)
    {
        const std::size_t count = state.partitions.size();
        auto* const all = static_cast<lane*>(::operator new(count * sizeof(lane), alignment));
        for (std::size_t i = 0; i != count; ++i) {
            log_type& log = state.partitions[i].log;
            ::new (all + i) lane{&log, i < count_ ? lanes_[i].mine : log.protocol().open_lane()};
        }
        ::operator delete(lanes_, alignment);
        lanes_ = all;
        count_ = count;
    }

    void open_new(State& state)
    {
        const std::lock_guard lock{state.mutex};
        // not to be shared here: who added the partition, or came after that, has seen to it
        open_all(state);
    }

    GREGOR_COLD std::size_t follow_growth(State& state) noexcept
    {
#if GREGOR_EXCEPTIONS
        try {
            open_new(state);
        } catch (const std::bad_alloc&) {
            return count_;
        }
#else
        open_new(state);
#endif
        return count_;
    }

    GREGOR_COLD void expect_added(State& state, partition_id p)
    {
        GREGOR_ASSERT(p.value < state.partitions.size(), "there is no partition of this number");
        open_new(state);
    }

    lane* lanes_ = nullptr;
    std::size_t count_ = 0;
};

} // namespace gregor::inline GREGOR_ABI
