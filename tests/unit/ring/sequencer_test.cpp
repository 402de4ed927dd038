// SPDX-License-Identifier: MIT
#include <gregor/ring/env.hpp>
#include <gregor/ring/sequencer.hpp>

#include <atomic>
#include <cstdint>
#include <new>
#include <thread>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "unit/ring/hooked_env.hpp"

namespace ring = gregor::ring;
using ring::claiming;
using seq = std::uint8_t;
using many = ring::sequencer<seq, ring::std_env, true>;
using single = ring::sequencer<seq, ring::std_env, false>;

namespace {

struct nothing_to_retire {
    static constexpr bool needed = false;
    void operator()(seq, seq) const {}
};
constexpr nothing_to_retire keep{};

template <class Ring>
claiming claim(Ring& r, typename Ring::lane_type& lane, seq count, seq& first)
{
    const auto got = r.claim(lane, count, keep);
    first = got.first;
    return got.outcome;
}

template <class Ring>
claiming hold(Ring& r, typename Ring::lane_type& lane, seq count, seq& first)
{
    const auto got = r.hold(lane, count, keep);
    first = got.first;
    return got.outcome;
}

/// Some records, claimed and published.
template <class Ring>
claiming put(Ring& r, typename Ring::lane_type& lane, seq count = 1)
{
    const auto got = r.claim(lane, count, keep);
    if (got.outcome == claiming::granted) {
        r.publish(lane, got.first, count);
    }
    return got.outcome;
}

} // namespace

TEST_CASE("a sole producer's records are seen once they are published", "[ring][sequencer]")
{
    single r{254, 8};
    auto lane = r.open_lane();
    single::sight_type sight{254};
    CHECK(r.end() == 254);
    seq first{};
    REQUIRE(claim(r, lane, 3, first) == claiming::granted);
    CHECK(first == 254);
    CHECK(r.end() == 254);
    CHECK(r.available(sight, 254, 8).count == 0);
    r.publish(lane, first, 3);
    CHECK(r.end() == 1);
    const auto run = r.available(sight, 254, 8);
    CHECK(run.first == 254);
    CHECK(run.count == 3);
    CHECK(r.available(sight, 255, 1).count == 1);
    CHECK(r.available(sight, 1, 8).count == 0);
}

TEST_CASE("a ring is full where its slowest reader stands", "[ring][sequencer]")
{
    single r{0, 4};
    auto lane = r.open_lane();
    auto& cursor = r.gate().cursor("slow");
    cursor.set(0, single::place::holds);
    CHECK(put(r, lane, 4) == claiming::granted);
    CHECK(put(r, lane) == claiming::full);
    CHECK(put(r, lane) == claiming::full);
    cursor.set(1, single::place::holds);
    CHECK(put(r, lane, 2) == claiming::full);
    CHECK(put(r, lane, 1) == claiming::granted);
    CHECK(put(r, lane, 1) == claiming::full);
    CHECK(r.end() == 5);
}

TEST_CASE("a refused claim leaves no mark that keeps others waiting", "[ring][sequencer]")
{
    many r{0, 4};
    auto lane = r.open_lane();
    r.gate().cursor("slow").set(0, many::place::holds);
    CHECK(put(r, lane, 4) == claiming::granted);
    CHECK(put(r, lane) == claiming::full);
    r.share(); // would hang
    CHECK(r.shared());
    auto second = r.open_lane();
    CHECK(put(r, second) == claiming::full);
    CHECK(put(r, lane) == claiming::full);
}

TEST_CASE("what a sole producer published stays published when the ring is shared",
          "[ring][sequencer]")
{
    many r{250, 8};
    auto lane = r.open_lane();
    many::sight_type before{250};
    CHECK(put(r, lane, 5) == claiming::granted);
    CHECK(r.available(before, 250, 2).count == 2);
    r.share();
    auto other = r.open_lane();
    CHECK(other.shared);
    CHECK(r.end() == 255);
    CHECK(put(r, lane) == claiming::granted);
    CHECK(lane.shared);
    CHECK(put(r, other, 2) == claiming::granted);
    many::sight_type after{250};
    seq at = 250;
    unsigned seen = 0;
    for (auto run = r.available(after, at, 8); run.count != 0; run = r.available(after, at, 8)) {
        at = static_cast<seq>(run.first + run.count);
        seen += run.count;
    }
    CHECK(seen == 8);
    CHECK(r.end() == 2);
    CHECK(r.available(before, 252, 8).count == 3);
    CHECK(r.available(before, 255, 8).count == 3);
}

