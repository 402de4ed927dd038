// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/hooks.hpp"
#include "support/lingering.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::commit_status;
using gregor::consumer_options;
using gregor::multi_topic_consumer;
using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;
using support::counter;
using support::doorbell;
using support::lingering;

namespace {

using ints = topic<int>;
using reader = multi_topic_consumer<ints>;
constexpr partition_id zero{0};
constexpr partition_id one{1};

struct scene {
    ints eu{"eu", {.partitions = 2}};
    ints us{"us", {.partitions = 2}};
    gregor::producer<ints> eu_out{eu};
    gregor::producer<ints> us_out{us};
};

poll_status status_of_poll(reader& in)
{
    return in.try_poll().status();
}

std::string topic_of_poll(reader& in)
{
    const auto batch = in.poll(support::patience);
    return std::string{batch.topic()};
}

/// What is there: the topic's name and the value.
std::vector<std::pair<std::string, int>> read_all(reader& in)
{
    std::vector<std::pair<std::string, int>> all;
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.status() != poll_status::records) {
            return all;
        }
        for (const auto& record : batch) {
            all.emplace_back(batch.topic(), record.value());
        }
    }
}

} // namespace

TEST_CASE("one consumer reads several topics in turn, and says of which a batch is",
          "[multi_topic_consumer]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "risk", {.max_poll_records = 1}};
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(in.poll(1us).status() == poll_status::timed_out);
    for (int i = 0; i != 3; ++i) {
        s.eu_out.send(i, {.partition = zero});
        s.us_out.send(10 + i, {.partition = zero});
    }
    const auto all = read_all(in);
    CHECK(all == std::vector<std::pair<std::string, int>>{
                     {"eu", 0}, {"us", 10}, {"eu", 1}, {"us", 11}, {"eu", 2}, {"us", 12}});
    s.us_out.send(13);
    CHECK(read_all(in) == std::vector<std::pair<std::string, int>>{{"us", 13}});
    const auto nothing = in.try_poll();
    CHECK(nothing.topic().empty());
}

TEST_CASE("a busy topic does not keep the others from being read", "[multi_topic_consumer]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "risk", {.max_poll_records = 1}};
    for (int i = 0; i != 100; ++i) {
        s.eu_out.send(i);
    }
    s.us_out.send(1000);
    std::vector<std::string> first;
    for (int i = 0; i != 2; ++i) {
        const auto batch = in.try_poll();
        first.emplace_back(batch.topic());
    }
    CHECK(first == std::vector<std::string>{"eu", "us"});
}

TEST_CASE("a poll that waits is woken by any of the topics", "[multi_topic_consumer]")
{
    using sleepers = topic<int, gregor::wait::sleep>;
    sleepers a{"a"};
    sleepers b{"b"};
    multi_topic_consumer<sleepers> in{{&a, &b}, "g"};
    constexpr int each = 200;
    std::thread sender{[&] {
        gregor::producer a_out{a};
        gregor::producer b_out{b};
        for (int i = 0; i != each; ++i) {
            a_out.send(i);
            if (i % 4 == 0) {
                std::this_thread::sleep_for(200us); // let it fall asleep
            }
            b_out.send(i);
        }
        a.close();
        std::this_thread::sleep_for(2ms);
        b_out.send(each);
        b.close();
    }};
    std::map<std::string, int, std::less<>> seen;
    for (;;) {
        const auto batch = in.poll(support::patience);
        REQUIRE(batch.status() != poll_status::timed_out);
        if (batch.status() == poll_status::closed) {
            break;
        }
        for (const auto& record : batch) {
            if (record.value() != seen[std::string{batch.topic()}]++) {
                FAIL("a record came out of turn");
            }
        }
    }
    sender.join();
    CHECK(seen["a"] == each);
    CHECK(seen["b"] == each + 1);
    CHECK(in.poll().status() == poll_status::closed);
}

