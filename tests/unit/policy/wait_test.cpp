// SPDX-License-Identifier: MIT
#include <gregor/policy/time_source.hpp>
#include <gregor/policy/wait.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "support/catch.hpp"
#include "unit/ring/hooked_env.hpp"

using namespace std::chrono_literals;
namespace waits = gregor::wait;
using gregor::deadline;
using gregor::manual_clock;

namespace {

/// Counts how the time is passed.
struct counting_env : hooked_env {
    static inline int pauses = 0;
    static inline int yields = 0;
    static inline int sleeps = 0;

    static void reset()
    {
        hooked_env::reset();
        pauses = yields = sleeps = 0;
    }
    static void pause() { ++pauses; }
    static void yield() { ++yields; }
    static bool wait(const gregor::ring::atomic<std::uint32_t>&, std::uint32_t,
                     std::chrono::nanoseconds)
    {
        ++sleeps;
        return true;
    }
};

using event = gregor::ring::event_count<counting_env>;

/// Sleeping on it takes three seconds.
struct slow_event {
    using env = counting_env;
    using ticket = std::uint32_t;
    manual_clock clock;
    std::chrono::nanoseconds asked{0};

    static ticket announce() { return 7; }
    void sleep(ticket mine, std::chrono::nanoseconds most)
    {
        CHECK(mine == 7);
        asked = most;
        clock.advance(3s);
    }
};

template <class Strategy>
void wait_in_vain(int looks)
{
    counting_env::reset();
    event e;
    const manual_clock clock;
    const deadline until{clock, 1s};
    int left = looks;
    REQUIRE(gregor::wait_until<Strategy>(e, until, 0, [&] { return left-- == 0; }));
}

} // namespace

TEST_CASE("adaptive spins, then yields, then sleeps", "[policy][wait]")
{
    wait_in_vain<waits::adaptive>(4);
    CHECK(counting_env::pauses >= 4);
    CHECK(counting_env::yields == 0);
    CHECK(counting_env::sleeps == 0);
    wait_in_vain<waits::adaptive>(100);
    CHECK(counting_env::pauses > 4);
    CHECK(counting_env::yields > 0);
    CHECK(counting_env::sleeps == 0);
    wait_in_vain<waits::adaptive>(1000);
    CHECK(counting_env::yields > 0);
    CHECK(counting_env::sleeps > 0);
}

TEST_CASE("spin only spins, yield only yields, sleep only sleeps", "[policy][wait]")
{
    wait_in_vain<waits::spin>(1000);
    CHECK(counting_env::pauses > 900);
    CHECK(counting_env::yields + counting_env::sleeps == 0);
    wait_in_vain<waits::yield>(1000);
    CHECK(counting_env::yields == 1001); // before each look
    CHECK(counting_env::pauses + counting_env::sleeps == 0);
    wait_in_vain<waits::sleep>(1000);
    CHECK(counting_env::sleeps > 400);
    CHECK(counting_env::pauses + counting_env::yields == 0);
}

TEST_CASE("between the announcement and the sleep there is one more look", "[policy][wait]")
{
    counting_env::reset();
    event e;
    const manual_clock clock;
    const deadline until{clock, 1s};
    bool ready = false;
    // it comes true just when the sleeper announces itself
    counting_env::at_heavy = [&] { ready = true; };
    CHECK(gregor::wait_until<waits::sleep>(e, until, 0, [&] { return ready; }));
    CHECK(counting_env::sleeps == 0);
}

TEST_CASE("a wait ends when its clock says so, whatever the strategy", "[policy][wait]")
{
    const auto ends = [](auto strategy) {
        counting_env::reset();
        event e;
        manual_clock clock;
        const deadline until{clock, 10s};
        int looks = 0;
        const bool found = gregor::wait_until<decltype(strategy)>(e, until, 0, [&] {
            if (++looks == 100) {
                clock.advance(10s);
            }
            return false;
        });
        return !found && looks >= 100;
    };
    CHECK(ends(waits::adaptive{}));
    CHECK(ends(waits::spin{}));
    CHECK(ends(waits::yield{}));
    CHECK(ends(waits::sleep{}));
}

TEST_CASE("a wait notes how long it slept, and wakes for a look each time", "[policy][wait]")
{
    slow_event event;
    gregor::ring::sleep_times slept;
    gregor::waiting<waits::sleep, slow_event, manual_clock> wait{
        event, {event.clock, 5s}, 0, &slept};
    CHECK(wait.goes_on()); // the look between the announcement and the sleep
    CHECK(slept.count == 0);
    CHECK(wait.goes_on());
    CHECK(slept.count == 1);
    CHECK(event.asked == 1ms); // of a clock that does not run
    CHECK(wait.goes_on());
    CHECK(wait.goes_on());
    CHECK(wait.goes_on());
    CHECK_FALSE(wait.goes_on());
    CHECK(slept.count == 2);
    CHECK(slept.total == std::chrono::nanoseconds{6s}.count());
}

TEST_CASE("what is there is found, even when the time is up", "[policy][wait]")
{
    event e;
    const manual_clock clock;
    const deadline passed{clock, 0ns};
    CHECK(gregor::wait_until<waits::adaptive>(e, passed, 0, [] { return true; }));
    CHECK_FALSE(gregor::wait_until<waits::adaptive>(e, passed, 0, [] { return false; }));
    const deadline long_passed{clock, -5s};
    CHECK_FALSE(gregor::wait_until<waits::spin>(e, long_passed, 0, [] { return false; }));
}

