// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "model/checker/model.hpp"

// A broken precondition is a finding like any other.
#ifndef GREGOR_ASSERT_HANDLER
#    define GREGOR_ASSERT_HANDLER(sentence) ::gregor::model::fail(sentence)
#endif

#include "gregor/consumer.hpp"
#include "gregor/producer.hpp"
#include "gregor/topic.hpp"

namespace gregor::model {

/// A clock that stands: whoever waits, waits for ever.
struct no_clock {
    static constexpr bool runs = true;
    [[nodiscard]] static std::chrono::nanoseconds steady_now() noexcept { return {}; }
    [[nodiscard]] static timestamp_t system_now() noexcept { return {}; }
};

/// What is sent: the how manieth of its sender's.
struct number {
    explicit number(int n) noexcept : value(n) {}
    cell<int> value;
};

/// Records in memory, as `storage::in_memory`, on the checker's atomics, fences, mutex and futex.
struct watched_memory {
    using policy_kind = kind::storage;
};

} // namespace gregor::model

template <class Slot, bool Many>
struct gregor::log_of<gregor::model::watched_memory, Slot, Many> {
    using type = memory_log<Slot, Many, model::env>;
};

namespace gregor::model {

/// A topic of one partition in the small: all of the real one, with its log, its producers and
/// consumers. Who waits sleeps.
class small_topic : public topic<number, watched_memory, wait::sleep, time_source<no_clock>,
                                 partitioner::round_robin> {
public:
    explicit small_topic(std::size_t capacity, std::vector<std::string> groups = {},
                         std::string name = "small")
        : basic_topic(std::move(name), {.capacity_records = capacity, .groups = std::move(groups)})
    {
    }
};

/// Sleeps until it is woken: a wake-up that is lost is one that never comes. (A member that looks
/// after the others wakes up now and then, and finds what nobody told it.)
inline const consumer_options tireless{.max_poll_interval = no_timeout};

} // namespace gregor::model
