// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/payloads.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::partition_id;
using gregor::send_status;
using gregor::topic;
using gregor::overflow::reject;
using gregor::producers::single;
using namespace std::chrono_literals;

namespace {

struct trade {
    std::uint64_t id = 0;
    double price = 0;
};

/// Made from two arguments, as an aggregate.
struct pair_of {
    int a;
    std::string b;
};

} // namespace

TEST_CASE("a send says where the record went", "[producer]")
{
    topic<int> t{"t", {.partitions = 3}};
    gregor::producer out{t};
    for (gregor::offset_t i = 0; i != 5; ++i) {
        const auto sent = out.send(7, {.partition = partition_id{2}});
        CHECK(sent);
        CHECK(sent.status() == send_status::ok);
        CHECK(sent.partition() == partition_id{2});
        CHECK(sent.offset() == i);
    }
    CHECK(t.end_offset(partition_id{2}) == 5);
    CHECK(t.end_offset(partition_id{0}) == 0);
}

TEST_CASE("a value is sent as a T, as what a T is made from, or as a braced list", "[producer]")
{
    topic<std::string> words{"words"};
    gregor::producer out{words};
    gregor::consumer in{words, "g"};
    const std::string kept = "an lvalue stays what it is, though it is long";
    std::string given = "an rvalue is moved, so that its characters are not copied";
    const char* const characters = given.data();
    out.send(kept);
    out.send(std::move(given));
    out.send("a literal");
    out.send(std::string_view{"a view, explicitly converted"});
    out.send({'l', 'i', 's', 't'});
    out.send({});
    out.emplace(std::size_t{3}, 'x');
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 7);
    CHECK(batch[0].value() == kept);
    CHECK(kept.size() == 45);
    CHECK(batch[1].value().data() == characters);
    CHECK(batch[2].value() == "a literal");
    CHECK(batch[3].value() == "a view, explicitly converted");
    CHECK(batch[4].value() == "list");
    CHECK(batch[5].value().empty());
    CHECK(batch[6].value() == "xxx");
}

TEST_CASE("aggregates are sent by their fields", "[producer]")
{
    topic<trade> trades{"trades"};
    gregor::producer out{trades};
    gregor::consumer in{trades, "g"};
    out.send({.id = 7, .price = 1.5});
    out.emplace(std::uint64_t{8}, 2.5);
    const trade kept{9, 3.5};
    out.send(kept);
    CHECK(out.try_send({.id = 10, .price = 4.5}));
    CHECK(out.send_for({.id = 11, .price = 5.5}, 1s));
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 5);
    for (std::size_t i = 0; i != 5; ++i) {
        CHECK(batch[i].value().id == 7 + i);
        CHECK(batch[i].value().price == 1.5 + static_cast<double>(i));
    }
    topic<pair_of> pairs{"pairs"};
    gregor::producer pair_out{pairs};
    gregor::consumer pair_in{pairs, "g"};
    pair_out.emplace(1, "one");
    const auto pair_batch = pair_in.try_poll();
    CHECK(pair_batch[0].value().b == "one");
}

TEST_CASE("a value that can only be moved, or has no default, is sent like any other", "[producer]")
{
    topic<std::unique_ptr<int>> pointers{"pointers"};
    gregor::producer out{pointers};
    gregor::consumer in{pointers, "g"};
    auto five = std::make_unique<int>(5);
    const int* const address = five.get();
    CHECK(out.send(std::move(five)));
    CHECK(out.emplace(new int{6}));
    CHECK(out.send(nullptr));
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 3);
    CHECK(batch[0].value().get() == address);
    CHECK(*batch[1].value() == 6);
    CHECK(batch[2].value() == nullptr);

    topic<support::no_default> others{"others"};
    gregor::producer other_out{others};
    gregor::consumer other_in{others, "g"};
    CHECK(other_out.emplace(3U, 4U));
    CHECK(support::payload<support::no_default>::read(other_in.try_poll().size() == 1
                                                          ? support::no_default{3, 4}
                                                          : support::no_default{0, 0})
              .number == 4);
}

