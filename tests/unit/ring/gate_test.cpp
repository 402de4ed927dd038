// SPDX-License-Identifier: MIT
#include <gregor/ring/env.hpp>
#include <gregor/ring/gate.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace ring = gregor::ring;
using gate8 = ring::gate<std::uint8_t, ring::std_env>;
using place8 = gate8::place;

TEST_CASE("an empty gate holds nobody back", "[ring][gate]")
{
    const gate8 gate;
    CHECK(gate.scan(0) == 0);
    CHECK(gate.scan(200) == 200);
}

TEST_CASE("the scan finds the lowest place that holds, cursor or lease", "[ring][gate]")
{
    gate8 gate;
    place8& slow = gate.cursor("slow");
    place8& fast = gate.cursor("fast");
    place8& batch = gate.lease("slow");
    CHECK(gate.scan(50) == 50);
    slow.set(10, place8::holds);
    fast.set(20, place8::holds);
    CHECK(gate.scan(50) == 10);
    batch.set(7, place8::holds);
    CHECK(gate.scan(50) == 7);
    batch.set(0, 0);
    slow.set(30, place8::holds);
    CHECK(gate.scan(50) == 20);
    CHECK(gate.scan(15) == 15);
}

TEST_CASE("a place that does not hold is looked past, whatever was committed there", "[ring][gate]")
{
    gate8 gate;
    place8& lossy = gate.cursor("lossy");
    lossy.set(3, place8::committed);
    CHECK(gate.scan(50) == 50);
    CHECK(lossy.sequence() == 3);
    CHECK_FALSE(lossy.holding());
    lossy.set(3, place8::committed | place8::holds);
    CHECK(lossy.holding());
    CHECK(gate.scan(50) == 3);
}

TEST_CASE("the scan knows the lowest place across the wrap", "[ring][gate]")
{
    gate8 gate;
    place8& behind = gate.cursor("behind");
    place8& ahead = gate.cursor("ahead");
    behind.set(250, place8::holds);
    ahead.set(4, place8::holds);
    CHECK(gate.scan(10) == 250);
    behind.set(6, place8::holds);
    CHECK(gate.scan(10) == 4);
}

TEST_CASE("entering a place moves it back too", "[ring][gate]")
{
    gate8 gate;
    place8& cursor = gate.cursor("a");
    cursor.set(40, place8::holds);
    cursor.enter(20, place8::holds | place8::committed);
    CHECK(gate.scan(60) == 20);
    CHECK(cursor.sequence() == 20);
}

TEST_CASE("a place given back holds nobody, and serves the next one", "[ring][gate]")
{
    gate8 gate;
    place8& first = gate.cursor("first");
    first.set(5, place8::holds);
    gate.give_back(first);
    CHECK(gate.scan(50) == 50);
    place8& second = gate.cursor("second");
    CHECK(&second == &first);
    CHECK(std::string_view{second.holder} == "second");
    CHECK(&gate.cursor("third") != &second);
    CHECK(&gate.lease("third") != &second);
}

TEST_CASE("a visitor sees all cursors before all leases", "[ring][gate]")
{
    gate8 gate;
    gate.lease("l1").set(1, place8::holds);
    gate.cursor("c1").set(2, place8::holds);
    static_cast<void>(gate.lease("l2"));
    static_cast<void>(gate.cursor("c2"));
    std::vector<std::string> cursors;
    std::vector<std::string> leases;
    bool in_order = true;
    gate.visit([&](const place8& place, bool is_lease) {
        in_order = in_order && (is_lease || leases.empty());
        (is_lease ? leases : cursors).emplace_back(place.holder);
    });
    CHECK(in_order);
    CHECK(cursors.size() == 2);
    CHECK(leases.size() == 2);
}

TEST_CASE("each place has a line of its own", "[ring][gate]")
{
    STATIC_REQUIRE(alignof(place8) == gregor::cache_line_bytes);
    STATIC_REQUIRE(sizeof(place8) % gregor::cache_line_bytes == 0);
}
