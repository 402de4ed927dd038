// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::auto_offset_reset;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::topic;

namespace {

constexpr partition_id zero{0};
using ints = topic<int>;

const std::vector<int> six{0, 1, 2, 3, 4, 5};

} // namespace

TEST_CASE("the position is the next offset that poll returns", "[consumer][seek]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_records = 2}};
    CHECK(in.position(zero) == 0);
    out.send_batch(six);
    CHECK(in.position(zero) == 0);
    CHECK(in.try_poll().next_offset() == 2);
    CHECK(in.position(zero) == 2);
}

TEST_CASE("seek takes effect at the next poll, forward and back", "[consumer][seek]")
{
    for (const bool lossy : {false, true}) {
        ints t{"t"};
        gregor::producer out{t};
        gregor::consumer in{t, "g", {.lossy = lossy}};
        out.send_batch(six);
        in.seek(zero, 4);
        CHECK(in.position(zero) == 4);
        CHECK(support::read_values(in) == std::vector<int>{4, 5});
        in.seek(zero, 1);
        const auto back = in.try_poll();
        REQUIRE(back.size() == 5);
        CHECK(back.begin_offset() == 1);
        CHECK(back.missed() == 0);
    }
}

TEST_CASE("seek to the beginning and to the end", "[consumer][seek]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t};
    for (int i = 0; i != 10; ++i) {
        out.send(i);
    }
    in.assign({zero});
    in.seek_to_end(zero);
    CHECK(in.position(zero) == 10);
    CHECK(in.try_poll().empty());
    in.seek_to_beginning(zero);
    CHECK(in.position(zero) == in.begin_offset(zero));
    CHECK(in.begin_offset(zero) == t.begin_offset(zero));
    CHECK(in.end_offset(zero) == 10);
    const auto values = support::read_values(in);
    CHECK(values.size() >= 3);
    CHECK(values.back() == 9);
}

TEST_CASE("seeking back while a batch is in hand does it no harm", "[consumer][seek]")
{
    ints t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send_batch(six);
    {
        const auto batch = in.try_poll();
        in.seek(zero, 2);
        CHECK(batch.size() == 6);
        CHECK(batch.back().value() == 5);
    }
    CHECK(support::read_values(in) == std::vector<int>{2, 3, 4, 5});
}

TEST_CASE("what was seeked back to is held while it is in hand", "[consumer][seek]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send_batch(std::vector<int>{0, 1, 2, 3});
    CHECK(support::read_values(in).size() == 4); // and committed
    in.seek(zero, 1);
    auto batch = in.try_poll();
    REQUIRE(batch.size() == 3);
    CHECK(batch.front().value() == 1);
    CHECK(out.try_send(4)); // the record before it
    CHECK(out.try_send(5).status() == send_status::full);
    CHECK(batch.front().value() == 1);
    batch.let_go();
    // the cursor was left where it was, at 4: everything before it may go
    CHECK(out.try_send(5));
}

TEST_CASE("what a seek to the end passes over holds nobody back after the next poll",
          "[consumer][seek]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    for (int i = 0; i != 4; ++i) {
        REQUIRE(out.try_send(i));
    }
    REQUIRE_FALSE(out.try_send(4));
    REQUIRE(in.seek_to_end(zero));
    CHECK(in.try_poll().status() == poll_status::timed_out);
    CHECK(in.committed(zero) == 4);
    CHECK(out.try_send(4));
    CHECK(support::read_values(in) == std::vector<int>{4});
}