TEST_CASE("who is in no hurry leaves the other side alone for longer", "[policy][wait]")
{
    const auto pauses_in = [](unsigned first) {
        counting_env::reset();
        event e;
        const manual_clock clock;
        int left = 8;
        CHECK(gregor::wait_until<waits::adaptive>(e, deadline{clock, 1s}, first,
                                                  [&] { return --left == 0; }));
        return counting_env::pauses;
    };
    CHECK(pauses_in(0) == 8);
    CHECK(pauses_in(waits::adaptive::patient) == 8 * 16);
}

TEST_CASE("between two short batches only those breathe who may give the core away",
          "[policy][wait]")
{
    counting_env::reset();
    waits::spin::breathe<counting_env>();
    waits::sleep::breathe<counting_env>();
    CHECK(counting_env::pauses + counting_env::yields + counting_env::sleeps == 0);
    waits::adaptive::breathe<counting_env>();
    waits::yield::breathe<counting_env>();
    CHECK(counting_env::yields == 2);
    CHECK(counting_env::pauses + counting_env::sleeps == 0);
}

TEST_CASE("a reader breathes as long as it finds more by it", "[policy][wait]")
{
    // so many polls of a reader that finds `with` records after a breath, and `without` else
    const auto breaths = [](int polls, std::uint64_t with, std::uint64_t without) {
        gregor::breathing lungs{500, 64};
        int count = 0;
        for (int i = 0; i != polls; ++i) {
            const bool breathes = lungs.is_due();
            count += breathes ? 1 : 0;
            lungs.found(breathes ? with : without, breathes);
        }
        return count;
    };
    CHECK(breaths(1000, 20, 3) > 950); // it pays, and is now and then compared
    CHECK(breaths(1000, 20, 3) < 999);
    CHECK(breaths(100000, 1, 1) < 200); // it never pays
    CHECK(breaths(100000, 16, 16) < 200);
    CHECK(breaths(1000, 200, 200) == 0); // it has not caught up
    // each breath fills a batch, after which none is due
    CHECK(breaths(1000, 200, 3) > 450);
    CHECK(breaths(1000, 200, 3) <= 500);
    gregor::breathing lungs{500, 64};
    CHECK_FALSE(lungs.is_due());
    lungs.found(1, false);
    CHECK(lungs.is_due());
    CHECK_FALSE(lungs.streams());
    lungs.waits();
    CHECK_FALSE(lungs.is_due());
    lungs.waited_for(1);
    CHECK_FALSE(lungs.is_due());
    CHECK_FALSE(lungs.streams());
    lungs.waited_for(2);
    CHECK_FALSE(lungs.is_due());
    CHECK(lungs.streams());
    lungs.found(2, true);
    CHECK(lungs.streams());
    gregor::breathing of_one{1, 64};
    of_one.found(1, false); // all it asked for: who knows how many there are
    CHECK_FALSE(of_one.is_due());
}

TEST_CASE("a reader of a stream breathes as often at once as it takes", "[policy][wait]")
{
    // so often at once in the end, where each breath brings so many records of so many bytes
    const auto breaths = [](std::uint64_t each, std::size_t bytes) {
        gregor::breathing lungs{1 << 16, bytes};
        for (int i = 0; i != 100; ++i) {
            const bool breathes = lungs.is_due();
            lungs.found(breathes ? each * lungs.breaths() : 1, breathes);
        }
        return lungs.breaths();
    };
    CHECK(gregor::breathing::few(64) == 128);
    CHECK(gregor::breathing::few(4096) == 32);
    CHECK(gregor::breathing::few(8) == 1024);
    CHECK(breaths(3, 64) == 1); // no stream: it comes as it comes
    CHECK(breaths(4, 64) == 8);
    CHECK(breaths(40, 64) == 4);
    CHECK(breaths(200, 64) == 1);
    CHECK(breaths(300, 8) == 4);
    CHECK(breaths(4, 8) == 8); // no longer than that

    // a stream that grows, and ends
    gregor::breathing lungs{1 << 16, 64};
    const auto look = [&lungs](std::uint64_t with, std::uint64_t without) {
        const bool breathes = lungs.is_due();
        lungs.found(breathes ? with : without, breathes);
        return lungs.breaths();
    };
    CHECK(look(0, 1) == 1);
    CHECK(look(8, 0) == 2);
    CHECK(look(16, 0) == 4);
    CHECK(look(128, 0) == 4);
    CHECK(look(0, 1) == 4);   // it had fallen behind
    CHECK(look(513, 0) == 1); // others had the core meanwhile: the next ones may take as long
    CHECK(look(0, 1) == 1);
    CHECK(look(4, 0) == 2);
    CHECK(look(1, 0) == 1); // no more than without
}

TEST_CASE("a deadline knows what is left of it", "[policy][wait]")
{
    const auto left_of = [](auto& until) { return std::chrono::nanoseconds{until.left()}; };
    manual_clock clock;
    deadline ten{clock, 10s};
    deadline never{clock, gregor::no_timeout};
    clock.advance(1h);
    CHECK(left_of(ten) == 10s);
    CHECK(left_of(never) == gregor::no_timeout);
    clock.advance(4s);
    CHECK(left_of(ten) == 6s);
    CHECK(left_of(never) == gregor::no_timeout);
    clock.advance(7s);
    CHECK(left_of(ten) == -1s);
    // so far away that the sum would overflow
    deadline far{clock, gregor::no_timeout - 1ns};
    CHECK(left_of(far) > 1000h);
    clock.advance(1s);
    CHECK(left_of(far) > 1000h);
}
