// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::partition_id;
using gregor::send_status;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};

/// A clock that is told to go on, and knows how often it was looked at.
struct watched_clock : gregor::manual_clock {
    std::shared_ptr<std::atomic<int>> looks = std::make_shared<std::atomic<int>>(0);

    [[nodiscard]] std::chrono::nanoseconds steady_now() const
    {
        const auto now = manual_clock::steady_now();
        looks->fetch_add(1);
        return now;
    }
    /// Until whoever waits has looked so often, from now on.
    void wait_for_looks(int more) const
    {
        for (const int from = looks->load(); looks->load() < from + more;) {
            std::this_thread::sleep_for(1ms);
        }
    }
};

using ints = gregor::topic<int, gregor::time_source<watched_clock>, gregor::wait::sleep>;
using reader = gregor::consumer<ints>;

/// Until the topic's producers have begun so many waits.
void wait_for_waits(const ints& t, std::uint64_t waits)
{
    while (t.stats().waits < waits) {
        std::this_thread::sleep_for(1ms);
    }
}

} // namespace

TEST_CASE("a topic's figures are what its partitions say", "[stats]")
{
    watched_clock clock;
    clock.advance(5s);
    ints t{"t", {.partitions = 2, .capacity_records = 4}, clock};
    CHECK(t.stats().time == 5s);
    CHECK(t.stats().records == 0);
    CHECK(t.stats().producers == 0);
    gregor::producer out{t};
    for (int i = 0; i != 10; ++i) {
        out.send(i, {.partition = zero});
    }
    out.send(1, {.partition = one});
    const gregor::topic_stats all = t.stats();
    CHECK(all.records == 11);
    CHECK(all.overwritten == t.begin_offset(zero));
    CHECK(all.overwritten >= 6);
    CHECK(all.producers == 1);
    CHECK(all.waits == 0);
    CHECK(all.refused == 0);
    CHECK(all.blocked == 0ns);
}

TEST_CASE("the difference of two snapshots tells the rates", "[stats]")
{
    watched_clock clock;
    ints t{"t", {}, clock};
    gregor::producer out{t};
    out.send(1);
    const auto before = t.stats();
    CHECK((before - before).rates().records_per_second == 0.0); // no time has passed
    for (int i = 0; i != 100; ++i) {
        out.send(i);
    }
    clock.advance(500ms);
    const auto between = t.stats() - before;
    CHECK(between.time == 500ms);
    CHECK(between.records == 100);
    CHECK(between.producers == 1);
    CHECK(between.rates().records_per_second == 200.0);
    CHECK(between.rates().blocked == 0.0);
    CHECK((before - t.stats()).records == 0); // not in this order
}

TEST_CASE("how long producers wait for room is counted while it lasts, and after", "[stats]")
{
    watched_clock clock;
    ints t{"t", {.capacity_records = 4, .groups = {"slow"}}, clock};
    std::optional<gregor::producer<ints>> out{t};
    while (out->try_send(1)) {}
    CHECK(t.stats().refused == 1);
    CHECK(out->stats().refused == 1);
    const auto before = t.stats();
    std::thread sender{[&] {
        CHECK(out->send(2));
        CHECK(out->stats().waits == 1);
        CHECK(out->stats().blocked == 3s);
        out.reset();
    }};
    wait_for_waits(t, 1);
    clock.advance(2s);
    CHECK(t.stats().blocked == 2s);
    clock.advance(1s);
    clock.wait_for_looks(2); // before and after a sleep, in some order
    reader in{t, "slow"};
    static_cast<void>(support::read_values(in));
    in.close();
    sender.join();
    clock.advance(1s);
    const auto between = t.stats() - before; // a producer that is gone is not forgotten
    CHECK(between.waits == 1);
    CHECK(between.blocked == 3s);
    CHECK(between.producers == 0);
    CHECK(between.refused == 0);
    CHECK(between.rates().blocked == 0.75);
}

