// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::auto_offset_reset;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::topic;

namespace {

constexpr partition_id zero{0};
using numbers = topic<std::uint64_t>;

/// Everything there is, and whether each record and each loss was told once and in order.
struct account {
    std::uint64_t seen = 0;
    std::uint64_t missed = 0;
    std::uint64_t next = 0;
    bool exact = true;

    template <class Consumer>
    void read(Consumer& in)
    {
        for (;;) {
            const auto batch = in.try_poll();
            if (batch.empty()) {
                return;
            }
            missed += batch.missed();
            exact = exact && batch.begin_offset() == next + batch.missed();
            for (const auto& record : batch) {
                exact = exact && record.value() == record.offset();
                ++seen;
            }
            next = batch.next_offset();
        }
    }
};

} // namespace

TEST_CASE("a lossy reader never holds a producer back, and is told exactly what it missed",
          "[consumer][lossy]")
{
    for (const bool shared : {false, true}) {
        numbers t{"t", {.capacity_records = 16}};
        gregor::producer out{t};
        std::optional<gregor::producer<numbers>> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer in{t, "screen", {.lossy = true}};
        account told;
        std::uint64_t sent = 0;
        for (const std::uint64_t burst : {1U, 16U, 17U, 5U, 100U, 1000U, 2U, 33U, 16U, 0U, 64U}) {
            for (std::uint64_t i = 0; i != burst; ++i) {
                REQUIRE(out.try_send(sent++));
            }
            told.read(in);
        }
        CHECK(told.exact);
        CHECK(told.seen + told.missed == sent);
        CHECK(told.next == sent);
        CHECK(told.missed >= 1200 - 16 * 6);
    }
}

TEST_CASE("with random bursts too, every offset is either returned or told as missed",
          "[consumer][lossy][random]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    for (int world = 0; world != 50; ++world) {
        numbers t{"t", {.capacity_records = std::size_t{2} << dice.below(6)}};
        gregor::producer out{t};
        gregor::consumer in{t, "screen", {.lossy = true, .max_poll_records = 1 + dice.below(20)}};
        account told;
        std::uint64_t sent = 0;
        for (int step = 0; step != 100; ++step) {
            for (std::uint64_t i = dice.below(50); i != 0; --i) {
                REQUIRE(out.try_send(sent++));
            }
            if (dice.one_in(3)) {
                told.read(in);
            }
        }
        told.read(in);
        REQUIRE(told.exact);
        REQUIRE(told.seen + told.missed == sent);
    }
}

TEST_CASE("a lossy reader holds producers back by the batch in its hands, and no longer",
          "[consumer][lossy]")
{
    numbers t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "screen", {.lossy = true}};
    for (std::uint64_t i = 0; i != 3; ++i) {
        REQUIRE(out.try_send(i));
    }
    auto batch = in.try_poll();
    REQUIRE(batch.size() == 3);
    REQUIRE(out.try_send(3));
    CHECK(out.try_send(4).status() == send_status::full);
    CHECK(batch.front().value() == 0);
    batch.let_go();
    for (std::uint64_t i = 4; i != 100; ++i) {
        REQUIRE(out.try_send(i));
    }
}

TEST_CASE("a lossy reader that is up to date misses nothing", "[consumer][lossy]")
{
    numbers t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "screen", {.lossy = true}};
    account told;
    for (std::uint64_t i = 0; i != 1000; ++i) {
        REQUIRE(out.try_send(i));
        told.read(in);
    }
    CHECK(told.exact);
    CHECK(told.missed == 0);
    CHECK(told.seen == 1000);
}

TEST_CASE("a lossy reader with latest jumps to the end, and is told how far", "[consumer][lossy]")
{
    numbers t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "screen", {.lossy = true, .reset = auto_offset_reset::latest}};
    for (std::uint64_t i = 0; i != 50; ++i) {
        REQUIRE(out.try_send(i));
    }
    CHECK(in.try_poll().status() == poll_status::timed_out);
    REQUIRE(out.try_send(50));
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    CHECK(batch.front().value() == 50);
    CHECK(batch.missed() == 50);
}