TEST_CASE("a poll waits until one partition of one topic has enough",
          "[multi_topic_consumer][linger]")
{
    scene s;
    const bool lossy = GENERATE(false, true);
    reader in{{&s.eu, &s.us}, "risk", {.lossy = lossy, .max_poll_records = 5}};
    const auto send = [](gregor::producer<ints>& out, int n, partition_id p) {
        for (int i = 0; i != n; ++i) {
            out.send(i, {.partition = p});
        }
    };
    // what is enough is returned at once, before what is not
    send(s.eu_out, 2, zero);
    send(s.us_out, 1, zero);
    send(s.us_out, 6, one);
    {
        const auto batch = in.poll(5, 1h);
        CHECK(batch.topic() == "us");
        CHECK(batch.partition() == one);
        CHECK(batch.size() == 5);
    }
    send(s.us_out, 9, one);
    CHECK(in.poll(500, 1h).size() == 5); // no more than max_poll_records
    CHECK(in.poll(5, 1h).size() == 5);
    CHECK(read_all(in).size() == 3);
    CHECK(in.poll(3, 1h, 0ns).status() == poll_status::timed_out);
    CHECK(in.poll(3, 1h, 1ms).status() == poll_status::timed_out);
    // after the linger, what is there
    send(s.eu_out, 2, one);
    CHECK(in.poll(3, 1ns).size() == 2);
    send(s.eu_out, 2, one);
    CHECK(in.poll(3, 0ns).size() == 2);
    CHECK(in.poll(1, 1h, 0ns).status() == poll_status::timed_out);
    send(s.eu_out, 2, one);
    CHECK(in.poll(0, 1h).size() == 2);
    // it waits for a first one, and then for more
    lingering poll{in, 4};
    for (int i = 0; i != 3; ++i) {
        send(s.us_out, 1, zero);
        send(s.eu_out, 1, one);
        std::this_thread::sleep_for(1ms);
        CHECK_FALSE(poll.done());
    }
    send(s.eu_out, 1, one);
    CHECK(poll.count() == 4);
    CHECK(poll.topic() == "eu");
}

TEST_CASE(
    "a wait for more records ends early where no more will come, and says why in the next poll",
    "[multi_topic_consumer][linger]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "risk"};
    const auto poll_while = [&](auto&& event) {
        s.eu_out.send(1, {.partition = zero});
        s.eu_out.send(2, {.partition = zero});
        lingering poll{in, 10};
        std::this_thread::sleep_for(1ms);
        CHECK_FALSE(poll.done());
        event();
        return poll.count();
    };
    std::size_t until_woken = 0;
    do { // a wakeup before it has found anything is told at once
        read_all(in);
        until_woken = poll_while([&] { in.wakeup(); });
    } while (until_woken == 0);
    CHECK(until_woken == 2);
    CHECK(status_of_poll(in) == poll_status::woken);
    in.wakeup();
    CHECK(in.poll(10, 1h).status() == poll_status::woken);
    {
        std::optional<gregor::consumer<ints>> other;
        CHECK(poll_while([&] { other.emplace(s.us, "risk"); }) == 2); // a rebalance
        CHECK(in.poll(10, 1h, 1ms).status() == poll_status::timed_out);
    }
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(poll_while([&] {
              while (s.eu_out.try_send(3, {.partition = zero})) {}
          }) >= 10);
    read_all(in);
#if GREGOR_STOP_TOKEN
    std::stop_source source;
    s.eu_out.send(1);
    std::thread stops{[&] {
        std::this_thread::sleep_for(1ms);
        source.request_stop();
    }};
    CHECK(in.poll(10, 1h, 1h, source.get_token()).size() == 1);
    stops.join();
    CHECK(in.poll(10, 1h, 1h, source.get_token()).status() == poll_status::stopped);
#endif
    CHECK(poll_while([&] { s.eu.close(); }) == 2);
    s.us_out.send(1);
    s.us.close();
    CHECK(in.poll(10, 1h).size() == 1);
    CHECK(in.poll(10, 1h).status() == poll_status::closed);
}

