// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/ring/atomic.hpp"

#if defined(__linux__)
#    include <cerrno>
#    include <linux/futex.h>
#    include <linux/membarrier.h>
#    include <sched.h>
#    include <sys/syscall.h>
#    include <unistd.h>
#else
#    include <condition_variable>
#    include <mutex>
#    include <thread>
#endif
#if defined(_MSC_VER)
#    include <intrin.h>
#endif

// The one place of this floor that knows the operating system: a barrier in all threads of the
// process, and sleeping on a 32-bit word.

namespace gregor::inline GREGOR_ABI::ring::os {

/// Tells the core that this is a spin loop.
inline void pause() noexcept
{
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
    __builtin_ia32_pause(); // not <immintrin.h>: it costs more to compile than this library
#elif defined(__GNUC__) && defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#elif defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
    _mm_pause();
#else
    std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
}

/// A longer sleep ends for no reason: not far beyond, seconds of 32 bits and the sums of times
/// overflow.
inline constexpr std::chrono::nanoseconds longest_sleep = std::chrono::hours{24 * 365};

#if defined(__linux__)

/// Lets another thread have this core.
inline void yield() noexcept
{
    ::sched_yield();
}

/// Asks the kernel for expedited barriers, once a process. False where it has none.
[[nodiscard]] inline bool register_barrier() noexcept
{
    return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/// A full barrier in every running thread of this process; about 1.4 us.
[[nodiscard]] inline bool barrier_everywhere() noexcept
{
    return ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/// A time as the kernel's call reads it: by its own width, not by that of the C library's timespec,
/// which on a 32-bit system may be either.
#    if defined(SYS_futex)
inline constexpr long futex_call = SYS_futex;
struct futex_time {
    __kernel_long_t seconds;
    __kernel_long_t nanoseconds;
};
#    else
inline constexpr long futex_call = SYS_futex_time64;
struct futex_time {
    std::int64_t seconds;
    std::int64_t nanoseconds;
};
#    endif

/// Sleeps while the word holds the expected value, until woken or the time is up (then false). May
/// return early for no reason.
inline bool sleep_on(const atomic<std::uint32_t>& word, std::uint32_t expected,
                     std::chrono::nanoseconds timeout) noexcept
{
    static_assert(sizeof(word) == 4, "as wide as the kernel reads it");
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t asked = timeout.count();
    const bool counted = asked <= longest_sleep.count();
    const std::int64_t time = counted ? asked : longest_sleep.count();
    const futex_time limit{.seconds = static_cast<decltype(futex_time::seconds)>(time / second),
                           .nanoseconds =
                               static_cast<decltype(futex_time::nanoseconds)>(time % second)};
    const long rc = ::syscall(futex_call, &word, FUTEX_WAIT_PRIVATE, expected, &limit, nullptr, 0);
    return !(rc == -1 && errno == ETIMEDOUT && counted);
}

inline void wake_all(atomic<std::uint32_t>& word) noexcept
{
    ::syscall(futex_call, &word, FUTEX_WAKE_PRIVATE, 0x7fffffff, nullptr, nullptr, 0);
}

#else // a portable stand-in: no barrier in other threads, and sleepers parked by address

inline void yield() noexcept
{
    std::this_thread::yield();
}

[[nodiscard]] inline bool register_barrier() noexcept
{
    return false;
}

[[nodiscard]] inline bool barrier_everywhere() noexcept
{
    return false;
}

struct parking_place {
    std::mutex mutex;
    std::condition_variable woken;
};

inline parking_place& place_of(const void* address) noexcept
{
    static parking_place places[64];
    return places[(reinterpret_cast<std::uintptr_t>(address) >> 6U) % 64U];
}

inline bool sleep_on(const atomic<std::uint32_t>& word, std::uint32_t expected,
                     std::chrono::nanoseconds timeout) noexcept
{
    parking_place& place = place_of(&word);
    std::unique_lock lock{place.mutex};
    // relaxed: under the mutex that who wakes takes, too
    const auto changed = [&] { return word.load(std::memory_order_relaxed) != expected; };
    if (timeout == (std::chrono::nanoseconds::max)()) {
        place.woken.wait(lock, changed);
        return true;
    }
    const bool counted = timeout <= longest_sleep;
    return place.woken.wait_for(lock, counted ? timeout : longest_sleep, changed) || !counted;
}

inline void wake_all(atomic<std::uint32_t>& word) noexcept
{
    parking_place& place = place_of(&word);
    {
        const std::lock_guard lock{place.mutex};
    }
    place.woken.notify_all();
}

#endif

} // namespace gregor::inline GREGOR_ABI::ring::os
