// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/ring/atomic.hpp"
#include "gregor/ring/os.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// Whether the kernel gives a barrier in every thread. Found out before the first topic is made,
/// and never changed: both sides of a fence must believe the same.
inline const bool barrier_is_asymmetric = !GREGOR_TSAN && os::register_barrier();

/// What the protocols ask of the machine: atomics, fences, waiting. A test gives them another one,
/// to explore every interleaving, so they use nothing else.
///
/// The asymmetric fence has a side that costs nothing and a side that costs a system call: a thread
/// that stores and then looks, often, uses `light`; one that stores and then looks, seldom, uses
/// `heavy`; of two such threads at least one sees the other's store. Two light sides give nothing.
struct std_env {
    template <class T>
    using atomic = ring::atomic<T>;
    using mutex = std::mutex;

    /// A full barrier of this thread.
    static void fence() noexcept
    {
#if GREGOR_TSAN
        // ThreadSanitizer sees no fences; it does see read-modify-writes of one place.
        static constinit std::atomic<unsigned> meeting_point{0};
        // seq_cst: it stands for a fence that is. One order of all of them is all that it is for.
        meeting_point.fetch_add(1, std::memory_order_seq_cst);
#else
        std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
    }

    /// The side that costs nothing: only the compiler is held back, where `heavy` reaches all
    /// threads.
    GREGOR_INLINE static void light() noexcept
    {
        if (barrier_is_asymmetric) [[likely]] {
            std::atomic_signal_fence(std::memory_order_seq_cst);
        } else {
            fence();
        }
    }

    /// The side that costs about 1.4 us: a full barrier in every thread of the process.
    static void heavy() noexcept
    {
        if (barrier_is_asymmetric) [[likely]] {
            GREGOR_ASSERT(os::barrier_everywhere(), "the kernel took back its memory barrier");
        } else {
            fence();
        }
    }

    /// In a loop that waits for another core: about 30 ns in which this core leaves the line alone.
    static void pause() noexcept { os::pause(); }

    /// Keeps away for so many pauses from what others are at; waits for nothing.
    static void back_off(unsigned pauses) noexcept
    {
        for (; pauses != 0; --pauses) {
            os::pause();
        }
    }

    /// In a loop that waits for another thread, which may need this core.
    static void yield() noexcept { os::yield(); }

    /// Sleeps while the word holds the expected value; false when the time is up. May wake for
    /// nothing.
    static bool wait(const ring::atomic<std::uint32_t>& word, std::uint32_t expected,
                     std::chrono::nanoseconds timeout) noexcept
    {
        return os::sleep_on(word, expected, timeout);
    }

    static void wake_all(ring::atomic<std::uint32_t>& word) noexcept { os::wake_all(word); }
};

} // namespace gregor::inline GREGOR_ABI::ring
