// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/payloads.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::errc;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::topic;
using gregor::topic_options;
using namespace std::chrono_literals;

namespace {

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

template <class Topic = topic<int>>
gregor::error refusal(const topic_options& options, std::string name = "trades")
{
    auto made = Topic::create(std::move(name), options);
    REQUIRE_FALSE(made.has_value());
    return made.error();
}

} // namespace

TEST_CASE("a topic has a name, partitions and a capacity", "[topic]")
{
    const topic<int> t{"trades", {.partitions = 3, .capacity_records = 16}};
    CHECK(t.name() == "trades");
    CHECK(t.partitions() == 3);
    CHECK(t.capacity_records() == 16);
    CHECK_FALSE(t.closed());
    for (std::uint32_t i = 0; i != 3; ++i) {
        CHECK(t.begin_offset(partition_id{i}) == 0);
        CHECK(t.end_offset(partition_id{i}) == 0);
    }
}

TEST_CASE("the options of a topic have values that are right for most", "[topic]")
{
    const topic<int> t{"t"};
    CHECK(t.partitions() == 1);
    CHECK(t.capacity_records() == 16384);
}

TEST_CASE("an impossible number of partitions is refused, with what was given and what is allowed",
          "[topic]")
{
    for (const std::uint32_t partitions : {0U, 65537U, 0xffffffffU}) {
        const gregor::error e = refusal({.partitions = partitions, .capacity_records = 2});
        CHECK(e.code() == errc::invalid_option);
        CHECK(contains(e.operation(), "trades"));
        CHECK(contains(e.expected(), "1 to 65536"));
        CHECK(contains(e.found(), std::to_string(partitions)));
    }
}

TEST_CASE("an impossible capacity is refused, with what was given and what is allowed", "[topic]")
{
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    for (const std::size_t capacity : {std::size_t{0}, std::size_t{1}, std::size_t{3},
                                       std::size_t{1000}, most, most / 2 + 1, most / 4 + 1}) {
        const gregor::error e = refusal({.capacity_records = capacity});
        CHECK(e.code() == errc::invalid_option);
        CHECK(contains(e.expected(), "power of two"));
        CHECK(contains(e.found(), std::to_string(capacity)));
    }
}

TEST_CASE("a capacity whose bytes cannot be counted is refused", "[topic]")
{
    const gregor::error e =
        refusal<topic<support::large>>({.capacity_records = std::size_t{1} << 50U});
    CHECK(e.code() == errc::invalid_option);
}

TEST_CASE("a capacity that is possible, but more than the machine has, is out of memory", "[topic]")
{
    const gregor::error e = refusal<topic<support::large>>(
        {.partitions = 2, .capacity_records = std::size_t{1} << 44U});
    CHECK(e.code() == errc::out_of_memory);
    CHECK(contains(e.what(), "trades"));
    CHECK(contains(e.what(), "65536 bytes"));
}

TEST_CASE("declared groups need names of their own", "[topic]")
{
    CHECK(refusal({.groups = {"a", ""}}).code() == errc::invalid_name);
    const gregor::error twice = refusal({.groups = {"a", "b", "a"}});
    CHECK(twice.code() == errc::invalid_option);
    CHECK(contains(twice.found(), "\"a\""));
    const gregor::error two = refusal<topic<int, gregor::groups::one>>({.groups = {"a", "b"}});
    CHECK(two.code() == errc::group_not_allowed);
}

TEST_CASE("a topic needs a name", "[topic]")
{
    CHECK(refusal({}, "").code() == errc::invalid_name);
    auto usual = topic<int>::create("");
    REQUIRE_FALSE(usual);
    CHECK(usual.error().code() == errc::invalid_name);
    CHECK(usual.error().operation() == refusal({}, "").operation());
}

TEST_CASE("a topic without options is one with the options as they are without being named",
          "[topic]")
{
    const topic<int> plain{"t"};
    const topic<int> named{"t", {}};
    CHECK(plain.partitions() == named.partitions());
    CHECK(plain.capacity_records() == named.capacity_records());
}

TEST_CASE("the constructor throws what create returns", "[topic]")
{
    CHECK_THROWS_AS((topic<int>{"t", {.partitions = 0}}), gregor::error);
    CHECK_NOTHROW(topic<int>{"t", {.capacity_records = 2}});
    CHECK(topic<int>::create("t").has_value());
    try {
        const topic<int> t{"orders", {.capacity_records = 1000}};
        FAIL("it did not throw");
    } catch (const gregor::error& e) {
        CHECK(e.code() == errc::invalid_option);
        CHECK(contains(e.what(), "orders"));
        CHECK(contains(e.what(), "1000"));
    }
}