TEST_CASE("a run is enough when producers of one of several topics find no room",
          "[multi_topic_consumer][linger]")
{
    ints small{"small", {.capacity_records = 8}};
    ints other{"other"};
    gregor::producer out{small};
    reader in{{&small, &other}, "risk"};
    gregor::consumer slow{small, "slow"};
    for (int i = 0; i != 5; ++i) {
        out.send(i);
    }
    CHECK(in.poll(5, 1h).size() == 5);
    in.commit();
    REQUIRE(slow.commit(zero, 2) == commit_status::ok);
    for (int i = 5; i != 8; ++i) {
        out.send(i);
    }
    CHECK(in.poll(3, 1h).size() == 3);
    in.commit();
    lingering poll{in, 6};
    int sent = 0;
    while (out.try_send(sent)) {
        ++sent; // until the slow one is in the way
    }
    CHECK(poll.count() == static_cast<std::size_t>(sent));
}

TEST_CASE("it is closed when all topics are, and reads on where it is told to go back",
          "[multi_topic_consumer]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "risk"};
    s.eu_out.send(1, {.partition = one});
    s.eu.close();
    CHECK(read_all(in).size() == 1);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(in.poll(1us).status() == poll_status::timed_out); // it does not spin on what has ended
    s.us_out.send(2);
    CHECK(read_all(in).size() == 1);
    s.us.close();
    CHECK(status_of_poll(in) == poll_status::closed);
    CHECK(in.poll().status() == poll_status::closed);
    CHECK(in.seek("eu", one, 0));
    CHECK(in.poll().size() == 1);
    CHECK(in.poll().status() == poll_status::closed);
    in.close();
    in.close();
    CHECK(in.poll().status() == poll_status::closed);
    CHECK(in.commit() == commit_status::not_assigned);
}

TEST_CASE("commits reach the topic that they are for", "[multi_topic_consumer]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "risk", {.auto_commit = false, .max_poll_records = 2}};
    for (int i = 0; i != 4; ++i) {
        s.eu_out.send(i, {.partition = zero});
        s.us_out.send(i, {.partition = one});
    }
    CHECK(in.lag() == 8);
    {
        const auto batch = in.try_poll();
        REQUIRE(batch.topic() == "eu");
        CHECK(in.commit(batch[0]) == commit_status::ok);
        CHECK(in.of("eu").committed(zero) == 1);
        CHECK(in.commit(batch) == commit_status::ok);
        CHECK(in.of("eu").committed(zero) == 2);
    }
    {
        const auto batch = in.try_poll();
        REQUIRE(batch.topic() == "us");
        CHECK(in.commit(batch.front()) == commit_status::ok);
        CHECK(in.of("us").committed(one) == 1);
        CHECK(in.of("eu").committed(zero) == 2);
    }
    CHECK(in.commit() == commit_status::ok);
    CHECK(in.of("us").committed(one) == 2);
    CHECK(in.commit("us", one, 3) == commit_status::ok);
    CHECK(in.commit("us", one, 9) == commit_status::out_of_range);
    const reader& seen = in;
    CHECK(seen.of("us").committed(one) == 3);
    CHECK(seen.lag() == 3);
    CHECK(seen.assignment() == std::vector<gregor::topic_partition>{
                                   {"eu", zero}, {"eu", one}, {"us", zero}, {"us", one}});
}

