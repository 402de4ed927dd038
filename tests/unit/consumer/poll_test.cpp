// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;
namespace waits = gregor::wait;
using namespace std::chrono_literals;

namespace {

constexpr partition_id zero{0};

template <class Wait>
void poll_waits_for_a_record()
{
    topic<int, Wait> t{"t"};
    gregor::consumer in{t, "g"};
    std::atomic<int> seen{0};
    std::thread reader{[&] {
        for (int i = 1; i != 21; ++i) {
            const auto batch = in.poll(support::patience);
            seen.store(batch.empty() ? -1 : batch.back().value(), std::memory_order_release);
            if (batch.empty()) {
                return;
            }
            if (batch.back().value() == 20) {
                return;
            }
        }
    }};
    gregor::producer out{t};
    for (int i = 1; i != 21; ++i) {
        if (i % 5 == 0) {
            std::this_thread::sleep_for(1ms); // let it fall asleep
        }
        out.send(i);
    }
    reader.join();
    CHECK(seen == 20);
}

} // namespace

TEST_CASE("poll returns what is there, at most as much as the options say", "[consumer][poll]")
{
    topic<int> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_records = 3}};
    out.send_batch(std::vector<int>{1, 2, 3, 4, 5, 6, 7});
    CHECK(in.poll().size() == 3);
    CHECK(in.try_poll().size() == 3);
    CHECK(in.poll(1s).size() == 1);
    CHECK(in.try_poll().status() == poll_status::timed_out);
}

TEST_CASE("a batch ends where the ring ends, and the next one goes on", "[consumer][poll]")
{
    topic<int> t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send_batch(std::vector<int>{0, 1, 2, 3, 4, 5});
    CHECK(in.try_poll().size() == 6);
    CHECK(in.try_poll().empty());
    out.send_batch(std::vector<int>{6, 7, 8, 9});
    CHECK(in.try_poll().size() == 2);
    CHECK(in.try_poll().size() == 2);
    CHECK(in.position(zero) == 10);
}

TEST_CASE("poll waits for a record, whatever the wait policy", "[consumer][poll]")
{
    poll_waits_for_a_record<waits::adaptive>();
    poll_waits_for_a_record<waits::spin>();
    poll_waits_for_a_record<waits::yield>();
    poll_waits_for_a_record<waits::sleep>();
}

TEST_CASE("poll gives up when the topic's clock says so, and not before", "[consumer][poll]")
{
    gregor::manual_clock clock;
    topic<int, gregor::time_source<gregor::manual_clock>> t{"t", {}, clock};
    gregor::consumer in{t, "g"};
    std::atomic<bool> done{false};
    poll_status how = poll_status::records;
    std::thread reader{[&] {
        how = in.poll(1h).status();
        done.store(true, std::memory_order_release);
    }};
    clock.advance(30min);
    std::this_thread::sleep_for(5ms);
    CHECK_FALSE(done.load(std::memory_order_acquire));
    while (!done.load(std::memory_order_acquire)) {
        clock.advance(31min); // the thread may have begun at any of these times
        std::this_thread::sleep_for(1ms);
    }
    reader.join();
    CHECK(how == poll_status::timed_out);
}

TEST_CASE("polling with no time left is trying", "[consumer][poll]")
{
    topic<int, gregor::time_source<gregor::manual_clock>> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    CHECK(in.poll(0ns).status() == poll_status::timed_out);
    CHECK(in.poll(-1s).status() == poll_status::timed_out);
    out.send(1);
    CHECK(in.poll(-1s).size() == 1);
}

TEST_CASE("poll is fair among partitions", "[consumer][poll]")
{
    topic<int> t{"t", {.partitions = 3}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_records = 1}};
    for (std::uint32_t p = 0; p != 3; ++p) {
        for (int i = 0; i != 10; ++i) {
            out.send(i, {.partition = partition_id{p}});
        }
    }
    for (int i = 0; i != 10; ++i) {
        std::vector<int> turns(3);
        for (int j = 0; j != 3; ++j) {
            const auto batch = in.try_poll();
            REQUIRE(batch.size() == 1);
            CHECK(batch.front().value() == i);
            ++turns[batch.partition().value];
        }
        CHECK(turns == std::vector<int>{1, 1, 1});
    }
}

TEST_CASE("a partition with few records is seen beside one that is busy", "[consumer][poll]")
{
    constexpr std::uint32_t count = 20;
    const std::size_t at_once = GENERATE(1U, 100U);
    topic<int> t{"t", {.partitions = count}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_records = at_once}};
    const auto next_from = [&] {
        for (std::size_t i = 0; i != at_once; ++i) {
            REQUIRE(out.try_send(0, {.partition = zero}));
        }
        const auto batch = in.try_poll();
        REQUIRE(!batch.empty());
        return batch.partition();
    };
    for (std::uint32_t slow = 1; slow != count; ++slow) {
        for (int i = 0; i != 30; ++i) {
            REQUIRE(next_from() == zero);
        }
        REQUIRE(out.try_send(1, {.partition = partition_id{slow}}));
        std::uint32_t polls = 1;
        while (next_from() != partition_id{slow}) {
            REQUIRE(++polls <= (at_once == 1 ? 2 * count : count));
        }
    }
}

