// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/death.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::topic;

namespace {

constexpr partition_id zero{0};

struct tick {
    std::uint64_t id = 0;
    double price = 0;
};

template <class Topic>
using maybe_producer = std::optional<gregor::producer<Topic>>;

template <class Topic, class T>
concept can_index = requires(gregor::claim<Topic>& c) {
    { c[0] } -> std::same_as<T&>;
};

} // namespace

TEST_CASE("a claim is filled in place and published as one", "[claim]")
{
    for (const bool shared : {false, true}) {
        topic<tick> t{"t", {.capacity_records = 8}};
        gregor::producer out{t};
        maybe_producer<topic<tick>> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer in{t, "g"};
        for (std::uint64_t lap = 0; lap != 10; ++lap) {
            auto claim = out.claim(3);
            REQUIRE(claim);
            CHECK(claim.status() == send_status::ok);
            CHECK(claim.size() == 3);
            CHECK(claim.built() == 0);
            claim[0] = {.id = 3 * lap, .price = 1};
            claim[1] = {.id = 3 * lap + 1, .price = 2};
            claim[1].price = 3;
            claim.emplace(3 * lap + 2, 4.0);
            CHECK(claim.built() == 3);
            CHECK(support::status_of_poll(in) == poll_status::timed_out);
            const auto sent = claim.publish();
            CHECK(sent);
            CHECK(sent.offset() == 3 * lap);
            CHECK(sent.partition() == zero);
            CHECK_FALSE(claim);
            const auto values = support::read_values(in);
            REQUIRE(values.size() == 3);
            CHECK(values[1].price == 3);
            CHECK(values[2].id == 3 * lap + 2);
        }
    }
}

TEST_CASE("only what is a value and nothing else is written by index", "[claim]")
{
    STATIC_REQUIRE(can_index<topic<tick>, tick>);
    STATIC_REQUIRE_FALSE(can_index<topic<std::string>, std::string>);
    STATIC_REQUIRE_FALSE(can_index<topic<tick, gregor::timestamps>, tick>);
}

TEST_CASE("of a claim what was built is published, and the rest given up", "[claim]")
{
    for (const bool shared : {false, true}) {
        topic<std::string> t{"t", {.capacity_records = 8}};
        gregor::producer out{t};
        maybe_producer<topic<std::string>> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer in{t, "g"};
        for (int lap = 0; lap != 10; ++lap) {
            auto claim = out.claim(5);
            claim.emplace("one, long enough to be somewhere else");
            claim.emplace("two, long enough to be somewhere else");
            claim.publish();
            REQUIRE(out.send("behind"));
            const auto values = support::read_values(in);
            REQUIRE(values.size() == 3);
            CHECK(values[1].starts_with("two"));
            CHECK(values[2] == "behind");
        }
        // given up: without a second producer the offsets are used again, with one they are skipped
        CHECK(t.end_offset(zero) == (shared ? 60 : 30));
        CHECK(in.position(zero) == t.end_offset(zero));
    }
}

TEST_CASE("a claim that is dropped was never there", "[claim]")
{
    support::counts().reset();
    for (const bool shared : {false, true}) {
        topic<support::counted> t{"t", {.capacity_records = 8}};
        gregor::producer out{t};
        maybe_producer<topic<support::counted>> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer in{t, "g"};
        for (std::uint64_t lap = 0; lap != 20; ++lap) {
            {
                auto dropped = out.claim(3);
                dropped.emplace(lap);
                dropped.emplace(lap);
            }
            REQUIRE(out.send(support::counted{lap}));
            auto batch = in.try_poll();
            while (batch.empty()) {
                batch = in.try_poll();
            }
            REQUIRE(batch.size() == 1);
            CHECK(batch.front().value().number() == lap);
        }
    }
    CHECK(support::counts().alive() == 0);
    CHECK(support::counts().corrupt == 0);
}

TEST_CASE("publishing nothing publishes nothing", "[claim]")
{
    for (const bool shared : {false, true}) {
        topic<int> t{"t", {.capacity_records = 4}};
        gregor::producer out{t};
        maybe_producer<topic<int>> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer in{t, "g"};
        for (int i = 0; i != 10; ++i) {
            auto claim = out.claim(2);
            REQUIRE(claim);
            claim.publish();
            CHECK(support::read_values(in).empty());
        }
        REQUIRE(out.send(7));
        CHECK(support::read_values(in) == std::vector<int>{7});
    }
}

