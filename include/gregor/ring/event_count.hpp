// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// Where threads sleep until something has changed that they have looked at: a condition variable
/// whose notifier pays one relaxed load while nobody sleeps. Who cannot sleep here, since he sleeps
/// somewhere else, has a listener called.
///
/// A sleeper announces itself, looks again, and sleeps on the ticket it got. A notifier makes its
/// change, then notifies. The word is an epoch whose lowest bit says "somebody may be asleep";
/// waking moves it on, so a ticket of an earlier epoch never sleeps, and of many notifiers one
/// makes the call.
///
/// The owner of a listener arms it, which announces it, and looks again; then it is called once,
/// by whoever wakes, for whatever that look could not see. It may be called for nothing: for what
/// was seen, or for others.
///
/// Threads   any, all at once; arm: the listener's owner
/// Progress  wait-free but for `sleep`, for the system call that wakes, and, while there are
///           listeners, for the mutex under which they are called
/// Cost      notify: one relaxed load; 7-10 us when it wakes. announce, arm: one heavy fence
/// Lifetime  a listener is destroyed after it was removed, and not by its own call
/// Ordering  none by itself: the sleeper reads what it waits for with its own acquire loads
/// Edges     (1) -> (2)  that a listener is there, and that it is armed
///           (3) -> (4)  what its owner did before it armed it, also to who calls it by an
///                       announcement of somebody else
///
/// Lost wake-ups: the sleeper sets the bit and then looks (heavy between), the notifier changes and
/// then reads the word (light between); one of them sees the other. Who takes the bit away took it
/// after the announcement, so it sees the listener; or the announcement came after it, and set the
/// bit anew.
template <class Env>
class event_count {
public:
    using env = Env;
    using ticket = std::uint32_t;

    /// Who is called. On the notifier's thread, under the event's mutex: what it does is short, and
    /// does not touch this event, or who notifies it.
    class listener {
    public:
        using function = void (*)(void* context) noexcept;

        listener(function call, void* context) noexcept : call_(call), context_(context) {}
        listener(const listener&) = delete;
        listener& operator=(const listener&) = delete;
        ~listener() = default;

    private:
        friend class event_count;

        const function call_;
        void* const context_;
        listener* next_ = nullptr; // under the mutex
        // Written by its owner, and by who calls it.
        typename Env::template atomic<bool> armed_{false};
    };

    /// Before the last look. Then either sleep on the ticket, or forget it.
    [[nodiscard]] ticket announce() noexcept
    {
        // (1) acq_rel: its release synchronizes-with the exchange (2); keeps announcements of one
        // thread in order
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
    GREGOR_INLINE void notify() noexcept
    {
        Env::light();
        notify_fenced();
    }
    /// The same, where a light fence has followed the change.
    GREGOR_INLINE void notify_fenced() noexcept
    {
        // relaxed: only the question whether anybody sleeps; the fences pair it with `announce`
        if ((word_.load(std::memory_order_relaxed) & 1U) != 0) [[unlikely]] {
            wake();
        }
    }

    // --- listeners -----------------------------------------------------------------------------

    /// It is called when it was armed. It was not added before.
    void add(listener& who) noexcept;

    /// It is called no more, and nobody is in the middle of calling it. It was added.
    void remove(listener& who) noexcept;

    /// Before the last look: has it called once for what comes after that, and for what is on its
    /// way.
    void arm(listener& who) noexcept
    {
        // (3) release-store, synchronizes-with the exchange (4)
        who.armed_.store(true, std::memory_order_release);
        static_cast<void>(announce());
    }

private:
    GREGOR_COLD void wake() noexcept;
    void call_listeners() noexcept;

    // Written by sleepers and by those who wake them; read by every notifier, so a line that is
    // written seldom.
    typename Env::template atomic<std::uint32_t> word_{0};

    // Written under the mutex; whether there is any listener is also asked outside it.
    typename Env::template atomic<listener*> first_{nullptr};
    typename Env::mutex mutex_;
};

template <class Env>
void event_count<Env>::add(listener& who) noexcept
{
    const std::lock_guard lock{mutex_};
    // relaxed: only under the mutex
    who.next_ = first_.load(std::memory_order_relaxed);
    // relaxed: read under the mutex; outside, the announcement (1) says that it is there
    first_.store(&who, std::memory_order_relaxed);
}

template <class Env>
void event_count<Env>::remove(listener& who) noexcept
{
    const std::lock_guard lock{mutex_};
    // relaxed: only under the mutex
    listener* each = first_.load(std::memory_order_relaxed);
    if (each == &who) {
        // relaxed: who still sees it takes the mutex, and looks again
        first_.store(who.next_, std::memory_order_relaxed);
        return;
    }
    while (each->next_ != &who) {
        each = each->next_;
    }
    each->next_ = who.next_;
}

template <class Env>
void event_count<Env>::wake() noexcept
{
    // relaxed: re-checked by the exchange (2)
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & 1U) != 0) {
        // (2) acq_rel: its acquire synchronizes-with the announcement (1); relaxed on failure: the
        // loop looks again
        if (word_.compare_exchange_weak(seen, seen + 1U, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
            Env::wake_all(word_);
            call_listeners();
            return;
        }
    }
}

template <class Env>
void event_count<Env>::call_listeners() noexcept
{
    // relaxed: (2) has brought those who announced themselves
    if (first_.load(std::memory_order_relaxed) == nullptr) {
        return;
    }
    const std::lock_guard lock{mutex_};
    // relaxed: only under the mutex
    for (listener* each = first_.load(std::memory_order_relaxed); each != nullptr;
         each = each->next_) {
        // (4) acquire-exchange, synchronizes-with the release-store (3); who arms later than what
        // the epoch has brought announces anew
        if (each->armed_.exchange(false, std::memory_order_acquire)) {
            each->call_(each->context_);
        }
    }
}

} // namespace gregor::inline GREGOR_ABI::ring