TEST_CASE("shared claims are published each for itself, and read in order", "[ring][sequencer]")
{
    many r{0, 8};
    auto a = r.open_lane();
    r.share();
    auto b = r.open_lane();
    many::sight_type sight{0};
    seq first_a{};
    seq first_b{};
    REQUIRE(claim(r, a, 2, first_a) == claiming::granted);
    REQUIRE(claim(r, b, 2, first_b) == claiming::granted);
    CHECK(first_a == 0);
    CHECK(first_b == 2);
    CHECK(r.end() == 4);
    r.publish(b, first_b, 2);
    CHECK(r.available(sight, 0, 8).count == 0);
    seq stuck{};
    CHECK(r.stuck(0, stuck));
    CHECK(stuck == 0);
    r.publish(a, first_a, 2);
    CHECK(r.available(sight, 0, 8).count == 4);
    CHECK(r.available(sight, 0, 3).count == 3);
    CHECK_FALSE(r.stuck(0, stuck));
}

TEST_CASE("a hold is rolled back while sole", "[ring][sequencer]")
{
    many r{0, 8};
    auto lane = r.open_lane();
    many::sight_type sight{0};
    seq first{};
    REQUIRE(hold(r, lane, 4, first) == claiming::granted);
    seq stuck{};
    CHECK(r.stuck(0, stuck));
    r.settle(lane, first, 4, 0);
    CHECK_FALSE(r.stuck(0, stuck));
    CHECK(r.end() == 0);
    REQUIRE(hold(r, lane, 4, first) == claiming::granted);
    CHECK(first == 0);
    r.settle(lane, first, 4, 3);
    CHECK(r.end() == 3);
    CHECK(r.available(sight, 0, 8).count == 3);
    CHECK(put(r, lane) == claiming::granted);
    CHECK(r.end() == 4);
}

TEST_CASE("what is dropped of a shared hold is skipped by readers", "[ring][sequencer]")
{
    many r{0, 8};
    auto a = r.open_lane();
    r.share();
    auto b = r.open_lane();
    many::sight_type sight{0};
    seq first{};
    REQUIRE(hold(r, a, 3, first) == claiming::granted);
    CHECK(put(r, b) == claiming::granted);
    CHECK(r.available(sight, 0, 8).count == 0);
    r.settle(a, first, 3, 1);
    auto run = r.available(sight, 0, 8);
    CHECK(run.first == 0);
    CHECK(run.count == 1);
    run = r.available(sight, 1, 8);
    CHECK(run.first == 3);
    CHECK(run.count == 1);
    CHECK(r.is_record(0));
    CHECK_FALSE(r.is_record(1));
    CHECK_FALSE(r.is_record(2));
    CHECK(r.is_record(3));
    REQUIRE(hold(r, b, 2, first) == claiming::granted);
    r.settle(b, first, 2, 0);
    run = r.available(sight, 4, 8);
    CHECK(run.first == 6);
    CHECK(run.count == 0);
}

TEST_CASE("an open hold is adopted when a second producer comes", "[ring][sequencer]")
{
    for (const seq built : {seq{0}, seq{2}, seq{3}}) {
        many r{253, 8};
        auto a = r.open_lane();
        many::sight_type sight{253};
        CHECK(put(r, a) == claiming::granted);
        seq first{};
        REQUIRE(hold(r, a, 3, first) == claiming::granted);
        CHECK(first == 254);
        r.share(); // would hang if it waited for the hold
        auto b = r.open_lane();
        CHECK(put(r, b) == claiming::granted);
        CHECK(r.end() == 2);
        CHECK(r.available(sight, 253, 8).count == 1);
        CHECK(r.available(sight, 254, 8).count == 0);
        r.settle(a, first, 3, built);
        const auto run = r.available(sight, 254, 8);
        if (built == 0) {
            CHECK(run.first == 1);
            CHECK(run.count == 1);
        } else {
            CHECK(run.first == 254);
            CHECK(run.count == (built == 3 ? 4 : built));
        }
        CHECK(put(r, a) == claiming::granted);
        CHECK(r.end() == 3);
    }
}

