// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::batch;
using gregor::claim;
using gregor::consumer;
using gregor::poll_status;
using gregor::producer;
using gregor::send_status;

namespace {

using words = gregor::topic<std::string>;

const std::string word = "a word that is too long to be kept in place";

template <class T>
inline constexpr bool movable_only =
    std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

} // namespace

TEST_CASE("handles, batches and claims are moved and not copied", "[lifetime]")
{
    STATIC_REQUIRE(movable_only<producer<words>>);
    STATIC_REQUIRE(movable_only<consumer<words>>);
    STATIC_REQUIRE(movable_only<batch<words>>);
    STATIC_REQUIRE(movable_only<claim<words>>);
    STATIC_REQUIRE_FALSE(std::is_default_constructible_v<producer<words>>);
    STATIC_REQUIRE_FALSE(std::is_default_constructible_v<consumer<words>>);
}

TEST_CASE("handles are deduced from their topic", "[lifetime]")
{
    words t{"t"};
    producer out{t};
    consumer grouped{t, "g"};
    consumer with_options{t, std::string{"h"}, {.lossy = true}};
    consumer alone{t};
    STATIC_REQUIRE(std::is_same_v<decltype(out), producer<words>>);
    STATIC_REQUIRE(std::is_same_v<decltype(grouped), consumer<words>>);
    STATIC_REQUIRE(std::is_same_v<decltype(with_options), consumer<words>>);
    STATIC_REQUIRE(std::is_same_v<decltype(alone), consumer<words>>);
}

TEST_CASE("topic, producer, consumer, batch and claim may go in any order", "[lifetime]")
{
    std::array<int, 5> order{0, 1, 2, 3, 4};
    do {
        auto t = std::make_optional<words>("t", gregor::topic_options{.capacity_records = 4});
        auto out = std::make_optional<producer<words>>(*t);
        auto in = std::make_optional<consumer<words>>(*t, "g");
        out->send(word);
        auto lease = std::make_optional<batch<words>>(in->try_poll());
        auto open = std::make_optional<claim<words>>(out->claim(2));
        open->emplace(word);
        REQUIRE(lease->size() == 1);
        for (const int each : order) {
            switch (each) {
            case 0: t.reset(); break;
            case 1: out.reset(); break;
            case 2: in.reset(); break;
            case 3:
                CHECK(lease->front().value() == word);
                lease.reset();
                break;
            default: open.reset(); break;
            }
            if (lease) {
                CHECK(lease->front().value() == word);
            }
        }
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("a producer outlives its topic, and is told that it is closed", "[lifetime]")
{
    std::optional<words> t{std::in_place, "t"};
    producer out{*t};
    t.reset();
    CHECK(out.send(word).status() == send_status::closed);
    CHECK(out.claim(1).status() == send_status::closed);
}

TEST_CASE("a consumer outlives its topic: it reads what is there, then it is told", "[lifetime]")
{
    std::optional<words> t{std::in_place, "t"};
    consumer in{*t, "g"};
    {
        producer out{*t};
        out.send(word);
    }
    t.reset();
    CHECK(support::read_values(in) == std::vector<std::string>{word});
    CHECK(in.poll().status() == poll_status::closed);
}

TEST_CASE("a batch outlives its consumer and its topic, and its records stay", "[lifetime]")
{
    std::optional<words> t{std::in_place, "t", gregor::topic_options{.capacity_records = 2}};
    producer out{*t};
    std::optional<consumer<words>> in{std::in_place, *t, "g"};
    out.send(word);
    auto lease = in->try_poll();
    in.reset();
    // the group is gone, the batch is not: it holds the producer back
    CHECK(out.try_send("2"));
    CHECK(out.try_send("3").status() == send_status::full);
    t.reset();
    CHECK(lease.front().value() == word);
    lease.let_go();
    CHECK(lease.empty());
}

TEST_CASE("a batch that outlived its consumer lets producers go on when it goes", "[lifetime]")
{
    words t{"t", {.capacity_records = 2}};
    producer out{t};
    {
        auto lease = [&] {
            consumer in{t, "g"};
            out.send(word);
            return in.try_poll();
        }();
        out.send("2");
        CHECK(out.try_send("3").status() == send_status::full);
    }
    CHECK(out.try_send("3"));
    CHECK(out.try_send("4"));
}

TEST_CASE("a claim outlives its producer and is published", "[lifetime]")
{
    words t{"t"};
    consumer in{t, "g"};
    auto open = [&] {
        producer out{t};
        return out.claim(2);
    }();
    open.emplace(word);
    CHECK(support::read_values(in).empty());
    CHECK(open.publish());
    CHECK(support::read_values(in) == std::vector<std::string>{word});
    // the next producer goes on behind it
    producer next{t};
    CHECK(next.send("next").offset() == 1);
    CHECK(support::read_values(in) == std::vector<std::string>{"next"});
}

TEST_CASE("a claim that outlived its producer may be dropped", "[lifetime]")
{
    words t{"t"};
    consumer in{t, "g"};
    {
        auto open = [&] {
            producer out{t};
            return out.claim(2);
        }();
        open.emplace(word);
    }
    producer next{t};
    CHECK(next.send("next"));
    CHECK(support::read_values(in) == std::vector<std::string>{"next"});
}

TEST_CASE("a producer made while a claim of a gone one is open shares the topic with it",
          "[lifetime]")
{
    words t{"t"};
    consumer in{t, "g"};
    auto open = [&] {
        producer out{t};
        return out.claim(2);
    }();
    producer next{t};
    CHECK(next.send("next").offset() == 2);
    CHECK(support::read_values(in).empty());
    open.emplace(word);
    open.publish();
    CHECK(support::read_values(in) == std::vector<std::string>{word, "next"});
}

TEST_CASE("handles are moved while they are in use", "[lifetime]")
{
    words t{"t"};
    producer out{t};
    consumer in{t, "g"};
    out.send("1");
    producer moved_out{std::move(out)};
    consumer moved_in{std::move(in)};
    moved_out.send("2");
    auto lease = moved_in.try_poll();
    consumer again{std::move(moved_in)};
    auto moved_lease = std::move(lease);
    REQUIRE(moved_lease.size() == 2);
    CHECK(moved_lease[1].value() == "2");
    moved_lease.let_go();
    CHECK(support::status_of_poll(again) == poll_status::timed_out);
    // assignment lets go of what was there
    words other{"other"};
    producer elsewhere{other};
    elsewhere = std::move(moved_out);
    CHECK(elsewhere.send("3"));
    CHECK(t.end_offset(gregor::partition_id{0}) == 3);
    consumer reader{other, "g"};
    reader = std::move(again);
    CHECK(support::read_values(reader) == std::vector<std::string>{"3"});
    CHECK_NOTHROW(consumer{other, "g"});
}
