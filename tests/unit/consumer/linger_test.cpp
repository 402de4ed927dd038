// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/lingering.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;
using support::lingering;
using support::status_of_poll;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};

using ints = topic<int, gregor::wait::sleep>;
using timed_ints =
    topic<int, gregor::wait::sleep, gregor::time_source<gregor::manual_clock>, gregor::timestamps>;

template <class Topic>
void send(gregor::producer<Topic>& out, int count, partition_id p = zero)
{
    for (int i = 0; i != count; ++i) {
        REQUIRE(out.try_send(i, {.partition = p}));
    }
}

/// Somebody holds records of the partition that he has found.
template <class Topic>
bool holds_some(const Topic& t, partition_id p)
{
    bool found = false;
    t.state()->at(p).log.protocol().gate().visit(
        [&](const auto& place, bool is_lease) { found = found || (is_lease && place.holding()); });
    return found;
}

/// Waits until a consumer holds what it has found, and so waits for more.
template <class Topic>
void wait_until_found(const Topic& t)
{
    while (!holds_some(t, zero)) {
        std::this_thread::yield();
    }
}

} // namespace

TEST_CASE("enough records are returned at once", "[consumer][linger]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_records = 5}};
    send(out, 20);
    CHECK(in.poll(3, 1h).size() == 5);
    CHECK(in.poll(5, 1h).size() == 5);
    CHECK(in.poll(500, 1h).size() == 5); // no more than max_poll_records
    CHECK(in.poll(0, 1h).size() == 5);
    send(out, 1);
    CHECK(in.poll(1, 1h).size() == 1);
    send(out, 2);
    CHECK(in.poll(3, 0ns).size() == 2);
    CHECK(in.poll(3, 1h, 0ns).status() == poll_status::timed_out);
    CHECK(in.poll(3, 1h, 1ms).status() == poll_status::timed_out);
}

TEST_CASE("a poll waits until there are enough records", "[consumer][linger]")
{
    for (const bool lossy : {false, true}) {
        for (const bool shared : {false, true}) {
            ints t{"t", {.partitions = 2}};
            gregor::producer out{t};
            std::optional<gregor::producer<ints>> second;
            if (shared) {
                second.emplace(t);
            }
            gregor::consumer in{t, "g", {.lossy = lossy}};
            send(out, 2);
            lingering poll{in, 10};
            wait_until_found(t);
            for (int i = 2; i != 10; ++i) {
                CHECK_FALSE(poll.done());
                send(out, 1);
            }
            CHECK(poll.count() == 10);
        }
    }
}

TEST_CASE("a poll waits for the first record, and then for more", "[consumer][linger]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    lingering poll{in, 3};
    for (int i = 0; i != 3; ++i) {
        std::this_thread::sleep_for(1ms);
        CHECK_FALSE(poll.done());
        send(out, 1);
    }
    CHECK(poll.count() == 3);
}

TEST_CASE("the partition that has enough first is returned", "[consumer][linger]")
{
    ints t{"t", {.partitions = 2, .capacity_records = 16}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    send(out, 3);
    {
        lingering poll{in, 5};
        wait_until_found(t);
        send(out, 5, one);
        CHECK(poll.count() == 5);
        CHECK(poll.from() == one);
        CHECK_FALSE(holds_some(t, zero));
    }
    CHECK(in.position(zero) == 0);
    CHECK(support::read_values(in) == std::vector{0, 1, 2});
    in.commit();
    send(out, 16); // nothing is held back by the lease of what was found first
    CHECK(support::read_values(in).size() == 16);
}

TEST_CASE("a paused partition is not waited for", "[consumer][linger]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    REQUIRE(in.pause(one));
    send(out, 50, one);
    send(out, 1);
    lingering poll{in, 5};
    wait_until_found(t);
    CHECK_FALSE(poll.done());
    send(out, 4);
    CHECK(poll.count() == 5);
    CHECK(poll.from() == zero);
}

TEST_CASE("after the linger, what is there is returned", "[consumer][linger]")
{
    gregor::manual_clock clock;
    timed_ints t{"t", {}, clock};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_interval = gregor::no_timeout}};
    send(out, 2);
    lingering poll{in, 10, 1s};
    wait_until_found(t);
    CHECK_FALSE(poll.done());
    send(out, 1);
    clock.advance(900ms);
    std::this_thread::sleep_for(5ms);
    CHECK_FALSE(poll.done()); // it may have begun late, not early
    while (!poll.done()) {
        clock.advance(1s);
        std::this_thread::sleep_for(1ms);
    }
    CHECK(poll.count() == 3);
}

TEST_CASE("a run that ends at the ring's end is enough", "[consumer][linger]")
{
    ints t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    send(out, 5);
    CHECK(in.poll(5, 1h).size() == 5);
    send(out, 3);
    CHECK(in.poll(6, 1h).size() == 3);
    send(out, 4);
    lingering poll{in, 100};
    wait_until_found(t);
    CHECK_FALSE(poll.done());
    send(out, 4);
    CHECK(poll.count() == 8);
}

