// SPDX-License-Identifier: MIT
#include <gregor/ring/env.hpp>
#include <gregor/ring/stopwatch.hpp>

#include <chrono>
#include <cstdint>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using gregor::ring::std_env;
using gregor::ring::stopwatch;
using std::chrono::nanoseconds;

namespace {

struct set_clock {
    nanoseconds* now;

    [[nodiscard]] nanoseconds steady_now() const { return *now; }
};

/// Sleeping on it takes three seconds.
struct slow_event {
    using env = std_env;
    using ticket = std::uint32_t;
    nanoseconds* now;

    static ticket announce() noexcept { return 7; }
    bool sleep(ticket mine, nanoseconds timeout) const
    {
        *now += 3s;
        return mine == 7 && timeout == 5s;
    }
};

} // namespace

TEST_CASE("a stopwatch adds up waits, and the one that lasts", "[ring][stopwatch]")
{
    stopwatch<std_env> watch;
    nanoseconds now = -2s; // a clock begins where it likes
    int looks = 0;
    const auto total = [&] {
        return watch.total([&] {
            ++looks;
            return now;
        });
    };
    CHECK(total() == 0s);
    watch.begin(now);
    CHECK(watch.count() == 1);
    now = 1s;
    CHECK(total() == 3s);
    watch.still(now);
    now = 2s;
    CHECK(total() == 4s);
    CHECK(looks == 2);
    watch.end(); // when it looked last
    CHECK(total() == 3s);
    now = 10s;
    CHECK(total() == 3s);
    CHECK(looks == 2); // where nobody waits no clock is read
    watch.begin(now);
    watch.end(); // it never looked: no time that it knows of
    CHECK(total() == 3s);
    watch.begin(now);
    now = 11s + 1ns;
    watch.still(now);
    watch.end();
    CHECK(total() == 4s + 1ns);
    CHECK(watch.count() == 3);
    watch.begin(now);
    watch.still(now - 1s); // a clock that goes back takes nothing away
    watch.end();
    CHECK(total() == 4s + 1ns);
}

TEST_CASE("a timed event sleeps as the other one, and notes how long", "[ring][stopwatch]")
{
    nanoseconds now = 1s;
    slow_event event{&now};
    const set_clock reads{&now};
    gregor::ring::sleep_times slept;
    gregor::ring::timed_event timed{event, reads, slept};
    CHECK(timed.sleep(timed.announce(), 5s));
    CHECK_FALSE(timed.sleep(timed.announce(), 6s));
    CHECK(slept.count == 2);
    CHECK(slept.total == nanoseconds{6s}.count());
    CHECK(slept.woken == now.count());
}
