// SPDX-License-Identifier: MIT
#include <gregor/policy/time_source.hpp>

#include <chrono>

#include "support/catch.hpp"

using namespace std::chrono_literals;

TEST_CASE("a manual clock stands until it is told to go on, and copies share its time",
          "[policy][time]")
{
    gregor::manual_clock clock;
    const gregor::manual_clock copy = clock;
    CHECK(clock.steady_now() == 0ns);
    CHECK(clock.system_now() == gregor::timestamp_t{});
    clock.advance(5s);
    CHECK(copy.steady_now() == 5s);
    CHECK(copy.system_now() == gregor::timestamp_t{5s});
}

TEST_CASE("a manual clock starts when it is told to", "[policy][time]")
{
    const gregor::timestamp_t start{1000h};
    gregor::manual_clock clock{start};
    CHECK(clock.system_now() == start);
    CHECK(clock.steady_now() == 0ns);
    clock.advance(1ms);
    CHECK(clock.system_now() == start + 1ms);
}

TEST_CASE("the system's clocks are clocks", "[policy][time]")
{
    STATIC_REQUIRE(gregor::clock_source<gregor::system_time>);
    STATIC_REQUIRE(gregor::clock_source<gregor::manual_clock>);
    STATIC_REQUIRE_FALSE(gregor::clock_source<std::chrono::steady_clock>);
    STATIC_REQUIRE_FALSE(gregor::clock_source<int>);
    const auto before = gregor::system_time::steady_now();
    CHECK(gregor::system_time::steady_now() >= before);
    CHECK(gregor::system_time::system_now() > gregor::timestamp_t{});
}
