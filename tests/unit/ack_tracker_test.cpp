// SPDX-License-Identifier: MIT
#include <gregor/ack_tracker.hpp>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/random.hpp"

using gregor::ack_status;
using gregor::ack_tracker;
using gregor::offset_t;

TEST_CASE("what may be committed is everything before the first record that is not done",
          "[ack_tracker]")
{
    ack_tracker tracker{8, 10};
    CHECK(tracker.committable() == 10);
    for (offset_t o = 10; o != 14; ++o) {
        REQUIRE(tracker.hand_out(o));
    }
    CHECK(tracker.acknowledge(12) == ack_status::noted);
    CHECK(tracker.acknowledge(11) == ack_status::noted);
    CHECK(tracker.committable() == 10);
    CHECK(tracker.in_flight() == 2);
    CHECK(tracker.acknowledge(10) == ack_status::moved);
    CHECK(tracker.committable() == 13);
    CHECK(tracker.acknowledge(13) == ack_status::moved);
    CHECK(tracker.committable() == 14);
    CHECK(tracker.in_flight() == 0);
}

TEST_CASE("offsets that were never there hold nothing up", "[ack_tracker]")
{
    ack_tracker tracker{4};
    REQUIRE(tracker.hand_out(5));
    CHECK(tracker.committable() == 5);
    REQUIRE(tracker.hand_out(9));
    REQUIRE(tracker.hand_out(100));
    CHECK(tracker.acknowledge(7) == ack_status::unknown);
    CHECK(tracker.acknowledge(5) == ack_status::moved);
    CHECK(tracker.committable() == 9);
    CHECK(tracker.acknowledge(100) == ack_status::noted);
    CHECK(tracker.acknowledge(9) == ack_status::moved);
    CHECK(tracker.committable() == 101);
}

TEST_CASE("a window is full when the slowest record is so many behind", "[ack_tracker]")
{
    ack_tracker tracker{3};
    REQUIRE(tracker.hand_out(0));
    REQUIRE(tracker.hand_out(1));
    REQUIRE(tracker.hand_out(2));
    CHECK_FALSE(tracker.hand_out(3));
    CHECK(tracker.acknowledge(1) == ack_status::noted);
    CHECK(tracker.room() == 0);
    CHECK_FALSE(tracker.hand_out(3));
    CHECK(tracker.acknowledge(0) == ack_status::moved);
    CHECK(tracker.room() == 2);
    CHECK(tracker.hand_out(3));
    CHECK(tracker.window() == 3);
}

TEST_CASE("what is not in flight is not acknowledged", "[ack_tracker]")
{
    ack_tracker tracker{4, 3};
    CHECK(tracker.acknowledge(3) == ack_status::unknown);
    REQUIRE(tracker.hand_out(3));
    REQUIRE(tracker.hand_out(4));
    CHECK(tracker.acknowledge(2) == ack_status::unknown);
    CHECK(tracker.acknowledge(5) == ack_status::unknown);
    CHECK(tracker.acknowledge(4) == ack_status::noted);
    CHECK(tracker.acknowledge(4) == ack_status::unknown);
    CHECK(tracker.acknowledge(3) == ack_status::moved);
    CHECK(tracker.acknowledge(3) == ack_status::unknown);
    tracker.reset(1);
    CHECK(tracker.committable() == 1);
    CHECK(tracker.hand_out(1));
}

TEST_CASE("offsets out of order, and a window of nothing, are refused by a sentence",
          "[ack_tracker]")
{
    CHECK(support::dies_saying("in order, each once", [] {
        ack_tracker tracker{4};
        static_cast<void>(tracker.hand_out(2));
        static_cast<void>(tracker.hand_out(2));
    }));
    CHECK(support::dies_saying("a window of 1 or more", [] { const ack_tracker tracker{0}; }));
}

TEST_CASE("a tracker agrees with a plain set, whatever is done", "[ack_tracker]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    for (int round = 0; round != 200; ++round) {
        const std::size_t window = 1 + dice.below(40);
        offset_t next = dice.below(100);
        offset_t behind_the_last = next; // the last handed out, and one
        ack_tracker tracker{window, next};
        std::set<offset_t> window_of; // from the first that is not done on
        std::set<offset_t> in_flight;
        const std::uint64_t gaps = 1 + dice.below(4);
        for (int step = 0; step != 500; ++step) {
            if (dice.one_in(2)) {
                next += dice.one_in(gaps) ? dice.below(5) : 0;
                const bool room = window_of.size() < window;
                REQUIRE(tracker.hand_out(next) == room);
                if (room) {
                    window_of.insert(next);
                    in_flight.insert(next);
                    behind_the_last = ++next;
                }
            } else {
                const offset_t which =
                    next + 3 - (std::min<offset_t>)(next + 3, dice.below(window * 2 + 3));
                const bool known = in_flight.erase(which) != 0;
                const offset_t before = tracker.committable();
                const ack_status status = tracker.acknowledge(which);
                REQUIRE((status != ack_status::unknown) == known);
                while (!window_of.empty() && in_flight.count(*window_of.begin()) == 0) {
                    window_of.erase(window_of.begin());
                }
                REQUIRE((status == ack_status::moved) == (tracker.committable() != before));
            }
            REQUIRE(tracker.in_flight() == in_flight.size());
            REQUIRE(tracker.room() == window - window_of.size());
            if (in_flight.empty()) {
                REQUIRE(tracker.committable() == behind_the_last);
            } else {
                REQUIRE(tracker.committable() == *in_flight.begin());
            }
        }
    }
}

TEST_CASE("threads acknowledge at once, and what may be committed only grows", "[ack_tracker]")
{
    constexpr offset_t records = 20'000;
    constexpr std::size_t threads = 3;
    ack_tracker tracker{64};
    std::mutex mutex;
    std::vector<offset_t> handed;
    bool over = false;
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i != threads; ++i) {
        workers.emplace_back([&] {
            for (;;) {
                offset_t mine = 0;
                {
                    const std::lock_guard lock{mutex};
                    if (handed.empty()) {
                        if (over) {
                            return;
                        }
                        continue;
                    }
                    mine = handed.back();
                    handed.pop_back();
                }
                tracker.acknowledge(mine);
            }
        });
    }
    offset_t last = 0;
    bool grows = true;
    for (offset_t o = 0; o != records;) {
        if (tracker.hand_out(o)) {
            const std::lock_guard lock{mutex};
            handed.push_back(o++);
        } else {
            std::this_thread::yield();
        }
        const offset_t now = tracker.committable();
        grows = grows && now >= last;
        last = now;
    }
    {
        const std::lock_guard lock{mutex};
        over = true;
    }
    for (auto& each : workers) {
        each.join();
    }
    CHECK(grows);
    CHECK(tracker.committable() == records);
    CHECK(tracker.in_flight() == 0);
}
