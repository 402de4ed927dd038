// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/ring/stopwatch.hpp"
#include "gregor/stats.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a consumer counts: for itself, in its own lines.
///
/// Threads   the consumer's
class consumer_figures {
public:
    /// True once in so many polls.
    static constexpr unsigned now_and_then = 1024;

    bool polled() noexcept
    {
        if (--polls_left_ != 0) [[likely]] {
            return false;
        }
        polls_left_ = now_and_then;
        all_.polls += now_and_then;
        return true;
    }
    void returned(std::uint64_t records, std::uint64_t missed = 0) noexcept
    {
        all_.records += records;
        all_.missed += missed;
    }
    bool followed(bool fenced) noexcept
    {
        ++all_.rebalances;
        all_.fenced += fenced ? 1 : 0;
        return fenced;
    }

    void waits() noexcept { ++all_.waits; }
    [[nodiscard]] ring::sleep_times& sleeps() noexcept { return sleeps_; }

    /// A poll that may wait several times, which counts once.
    class one_poll {
    public:
        explicit one_poll(consumer_figures& of) noexcept : figures_(of) {}

        void waits() noexcept
        {
            if (!std::exchange(waited_, true)) {
                figures_.waits();
            }
        }
        void slept(std::chrono::nanoseconds from, std::chrono::nanoseconds to) noexcept
        {
            figures_.sleeps_.add(from, to);
        }

    private:
        consumer_figures& figures_;
        bool waited_ = false;
    };

    [[nodiscard]] consumer_stats at(std::chrono::nanoseconds now) const noexcept
    {
        consumer_stats all = all_;
        all.polls += now_and_then - polls_left_;
        all.sleeps = sleeps_.count;
        all.asleep = std::chrono::nanoseconds{sleeps_.total};
        all.time = now;
        return all;
    }

private:
    consumer_stats all_ = {};
    ring::sleep_times sleeps_ = {};
    unsigned polls_left_ = now_and_then; // counted down: one instruction
};

} // namespace gregor::inline GREGOR_ABI
