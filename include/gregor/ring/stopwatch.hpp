// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/ring/counter.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// How often one thread waited, and for how long together; the wait that lasts is part of it. The
/// thread reads the clock when it likes, and need not do so at the end: what counts is when it
/// looked last.
///
/// Threads   begin, still, end: one; count, total: any
/// Progress  wait-free
/// Cost      begin and end: a few plain loads and stores
/// Ordering  none: a snapshot
template <class Env>
class stopwatch {
public:
    void begin(std::chrono::nanoseconds now) noexcept
    {
        began_ = now.count();
        last_ = began_;
        say(total_ - began_, true);
        count_.add(1);
    }
    /// It waits still.
    void still(std::chrono::nanoseconds now) noexcept { last_ = now.count(); }
    void end() noexcept
    {
        total_ += last_ > began_ ? last_ - began_ : 0;
        say(total_, false);
    }

    [[nodiscard]] std::uint64_t count() const noexcept { return count_.value(); }
    /// Of the waits that are over; for the thread itself, or when it is done.
    [[nodiscard]] std::chrono::nanoseconds over() const noexcept
    {
        return std::chrono::nanoseconds{total_};
    }

    /// `now()` is asked for only while it waits.
    template <class Now>
    [[nodiscard]] std::chrono::nanoseconds total(Now&& now) const
    {
        // relaxed: a snapshot, whole in one word
        const std::int64_t word = word_.load(std::memory_order_relaxed);
        const bool waits = (word & 1) != 0;
        const std::chrono::nanoseconds until = waits ? now() : std::chrono::nanoseconds{0};
        return std::chrono::nanoseconds{(word >> 1) + until.count()};
    }

private:
    void say(std::int64_t time, bool waits) noexcept
    {
        // relaxed: carries nothing; only this thread writes it
        word_.store(time * 2 + (waits ? 1 : 0), std::memory_order_relaxed);
    }

    counter<Env> count_;
    /// Twice the time, and 1 while it waits: then the time is less the moment it began.
    typename Env::template atomic<std::int64_t> word_{0};
    std::int64_t total_ = 0; // of the waits that are over
    std::int64_t began_ = 0;
    std::int64_t last_ = 0;
};

/// A wait that a stopwatch times, however it ends.
template <class Env>
class timing {
public:
    timing(stopwatch<Env>& its, std::chrono::nanoseconds now) noexcept : watch_(its)
    {
        watch_.begin(now);
    }
    timing(const timing&) = delete;
    timing& operator=(const timing&) = delete;
    ~timing() { watch_.end(); }

private:
    stopwatch<Env>& watch_;
};

/// An event that sleeps as another one does, and says when: `slept` is told how long it was.
template <class Event, class Clock, class Slept>
class timed_event {
public:
    using env = typename Event::env;
    using ticket = typename Event::ticket;

    timed_event(Event& event, const Clock& clock, Slept slept)
        : event_(event), clock_(clock), slept_(slept)
    {
    }

    [[nodiscard]] auto announce() noexcept { return event_.announce(); }
    bool sleep(ticket mine, std::chrono::nanoseconds timeout)
    {
        const std::chrono::nanoseconds before = clock_.steady_now();
        const bool woken = event_.sleep(mine, timeout);
        slept_(before, clock_.steady_now());
        return woken;
    }

private:
    Event& event_;
    const Clock& clock_;
    Slept slept_;
};

} // namespace gregor::inline GREGOR_ABI::ring