TEST_CASE("members that seek to the end of a closed topic are told that it is the end",
          "[consumer][seek][groups]")
{
    ints t{"t", {.partitions = 2, .capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer first{t, "g"};
    gregor::consumer second{t, "g"};
    CHECK(first.try_poll().empty());
    CHECK(second.try_poll().empty());
    for (const std::uint32_t p : {0U, 1U}) {
        REQUIRE(out.try_send(1, {.partition = {p}}));
    }
    t.close();
    for (auto* const each : {&first, &second}) {
        for (const gregor::partition_id p : each->assignment()) {
            REQUIRE(each->seek_to_end(p));
        }
        static_cast<void>(each->try_poll());
    }
    CHECK(first.try_poll().status() == poll_status::closed);
    CHECK(second.try_poll().status() == poll_status::closed);
}

TEST_CASE("a position that was overwritten is out of range, and the options say where to go",
          "[consumer][seek][reset]")
{
    for (const auto reset :
         {auto_offset_reset::earliest, auto_offset_reset::latest, auto_offset_reset::none}) {
        for (const bool lossy : {false, true}) {
            ints t{"t", {.capacity_records = 4}};
            gregor::producer out{t};
            gregor::consumer in{t, "g", {.lossy = lossy, .reset = reset}};
            if (reset == auto_offset_reset::none) {
                in.seek(zero, 0); // nothing was committed, so it has to say where it wants to start
            }
            for (int i = 0; i != 10; ++i) {
                REQUIRE(out.try_send(i));
                REQUIRE(support::read_values(in) == std::vector<int>{i});
            }
            in.seek(zero, 2);
            const auto batch = in.try_poll();
            if (reset == auto_offset_reset::earliest) {
                REQUIRE_FALSE(batch.empty());
                CHECK(batch.begin_offset() == 6);
                CHECK(batch.missed() == 4);
            } else if (reset == auto_offset_reset::latest) {
                CHECK(batch.status() == poll_status::timed_out);
                CHECK(in.position(zero) == 10);
                out.send(10);
                const auto next = in.try_poll();
                REQUIRE(next.size() == 1);
                CHECK(next.missed() == 8);
            } else {
                CHECK(batch.status() == poll_status::out_of_range);
                CHECK(in.try_poll().status() == poll_status::out_of_range);
                in.seek_to_beginning(zero);
                CHECK(support::read_values(in) == std::vector<int>{6, 7, 8, 9});
            }
        }
    }
}

TEST_CASE("a position beyond the end is out of range too", "[consumer][seek][reset]")
{
    for (const auto reset :
         {auto_offset_reset::earliest, auto_offset_reset::latest, auto_offset_reset::none}) {
        for (const bool lossy : {false, true}) {
            ints t{"t", {.capacity_records = 8}};
            gregor::producer out{t};
            gregor::consumer in{t, "g", {.lossy = lossy, .reset = reset}};
            in.seek(zero, 0);
            out.send_batch(six);
            in.seek(zero, 7);
            const auto batch = in.try_poll();
            if (reset == auto_offset_reset::earliest) {
                REQUIRE(batch.size() == 6);
                CHECK(batch.missed() == 0);
            } else if (reset == auto_offset_reset::latest) {
                CHECK(batch.status() == poll_status::timed_out);
                CHECK(in.position(zero) == 6);
            } else {
                CHECK(batch.status() == poll_status::out_of_range);
                in.seek(zero, 6); // the end is in range
                CHECK(in.try_poll().status() == poll_status::timed_out);
            }
        }
    }
}

TEST_CASE("without an offset, a reader starts where the options say", "[consumer][seek][reset]")
{
    for (const bool lossy : {false, true}) {
        ints t{"t"};
        gregor::producer out{t};
        out.send_batch(six);
        gregor::consumer earliest{t, "e", {.lossy = lossy}};
        gregor::consumer latest{t, "l", {.lossy = lossy, .reset = auto_offset_reset::latest}};
        gregor::consumer none{t, "n", {.lossy = lossy, .reset = auto_offset_reset::none}};
        out.send(6);
        CHECK(support::read_values(earliest).size() == 7);
        CHECK(support::read_values(latest) == std::vector<int>{6});
        CHECK(none.try_poll().status() == poll_status::out_of_range);
        CHECK(none.poll().status() == poll_status::out_of_range);
        none.seek(zero, 5);
        CHECK(support::read_values(none) == std::vector<int>{5, 6});
    }
}

TEST_CASE("a reader without a position holds nobody back until it seeks", "[consumer][seek][reset]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer none{t, "n", {.reset = auto_offset_reset::none}};
    for (int i = 0; i != 10; ++i) {
        REQUIRE(out.try_send(i));
    }
    none.seek(zero, 8);
    REQUIRE(out.try_send(10));
    REQUIRE(out.try_send(11));
    CHECK(out.try_send(12).status() == send_status::full);
    CHECK(support::read_values(none) == std::vector<int>{8, 9, 10, 11});
}

TEST_CASE("asking for a partition that is not its own ends the process", "[consumer][seek]")
{
    const char* const sentence = "the partition is not assigned to this consumer";
    CHECK(support::dies_saying(sentence, [] {
        ints t{"t"};
        gregor::consumer in{t, "g"};
        static_cast<void>(in.position(partition_id{1}));
    }));
    CHECK(support::dies_saying(sentence, [] {
        ints t{"t", {.partitions = 2}};
        gregor::consumer in{t};
        in.assign({zero});
        in.seek(partition_id{1}, 0);
    }));
    CHECK(support::dies_saying(sentence, [] {
        ints t{"t"};
        const gregor::consumer in{t};
        static_cast<void>(in.committed(zero));
    }));
}