TEST_CASE("each poll commits what the one before it returned, whatever topic that was of",
          "[multi_topic_consumer]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "risk", {.max_poll_records = 1}};
    s.eu_out.send(1, {.partition = zero});
    s.us_out.send(1, {.partition = zero});
    CHECK(topic_of_poll(in) == "eu");
    CHECK(in.of("eu").committed(zero).value_or(0) == 0);
    CHECK(topic_of_poll(in) == "us");
    CHECK(in.of("eu").committed(zero) == 1);
    CHECK(in.of("us").committed(zero).value_or(0) == 0);
    in.close();
    reader next{{&s.eu, &s.us}, "risk"};
    CHECK(next.of("us").committed(zero) == 1);
    CHECK(read_all(next).empty());
}

TEST_CASE("members share the partitions of each topic by itself", "[multi_topic_consumer]")
{
    scene s;
    reader first{{&s.eu, &s.us}, "risk"};
    std::optional<reader> second{std::in_place, std::initializer_list<ints*>{&s.us, &s.eu}, "risk"};
    CHECK(first.assignment().size() == 2);
    CHECK(second->assignment().size() == 2);
    CHECK(second->assignment()[0].topic == "us");
    gregor::consumer alone{s.eu, "risk"}; // a group is a topic's: who reads it, and how
    CHECK(status_of_poll(first) == poll_status::timed_out);
    CHECK(status_of_poll(*second) == poll_status::timed_out);
    CHECK(first.assignment().size() + second->assignment().size() + alone.assignment().size() == 4);
    second.reset();
    alone.close();
    CHECK(status_of_poll(first) == poll_status::timed_out);
    CHECK(first.assignment().size() == 4);
}

TEST_CASE("a wakeup and a token end a poll of several topics", "[multi_topic_consumer]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "risk"};
    in.wakeup();
    CHECK(status_of_poll(in) == poll_status::woken);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    poll_status how = poll_status::records;
    std::thread waits{[&] { how = in.poll(support::patience).status(); }};
    std::this_thread::sleep_for(2ms);
    in.wakeup();
    waits.join();
    CHECK(how == poll_status::woken);
#if GREGOR_STOP_TOKEN
    std::stop_source source;
    std::thread stops{[&] { source.request_stop(); }};
    CHECK(in.poll(source.get_token()).status() == poll_status::stopped);
    CHECK(in.poll(1h, source.get_token()).status() == poll_status::stopped);
    stops.join();
#endif
}

TEST_CASE("a batch of one of several topics may outlive them all", "[multi_topic_consumer]")
{
    std::optional<scene> s{std::in_place};
    std::optional<reader> in{std::in_place, std::initializer_list<ints*>{&s->eu, &s->us}, "risk"};
    reader moved{std::move(*in)};
    in.reset();
    s->us_out.send(7);
    std::optional<reader> last{std::move(moved)};
    const auto batch = last->poll();
    last.reset();
    s.reset();
    CHECK(batch.topic() == "us");
    CHECK(batch.front().value() == 7);
}

TEST_CASE("one topic may be paused, the others are read on", "[multi_topic_consumer]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "risk"};
    s.eu_out.send(1, {.partition = zero});
    s.us_out.send(2, {.partition = zero});
    REQUIRE(in.of("eu").pause({zero, one}));
    CHECK(read_all(in) == std::vector<std::pair<std::string, int>>{{"us", 2}});
    CHECK(in.poll(1us).status() == poll_status::timed_out);
    REQUIRE(in.of("eu").resume(zero));
    CHECK(topic_of_poll(in) == "eu");
}

TEST_CASE("topics that cannot be read together are refused with a reason",
          "[multi_topic_consumer][error]")
{
    scene s;
    ints namesake{"eu"};
    const auto refused = [](std::vector<ints*> topics, std::string_view group,
                            const consumer_options& options = {}) {
        auto made = reader::create(topics, group, options);
        REQUIRE_FALSE(made);
        return std::string{made.error().what()};
    };
    CHECK(refused({}, "g").find("one topic or more") != std::string::npos);
    CHECK(refused({&s.eu, &s.us, &s.eu}, "g").find("topic \"eu\" twice") != std::string::npos);
    CHECK(refused({&s.eu, &namesake}, "g").find("topics of different names") != std::string::npos);
    CHECK(refused({&s.eu, &s.us}, "").find("a group name") != std::string::npos);
    // what is refused in one topic is not left joined in the other
    const gregor::consumer lossy{s.us, "g", {.lossy = true}};
    CHECK(refused({&s.eu, &s.us}, "g").find("lossy") != std::string::npos);
    gregor::consumer alone{s.eu, "g"};
    CHECK(alone.assignment().size() == 2);
    CHECK_THROWS_AS((reader{{&s.eu, &s.us}, "g"}), gregor::error);
}