TEST_CASE("a wait in vain is a refusal, a wait that closing ends is none", "[stats]")
{
    watched_clock clock;
    ints t{"t", {.capacity_records = 4, .groups = {"slow"}}, clock};
    gregor::producer out{t};
    const std::vector<int> eight(8, 1);
    CHECK(out.try_send_batch(eight).count == 4);
    CHECK(out.stats().refused == 1); // not one for each of them
    {
        std::thread sender{[&] { CHECK(out.send_for(1, 1s).status() == send_status::timed_out); }};
        wait_for_waits(t, 1);
        clock.wait_for_looks(6); // it knows until when it waits
        clock.advance(1s);
        sender.join();
    }
    CHECK(out.stats().refused == 2);
    CHECK(out.stats().blocked == 1s);
    {
        std::thread sender{[&] { CHECK(out.send(1).status() == send_status::closed); }};
        wait_for_waits(t, 2);
        t.close();
        sender.join();
    }
    CHECK(out.stats().refused == 2);
    CHECK(out.stats().waits == 2);
    CHECK((out.stats() - gregor::producer_stats{}).blocked_share() == 1.0);
}

TEST_CASE("the figures of all producers together are the topic's", "[stats]")
{
    ints t{"t", {.capacity_records = 4, .groups = {"slow"}}};
    std::vector<std::optional<gregor::producer<ints>>> out(4);
    for (auto& each : out) {
        each.emplace(t);
    }
    while (out[0]->try_send(1)) {}
    const auto refuse = [&](std::size_t i, int times) {
        for (int k = 0; k != times; ++k) {
            CHECK_FALSE(out[i]->try_send(1));
        }
    };
    refuse(1, 10);
    refuse(2, 100);
    refuse(3, 1000);
    CHECK(t.stats().refused == 1111);
    CHECK(t.stats().producers == 4);
    out[2].reset(); // in the middle
    CHECK(t.stats().refused == 1111);
    out[0].reset();
    out[3].reset();
    refuse(1, 1);
    CHECK(t.stats().refused == 1112);
    out[1].reset();
    CHECK(t.stats().refused == 1112);
    CHECK(t.stats().producers == 0);
}

TEST_CASE("a consumer counts what it was returned, and its waits", "[stats]")
{
    watched_clock clock;
    ints t{"t", {}, clock};
    gregor::producer out{t};
    reader in{t, "g", {.max_poll_records = 3}};
    for (int i = 0; i != 7; ++i) {
        out.send(i);
    }
    CHECK(support::read_values(in).size() == 7);
    auto all = in.stats();
    CHECK(all.records == 7);
    CHECK(all.polls == 4);
    CHECK(all.missed == 0);
    CHECK(all.waits == 0);
    CHECK(all.sleeps == 0);
    CHECK(all.rebalances == 0);
    const auto before = all;
    std::thread sender{[&] {
        for (int i = 0; i != 20; ++i) {
            clock.wait_for_looks(6);
            clock.advance(100ms);
        }
        clock.wait_for_looks(6);
        out.send(8);
    }};
    CHECK(in.poll().size() == 1);
    sender.join();
    clock.advance(2s);
    all = in.stats() - before;
    CHECK(all.time == 4s);
    CHECK(all.records == 1);
    CHECK(all.polls == 1);
    CHECK(all.waits == 1);
    CHECK(all.sleeps >= 1);
    CHECK(all.asleep > 0s); // but for the moments in which it was up to look
    CHECK(all.asleep <= 2s);
    CHECK(all.rates().blocked <= 0.5);
    CHECK(all.rates().records_per_second == 0.25);
}

TEST_CASE("a consumer counts what it missed", "[stats]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    reader in{t, "g", {.lossy = true}};
    for (int i = 0; i != 20; ++i) {
        out.send(i);
    }
    const auto records = support::read_values(in).size();
    CHECK(in.stats().records == records);
    CHECK(in.stats().missed == 20 - records);
}

TEST_CASE("a consumer of several topics counts what it was returned of all, and its own waits",
          "[stats]")
{
    using topic = gregor::topic<int, gregor::wait::sleep>;
    topic left{"left", {.capacity_records = 4}};
    topic right{"right", {.capacity_records = 4}};
    gregor::producer to_left{left};
    gregor::producer to_right{right};
    gregor::multi_topic_consumer<topic> in{{&left, &right}, "g", {.lossy = true}};
    for (int i = 0; i != 20; ++i) {
        to_left.send(i);
    }
    to_right.send(1);
    std::uint64_t polls = 0;
    std::uint64_t records = 0;
    for (auto batch = in.try_poll(); !batch.empty(); batch = in.try_poll()) {
        records += batch.size();
        ++polls;
        batch.let_go();
    }
    const auto before = in.stats();
    CHECK(before.records == records);
    CHECK(before.records + before.missed == 21);
    CHECK(before.records > in.of("left").stats().records);
    CHECK(before.polls == polls + 1); // the last one found nothing
    CHECK(before.waits == 0);
    CHECK(before.sleeps == 0);
    CHECK(before.fenced == 0);

    REQUIRE(to_left.send(7));
    CHECK(in.poll(3, 20ms).size() == 1); // it has waited for more
    CHECK(in.poll(20ms).status() == gregor::poll_status::timed_out);
    const auto all = in.stats() - before;
    CHECK(all.polls == 2);
    CHECK(all.records == 1);
    CHECK(all.waits == 2);
    CHECK(all.sleeps > 0);
    CHECK(all.asleep > 0s);
    CHECK(all.time >= all.asleep);
    CHECK(all.rates().records_per_second > 0);

    gregor::consumer_figures figures;
    gregor::consumer_figures::one_poll goes_on{figures};
    goes_on.waits();
    goes_on.waits();
    CHECK(figures.at(0s).waits == 1);
}

