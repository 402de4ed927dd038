// SPDX-License-Identifier: MIT
#include <gregor/ring/env.hpp>
#include <gregor/ring/signal.hpp>

#include <cstdint>

#include "support/catch.hpp"

namespace ring = gregor::ring;

TEST_CASE("a signal is taken once, however often it was raised", "[ring]")
{
    ring::signal<ring::std_env> signal;
    CHECK_FALSE(signal.take());
    signal.raise();
    signal.raise();
    CHECK(signal.take());
    CHECK_FALSE(signal.take());
    signal.raise();
    CHECK(signal.take());
}

TEST_CASE("a handle finds out that somebody else is inside", "[ring]")
{
    ring::sole_user<ring::std_env> user;
    CHECK(user.enter());
    CHECK_FALSE(user.enter());
    user.leave();
    CHECK(user.enter());
}

TEST_CASE("since remembers the beginning of what lasts", "[ring]")
{
    ring::since<ring::std_env> since;
    CHECK(since.at() == 0);
    since.begin(5);
    since.begin(9);
    CHECK(since.at() == 5);
    since.end();
    CHECK(since.at() == 0);
    since.begin(9);
    CHECK(since.at() == 9);
}
