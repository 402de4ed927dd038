// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/explanation.hpp"
#include "gregor/log/group_state.hpp"
#include "gregor/log/sender_figures.hpp"
#include "gregor/options.hpp"
#include "gregor/partition.hpp"
#include "gregor/policy/select.hpp"
#include "gregor/refusal.hpp"
#include "gregor/ring/env.hpp"
#include "gregor/ring/event_count.hpp"
#include "gregor/ring/growing_array.hpp"
#include "gregor/stats.hpp"

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

    topic_state(std::string topic_name, const topic_options& options, clock time_source)
        : name(std::move(topic_name)), time(std::move(time_source)),
          partitions(options.partitions, new_partition{options.capacity_records})
    {
        for (const std::string& group : options.groups) {
            auto& offsets = groups.emplace_back(new_group(group));
            offsets.declared = true;
            for (const auto& share : offsets.shares) {
                share.cursor->set(0, place::holds);
            }
        }
    }

    [[nodiscard]] partition_type& at(partition_id id) const
    {
        GREGOR_ASSERT(id.value < partitions.size(), "there is no partition of this number");
        return partitions[id.value];
    }

    /// A group that has read nothing and holds nobody back.
    [[nodiscard]] group_type new_group(const std::string& group) const
    {
        return {.name = group, .shares = {partitions.size(), new_share{*this, group}}};
    }

    /// Adds so many partitions, and each group's shares of them; returns the first. Throws
    /// std::bad_alloc, and then has added nothing. Under the mutex; the caller wakes both sides.
    partition_id grow(std::uint32_t more);

    const std::string name;
    GREGOR_NO_UNIQUE_ADDRESS const clock time;
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
        std::size_t capacity_records;

        partition_type operator()(std::size_t i) const
        {
            return {partition_id{static_cast<std::uint32_t>(i)}, capacity_records};
        }
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
        partition_type& made = partitions.append(new_partition{partitions[0].log.capacity()});
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

/// A named, typed log in one or more partitions. `gregor::topic<T, policies...>` names its type.
///
/// The topic closes when this object goes; producers and consumers keep what they need until they
/// go themselves, so the order of destruction does not matter.
///
/// Threads   all members, from any thread; construction and destruction as usual
/// Progress  blocking only where it says so
/// Errors    impossible options, no memory: gregor::error (`create` returns it instead). Later only
///           `explain` throws, where memory is short
/// Cost      partitions * capacity_records slots, touched as records first reach them
/// Lifetime  handles may outlive it: their sends then say `closed`, their polls drain and then say
///           so
/// Ordering  a send happens before the poll that returns its record
template <class T, class Policies>
class basic_topic {
public:
    using value_type = T;
    using policies = Policies;
    using layout = record_layout<T, Policies>;
    using slot_type = stored_record<layout>;
    using attributes = typename layout::attributes;
    using clock = typename Policies::clock;
    using state_type = topic_state<T, Policies>;

    static_assert(!layout::key_policy::derived || key_applies<typename layout::key_policy, T>(),
                  "gregor: keyed_by<...> cannot be applied to this topic's values");

    /// An empty topic. Throws gregor::error where an option is impossible or memory is not to be
    /// had.
    explicit basic_topic(std::string name, const topic_options& options = {}, clock time = clock{})
        : basic_topic(std::move(create(std::move(name), options, std::move(time)).value()))
    {
    }

    /// As the constructor, for builds without exceptions.
    [[nodiscard]] static result<basic_topic>
    create(std::string name, const topic_options& options = {}, clock time = clock{});

    basic_topic(basic_topic&&) noexcept = default;
    basic_topic& operator=(basic_topic&& other) noexcept
    {
        if (this != &other) {
            close();
            state_ = std::move(other.state_);
        }
        return *this;
    }
    ~basic_topic() { close(); }

    /// Adds partitions of the same capacity, numbered on from the last one; returns the first of
    /// them, or why there are none (the topic is closed, would have more than 65536, or memory is
    /// short: then nothing has changed). Groups that read the topic, or hold producers back for
    /// later, get them from their beginning on, and miss nothing. Producers see them at their next
    /// record; from then on keys go where the new number of partitions says, so the records of a
    /// key before that and after lie in two partitions.
    [[nodiscard]] result<partition_id> add_partitions(std::uint32_t more);

    /// Refuses senders from now on, and tells everybody who waits. Readers still get what is there.
    void close() noexcept;

    /// Waits until each group that holds producers back has committed everything; false when the
    /// time is up first. Say `close` before, or more may come.
    [[nodiscard]] bool wait_drained(std::chrono::nanoseconds timeout) const;

    [[nodiscard]] const std::string& name() const noexcept { return state_->name; }
    /// How many there are. A snapshot; only grows.
    [[nodiscard]] std::uint32_t partitions() const noexcept
    {
        return static_cast<std::uint32_t>(state_->partitions.size());
    }
    [[nodiscard]] std::size_t capacity_records() const noexcept
    {
        return state_->partitions[0].log.capacity();
    }
    [[nodiscard]] bool closed() const
    {
        const std::lock_guard lock{state_->mutex};
        return state_->closed;
    }

    /// The oldest offset that can still be read. A snapshot; only grows.
    [[nodiscard]] offset_t begin_offset(partition_id p) const
    {
        return state_->at(p).log.begin_offset();
    }
    /// The offset that the next record will get. A snapshot; only grows.
    [[nodiscard]] offset_t end_offset(partition_id p) const
    {
        return state_->at(p).log.end_offset();
    }

    /// Takes their partitions from members that have not polled for longer than they may; true if
    /// there were any. Consumers that poll do it by themselves; this is for who does not want to
    /// wait for that.
    bool maintain();