TEST_CASE("what a group wants of its members is counted by both", "[stats]")
{
    watched_clock clock;
    ints t{"t", {.partitions = 2}, clock};
    gregor::producer out{t};
    const gregor::group_admin admin{t};
    const auto stats = [&] { return *admin.stats("g"); };
    reader a{t, "g", {.max_poll_interval = 1s}};
    CHECK(stats().members == 1);
    CHECK(stats().rebalances == 1);
    for (int i = 0; i != 8; ++i) {
        out.send(i, {.partition = {static_cast<std::uint32_t>(i % 2)}});
    }
    CHECK(support::read_values(a).size() == 8);
    CHECK(stats().records == 8);
    CHECK(stats().lag == 0);
    const auto before = stats();
    {
        const reader b{t, "g"};
        CHECK(stats().members == 2);
        static_cast<void>(a.try_poll());
        CHECK(a.stats().rebalances == 1);
    }
    static_cast<void>(a.try_poll());
    out.send(1, {.partition = zero});
    CHECK(stats().lag == 1);
    CHECK(support::read_values(a).size() == 1);
    CHECK(a.stats().fenced == 0);
    static_cast<void>(t.maintain());
    clock.advance(2s);
    REQUIRE(t.maintain());
    CHECK(stats().members == 0);
    CHECK(a.try_poll().status() == gregor::poll_status::fenced);
    CHECK(a.stats().fenced == 1);
    const auto between = stats() - before;
    CHECK(between.time == 2s);
    CHECK(between.records == 1);
    CHECK(between.fenced == 1);
    CHECK(between.members == 1);
    CHECK(between.rebalances == 3); // b came, b went, a came back
    CHECK(between.rates().records_per_second == 0.5);
    CHECK(admin.stats("h").error().code() == gregor::errc::unknown_group);
}

TEST_CASE("looking at figures allocates nothing", "[stats]")
{
    ints t{"t", {.partitions = 2, .groups = {"g"}}};
    gregor::producer out{t};
    const reader in{t, "g"};
    const gregor::group_admin admin{t};
    const long before = support::allocations();
    const auto topic = t.stats();
    const auto sender = out.stats();
    const auto consumer = in.stats();
    const auto group = admin.stats("g");
    CHECK(support::allocations() == before);
    CHECK((topic - topic).records + (sender - sender).waits + (consumer - consumer).polls == 0);
    CHECK(group);
}

TEST_CASE("figures are looked at while producers come, wait and go", "[stats]")
{
    gregor::topic<int> t{"t", {.capacity_records = 8}};
    gregor::consumer in{t, "g"};
    std::vector<std::thread> threads;
    for (int i = 0; i != 2; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round != 50; ++round) {
                gregor::producer out{t};
                for (int k = 0; k != 20; ++k) {
                    static_cast<void>(out.send(k));
                }
            }
        });
    }
    bool grows = true;
    std::thread looker{[&] {
        auto before = t.stats();
        while (before.records != 2000) {
            const auto now = t.stats();
            grows = grows && now.records >= before.records && now.waits >= before.waits &&
                    now.overwritten >= before.overwritten && now.overwritten <= now.records;
            before = now;
            std::this_thread::yield();
        }
    }};
    std::size_t read = 0;
    while (read != 2000) {
        read += in.poll().size();
    }
    for (auto& each : threads) {
        each.join();
    }
    looker.join();
    CHECK(grows);
    CHECK(in.stats().records == 2000);
    CHECK(t.stats().producers == 0);
}