TEST_CASE("a listener that throws when it is closed leaves no topic joined",
          "[multi_topic_consumer]")
{
    struct breaks : gregor::rebalance_listener {
        void on_revoked(std::span<const partition_id>) override
        {
            throw std::runtime_error{"revoked"};
        }
    };
    scene s;
    breaks listener;
    reader in{{&s.eu, &s.us}, "risk", {.listener = &listener}};
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK_THROWS_AS(in.close(), std::runtime_error);
    CHECK(status_of_poll(in) == poll_status::closed);
    reader next{{&s.eu, &s.us}, "risk"};
    CHECK(next.assignment().size() == 4);
}

TEST_CASE("a consumer of several topics that finds no memory joins none of them",
          "[multi_topic_consumer]")
{
    const long ways =
        support::fail_each(support::failing::allocation, [&](support::failing_run& run) {
            scene s;
            const std::array<ints*, 2> both{&s.eu, &s.us};
            std::optional<gregor::result<reader>> made;
            const bool joined = run.gets_through([&] {
                made.emplace(reader::create(both, "risk"));
                return static_cast<bool>(*made);
            });
            gregor::consumer another{s.eu, "risk"};
            run.expect(another.assignment().size() == (joined ? 1U : 2U),
                       "who was not made has no part in the group");
        });
    CHECK(ways > 4);
}

TEST_CASE("what a consumer of several topics is not made for ends the process, and says why",
          "[multi_topic_consumer]")
{
    CHECK(support::dies_saying("poll was called while a batch of it is alive", [] {
        scene s;
        reader in{{&s.eu, &s.us}, "risk"};
        s.eu_out.send(1);
        const auto batch = in.try_poll();
        static_cast<void>(in.try_poll());
    }));
    CHECK(support::dies_saying("the consumer reads no topic of this name", [] {
        scene s;
        reader in{{&s.eu, &s.us}, "risk"};
        in.seek("asia", zero, 0);
    }));
    CHECK(support::dies_saying("a batch is committed while it is in hand", [] {
        scene s;
        reader in{{&s.eu, &s.us}, "risk"};
        s.eu_out.send(1);
        auto batch = in.try_poll();
        batch.let_go();
        in.commit(batch);
    }));
    CHECK(support::dies_saying("a topic of a multi_topic_consumer is null", [] {
        scene s;
        const reader in{{&s.eu, nullptr}, "risk"};
    }));
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<reader>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<reader>);
}

TEST_CASE("a hook of a consumer of several topics is called once after each poll in vain",
          "[multi_topic_consumer][on_ready]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "g"};
    CHECK(status_of_poll(in) == poll_status::timed_out);
    counter told;
    in.on_ready(told.hook());
    CHECK(told.taken() == 1);
    s.eu_out.send(1);
    s.us_out.send(2);
    CHECK(told.taken() == 0); // it was told, and has not polled yet
    CHECK(read_all(in).size() == 2);
    for (gregor::producer<ints>* const out : {&s.us_out, &s.eu_out}) {
        out->send(3);
        CHECK(told.taken() == 1);
        s.eu_out.send(4);
        CHECK(in.try_poll().size() != 0);
        s.us_out.send(5);
        CHECK(told.taken() == 0);
        CHECK(read_all(in).size() >= 1); // to the end, which has it called again
    }
    CHECK(in.poll(1us).status() == poll_status::timed_out);
    CHECK(told.taken() <= 1); // it may be called for what the poll itself has slept for
    in.wakeup();
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::woken);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    {
        const gregor::consumer<ints> other{s.us, "g"};
        CHECK(told.taken() == 1); // there is something to do for the group
        CHECK(status_of_poll(in) == poll_status::timed_out);
    }
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    s.eu.close();
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    s.us_out.send(6);
    CHECK(told.taken() == 1);
    CHECK(read_all(in).size() == 1);
    s.us.close();
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::closed);
}

