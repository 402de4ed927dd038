// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>

#include "gregor/base/types.hpp"
#include "gregor/policy/kind.hpp"
#include "gregor/ring/event_count.hpp"

namespace gregor::inline GREGOR_ABI::wait {

// A strategy says, for the n-th look in vain, how to pass the time before the next one: `again`
// passes a little and says true, or says false: sleep.

/// Spins some microseconds, yields some more, then sleeps. Near the latency of spinning under load,
/// and no cost when idle; the first record after a sleep takes a wake-up (tens of microseconds).
struct adaptive {
    using policy_kind = kind::wait;

    template <class Env>
    static bool again(unsigned look) noexcept
    {
        if (look < 8) {
            // a reader that looks too often takes the line away from the producer that fills it
            for (unsigned i = 0; i != 16; ++i) {
                Env::pause();
            }
            return true;
        }
        // soon, for who is waited for may need this core
        if (look < 136) {
            Env::yield();
            return true;
        }
        return false;
    }
};

/// Looks without a break, after a moment with the shortest one there is: the lowest latency, a core
/// for each waiting thread.
struct spin {
    using policy_kind = kind::wait;

    template <class Env>
    static bool again(unsigned look) noexcept
    {
        if (look >= 64) {
            Env::pause();
        }
        return true;
    }
};

/// Looks each time the scheduler comes round: for more threads than cores, and never a system
/// sleep.
struct yield {
    using policy_kind = kind::wait;

    template <class Env>
    static bool again(unsigned /*look*/) noexcept
    {
        Env::yield();
        return true;
    }
};

/// Sleeps at once: the least processor time, a wake-up for each wait.
struct sleep {
    using policy_kind = kind::wait;

    template <class Env>
    static bool again(unsigned /*look*/) noexcept
    {
        return false;
    }
};

} // namespace gregor::inline GREGOR_ABI::wait

namespace gregor::inline GREGOR_ABI {

/// A moment until which to wait, by the topic's clock.
template <class Clock>
class deadline {
public:
    deadline(const Clock& clock, std::chrono::nanoseconds timeout)
        : clock_(clock), never_(timeout == no_timeout),
          at_(never_ ? std::chrono::nanoseconds{0} : sum(clock.steady_now(), timeout))
    {
    }

    /// What is left; `no_timeout`, or zero and below when it has passed.
    [[nodiscard]] std::chrono::nanoseconds left() const
    {
        return never_ ? no_timeout : at_ - clock_.steady_now();
    }

private:
    static std::chrono::nanoseconds sum(std::chrono::nanoseconds now,
                                        std::chrono::nanoseconds timeout)
    {
        return timeout > no_timeout - now ? no_timeout : now + timeout;
    }

    const Clock& clock_;
    bool never_;
    std::chrono::nanoseconds at_;
};

/// Waits by the strategy until `ready()` says true; false when the deadline has passed first.
/// `ready` looks at what is waited for with acquire loads; whoever changes it notifies the event.
template <class Strategy, class Env, class Clock, class Ready>
bool wait_until(ring::event_count<Env>& event, const deadline<Clock>& until, Ready&& ready)
{
    for (unsigned look = 0;; ++look) {
        if (ready()) {
            return true;
        }
        // the clock costs more than a look
        if (look % 16 == 15 && until.left() <= std::chrono::nanoseconds{0}) {
            return false;
        }
        if (Strategy::template again<Env>(look)) {
            continue;
        }
        const auto ticket = event.announce();
        if (ready()) {
            return true;
        }
        const auto left = until.left();
        if (left <= std::chrono::nanoseconds{0}) {
            return false;
        }
        // a clock that does not run by itself is looked at every millisecond
        event.sleep(ticket,
                    Clock::runs
                        ? left
                        : (std::min<std::chrono::nanoseconds>)(left, std::chrono::milliseconds{1}));
        look = 0;
    }
}

} // namespace gregor::inline GREGOR_ABI
