// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <new>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/fixed_array.hpp"
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
        : lanes_(state.partitions.size(), [&](std::size_t i) {
              if constexpr (Many) {
                  if (state.live_producers != 0) {
                      state.partitions[i].log.protocol().share();
                  }
              }
              return into(state, i);
          })
    {
    }

    [[nodiscard]] lane& operator[](partition_id p) const noexcept { return lanes_[p.value]; }
    [[nodiscard]] const lane* begin() const noexcept { return lanes_.begin(); }
    [[nodiscard]] const lane* end() const noexcept { return lanes_.end(); }

    /// Those that it has a lane into.
    [[nodiscard]] std::size_t size() const noexcept { return lanes_.size(); }

    /// How many partitions a record may choose from: all there are; where memory is short, those
    /// that it has a lane into, until the next record tries again.
    [[nodiscard]] std::size_t known(State& state) noexcept
    {
        const std::size_t count = state.partitions.size_to_compare();
        // (a topic of one partition never had fewer, so it needs no second look)
        if (count != 1 && count != lanes_.size()) [[unlikely]] {
            return follow_growth(state);
        }
        return count;
    }

    /// A partition that the user or his partitioner named.
    [[nodiscard]] partition_id existing(State& state, partition_id p)
    {
        if (p.value >= lanes_.size()) [[unlikely]] {
            expect_added(state, p);
        }
        return p;
    }

private:
    static lane into(State& state, std::size_t i)
    {
        log_type& log = state.partitions[i].log;
        return {&log, log.protocol().open_lane()};
    }

    /// A lane that is there stays as it is, but for its place: an open claim knows it by number.
    void open_new(State& state)
    {
        const std::lock_guard lock{state.mutex};
        // not to be shared here: who added the partition, or came after that, has seen to it
        lanes_ = fixed_array<lane>(state.partitions.size(), [&](std::size_t i) {
            return i < lanes_.size() ? lanes_[i] : into(state, i);
        });
    }

    GREGOR_COLD std::size_t follow_growth(State& state) noexcept
    {
#if GREGOR_EXCEPTIONS
        try {
            open_new(state);
        } catch (const std::bad_alloc&) {
            return lanes_.size();
        }
#else
        open_new(state);
#endif
        return lanes_.size();
    }

    GREGOR_COLD void expect_added(State& state, partition_id p)
    {
        GREGOR_ASSERT(p.value < state.partitions.size(), "there is no partition of this number");
        open_new(state);
    }

    fixed_array<lane> lanes_;
};

} // namespace gregor::inline GREGOR_ABI
