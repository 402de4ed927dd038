// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#    include <x86intrin.h>
#endif

namespace benchmarks {

/// The cheapest clock there is: for round trips, where `steady_clock` would cost a quarter of what
/// it measures. Only differences between readings on one thread are used.
inline std::uint64_t now_ticks() noexcept
{
#if defined(__x86_64__) || defined(_M_X64)
    return __rdtsc();
#else
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

/// Measured against `steady_clock` on the first call, which takes 20 ms.
inline double nanoseconds_a_tick()
{
    static const double ratio = [] {
        using namespace std::chrono;
        const auto clock_before = steady_clock::now();
        const std::uint64_t ticks_before = now_ticks();
        while (steady_clock::now() - clock_before < milliseconds{20}) {}
        const duration<double, std::nano> passed = steady_clock::now() - clock_before;
        return passed.count() / static_cast<double>(now_ticks() - ticks_before);
    }();
    return ratio;
}

inline double seconds_between(std::chrono::steady_clock::time_point from,
                              std::chrono::steady_clock::time_point to)
{
    return std::chrono::duration<double>(to - from).count();
}

} // namespace benchmarks
