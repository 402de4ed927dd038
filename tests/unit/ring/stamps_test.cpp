// SPDX-License-Identifier: MIT
#include <gregor/ring/env.hpp>
#include <gregor/ring/stamps.hpp>

#include <cstdint>
#include <new>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace ring = gregor::ring;
using stamps8 = ring::stamps<std::uint8_t, ring::std_env>;

TEST_CASE("a stamp says nothing until its sequence is published", "[ring][stamps]")
{
    stamps8 stamps;
    stamps.allocate(8);
    for (unsigned i = 0; i != 256; ++i) {
        CHECK(stamps.look(static_cast<std::uint8_t>(i)) == stamps8::nothing);
    }
    stamps.publish(0, stamps8::record);
    CHECK(stamps.look(0) == stamps8::record);
    CHECK(stamps.look(8) == stamps8::nothing);
    stamps.publish(8, stamps8::skipped);
    CHECK(stamps.look(8) == stamps8::skipped);
    CHECK(stamps.look(0) == stamps8::nothing);
}

TEST_CASE("a stamp is of one sequence exactly, not of one a lap before or after", "[ring][stamps]")
{
    stamps8 stamps;
    stamps.allocate(16);
    for (int i = 0; i != 600; ++i) {
        const auto at = static_cast<std::uint8_t>(i);
        stamps.publish(at, stamps8::record);
        CHECK(stamps.look(at) == stamps8::record);
        CHECK(stamps.look(static_cast<std::uint8_t>(at + 16)) == stamps8::nothing);
        CHECK(stamps.look(static_cast<std::uint8_t>(at - 16)) == stamps8::nothing);
    }
}

TEST_CASE("stamps that cannot be had change nothing", "[ring][stamps]")
{
    stamps8 stamps;
    {
        const support::failing_allocation first{1};
        CHECK_THROWS_AS(stamps.allocate(8), std::bad_alloc);
    }
    stamps.allocate(8);
    stamps.publish(3, stamps8::record);
    CHECK(stamps.look(3) == stamps8::record);
}
