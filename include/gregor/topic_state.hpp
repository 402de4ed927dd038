// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/group_state.hpp"
#include "gregor/log/sender_figures.hpp"
#include "gregor/options.hpp"
#include "gregor/partition.hpp"
#include "gregor/ring/event_count.hpp"
#include "gregor/ring/growing_array.hpp"

namespace gregor::inline GREGOR_ABI {

/// Everything that a topic and its handles share; it lives as long as the last of them.
template <class T, class Policies>
struct topic_state {
    using clock = typename Policies::clock;
    using partition_type = partition<T, Policies>;
    using log_type = typename partition_type::log_type;
    using place = typename log_type::place;
    using env = typename log_type::env;
    using event = ring::event_count<env>;
    using group_type = group_state<typename log_type::owned_place, env>;

    using source_type = typename log_type::source;

    topic_state(std::string topic_name, const topic_options& options, clock time_source,
                source_type&& logs)
        : name(std::move(topic_name)), time(std::move(time_source)), source(std::move(logs)),
          partitions(source.partitions(), new_partition{source})
    {
        for (const std::string& group : options.groups) {
            auto& offsets = groups.emplace_back(new_group(group));
            offsets.declared = true;
            for (std::size_t i = 0; i != partitions.size(); ++i) {
                offsets.shares[i].cursor->set(partitions[i].log.begin_offset(), place::holds);
            }
        }
    }

    [[nodiscard]] partition_type& at(partition_id id) const
    {
        GREGOR_ASSERT(id.value < partitions.size(), "there is no partition of this number");
        return partitions[id.value];
    }

    /// Returns when what was sent below `end` is lasting; false where it cannot be.
    [[nodiscard]] bool wait_lasting(partition_id p, offset_t end) noexcept
    {
        const bool fine = at(p).log.wait_lasting(end);
        records_arrived.notify(); // who reads only what is lasting
        return fine;
    }

    /// A group that has read nothing and holds nobody back.
    [[nodiscard]] group_type new_group(const std::string& group) const
    {
        return {.name = group, .shares = {partitions.size(), new_share{*this, group}}};
    }

    /// What `topic::maintain` does.
    bool maintain();

    /// Adds so many partitions, and each group's shares of them; returns the first. Throws
    /// std::bad_alloc, and then has added nothing. The source has them. Under the mutex; the caller
    /// wakes both sides.
    partition_id grow(std::uint32_t more);

    const std::string name;
    GREGOR_NO_UNIQUE_ADDRESS const clock time;
    source_type source; // under the mutex
    // Its size is looked at by every send, and written when the topic grows.
    ring::growing_array<partition_type, env> partitions;

    // Read by every send and poll, written when somebody falls asleep or is woken.
    alignas(cache_line_bytes) event records_arrived;
    event room_made;

    // The cold path: who is there.
    alignas(cache_line_bytes) typename env::mutex mutex;
    std::size_t live_producers = 0;
    all_senders<env> senders;
    bool closed = false;
    std::list<group_type> groups;
    /// Looks for members that stay away; true if there were any. Set where groups are known.
    bool (*fence_absent)(topic_state&, std::chrono::nanoseconds now) noexcept = nullptr;

private:
    struct new_partition {
        source_type& from;

        partition_type operator()(std::size_t i) const { return {from, i}; }
    };
    struct new_share {
        const topic_state& topic;
        const std::string& group;

        typename group_type::share operator()(std::size_t i) const
        {
            auto& gate = topic.partitions[i].log.protocol().gate();
            return {gate.own(gate.cursor(group))};
        }
    };
};

template <class T, class Policies>
partition_id topic_state<T, Policies>::grow(std::uint32_t more)
{
    struct what_is_not_shown_goes {
        topic_state& all;
        ~what_is_not_shown_goes()
        {
            // the shares first: their places are the partitions'
            for (group_type& group : all.groups) {
                group.shares.withdraw();
            }
            all.partitions.withdraw();
        }
    } const at_the_end{*this};
    const std::size_t first = partitions.size();
    for (std::size_t i = first; i != first + more; ++i) {
        partition_type& made = partitions.append(new_partition{source});
        if constexpr (Policies::producers::many) {
            if (live_producers > 1) {
                made.log.protocol().share();
            }
        }
    }
    for (group_type& group : groups) {
        // Who reads the topic now reads what is added from its beginning on, whatever its options
        // say: it cannot know of it sooner than a producer.
        const bool holds = group.holds_producers_back();
        const bool reads = !group.members.empty();
        for (std::size_t i = first; i != first + more; ++i) {
            auto& share = group.shares.append(new_share{*this, group.name});
            if (holds) {
                share.cursor->set(0, place::holds);
            } else if (reads) {
                share.resume = 0;
            }
        }
    }
    // Nobody sends to a partition that he has not found: the cursors are there before it is.
    for (group_type& group : groups) {
        group.shares.publish();
        group.stale = group.stale || !group.members.empty();
        for (const auto& member : group.members) {
            member->order();
        }
    }
    partitions.publish();
    return partition_id{static_cast<std::uint32_t>(first)};
}

template <class T, class Policies>
bool topic_state<T, Policies>::maintain()
{
    bool any = false;
    const std::chrono::nanoseconds now = time.steady_now();
    {
        const std::lock_guard lock{mutex};
        any = fence_absent != nullptr && fence_absent(*this, now);
    }
    if constexpr (log_type::durable) {
        for (auto& each : partitions) {
            any = each.log.maintain(now, time.system_now()) || any;
        }
    }
    if (any) {
        records_arrived.notify();
        room_made.notify();
    }
    return any;
}

} // namespace gregor::inline GREGOR_ABI