TEST_CASE("a topic that cannot have its memory leaks none", "[topic]")
{
    // the n-th allocation fails, for every n: the sanitizer looks for what is left
    const topic_options options{.partitions = 2, .capacity_records = 2, .groups = {"a", "b"}};
    bool made = false;
    for (long n = 1; !made; ++n) {
        try {
            const support::failing_allocation nth{n};
            auto t = topic<std::string>::create("a name longer than is kept in place", options);
            made = t.has_value();
        } catch (const std::bad_alloc&) {
            made = false; // before it could say so
        }
        REQUIRE(n < 1000);
    }
    CHECK(made);
}

TEST_CASE("an idle topic takes less than 4 KiB beside its ring", "[topic]")
{
    constexpr std::size_t records = 1024;
    const std::size_t before = support::allocated_bytes();
    const topic<int> idle{"idle", {.capacity_records = records, .groups = {"readers"}}};
    const std::size_t beside = support::allocated_bytes() - before - records * sizeof(int);
    INFO(beside << " bytes");
    CHECK(beside < 4096);
}

TEST_CASE("a topic is moved, not copied, and its handles stay with what moves", "[topic]")
{
    using small = topic<int>;
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<small>);
    STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<small>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<small>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<small>);
    small a{"a"};
    gregor::producer out{a};
    gregor::consumer in{a, "g"};
    small b{std::move(a)};
    CHECK(b.name() == "a");
    CHECK(out.send(1));
    CHECK(b.end_offset(partition_id{0}) == 1);
    CHECK(support::read_values(in) == std::vector<int>{1});
}

TEST_CASE("assigning to a topic closes what it was", "[topic]")
{
    topic<int> a{"a"};
    gregor::producer out{a};
    gregor::consumer in{a, "g"};
    a = topic<int>{"b"};
    CHECK(a.name() == "b");
    CHECK_FALSE(a.closed());
    CHECK(out.send(1).status() == send_status::closed);
    CHECK(support::status_of_poll(in) == poll_status::closed);
}

TEST_CASE("closing refuses senders, and readers get what is there", "[topic][close]")
{
    topic<int> t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send(1, {.partition = partition_id{0}});
    out.send(2, {.partition = partition_id{1}});
    t.close();
    t.close();
    CHECK(t.closed());
    CHECK(out.send(3).status() == send_status::closed);
    CHECK(out.try_send(3).status() == send_status::closed);
    CHECK(out.send_for(3, 1s).status() == send_status::closed);
    CHECK(out.emplace(3).status() == send_status::closed);
    CHECK(out.claim(1).status() == send_status::closed);
    CHECK_FALSE(out.claim(1));
    const auto none = out.send_batch(std::vector<int>{1, 2});
    CHECK(none.status == send_status::closed);
    CHECK(none.count == 0);
    CHECK(in.poll().size() == 1);
    CHECK(in.poll().size() == 1);
    CHECK(in.poll().status() == poll_status::closed);
    CHECK(in.poll().status() == poll_status::closed);
    CHECK(in.try_poll().status() == poll_status::closed);
}

TEST_CASE("a closed topic can still be joined and read, by late groups too", "[topic][close]")
{
    topic<int> t{"t"};
    {
        gregor::producer out{t};
        out.send_batch(std::vector<int>{1, 2, 3});
    }
    t.close();
    gregor::consumer late{t, "late"};
    CHECK(support::read_values(late) == std::vector<int>{1, 2, 3});
    CHECK(support::status_of_poll(late) == poll_status::closed);
    gregor::producer out{t};
    CHECK(out.send(4).status() == send_status::closed);
    gregor::producer another{t};
    CHECK(another.send(4).status() == send_status::closed);
}

TEST_CASE("closing a topic with several producers ends it at the last record", "[topic][close]")
{
    topic<int> t{"t"};
    gregor::producer a{t};
    gregor::producer b{t};
    gregor::consumer in{t, "g"};
    a.send(1);
    b.send(2);
    t.close();
    CHECK(a.send(3).status() == send_status::closed);
    CHECK(b.send(3).status() == send_status::closed);
    CHECK(support::read_values(in) == std::vector<int>{1, 2});
    CHECK(support::status_of_poll(in) == poll_status::closed);
}