TEST_CASE("closing a sole ring refuses claims and ends it where it stands", "[ring][sequencer]")
{
    single r{0, 4};
    auto lane = r.open_lane();
    CHECK(put(r, lane, 2) == claiming::granted);
    CHECK_FALSE(r.finished(2));
    r.close();
    r.close();
    CHECK(put(r, lane) == claiming::closed);
    CHECK(r.end() == 2);
    CHECK_FALSE(r.finished(1));
    CHECK(r.finished(2));
}

TEST_CASE("closing a shared ring refuses claims and ends it at the last one", "[ring][sequencer]")
{
    many r{0, 4};
    auto a = r.open_lane();
    r.share();
    auto b = r.open_lane();
    many::sight_type sight{0};
    seq first{};
    REQUIRE(claim(r, a, 1, first) == claiming::granted);
    CHECK(put(r, b) == claiming::granted);
    r.close();
    CHECK(put(r, a) == claiming::closed);
    CHECK(put(r, b) == claiming::closed);
    CHECK(r.end() == 2);
    CHECK(r.available(sight, 0, 4).count == 0);
    CHECK_FALSE(r.finished(0));
    r.publish(a, first, 1);
    CHECK(r.available(sight, 0, 4).count == 2);
    CHECK_FALSE(r.finished(1));
    CHECK(r.finished(2));
}

TEST_CASE("a full ring that is closed says closed", "[ring][sequencer]")
{
    for (const bool shared : {false, true}) {
        many r{0, 4};
        auto a = r.open_lane();
        if (shared) {
            r.share();
            a = r.open_lane();
        }
        r.gate().cursor("slow").set(0, many::place::holds);
        CHECK(put(r, a, 4) == claiming::granted);
        CHECK(put(r, a) == claiming::full);
        r.close();
        CHECK(put(r, a) == claiming::closed);
    }
}

TEST_CASE("a sole hold that is open when the ring closes ends it when it is settled",
          "[ring][sequencer]")
{
    for (const seq built : {seq{0}, seq{1}, seq{3}}) {
        many r{0, 8};
        auto lane = r.open_lane();
        many::sight_type sight{0};
        CHECK(put(r, lane) == claiming::granted);
        seq first{};
        REQUIRE(hold(r, lane, 3, first) == claiming::granted);
        r.close(); // would hang if it waited for the hold
        CHECK_FALSE(r.finished(1));
        r.settle(lane, first, 3, built);
        const auto end = static_cast<seq>(1 + built);
        CHECK(r.end() == end);
        CHECK(r.available(sight, 0, 8).count == end);
        CHECK(r.finished(end));
        CHECK_FALSE(r.finished(static_cast<seq>(end - 1)));
        CHECK(put(r, lane) == claiming::closed);
    }
}

TEST_CASE("a shared hold that is open when the ring closes ends it when it is settled",
          "[ring][sequencer]")
{
    many r{0, 8};
    auto a = r.open_lane();
    r.share();
    auto b = r.open_lane();
    many::sight_type sight{0};
    seq first{};
    REQUIRE(hold(r, a, 2, first) == claiming::granted);
    CHECK(put(r, b) == claiming::granted);
    r.close();
    CHECK(r.available(sight, 0, 8).count == 0);
    r.settle(a, first, 2, 0);
    const auto run = r.available(sight, 0, 8);
    CHECK(run.first == 2);
    CHECK(run.count == 1);
    CHECK(r.finished(3));
}

