// SPDX-License-Identifier: MIT
#include <gregor/ring/env.hpp>
#include <gregor/ring/stopwatch.hpp>

#include <chrono>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using gregor::ring::std_env;
using gregor::ring::stopwatch;
using std::chrono::nanoseconds;

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

TEST_CASE("what a thread slept adds up, by a clock that begins where it likes", "[ring][stopwatch]")
{
    gregor::ring::sleep_times slept;
    slept.add(-2s, 1s);
    slept.add(2s, 5s);
    CHECK(slept.count == 2);
    CHECK(slept.total == nanoseconds{6s}.count());
    CHECK(slept.woken == nanoseconds{5s}.count());
    slept.add(5s, 4s); // a clock that goes back takes nothing away
    CHECK(slept.total == nanoseconds{6s}.count());
}
