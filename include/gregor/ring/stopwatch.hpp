// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/ring/counter.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// What one thread slept, by its own notes: in nanoseconds of some clock.
struct sleep_times {
    std::uint64_t count = 0;
    std::int64_t total = 0;
    std::int64_t woken = 0; ///< when, the last time

    void add(std::chrono::nanoseconds from, std::chrono::nanoseconds to) noexcept
    {
        ++count;
        woken = to.count();
        total += woken > from.count() ? woken - from.count() : 0;
    }
};

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
        sleeps_.woken = began_;
        // relaxed: carries nothing; only this thread writes it
        word_.store((total_ - began_) * 2 + 1, std::memory_order_relaxed);
        count_.add(1);
    }
    /// It waits still.
    void still(std::chrono::nanoseconds now) noexcept { sleeps_.woken = now.count(); }
    /// As `still` at the end of each sleep that is noted here.
    [[nodiscard]] sleep_times& sleeps() noexcept { return sleeps_; }
    void end() noexcept
    {
        total_ += sleeps_.woken > began_ ? sleeps_.woken - began_ : 0;
        // relaxed: as above
        word_.store(total_ * 2, std::memory_order_relaxed);
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
    counter<Env> count_;
    /// Twice the time, and 1 while it waits: then the time is less the moment it began.
    typename Env::template atomic<std::int64_t> word_{0};
    std::int64_t total_ = 0; // of the waits that are over
    std::int64_t began_ = 0;
    sleep_times sleeps_ = {}; // the end of the last one: when it looked last
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

} // namespace gregor::inline GREGOR_ABI::ring