TEST_CASE("a hold adopted by a shared ring may be settled after its closing", "[ring][sequencer]")
{
    many r{0, 8};
    auto a = r.open_lane();
    many::sight_type sight{0};
    seq first{};
    REQUIRE(hold(r, a, 2, first) == claiming::granted);
    r.share();
    auto b = r.open_lane();
    CHECK(put(r, b) == claiming::granted);
    r.close();
    CHECK_FALSE(r.finished(0));
    r.settle(a, first, 2, 2);
    CHECK(r.available(sight, 0, 8).count == 3);
    CHECK(r.finished(3));
    CHECK(put(r, a) == claiming::closed);
}

TEST_CASE("a lane goes on where the one before it stopped", "[ring][sequencer]")
{
    many r{0, 8};
    {
        auto first = r.open_lane();
        CHECK(put(r, first, 5) == claiming::granted);
    }
    auto second = r.open_lane();
    CHECK_FALSE(second.shared);
    CHECK(put(r, second, 2) == claiming::granted);
    CHECK(r.end() == 7);
}

TEST_CASE("a ring that was shared stays shared", "[ring][sequencer]")
{
    many r{0, 8};
    r.share();
    r.share();
    auto only = r.open_lane();
    CHECK(only.shared);
    CHECK(put(r, only, 3) == claiming::granted);
    many::sight_type sight{0};
    CHECK(r.available(sight, 0, 8).count == 3);
}

TEST_CASE("a ring that cannot be shared for want of memory goes on as it was", "[ring][sequencer]")
{
    many r{0, 8};
    auto lane = r.open_lane();
    CHECK(put(r, lane) == claiming::granted);
    {
        const support::failing_allocation first{1};
        CHECK_THROWS_AS(r.share(), std::bad_alloc);
    }
    CHECK_FALSE(r.shared());
    CHECK(put(r, lane) == claiming::granted);
    r.share();
    CHECK(r.shared());
    CHECK(put(r, lane) == claiming::granted);
    CHECK(r.end() == 3);
}

TEST_CASE("a closed ring is not shared any more, and stays closed for later producers",
          "[ring][sequencer]")
{
    many r{0, 8};
    auto a = r.open_lane();
    CHECK(put(r, a) == claiming::granted);
    r.close();
    r.share();
    CHECK_FALSE(r.shared());
    auto b = r.open_lane();
    CHECK(put(r, b) == claiming::closed);
    CHECK(put(r, a) == claiming::closed);
    CHECK(r.finished(1));
}

TEST_CASE("a claim that is not published is not overwritten, though nobody reads",
          "[ring][sequencer]")
{
    many r{0, 4};
    auto a = r.open_lane();
    r.share();
    auto b = r.open_lane();
    seq mine{};
    REQUIRE(claim(r, a, 1, mine) == claiming::granted);
    CHECK(put(r, b, 3) == claiming::granted);
    seq next{};
    // the slot of this one is the slot of `mine`, which is still being written
    CHECK(claim(r, b, 1, next) != claiming::granted);
    r.publish(a, mine, 1);
    CHECK(put(r, b) == claiming::granted);
}

TEST_CASE("the mark of a sole producer is seen by whoever changes the regime", "[ring][sequencer]")
{
    hooked_env::reset();
    using hooked = ring::sequencer<seq, hooked_env, true>;
    hooked r{0, 8};
    auto lane = r.open_lane();
    std::thread closer;
    seq first{};
    std::atomic<bool> started{false};
    // the regime changes between the mark and the look at it
    hooked_env::at_light = [&] {
        closer = std::thread{[&] {
            started.store(true, std::memory_order_release);
            r.close();
        }};
        while (!started.load(std::memory_order_acquire)) {
            std::this_thread::yield();
        }
    };
    const claiming outcome = claim(r, lane, 1, first);
    if (outcome == claiming::granted) {
        r.publish(lane, first, 1);
    }
    closer.join();
    CHECK(r.end() == (outcome == claiming::granted ? 1 : 0));
    CHECK(r.finished(r.end()));
    CHECK(put(r, lane) == claiming::closed);
}