TEST_CASE("records that nobody gets hold no producer back", "[claim]")
{
    // dropped claims fill the ring with what readers pass over: they must not wait for a commit of
    // it
    topic<int> t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    const gregor::producer second{t};
    gregor::consumer in{t, "g", {.auto_commit = false}};
    for (int i = 0; i != 10; ++i) {
        {
            auto dropped = out.try_claim(4);
            REQUIRE(dropped);
        }
        CHECK(support::status_of_poll(in) == poll_status::timed_out);
    }
}

TEST_CASE("a claim is refused where there is no room for all of it", "[claim]")
{
    topic<int> t{"t", {.capacity_records = 8, .groups = {"slow"}}};
    gregor::producer out{t};
    REQUIRE(out.send_batch(std::vector<int>{1, 2, 3, 4, 5}));
    const auto refused = out.try_claim(4);
    CHECK_FALSE(refused);
    CHECK(refused.status() == send_status::full);
    CHECK(out.try_claim(3));
    CHECK(out.send(6));
}

TEST_CASE("claims carry key, timestamp and headers", "[claim]")
{
    using full = topic<std::string, gregor::key<std::string>, gregor::timestamps, gregor::headers,
                       gregor::time_source<gregor::manual_clock>>;
    const gregor::timestamp_t start{std::chrono::hours{5}};
    full t{"t", {.partitions = 6}, gregor::manual_clock{start}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    auto claim = out.claim(2, {.key = "abc", .headers = {{"a", "b"}}});
    claim.emplace("one");
    claim.emplace("two");
    CHECK(claim.publish().partition().value == 3);
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 2);
    for (const auto& record : batch) {
        CHECK(record.key() == "abc");
        CHECK(record.timestamp() == start);
        CHECK(record.headers() == gregor::header_list{{"a", "b"}});
    }
}

TEST_CASE("a claim goes to the partition it is told, or where a record without a key would",
          "[claim]")
{
    topic<int> t{"t", {.partitions = 4}};
    gregor::producer out{t};
    auto told = out.claim(2, {.partition = partition_id{3}});
    told.emplace(1);
    CHECK(told.publish().partition().value == 3);
    const auto sticky = out.send(2).partition();
    auto follows = out.claim(1);
    follows.emplace(3);
    CHECK(follows.publish().partition() == sticky);
}

TEST_CASE("a claim is moved, and then the old one holds nothing", "[claim]")
{
    topic<int> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    auto first = out.claim(3);
    first.emplace(1);
    auto second = std::move(first);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the question
    CHECK_FALSE(first);
    CHECK(second.built() == 1);
    second.emplace(2);
    second.publish();
    CHECK(support::read_values(in) == std::vector<int>{1, 2});
    // assignment gives up what was there
    auto third = out.claim(1);
    third.emplace(3);
    third = std::move(second);
    CHECK_FALSE(third);
    CHECK(out.send(4));
    CHECK(support::read_values(in) == std::vector<int>{4});
}

TEST_CASE("a second producer may come while a claim is open, in the same thread", "[claim][bias]")
{
    for (const std::size_t built : {std::size_t{0}, std::size_t{2}, std::size_t{3}}) {
        topic<std::string> t{"t", {.capacity_records = 8}};
        gregor::producer out{t};
        gregor::consumer in{t, "g"};
        REQUIRE(out.send("before"));
        auto claim = out.claim(3);
        if (built != 0) {
            claim.emplace("built before, and long enough to be elsewhere");
        }
        gregor::producer second{t}; // would hang if it waited for the claim
        REQUIRE(second.send("behind"));
        CHECK(support::read_values(in) == std::vector<std::string>{"before"});
        while (claim.built() < built) {
            claim.emplace("built after, and long enough to be elsewhere");
        }
        if (built == 0) {
            const auto dropped = std::move(claim);
        } else {
            CHECK(claim.publish().offset() == 1);
        }
        const auto values = support::read_values(in);
        if (built == 0) {
            CHECK(values == std::vector<std::string>{"behind"});
        } else {
            CHECK(values.size() == built + 1);
            CHECK(values.back() == "behind");
        }
        REQUIRE(out.send("on"));
        REQUIRE(second.send("and on"));
        CHECK(support::read_values(in) == std::vector<std::string>{"on", "and on"});
    }
}

TEST_CASE("several producers hold claims at once, and publish them in any order", "[claim]")
{
    topic<int> t{"t", {.capacity_records = 8}};
    gregor::producer a{t};
    gregor::producer b{t};
    gregor::producer c{t};
    gregor::consumer in{t, "g"};
    for (int lap = 0; lap != 20; ++lap) {
        auto first = a.claim(2);
        auto second = b.claim(3);
        auto third = c.claim(1);
        third.emplace(30);
        third.publish();
        second.emplace(20);
        second.emplace(21);
        CHECK(support::read_values(in).empty());
        second.publish();
        CHECK(support::read_values(in).empty());
        first.emplace(10);
        first.publish();
        REQUIRE(support::read_values(in) == std::vector<int>{10, 20, 21, 30});
    }
}

