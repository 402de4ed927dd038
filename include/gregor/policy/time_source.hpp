// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <memory>
#include <mutex>

#include "gregor/base/types.hpp"
#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI {

/// Tells a topic the time: `steady_now` for timeouts (since any fixed moment), `system_now` for
/// timestamps. `runs`: it goes on by itself, at the pace of the system's clocks.
template <class C>
concept clock_source = std::copy_constructible<C> && requires(const C& clock) {
    { clock.steady_now() } -> std::convertible_to<std::chrono::nanoseconds>;
    { clock.system_now() } -> std::convertible_to<timestamp_t>;
    { C::runs } -> std::convertible_to<bool>;
};

/// The system's steady and wall clocks. The default.
struct system_time {
    static constexpr bool runs = true;

    [[nodiscard]] static std::chrono::nanoseconds steady_now() noexcept
    {
        return std::chrono::steady_clock::now().time_since_epoch();
    }
    [[nodiscard]] static timestamp_t system_now() noexcept
    {
        return std::chrono::system_clock::now();
    }
};

/// What a `manual_clock` is; a template, so that programs without one compile none of it.
template <class Mutex>
class basic_manual_clock {
public:
    static constexpr bool runs = false;

    basic_manual_clock() : basic_manual_clock(timestamp_t{}) {}
    explicit basic_manual_clock(timestamp_t start) : shared_(std::make_shared<state>())
    {
        shared_->start = start;
    }

    /// Lets time pass, for timeouts and timestamps alike.
    void advance(std::chrono::nanoseconds by)
    {
        const std::lock_guard lock{shared_->mutex};
        shared_->passed += by;
    }

    [[nodiscard]] std::chrono::nanoseconds steady_now() const
    {
        const std::lock_guard lock{shared_->mutex};
        return shared_->passed;
    }
    [[nodiscard]] timestamp_t system_now() const
    {
        return shared_->start + std::chrono::duration_cast<timestamp_t::duration>(steady_now());
    }

private:
    struct state {
        Mutex mutex;
        std::chrono::nanoseconds passed{0};
        timestamp_t start;
    };
    std::shared_ptr<state> shared_;
};

/// A clock that stands until it is told to go on: for tests. Copies share one time.
///
/// Threads   any
class manual_clock : public basic_manual_clock<std::mutex> {
public:
    using basic_manual_clock<std::mutex>::basic_manual_clock;
};

/// The topic's time comes from a `Clock`, of which it keeps a copy.
template <class Clock>
struct time_source {
    static_assert(
        clock_source<Clock>,
        "gregor: time_source<Clock> needs a Clock with steady_now(), system_now() and runs");
    using policy_kind = kind::time;
    using type = Clock;
};

} // namespace gregor::inline GREGOR_ABI
