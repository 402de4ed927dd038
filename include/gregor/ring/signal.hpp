// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// A flag that one thread raises and another one takes down: a wake-up that is asked for.
///
/// Threads   any
/// Progress  wait-free
/// Edges     (1) -> (2)  what was done before it was raised
template <class Env>
class signal {
public:
    void raise() noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        raised_.store(true, std::memory_order_release);
    }

    /// Whether `take` would say true.
    [[nodiscard]] bool is_raised() const noexcept
    {
        // relaxed: a question before `take`, which decides
        return raised_.load(std::memory_order_relaxed);
    }

    /// True once for each time it was raised and not yet taken.
    [[nodiscard]] bool take() noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return raised_.load(std::memory_order_acquire) &&
               raised_.exchange(false, std::memory_order_acquire);
    }

private:
    typename Env::template atomic<bool> raised_{false};
};

/// Tells that a handle made for one thread is used by two at once. Detects, does not exclude.
template <class Env>
class sole_user {
public:
    /// False while somebody else is inside.
    [[nodiscard]] bool enter() noexcept
    {
        // relaxed: a detector; it orders nothing, so that it hides no race from other tools
        return !inside_.exchange(true, std::memory_order_relaxed);
    }

    void leave() noexcept
    {
        // relaxed: see `enter`
        inside_.store(false, std::memory_order_relaxed);
    }

private:
    typename Env::template atomic<bool> inside_{false};
};

/// In checked builds: says so when two threads use one handle at once. Elsewhere nothing.
template <class Env>
class used_alone {
public:
#if GREGOR_CHECKED
    /// Of nobody: a call from within a call.
    used_alone(sole_user<Env>* user, const char* sentence) noexcept : user_(user)
    {
        GREGOR_ASSERT(user_ == nullptr || user_->enter(), sentence);
    }
    ~used_alone()
    {
        if (user_ != nullptr) {
            user_->leave();
        }
    }
    used_alone(const used_alone&) = delete;
    used_alone& operator=(const used_alone&) = delete;

private:
    sole_user<Env>* user_;
#else
    used_alone(const sole_user<Env>* /*user*/, const char* /*sentence*/) noexcept {}
#endif
};

/// Since when something lasts, in nanoseconds of some clock; 0 while it does not.
template <class Env>
class since {
public:
    /// Begins now, unless it lasts already.
    void begin(std::int64_t now) noexcept
    {
        // relaxed: a note for people
        if (at_.load(std::memory_order_relaxed) == 0) {
            // relaxed: as above
            at_.store(now, std::memory_order_relaxed);
        }
    }

    void end() noexcept
    {
        // relaxed: a note for people
        if (at_.load(std::memory_order_relaxed) != 0) {
            // relaxed: as above
            at_.store(0, std::memory_order_relaxed);
        }
    }

    [[nodiscard]] std::int64_t at() const noexcept
    {
        // relaxed: a note for people
        return at_.load(std::memory_order_relaxed);
    }

private:
    typename Env::template atomic<std::int64_t> at_{0};
};

} // namespace gregor::inline GREGOR_ABI::ring