TEST_CASE("a claim is not overwritten by other producers, though nobody reads", "[claim]")
{
    topic<std::string> t{"t", {.capacity_records = 4}};
    gregor::producer a{t};
    gregor::producer b{t};
    auto claim = a.claim(1);
    for (int i = 0; i != 3; ++i) {
        REQUIRE(b.try_send("passes, and is long enough to be elsewhere"));
    }
    CHECK(b.try_send("one too many").status() == send_status::full);
    claim.emplace("written late, and long enough to be elsewhere");
    claim.publish();
    gregor::consumer in{t, "g"};
    CHECK(support::read_values(in).size() == 4);
    CHECK(b.try_send("now there is room"));
}

TEST_CASE("closing a topic while a claim is open: what is published comes, and then the end",
          "[claim][close]")
{
    for (const int producers : {1, 2, 3}) {
        for (const bool publishes : {true, false}) {
            topic<int> t{"t"};
            gregor::producer out{t};
            maybe_producer<topic<int>> second;
            if (producers == 2) {
                second.emplace(t);
            }
            gregor::consumer in{t, "g"};
            REQUIRE(out.send(1));
            auto claim = out.claim(2);
            claim.emplace(2);
            if (producers == 3) {
                second.emplace(t); // the claim is older than this one
            }
            t.close();
            CHECK(support::read_values(in) == std::vector<int>{1});
            CHECK(support::status_of_poll(in) == poll_status::timed_out);
            if (publishes) {
                CHECK(claim.publish());
                CHECK(support::read_values(in) == std::vector<int>{2});
            } else {
                const auto dropped = std::move(claim);
            }
            CHECK(support::status_of_poll(in) == poll_status::closed);
            CHECK(out.send(3).status() == send_status::closed);
            CHECK(out.claim(1).status() == send_status::closed);
        }
    }
}

TEST_CASE("settling the last claim of a closed topic wakes the reader that waits for it",
          "[claim][close]")
{
    topic<int, gregor::wait::sleep> t{"t"};
    gregor::producer out{t};
    auto claim = out.claim(1);
    t.close();
    poll_status how = poll_status::timed_out;
    std::thread reader{[&] {
        gregor::consumer in{t, "g"};
        how = in.poll(support::patience).status();
    }};
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    {
        const auto dropped = std::move(claim);
    }
    reader.join();
    CHECK(how == poll_status::closed);
}

TEST_CASE("misuse of a claim ends the process", "[claim]")
{
    using small = topic<int>;
    CHECK(support::dies_saying("a producer sends nothing while its claim is open", [] {
        small t{"t"};
        gregor::producer out{t};
        const auto claim = out.claim(1);
        out.send(1);
    }));
    CHECK(support::dies_saying("a producer sends nothing while its claim is open", [] {
        small t{"t"};
        gregor::producer out{t};
        const auto claim = out.claim(1);
        static_cast<void>(out.claim(1));
    }));
    CHECK(support::dies_saying("a producer sends nothing while its claim is open", [] {
        small t{"t"};
        gregor::producer out{t};
        const auto claim = out.claim(1);
        static_cast<void>(out.send_batch(std::vector<int>{1}));
    }));
    const char* const wrong_count = "a claim is for 1 record or more, and at most capacity_records";
    CHECK(support::dies_saying(wrong_count, [] {
        small t{"t"};
        gregor::producer out{t};
        static_cast<void>(out.claim(0));
    }));
    CHECK(support::dies_saying(wrong_count, [] {
        small t{"t", {.capacity_records = 4}};
        gregor::producer out{t};
        static_cast<void>(out.claim(5));
    }));
    CHECK(support::dies_saying("claim::emplace was called on a claim that is full", [] {
        small t{"t"};
        gregor::producer out{t};
        auto claim = out.claim(1);
        claim.emplace(1);
        claim.emplace(2);
    }));
    CHECK(support::dies_saying("claim::publish was called on a claim that holds nothing", [] {
        small t{"t"};
        gregor::producer out{t};
        auto claim = out.claim(1);
        claim.publish();
        claim.publish();
    }));
#if GREGOR_CHECKED
    CHECK(support::dies_saying("claim[i] was asked beyond its end, or not in order", [] {
        small t{"t"};
        gregor::producer out{t};
        auto claim = out.claim(3);
        claim[1] = 1;
    }));
#endif
}