TEST_CASE("a full topic refuses what is tried, and reject never waits", "[producer][full]")
{
    topic<int, reject> t{"t", {.capacity_records = 4, .groups = {"slow"}}};
    gregor::producer out{t};
    for (int i = 0; i != 4; ++i) {
        CHECK(out.send(i));
    }
    CHECK(out.send(4).status() == send_status::full);
    CHECK(out.try_send(4).status() == send_status::full);
    CHECK_FALSE(out.send(4));
    CHECK(out.claim(1).status() == send_status::full);
    CHECK(out.emplace(4).status() == send_status::full);
    CHECK(t.end_offset(partition_id{0}) == 4);
    gregor::consumer in{t, "slow"};
    CHECK(support::read_values(in) == std::vector<int>{0, 1, 2, 3});
    CHECK(out.send(5).offset() == 4);
}

TEST_CASE("a refused value is untouched", "[producer][full]")
{
    topic<std::string> words{"words", {.capacity_records = 2, .groups = {"slow"}}};
    gregor::producer out{words};
    REQUIRE(out.send("1"));
    REQUIRE(out.send("2"));
    std::string mine = "refused, and still mine, all of it";
    const std::string same = mine;
    CHECK(out.try_send(std::move(mine)).status() == send_status::full);
    CHECK(mine == same);
    CHECK(out.try_send(mine).status() == send_status::full);
    CHECK(mine == same);
    CHECK(out.send_for(std::move(mine), 1ns).status() == send_status::timed_out);
    CHECK(mine == same);
    words.close();
    CHECK(out.send(std::move(mine)).status() == send_status::closed);
    CHECK(mine == same);

    topic<std::unique_ptr<int>> pointers{"p", {.capacity_records = 2, .groups = {"slow"}}};
    gregor::producer pointer_out{pointers};
    REQUIRE(pointer_out.send(nullptr));
    REQUIRE(pointer_out.send(nullptr));
    auto five = std::make_unique<int>(5);
    CHECK(pointer_out.try_send(std::move(five)).status() == send_status::full);
    REQUIRE(five != nullptr);
    CHECK(*five == 5);
}

TEST_CASE("a refused value is untouched, with several producers and partitions too",
          "[producer][full]")
{
    topic<std::string> words{"w", {.partitions = 3, .capacity_records = 2, .groups = {"slow"}}};
    gregor::producer out{words};
    const gregor::producer other{words};
    for (int i = 0; i != 6; ++i) {
        REQUIRE(out.try_send("fills"));
    }
    std::string mine = "refused, and still mine, all of it";
    CHECK(out.try_send(std::move(mine)).status() == send_status::full);
    CHECK(mine.size() == 34);
    for (std::uint32_t i = 0; i != 3; ++i) {
        CHECK(words.end_offset(partition_id{i}) == 2);
    }
}

TEST_CASE("key and headers of a refused record are refused with it", "[producer][full]")
{
    topic<int, gregor::key<std::string>, gregor::headers> t{
        "t", {.capacity_records = 2, .groups = {"slow"}}};
    gregor::producer out{t};
    gregor::consumer in{t, "slow"};
    const std::string key = "a key that is too long to be kept in place";
    CHECK(out.send(1, {.key = key, .headers = {{"a", "b"}}}));
    CHECK(out.send(2));
    CHECK(out.try_send(3, {.key = key}).status() == send_status::full);
    CHECK(support::read_values(in).size() == 2);
    CHECK(out.try_send(4, {.key = key, .headers = {{"c", "d"}}}));
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    CHECK(batch[0].value() == 4);
    CHECK(batch[0].key() == key);
    CHECK(batch[0].headers() == gregor::header_list{{"c", "d"}});
}