    /// Who holds the producers back, since when, by how much. A snapshot. Allocates.
    [[nodiscard]] explanation explain() const;

    /// What passed through it, and what producers waited for. A snapshot; of two of them the
    /// difference tells the rates.
    [[nodiscard]] topic_stats stats() const { return stats_of(*state_); }

    /// What its handles share with it.
    [[nodiscard]] const std::shared_ptr<state_type>& state() const noexcept { return state_; }

private:
    explicit basic_topic(std::shared_ptr<state_type> state) noexcept : state_(std::move(state)) {}

    static bool drained(const state_type& state) noexcept;

    std::shared_ptr<state_type> state_;
};

/// A topic of `T`, with any policies in any order: topics that mean the same are one type.
template <class T, class... Policies>
using topic = basic_topic<T, select_policies<Policies...>>;

template <class T, class Policies>
result<basic_topic<T, Policies>>
basic_topic<T, Policies>::create(std::string name, const topic_options& options, clock time)
{
    const auto make = [&]() -> result<basic_topic> {
        constexpr std::size_t most_records = state_type::log_type::most_records;
        if (std::optional<error> why =
                refusal::of_topic(name, options, most_records, layout::takes)) {
            return *std::move(why);
        }
        return basic_topic{std::make_shared<state_type>(name, options, std::move(time))};
    };
#if GREGOR_EXCEPTIONS
    try {
        return make();
    } catch (const std::bad_alloc&) {
        return refusal::no_memory_for_topic(name, options, sizeof(slot_type));
    }
#else
    return make();
#endif
}

template <class T, class Policies>
result<partition_id> basic_topic<T, Policies>::add_partitions(std::uint32_t more)
{
    const auto add = [&]() -> result<partition_id> {
        partition_id first;
        {
            const std::lock_guard lock{state_->mutex};
            if (std::optional<error> why = refusal::of_growth(state_->name, state_->closed,
                                                              state_->partitions.size(), more)) {
                return *std::move(why);
            }
            first = state_->grow(more);
        }
        state_->records_arrived.notify(); // members have something to take
        state_->room_made.notify();       // there is room in what was added
        return first;
    };
#if GREGOR_EXCEPTIONS
    try {
        return add();
    } catch (const std::bad_alloc&) {
        return refusal::no_memory_for_growth(name(), more);
    }
#else
    return add();
#endif
}

template <class T, class Policies>
void basic_topic<T, Policies>::close() noexcept
{
    if (state_ == nullptr) {
        return;
    }
    {
        const std::lock_guard lock{state_->mutex};
        if (state_->closed) {
            return;
        }
        state_->closed = true;
        for (auto& each : state_->partitions) {
            each.log.protocol().close();
        }
    }
    state_->records_arrived.notify();
    state_->room_made.notify();
}

template <class T, class Policies>
bool basic_topic<T, Policies>::drained(const state_type& state) noexcept
{
    for (const auto& each : state.partitions) {
        const auto& protocol = each.log.protocol();
        // first the claims, then the end: when no claim is open, a closed topic's end is its last
        offset_t open_claim = 0;
        if (protocol.stuck(protocol.end(), open_claim)) {
            return false;
        }
        const offset_t end = protocol.end();
        bool behind = false;
        protocol.gate().visit([&](const auto& place, bool is_lease) {
            behind |= !is_lease && place.holding() && place.sequence() < end;
        });
        if (behind) {
            return false;
        }
    }
    return true;
}

template <class T, class Policies>
bool basic_topic<T, Policies>::wait_drained(std::chrono::nanoseconds timeout) const
{
    using strategy = typename Policies::wait;
    const auto done = [this] { return drained(*state_); };
    return done() || wait_until<strategy>(state_->room_made, deadline{state_->time, timeout},
                                          strategy::patient, done);
}

template <class T, class Policies>
bool basic_topic<T, Policies>::maintain()
{
    bool any = false;
    const std::chrono::nanoseconds now = state_->time.steady_now();
    {
        const std::lock_guard lock{state_->mutex};
        any = state_->fence_absent != nullptr && state_->fence_absent(*state_, now);
    }
    if (any) {
        state_->records_arrived.notify();
    }
    return any;
}

template <class T, class Policies>
explanation basic_topic<T, Policies>::explain() const
{
    explanation why;
    why.topic = state_->name;
    const std::chrono::nanoseconds now = state_->time.steady_now();
    const std::lock_guard lock{state_->mutex};
    for (const auto& each : state_->partitions) {
        const auto& log = each.log;
        const offset_t end = log.end_offset();
        const bool full = log.full_since().at() != 0;
        const auto noted = log.full_since().at();
        const std::chrono::nanoseconds since{full && now.count() > noted ? now.count() - noted : 0};
        const offset_t oldest = log.protocol().room().limit() - log.capacity();
        // the ring gives way in steps: who stands in the oldest one, or is last, stands in the way
        const offset_t step = oldest + log.capacity() / 16;
        const offset_t lowest = log.protocol().gate().scan(end);
        const offset_t in_the_way = lowest > step ? lowest : step;
        log.protocol().gate().visit([&](const auto& place, bool is_lease) {
            const offset_t at = place.sequence();
            if (full && place.holding() && at <= in_the_way && at < end) {
                why.holders.push_back({each.id, is_lease ? holder_kind::batch : holder_kind::group,
                                       place.holder, at, end - at, since});
            }
        });
        offset_t stuck_at = 0;
        if (log.protocol().stuck(oldest, stuck_at)) {
            why.holders.push_back({each.id, holder_kind::claim, "a claim that is not published",
                                   stuck_at, end - stuck_at, since});
        }
    }
    return why;
}

} // namespace gregor::inline GREGOR_ABI
