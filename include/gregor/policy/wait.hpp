// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "gregor/base/types.hpp"
#include "gregor/policy/kind.hpp"
#include "gregor/ring/event_count.hpp"
#include "gregor/ring/stopwatch.hpp"

namespace gregor::inline GREGOR_ABI::wait {

// A strategy says, for the n-th look in vain, how to pass the time before the next one: `again`
// passes a little and says true, or says false: sleep. `patient` is the look to begin with for who
// is in no hurry: a reader that has just caught up with a stream, a producer that needs room. The
// first `untimed` looks are over so soon that no clock is read for them. `breathe` is what a reader
// does between two polls that find a few records each, as fast as they come: looking less often
// finds more at once, and leaves the producers their cache lines, and other readers this core.

/// Spins some microseconds, yields some more, then sleeps. Near the latency of spinning under load,
/// and no cost when idle; the first record after a sleep takes a wake-up (tens of microseconds).
struct adaptive {
    using policy_kind = kind::wait;
    static constexpr unsigned patient = 32;
    static constexpr unsigned untimed = 8;

    template <class Env>
    static bool again(unsigned look) noexcept
    {
        if (look < patient + 8) {
            // a reader that looks too often takes the line away from the producer that fills it
            for (unsigned i = look < patient ? 15 : 0; i != 16; ++i) {
                Env::pause();
            }
            return true;
        }
        // soon, for who is waited for may need this core
        if (look < patient + 136) {
            Env::yield();
            return true;
        }
        return false;
    }

    template <class Env>
    static void breathe() noexcept
    {
        Env::yield(); // a third of a microsecond when nobody wants the core
    }
};

/// Looks without a break, after a moment with the shortest one there is: the lowest latency, a core
/// for each waiting thread.
struct spin {
    using policy_kind = kind::wait;
    static constexpr unsigned patient = 0;
    static constexpr unsigned untimed = 8;

    template <class Env>
    static bool again(unsigned look) noexcept
    {
        if (look >= 64) {
            Env::pause();
        }
        return true;
    }

    template <class Env>
    static void breathe() noexcept
    {
    }
};

/// Looks each time the scheduler comes round: for more threads than cores, and never a system
/// sleep.
struct yield {
    using policy_kind = kind::wait;
    static constexpr unsigned patient = 0;
    static constexpr unsigned untimed = 0;

    template <class Env>
    static bool again(unsigned /*look*/) noexcept
    {
        Env::yield();
        return true;
    }

    template <class Env>
    static void breathe() noexcept
    {
        Env::yield();
    }
};

/// Sleeps at once: the least processor time, a wake-up for each wait.
struct sleep {
    using policy_kind = kind::wait;
    static constexpr unsigned patient = 0;
    static constexpr unsigned untimed = 0;

    template <class Env>
    static bool again(unsigned /*look*/) noexcept
    {
        return false;
    }

    template <class Env>
    static void breathe() noexcept
    {
    }
};

} // namespace gregor::inline GREGOR_ABI::wait

namespace gregor::inline GREGOR_ABI {

/// Whether a reader that keeps up with its producers breathes before it looks again, and how often:
/// as long as it finds more after a breath than without one. Where it does not (one thread sends
/// and reads, or records come as fast as they are read), it tries ever less often. Close behind a
/// producer it is in its way: the processor fetches lines ahead of the reader that are being
/// written. So of a stream it breathes as often at once as it takes to find some kilobytes.
class breathing {
public:
    /// Fewer records than this at once, of so many bytes each: the reader keeps up.
    [[nodiscard]] static constexpr std::uint64_t few(std::size_t record_bytes) noexcept
    {
        return record_bytes < 256 ? 8192 / record_bytes : 32;
    }

    /// Of a reader that is never given more than `most` at once.
    breathing(std::uint64_t most, std::size_t record_bytes) noexcept : enough_(few(record_bytes))
    {
        if (most < enough_) {
            enough_ = most;
        }
    }

    /// Before a look.
    [[nodiscard]] bool is_due() noexcept
    {
        if ((last_ & ~breathed) >= enough_) {
            return false;
        }
        if (looks_to_skip_ != 0) {
            --looks_to_skip_;
            return false;
        }
        if ((last_ & breathed) == 0) {
            without_ = last_;
        }
        return true;
    }

    /// How often, when it is.
    [[nodiscard]] unsigned breaths() const noexcept { return breaths_; }

    /// The look found so many at once.
    void found(std::uint64_t count, bool after_a_breath) noexcept
    {
        last_ = count;
        if (after_a_breath) [[unlikely]] {
            compare(count);
        }
    }

    /// The look found nothing: there is a wait before the next one anyway.
    void waits() noexcept { last_ |= waited; }
    /// So many came of it.
    void waited_for(std::uint64_t count) noexcept { last_ = count | waited; }