TEST_CASE("nobody who reads: the oldest records go", "[producer]")
{
    topic<int> t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    for (int i = 0; i != 100; ++i) {
        REQUIRE(out.try_send(i));
    }
    gregor::consumer late{t, "late"};
    const auto values = support::read_values(late);
    REQUIRE_FALSE(values.empty());
    CHECK(values.size() <= 4);
    CHECK(values.back() == 99);
    CHECK(values.front() == 100 - static_cast<int>(values.size()));
}

TEST_CASE("a ring of two goes round many laps", "[producer]")
{
    topic<std::string> t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    for (int i = 0; i != 1000; ++i) {
        REQUIRE(out.try_send(std::to_string(2 * i)));
        REQUIRE(out.try_send(std::to_string(2 * i + 1)));
        REQUIRE(out.try_send("too many").status() == send_status::full);
        const auto values = support::read_values(in);
        REQUIRE(values ==
                std::vector<std::string>{std::to_string(2 * i), std::to_string(2 * i + 1)});
    }
    CHECK(t.end_offset(partition_id{0}) == 2000);
}

TEST_CASE("several producers share a topic, and each keeps its order", "[producer]")
{
    topic<int> t{"t", {.capacity_records = 8}};
    gregor::producer a{t};
    gregor::consumer in{t, "g"};
    REQUIRE(a.send(1));
    {
        gregor::producer b{t};
        gregor::producer c{t};
        REQUIRE(b.send(2));
        REQUIRE(c.send(3));
        REQUIRE(a.send(4));
        REQUIRE(b.send(5));
    }
    REQUIRE(a.send(6));
    gregor::producer d{t};
    REQUIRE(d.send(7));
    REQUIRE(a.send(8));
    CHECK(a.try_send(9).status() == send_status::full);
    CHECK(d.try_send(9).status() == send_status::full);
    CHECK(support::read_values(in) == std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8});
    for (int lap = 0; lap != 20; ++lap) {
        for (int i = 0; i != 8; ++i) {
            REQUIRE((i % 2 == 0 ? a : d).try_send(i));
        }
        REQUIRE(support::read_values(in).size() == 8);
    }
}

TEST_CASE("producers::single takes a second producer only after the first has gone", "[producer]")
{
    topic<int, single> t{"t"};
    {
        gregor::producer first{t};
        auto refused = gregor::producer<topic<int, single>>::create(t);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code() == gregor::errc::producer_exists);
        CHECK(refused.error().operation().find("\"t\"") != std::string::npos);
        CHECK(refused.error().expected().find("producers::single") != std::string::npos);
        CHECK_THROWS_AS(gregor::producer{t}, gregor::error);
        CHECK(first.send(1));
    }
    gregor::producer second{t};
    CHECK(second.send(2).offset() == 1);
}

TEST_CASE("a topic with producers::single needs no stamps, and does all the rest", "[producer]")
{
    topic<std::string, single> t{"t", {.partitions = 2, .capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    for (int i = 0; i != 100; ++i) {
        REQUIRE(out.try_send("x", {.partition = partition_id{static_cast<std::uint32_t>(i % 2)}}));
        if (i % 4 == 3) {
            REQUIRE(support::read_values(in).size() == 4);
        }
    }
    t.close();
    CHECK(support::status_of_poll(in) == gregor::poll_status::closed);
}

TEST_CASE("a partition that is not there ends the process", "[producer]")
{
    CHECK(support::dies_saying("there is no partition of this number", [] {
        topic<int> t{"t", {.partitions = 2}};
        gregor::producer out{t};
        out.send(1, {.partition = partition_id{2}});
    }));
    CHECK(support::dies_saying("there is no partition of this number", [] {
        topic<int> t{"t"};
        gregor::producer out{t};
        static_cast<void>(out.claim(1, {.partition = partition_id{1}}));
    }));
}

#if GREGOR_CHECKED
TEST_CASE("the offset of a refused record ends the process, where it is looked for", "[producer]")
{
    CHECK(support::dies_saying("sent::offset() was asked of a record that was refused", [] {
        topic<int> t{"t"};
        gregor::producer out{t};
        t.close();
        static_cast<void>(out.send(1).offset());
    }));
}
#endif