TEST_CASE("a hook of a consumer of several topics is replaced, removed, and goes with it",
          "[multi_topic_consumer][on_ready]")
{
    scene s;
    counter first;
    counter second;
    {
        reader made{{&s.eu, &s.us}, "g"};
        made.on_ready(first.hook());
        CHECK(first.taken() == 1);
        reader in = std::move(made);
        CHECK(status_of_poll(in) == poll_status::timed_out);
        in.on_ready(second.hook());
        CHECK(second.taken() == 1);
        CHECK(status_of_poll(in) == poll_status::timed_out);
        s.us_out.send(1);
        CHECK(second.taken() == 1);
        CHECK(read_all(in).size() == 1);
        in.on_ready(gregor::no_hook);
        s.us_out.send(2);
        CHECK(read_all(in).size() == 1);
        s.us_out.send(3);
        in.on_ready(second.hook());
        CHECK(second.taken() == 1);
        in.on_ready(nullptr);
        in.on_ready(second.hook());
        CHECK(second.taken() == 1);
        CHECK(read_all(in).size() == 1);
    }
    s.eu_out.send(4);
    CHECK(first.taken() + second.taken() == 0);
}

TEST_CASE("a loop that waits for the hook of several topics alone misses nothing",
          "[multi_topic_consumer][on_ready]")
{
    constexpr int each = 3000;
    ints eu{"eu", {.capacity_records = 64, .groups = {"g"}}};
    ints us{"us", {.capacity_records = 64, .groups = {"g"}}};
    std::vector<std::thread> senders;
    for (ints* const to : {&eu, &us}) {
        senders.emplace_back([to] {
            gregor::producer out{*to};
            for (int i = 0; i != each; ++i) {
                out.send(i);
                if (i % 7 == 0) {
                    std::this_thread::yield();
                }
            }
            to->close();
        });
    }
    doorbell bell;
    reader in{{&eu, &us}, "g"};
    in.on_ready([&bell]() noexcept { bell.press(); });
    int seen = 0;
    bool told = true;
    for (bool ended = false; told && !ended;) {
        told = bell.take();
        for (;;) {
            const auto batch = in.try_poll();
            seen += static_cast<int>(batch.size());
            ended = batch.status() == poll_status::closed;
            if (batch.status() != poll_status::records) {
                break;
            }
        }
    }
    CHECK(told);
    in.close(); // lets senders go, where it was not told
    for (auto& thread : senders) {
        thread.join();
    }
    CHECK(seen == 2 * each);
}

TEST_CASE("a consumer of several topics is ready where one of them is",
          "[multi_topic_consumer][ready]")
{
    scene s;
    reader in{{&s.eu, &s.us}, "g"};
    CHECK_FALSE(in.ready());
    s.us_out.send(1);
    CHECK(in.ready());
    CHECK(in.ready());
    CHECK(read_all(in).size() == 1);
    CHECK_FALSE(in.ready());
    in.wakeup();
    CHECK(in.ready());
    CHECK(status_of_poll(in) == poll_status::woken);
    CHECK_FALSE(in.ready());
    s.eu.close();
    CHECK(in.ready());
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK_FALSE(in.ready()); // of this one it knows now
    s.us.close();
    CHECK(status_of_poll(in) == poll_status::closed);
    CHECK(in.ready());
}
