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
#include "gregor/options.hpp"
#include "gregor/partition.hpp"
#include "gregor/policy/select.hpp"
#include "gregor/refusal.hpp"
#include "gregor/ring/env.hpp"
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

    topic_state(std::string topic_name, const topic_options& options, clock time_source)
        : name(std::move(topic_name)), time(std::move(time_source)),
          partitions(options.partitions, [&](std::size_t i) {
              return partition_type{partition_id{static_cast<std::uint32_t>(i)},
                                    options.capacity_records};
          })
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
    [[nodiscard]] group_type new_group(std::string group) const
    {
        const auto take = [&](std::size_t i) {
            auto& gate = partitions[i].log.protocol().gate();
            return typename group_type::share{gate.own(gate.cursor(group))};
        };
        return {.name = group, .shares = {partitions.size(), take}};
    }

    const std::string name;
    GREGOR_NO_UNIQUE_ADDRESS const clock time;

    // Read by every send and poll, written when somebody falls asleep or is woken, and when the
    // topic grows.
    alignas(cache_line_bytes) event records_arrived;
    event room_made;
    ring::growing_array<partition_type, env> partitions;

    // The cold path: who is there.
    alignas(cache_line_bytes) typename env::mutex mutex;
    std::size_t live_producers = 0;
    bool closed = false;
    std::list<group_type> groups;
    /// Looks for members that stay away; true if there were any. Set where groups are known.
    bool (*fence_absent)(topic_state&, std::chrono::nanoseconds now) noexcept = nullptr;
};

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

    /// Refuses senders from now on, and tells everybody who waits. Readers still get what is there.
    void close() noexcept;

    /// Waits until each group that holds producers back has committed everything; false when the
    /// time is up first. Say `close` before, or more may come.
    [[nodiscard]] bool wait_drained(std::chrono::nanoseconds timeout) const;

    [[nodiscard]] const std::string& name() const noexcept { return state_->name; }
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