TEST_CASE("a lossy reader with none is told that it is out of range, and seeks",
          "[consumer][lossy]")
{
    numbers t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "screen", {.lossy = true, .reset = auto_offset_reset::none}};
    in.seek(zero, 0);
    for (std::uint64_t i = 0; i != 50; ++i) {
        REQUIRE(out.try_send(i));
    }
    CHECK(in.try_poll().status() == poll_status::out_of_range);
    in.seek_to_beginning(zero);
    CHECK(in.try_poll().begin_offset() == t.begin_offset(zero));
}

TEST_CASE("lossy and lossless readers share a topic", "[consumer][lossy]")
{
    numbers t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    gregor::consumer risk{t, "risk"};
    gregor::consumer screen{t, "screen", {.lossy = true}};
    std::uint64_t sent = 0;
    account all;
    account some;
    for (int i = 0; i != 50; ++i) {
        while (out.try_send(sent)) {
            ++sent;
        }
        all.read(risk);
        if (i % 7 == 0) {
            some.read(screen);
        }
    }
    some.read(screen);
    CHECK(all.exact);
    CHECK(all.seen == sent);
    CHECK(all.missed == 0);
    CHECK(some.exact);
    CHECK(some.seen + some.missed == sent);
    CHECK(some.missed > 0);
}

TEST_CASE("a lossy reader without a group", "[consumer][lossy]")
{
    numbers t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, {.lossy = true}};
    in.assign({zero});
    for (std::uint64_t i = 0; i != 50; ++i) {
        REQUIRE(out.try_send(i));
    }
    account told;
    told.read(in);
    CHECK(told.exact);
    CHECK(told.seen + told.missed == 50);
}

TEST_CASE("a lossy group commits, and its next member goes on from there", "[consumer][lossy]")
{
    numbers t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    for (std::uint64_t i = 0; i != 4; ++i) {
        out.send(i);
    }
    {
        gregor::consumer in{t, "screen", {.lossy = true, .max_poll_records = 3}};
        CHECK(in.try_poll().size() == 3);
        in.commit();
        CHECK(in.committed(zero) == 3U);
        CHECK(in.lag(zero) == 1);
    }
    gregor::consumer next{t, "screen", {.lossy = true}};
    CHECK(support::read_values(next) == std::vector<std::uint64_t>{3});
}

TEST_CASE("what a lossy reader is told as missed, of what nobody would have got either",
          "[consumer][lossy]")
{
    // a claim given up by one of two producers leaves offsets that no reader gets: they count as
    // missed where they were overwritten, since nobody knows any more
    numbers t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::producer second{t};
    gregor::consumer in{t, "screen", {.lossy = true}};
    for (int i = 0; i != 10; ++i) {
        const auto dropped = out.claim(2);
    }
    second.send(20);
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    CHECK(batch.begin_offset() == 20);
    CHECK(batch.missed() == t.begin_offset(zero));
}

TEST_CASE("a reader that holds nothing passes over dropped claims to the end of a closed topic",
          "[consumer][lossy][close]")
{
    for (const bool lossy : {true, false}) {
        numbers t{"t", {.capacity_records = 8}};
        gregor::producer out{t};
        const gregor::producer second{t};
        gregor::consumer in{t, "g", {.lossy = lossy}};
        out.send(0U);
        {
            const auto dropped = out.claim(2);
        }
        CHECK(support::read_values(in).size() == 1);
        t.close();
        CHECK(support::status_of_poll(in) == poll_status::closed);
        // gone back, it reads again what is there, and comes to the end again
        in.seek(zero, 0);
        CHECK(support::read_values(in).size() == 1);
        CHECK(support::status_of_poll(in) == poll_status::closed);
        in.seek(zero, 1);
        CHECK(support::status_of_poll(in) == poll_status::closed);
        CHECK(in.position(zero) == 3);
    }
}

TEST_CASE("a topic with lossy readers only is drained when it is closed", "[consumer][lossy]")
{
    numbers t{"t"};
    gregor::producer out{t};
    const gregor::consumer in{t, "screen", {.lossy = true}};
    out.send(1U);
    t.close();
    CHECK(t.wait_drained(std::chrono::nanoseconds{0}));
}
