// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

#include "support/random.hpp"

#if defined(__linux__)
#    include <sched.h>
#    include <sys/resource.h>
#    include <unistd.h>
#endif

namespace stress {

#if defined(__linux__)

/// The cores that this process was given when it began.
[[nodiscard]] inline const cpu_set_t& own_cores()
{
    static const cpu_set_t cores = [] {
        cpu_set_t found;
        CPU_ZERO(&found);
        static_cast<void>(sched_getaffinity(0, sizeof found, &found));
        return found;
    }();
    return cores;
}

/// The calling thread runs on one core from now on, or on all of them again. A refusal changes
/// nothing, and is no matter.
inline void change_core(support::dice& dice)
{
    const cpu_set_t& all = own_cores();
    const int count = CPU_COUNT(&all);
    auto left = static_cast<int>(dice.below(static_cast<std::uint64_t>(count) + 1));
    if (left == count) {
        static_cast<void>(sched_setaffinity(0, sizeof all, &all));
        return;
    }
    for (unsigned core = 0; core != CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &all) && left-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(core, &one);
            static_cast<void>(sched_setaffinity(0, sizeof one, &one));
            return;
        }
    }
}

/// The calling thread gets less of the processor than others from now on: on Linux the priority of
/// the process is that of the thread that asks. Who has no privilege never gets it back, so it is
/// for threads that end with their run.
inline void lower_priority(support::dice& dice)
{
    const int now = getpriority(PRIO_PROCESS, 0);
    static_cast<void>(setpriority(PRIO_PROCESS, 0, now + static_cast<int>(dice.below(4))));
}

#else

inline void change_core(support::dice& /*dice*/) {}
inline void lower_priority(support::dice& /*dice*/) {}

#endif

/// Between two operations of a thread that a test has started: loses its turn now and then, sleeps,
/// moves to another core, or falls behind the others, so that threads meet in other places than at
/// full speed.
inline void stumble(support::dice& dice)
{
    const std::uint64_t what = dice.below(std::uint64_t{1} << 15U);
    if (what < 64) {
        std::this_thread::yield();
    } else if (what < 66) {
        std::this_thread::sleep_for(std::chrono::microseconds{dice.below(200)});
    } else if (what < 68) {
        change_core(dice);
    } else if (what < 69) {
        lower_priority(dice);
    }
}

} // namespace stress