TEST_CASE("a run is enough when producers find no room", "[consumer][linger]")
{
    ints t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    gregor::consumer slow{t, "slow"};
    gregor::consumer in{t, "g"};
    send(out, 5);
    CHECK(in.poll(5, 1h).size() == 5);
    slow.commit(zero, 2);
    send(out, 3);
    CHECK(in.poll(6, 1h).size() == 3);
    send(out, 2);
    CHECK(in.poll(6, 1ns).size() == 2);
    in.seek(zero, 8);
    CHECK_FALSE(out.try_send(1)); // because of the slow one
    CHECK(in.poll(6, 1h).size() == 2);
}

TEST_CASE("a lossy reader does not wait until it loses what it waits for", "[consumer][linger]")
{
    ints t{"t", {.capacity_records = 64}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.lossy = true}};
    send(out, 40);
    CHECK(support::read_values(in).size() == 40);
    send(out, 20);
    std::size_t read = 0;
    std::uint64_t missed = 0;
    for (int i = 0; i != 200; ++i) {
        send(out, 60);
        for (;;) {
            const auto batch = in.poll(64, 1ms, 0ns);
            if (batch.empty()) {
                break;
            }
            read += batch.size();
            missed += batch.missed();
        }
    }
    CHECK(read + missed == 200 * 60 + 20);
}

TEST_CASE("a wakeup ends the wait for more with what is there, and is not lost",
          "[consumer][linger]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    send(out, 2);
    {
        lingering poll{in, 10};
        wait_until_found(t);
        CHECK_FALSE(poll.done());
        in.wakeup();
        CHECK(poll.count() == 2);
    }
    CHECK(status_of_poll(in) == poll_status::woken);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    in.wakeup();
    send(out, 1);
    CHECK(in.poll(5, 1h).status() == poll_status::woken);
}

TEST_CASE("the closing of the topic ends the wait for more with what is there",
          "[consumer][linger]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    send(out, 2);
    {
        lingering poll{in, 10};
        wait_until_found(t);
        CHECK_FALSE(poll.done());
        t.close();
        CHECK(poll.count() == 2);
    }
    CHECK(in.poll(10, 1h).status() == poll_status::closed);
    in.close();
    CHECK(in.poll(10, 1h).status() == poll_status::closed);
}

#if GREGOR_STOP_TOKEN
TEST_CASE("a triggered token ends the wait for more with what is there", "[consumer][linger]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    send(out, 2);
    std::stop_source source;
    std::size_t count = 0;
    std::thread poll{[&] { count = in.poll(10, 1h, 1h, source.get_token()).size(); }};
    wait_until_found(t);
    source.request_stop();
    poll.join();
    CHECK(count == 2);
    CHECK(in.poll(10, 1h, 1h, source.get_token()).status() == poll_status::stopped);
}
#endif

TEST_CASE("a rebalance ends the wait for more, and nothing is read twice", "[consumer][linger]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    send(out, 2);
    send(out, 2, one);
    std::size_t read = 0;
    {
        lingering poll{in, 10};
        wait_until_found(t);
        CHECK_FALSE(poll.done());
        gregor::consumer other{t, "g"};
        read += poll.count();
        CHECK(read == 2);
        do {
            read += support::read_values(other).size();
        } while (other.assignment().empty());
    }
    read += support::read_values(in).size();
    CHECK(read == 4);
}

TEST_CASE("a member that is fenced while it waits for more is told so", "[consumer][linger]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.instance_id = "i"}};
    send(out, 2);
    lingering poll{in, 4};
    wait_until_found(t);
    gregor::consumer other{t, "g", {.instance_id = "i"}};
    CHECK(poll.count() == 0);
    CHECK(poll.status() == poll_status::fenced);
    std::size_t read = 0;
    do {
        read += support::read_values(other).size();
    } while (other.assignment().empty());
    CHECK(read + support::read_values(other).size() == 2);
    other.commit();
    send(out, 4); // nobody holds a lease any more
}

TEST_CASE("a listener that throws while its consumer waits for more loses nothing",
          "[consumer][linger]")
{
    struct : gregor::rebalance_listener {
        bool throws = false;
        void on_revoked(std::span<const partition_id>) override
        {
            if (throws) {
                throw std::runtime_error{"revoked"};
            }
        }
    } listener;
    ints t{"t", {.partitions = 2, .capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.listener = &listener}};
    static_cast<void>(in.try_poll());
    send(out, 2);
    listener.throws = true;
    std::optional<gregor::consumer<ints>> other;
    std::thread joins{[&] {
        wait_until_found(t);
        other.emplace(t, "g");
    }};
    CHECK_THROWS_AS(in.poll(4, 1h), std::runtime_error);
    joins.join();
    CHECK_FALSE(holds_some(t, zero));
    listener.throws = false;
    CHECK(support::read_values(in) == std::vector{0, 1});
    in.commit();
    send(out, 4);
}

TEST_CASE("waiting for more while a batch is alive ends the process", "[consumer][linger]")
{
    CHECK(support::dies_saying("poll was called while a batch of it is alive", [] {
        ints t{"t"};
        gregor::producer out{t};
        gregor::consumer in{t, "g"};
        out.send(1);
        const auto batch = in.try_poll();
        static_cast<void>(in.poll(2, 1s));
    }));
    CHECK(support::dies_saying("poll was called before anything was assigned", [] {
        ints t{"t"};
        gregor::consumer in{t};
        static_cast<void>(in.poll(2, 1s));
    }));
}
