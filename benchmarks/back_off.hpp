// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

#if defined(__x86_64__) || defined(_M_X64)
#    include <immintrin.h>
#endif

/// The adapters around the subjects are always inlined, so that what is measured is the subject and
/// what the compiler makes of it, not whether a big source file has used up its budget for
/// inlining.
#if defined(__GNUC__)
#    define GREGOR_BENCH_INLINE [[gnu::always_inline]] inline
#else
#    define GREGOR_BENCH_INLINE inline
#endif

namespace benchmarks {

inline void spin_pause() noexcept
{
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield" ::: "memory");
#endif
}

/// Between 1 and 64: processors pause for anything from 1 to 50 ns.
inline std::uint32_t pauses_a_microsecond()
{
    static const std::uint32_t count = [] {
        using namespace std::chrono;
        const auto began = steady_clock::now();
        for (int i = 0; i < 1000; ++i)
            spin_pause();
        const double microseconds =
            duration<double, std::micro>(steady_clock::now() - began).count();
        return static_cast<std::uint32_t>(
            std::clamp(1000 / std::max(microseconds, 1.0), 1.0, 64.0));
    }();
    return count;
}

// How every queue without a blocking call of its own waits: the same for all of them. A round trip
// between spinning threads is measured the eager way, streams are measured the patient way: each
// subject at its best. Both give the core away in the end: with fewer cores than threads, whoever
// is waited for may need it.

/// Looks again at once, 64 times, then after a pause each, and yields after some ten microseconds.
class eager_back_off {
public:
    void wait() noexcept
    {
        ++looks_;
        if (looks_ <= 64)
            return;
        if (looks_ <= 512)
            spin_pause();
        else
            std::this_thread::yield();
    }

    void reset() noexcept { looks_ = 0; }

private:
    std::uint32_t looks_ = 0;
};

/// Leaves the other side alone for a microsecond before it looks again, and yields after sixteen.
/// Whoever looks at an empty queue all the time takes its cache lines from the producer all the
/// time; this way every queue here is up to three times as fast.
class patient_back_off {
public:
    void wait() noexcept
    {
        if (++looks_ > 16) {
            std::this_thread::yield();
            return;
        }
        const std::uint32_t pauses = pauses_a_microsecond();
        for (std::uint32_t i = 0; i < pauses; ++i)
            spin_pause();
    }

    void reset() noexcept { looks_ = 0; }

private:
    std::uint32_t looks_ = 0;
};

} // namespace benchmarks