TEST_CASE("closing wakes a producer that waits for room", "[topic][close]")
{
    topic<int, gregor::wait::sleep> t{"t", {.capacity_records = 2, .groups = {"slow"}}};
    send_status how = send_status::ok;
    std::thread sender{[&] {
        gregor::producer out{t};
        while (how == send_status::ok) {
            how = out.send(1).status();
        }
    }};
    while (t.end_offset(partition_id{0}) != 2) {
        std::this_thread::yield();
    }
    std::this_thread::sleep_for(2ms);
    t.close();
    sender.join();
    CHECK(how == send_status::closed);
}

TEST_CASE("closing wakes a consumer that waits for records", "[topic][close]")
{
    topic<int, gregor::wait::sleep> t{"t"};
    poll_status how = poll_status::records;
    std::thread reader{[&] {
        gregor::consumer in{t, "g"};
        how = in.poll().status();
    }};
    std::this_thread::sleep_for(2ms);
    t.close();
    reader.join();
    CHECK(how == poll_status::closed);
}

TEST_CASE("a topic is drained when each group that holds producers back has committed to its end",
          "[topic][close]")
{
    topic<int> t{"t", {.partitions = 2}};
    gregor::producer out{t};
    CHECK(t.wait_drained(0ns));
    gregor::consumer fast{t, "fast"};
    gregor::consumer slow{t, "slow", {.auto_commit = false}};
    gregor::consumer lossy{t, "lossy", {.lossy = true}};
    out.send(1, {.partition = partition_id{1}});
    t.close();
    CHECK_FALSE(t.wait_drained(0ns));
    CHECK(support::read_values(fast).size() == 1);
    CHECK_FALSE(t.wait_drained(1ms));
    CHECK(support::read_values(slow).size() == 1);
    CHECK_FALSE(t.wait_drained(0ns));
    slow.commit();
    CHECK(t.wait_drained(0ns));
    CHECK(t.wait_drained(gregor::no_timeout));
}

TEST_CASE("the last commit wakes who waits for a topic to be drained", "[topic][close]")
{
    topic<int, gregor::wait::sleep> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send(1);
    t.close();
    std::thread reader{[&] {
        std::this_thread::sleep_for(2ms);
        while (in.poll().status() != poll_status::closed) {}
    }};
    CHECK(t.wait_drained(support::patience));
    reader.join();
}

TEST_CASE("leaving lets a topic be drained", "[topic][close]")
{
    topic<int, gregor::wait::sleep> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send(1);
    t.close();
    std::thread leaver{[&] {
        std::this_thread::sleep_for(2ms);
        in.close();
    }};
    CHECK(t.wait_drained(support::patience));
    leaver.join();
}

TEST_CASE("a topic with an open claim is not drained before it is settled", "[topic][close]")
{
    for (const bool shared : {false, true}) {
        topic<int> t{"t"};
        gregor::producer out{t};
        std::optional<gregor::producer<topic<int>>> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer in{t, "g"};
        auto claim = out.claim(2);
        t.close();
        CHECK_FALSE(t.wait_drained(1ms));
        claim.emplace(7);
        claim.publish();
        CHECK_FALSE(t.wait_drained(1ms));
        CHECK(support::read_values(in) == std::vector<int>{7});
        CHECK(support::status_of_poll(in) == poll_status::closed);
        in.close();
        CHECK(t.wait_drained(support::patience));
    }
}

TEST_CASE("the offsets of a topic only grow", "[topic]")
{
    topic<int> t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    const partition_id p{0};
    gregor::offset_t begin = 0;
    for (int i = 0; i != 50; ++i) {
        out.send(i);
        CHECK(t.end_offset(p) == static_cast<gregor::offset_t>(i + 1));
        CHECK(t.begin_offset(p) >= begin);
        begin = t.begin_offset(p);
        CHECK(t.end_offset(p) - begin <= 4);
        CHECK(t.end_offset(p) - begin >= (i < 3 ? static_cast<gregor::offset_t>(i + 1) : 3));
    }
}

TEST_CASE("asking for a partition that is not there ends the process", "[topic]")
{
    CHECK(support::dies_saying("there is no partition of this number", [] {
        const topic<int> t{"t", {.partitions = 2}};
        static_cast<void>(t.end_offset(partition_id{2}));
    }));
}
