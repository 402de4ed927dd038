// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// Where threads sleep until something has changed that they have looked at: a condition variable
/// whose notifier pays one relaxed load while nobody sleeps.
///
/// A sleeper announces itself, looks again, and sleeps on the ticket it got. A notifier makes its
/// change, then notifies. The word is an epoch whose lowest bit says "somebody may be asleep";
/// waking moves it on, so a ticket of an earlier epoch never sleeps, and of many notifiers one
/// makes the call.
///
/// Threads   any, all at once
/// Progress  wait-free but for `sleep`, and for the system call that wakes
/// Cost      notify: one relaxed load; 7-10 us when it wakes. announce: one heavy fence
/// Ordering  none by itself: the sleeper reads what it waits for with its own acquire loads
///
/// Lost wake-ups: the sleeper sets the bit and then looks (heavy between), the notifier changes and
/// then reads the word (light between); one of them sees the other.
template <class Env>
class event_count {
public:
    using ticket = std::uint32_t;

    /// Before the last look. Then either sleep on the ticket, or forget it.
    [[nodiscard]] ticket announce() noexcept
    {
        // acq_rel: carries nothing; keeps announcements of one thread in order
        const ticket mine = word_.fetch_or(1U, std::memory_order_acq_rel) | 1U;
        Env::heavy();
        return mine;
    }

    /// Sleeps until a notification after `announce`; false when the time is up. May wake for
    /// nothing.
    bool sleep(ticket mine, std::chrono::nanoseconds timeout) noexcept
    {
        return Env::wait(word_, mine, timeout);
    }

    /// After the change. Wakes everybody who announced himself before it and could not see it.
    void notify() noexcept
    {
        Env::light();
        // relaxed: only the question whether anybody sleeps; the fences pair it with `announce`
        if ((word_.load(std::memory_order_relaxed) & 1U) != 0) [[unlikely]] {
            wake();
        }
    }

private:
    GREGOR_COLD void wake() noexcept
    {
        // relaxed: re-checked by the exchange
        std::uint32_t seen = word_.load(std::memory_order_relaxed);
        while ((seen & 1U) != 0) {
            // acq_rel: carries nothing; relaxed on failure: the loop looks again
            if (word_.compare_exchange_weak(seen, seen + 1U, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
                Env::wake_all(word_);
                return;
            }
        }
    }

    // Written by sleepers and by those who wake them; read by every notifier, so a line that is
    // written seldom.
    typename Env::template atomic<std::uint32_t> word_{0};
};

} // namespace gregor::inline GREGOR_ABI::ring