    /// What was found last were several at once.
    [[nodiscard]] bool streams() const noexcept { return found_last() > 1; }
    [[nodiscard]] std::uint64_t found_last() const noexcept { return last_ & ~(breathed | waited); }

private:
    // What `last_` says besides the number: one word, so that a look leaves one store behind.
    static constexpr std::uint64_t breathed = std::uint64_t{1} << 62U;
    static constexpr std::uint64_t waited = std::uint64_t{1} << 63U;

    GREGOR_NOINLINE void compare(std::uint64_t count) noexcept
    {
        last_ |= breathed;
        if (count * 4 > without_ * 5) {
            in_vain_ = 0;
            if (count < enough_) {
                // a few in each breath: a stream
                if (count >= std::uint64_t{4} * breaths_ && breaths_ < 8) {
                    breaths_ *= 2;
                }
            } else if (count > 4 * enough_) {
                breaths_ = 1; // a breath may last for as long as others want this core
            }
            looks_to_skip_ = ++paid_ % 64 == 0 ? 1 : 0; // to compare with how it is without
        } else {
            breaths_ = 1;
            in_vain_ = in_vain_ < 512 ? in_vain_ * 2 + 8 : 1024;
            looks_to_skip_ = in_vain_;
        }
    }

    std::uint64_t enough_;
    std::uint64_t last_ = waited;
    std::uint64_t without_ = 0; // found by the last look before this breath
    unsigned breaths_ = 1;
    unsigned looks_to_skip_ = 0;
    unsigned in_vain_ = 0;
    unsigned paid_ = 0;
};

/// So long from the moment that it is first asked what is left, by the topic's clock.
template <class Clock>
struct deadline {
    const Clock& clock;
    const std::chrono::nanoseconds timeout;
    std::int64_t end = no_timeout.count(); ///< once it was asked

    /// Reads the clock. In nanoseconds: as `no_timeout`, or zero and below when it has passed.
    [[nodiscard]] std::int64_t left()
    {
        // Counts: each operator of a duration is some functions of `std` to compile.
        constexpr std::int64_t never = no_timeout.count();
        const std::int64_t time = timeout.count();
        if (time == never) {
            return never;
        }
        const std::int64_t now = std::chrono::nanoseconds{clock.steady_now()}.count();
        if (end == never && (time <= 0 || now <= never - time)) {
            end = now + time;
        }
        return end - now;
    }
};

template <class Clock>
deadline(const Clock&, std::chrono::nanoseconds) -> deadline<Clock>;

/// A wait, look by look: `goes_on` passes the time by the strategy after a look in vain, and says
/// that the next one is due; or false, when the time was up first. The looks are done with acquire
/// loads; whoever changes what they look at notifies the event. `first` is the look to begin with:
/// 0, or `Strategy::patient`. When it slept is noted, where there are notes.
///
/// The event is a `ring::event_count`, or announces and sleeps as one does.
template <class Strategy, class Event, class Clock>
class waiting {
public:
    waiting(Event& event, const deadline<Clock>& until, unsigned first,
            ring::sleep_times* notes = nullptr) noexcept
        : event_(event), until_(until), first_(first), look_(first), notes_(notes)
    {
    }

    [[nodiscard]] bool goes_on();

private:
    Event& event_;
    deadline<Clock> until_;
    const unsigned first_;
    unsigned look_;
    ring::sleep_times* const notes_;
    std::uint64_t looks_ = 0;
    typename Event::ticket ticket_ = 0;
    bool announced_ = false;
};

template <class Strategy, class Event, class Clock>
bool waiting<Strategy, Event, Clock>::goes_on()
{
    if (announced_) {
        std::int64_t most = until_.left();
        if (most <= 0) {
            return false;
        }
        if constexpr (!Clock::runs) {
            // a clock that does not run by itself is looked at every millisecond
            most = most < 1'000'000 ? most : 1'000'000;
        }
        if (notes_ != nullptr) {
            const std::chrono::nanoseconds from = until_.clock.steady_now();
            event_.sleep(ticket_, std::chrono::nanoseconds{most});
            notes_->add(from, until_.clock.steady_now());
        } else {
            event_.sleep(ticket_, std::chrono::nanoseconds{most});
        }
        announced_ = false;
        look_ = first_ + 1;
        return true;
    }
    // the clock costs more than a look
    if (looks_ == Strategy::untimed) {
        static_cast<void>(until_.left()); // from here on
    } else if (looks_ % 16 == 15 && until_.left() <= 0) {
        return false;
    }
    ++looks_;
    if (!Strategy::template again<typename Event::env>(look_++)) {
        ticket_ = event_.announce();
        announced_ = true; // one more look, and then it sleeps
    }
    return true;
}

/// After a look in vain: waits until `ready()` says true; false when the time was up first.
template <class Strategy, class Event, class Clock, class Ready>
bool wait_until(Event& event, const deadline<Clock>& until, unsigned first, Ready&& ready)
{
    waiting<Strategy, Event, Clock> wait{event, until, first};
    while (wait.goes_on()) {
        if (ready()) {
            return true;
        }
    }
    return false;
}

} // namespace gregor::inline GREGOR_ABI