TEST_CASE("a poll that finds nothing has asked every partition", "[consumer][poll]")
{
    constexpr std::uint32_t count = 5;
    for (int polls = 10; polls != 30; ++polls) {
        for (std::uint32_t slow = 1; slow != count; ++slow) {
            topic<int> t{"t", {.partitions = count}};
            gregor::producer out{t};
            gregor::consumer in{t, "g"};
            for (int i = 0; i != polls; ++i) {
                REQUIRE(out.try_send(i, {.partition = zero}));
                REQUIRE(in.try_poll().size() == 1);
            }
            REQUIRE(out.try_send(1, {.partition = partition_id{slow}}));
            REQUIRE(in.try_poll().partition() == partition_id{slow});
            REQUIRE(in.try_poll().empty());
        }
    }
}

TEST_CASE("a partition that was quiet for long wakes its sleeper", "[consumer][poll]")
{
    constexpr std::uint32_t count = 5;
    topic<int, waits::sleep> t{"t", {.partitions = count}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    std::atomic<int> seen{0};
    std::thread reader{[&] {
        while (in.poll(support::patience).status() == poll_status::records) {
            seen.fetch_add(1);
        }
    }};
    for (int i = 0; i != 200; ++i) {
        const auto p = partition_id{i % 40 < 30 ? 0U : static_cast<std::uint32_t>(i) % count};
        REQUIRE(out.try_send(i, {.partition = p}));
        while (seen.load() != i + 1) {
            std::this_thread::yield();
        }
    }
    t.close();
    reader.join();
}

TEST_CASE("wakeup ends the poll that waits, once", "[consumer][poll][wakeup]")
{
    topic<int, waits::sleep> t{"t"};
    gregor::consumer in{t, "g"};
    poll_status first = poll_status::records;
    std::thread reader{[&] { first = in.poll(support::patience).status(); }};
    std::this_thread::sleep_for(2ms);
    in.wakeup();
    reader.join();
    CHECK(first == poll_status::woken);
    CHECK(in.try_poll().status() == poll_status::timed_out);
}

TEST_CASE("a wakeup that finds nobody waiting ends the next poll, records or not",
          "[consumer][poll][wakeup]")
{
    topic<int> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    in.wakeup();
    in.wakeup();
    CHECK(in.poll().status() == poll_status::woken);
    CHECK(in.try_poll().status() == poll_status::timed_out);
    out.send(1);
    in.wakeup();
    CHECK(in.poll().status() == poll_status::woken);
    CHECK(in.poll().size() == 1);
}

TEST_CASE("poll after close says closed", "[consumer][poll][close]")
{
    topic<int> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send(1);
    in.close();
    in.close();
    CHECK(in.poll().status() == poll_status::closed);
    CHECK(in.try_poll().status() == poll_status::closed);
    CHECK(in.commit() == gregor::commit_status::not_assigned);
    CHECK(in.commit(zero, 1) == gregor::commit_status::not_assigned);
}

TEST_CASE("a batch in hand stays valid when its consumer closes", "[consumer][poll][close]")
{
    topic<int> t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send(1);
    out.send(2);
    auto batch = in.try_poll();
    in.close();
    CHECK(out.try_send(3).status() == gregor::send_status::full);
    CHECK(batch[1].value() == 2);
    batch.let_go();
    CHECK(out.try_send(3));
}

TEST_CASE("only a topic that is read to the end in all partitions is closed",
          "[consumer][poll][close]")
{
    topic<int> t{"t", {.partitions = 3}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_records = 1}};
    out.send(1, {.partition = partition_id{1}});
    out.send(2, {.partition = partition_id{1}});
    out.send(3, {.partition = partition_id{2}});
    t.close();
    CHECK(in.poll().size() == 1);
    CHECK(in.poll().size() == 1);
    CHECK(in.poll().size() == 1);
    CHECK(in.poll().status() == poll_status::closed);
}

#if GREGOR_STOP_TOKEN
TEST_CASE("a triggered token ends the poll that waits", "[consumer][poll][stop]")
{
    topic<int, waits::sleep> t{"t"};
    gregor::consumer in{t, "g"};
    for (const bool timed : {false, true}) {
        std::stop_source source;
        poll_status how = poll_status::records;
        std::thread reader{[&, stop = source.get_token()] {
            how = timed ? in.poll(support::patience, stop).status() : in.poll(stop).status();
        }};
        std::this_thread::sleep_for(2ms);
        source.request_stop();
        reader.join();
        CHECK(how == poll_status::stopped);
    }
}

TEST_CASE("a token that was triggered before leaves what is there, and waits for nothing",
          "[consumer][poll][stop]")
{
    topic<int> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    std::stop_source source;
    source.request_stop();
    out.send(1);
    CHECK(in.poll(source.get_token()).size() == 1);
    CHECK(in.poll(source.get_token()).status() == poll_status::stopped);
    CHECK(in.poll(1h, source.get_token()).status() == poll_status::stopped);
    // not triggered: it does not matter
    CHECK(in.poll(1ns, std::stop_token{}).status() == poll_status::timed_out);
}
#endif

#if GREGOR_CHECKED
TEST_CASE("one consumer used by two threads at once ends the process, where it is looked for",
          "[consumer][poll]")
{
    CHECK(support::dies_saying("one consumer is used by two threads at once", [] {
        topic<int, waits::sleep> t{"t"};
        gregor::consumer in{t, "g"};
        std::thread waits{[&] { static_cast<void>(in.poll()); }};
        for (;;) {
            std::this_thread::sleep_for(1ms);
            static_cast<void>(in.try_poll());
        }
        waits.join();
    }));
    CHECK(support::dies_saying("one consumer is used by two threads at once", [] {
        topic<int, waits::sleep> t{"t"};
        gregor::consumer in{t, "g"};
        std::thread waits{[&] { static_cast<void>(in.poll()); }};
        for (;;) {
            std::this_thread::sleep_for(1ms);
            in.commit();
        }
        waits.join();
    }));
}
#endif
