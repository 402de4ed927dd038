// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

#if GREGOR_FILES

// What is made lasting, and when.

using namespace std::chrono_literals;
using gregor::acknowledged;
using gregor::errc;
using gregor::flush_policy;
using gregor::isolation;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::storage::mmap_log;
using support::log_in;
using support::scratch_directory;
using support::segment;
using support::trade;

namespace {

constexpr partition_id zero{0};

using manual = gregor::manual_clock;
using log_topic = gregor::topic<trade, mmap_log, gregor::time_source<manual>>;

void send(log_topic& topic, std::uint64_t count)
{
    gregor::producer out{topic};
    for (std::uint64_t n = 0; n != count; ++n) {
        REQUIRE(out.send(trade::number(n)));
    }
}

} // namespace

TEST_CASE("nothing is lasting before it was flushed, by default", "[durable]")
{
    const scratch_directory folder;
    log_topic topic{"trades", log_in(folder)};
    send(topic, 700);
    CHECK(topic.durable_offset(zero) == 0);
    CHECK_FALSE(topic.flush().has_value());
    CHECK(topic.durable_offset(zero) == 700);
    CHECK_FALSE(topic.failure(zero).has_value());
    topic = log_topic{"others", log_in(folder)};
    const log_topic again{"trades", log_in(folder)};
    CHECK(again.durable_offset(zero) == 700);
}

TEST_CASE("each send is lasting when it returns, by its policy or its own wish", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    const bool by_policy = GENERATE(true, false);
    options.log.flush = by_policy ? flush_policy::each : flush_policy::none;
    log_topic topic{"trades", options};
    gregor::producer out{topic};
    for (std::uint64_t n = 0; n != 20; ++n) {
        REQUIRE((by_policy ? out.send(trade::number(n))
                           : out.send(trade::number(n), {}, acknowledged::durable)));
        CHECK(topic.durable_offset(zero) == n + 1);
    }
    CHECK(out.send(trade::number(20), {}, acknowledged::published));
    CHECK(topic.durable_offset(zero) == (by_policy ? 21 : 20));
    auto claim = out.claim(3);
    claim[0] = trade::number(21);
    claim[1] = trade::number(22);
    CHECK(claim.publish());
    CHECK(topic.durable_offset(zero) == (by_policy ? 23 : 20));
    const std::vector<trade> more(10);
    CHECK(out.send_batch(more));
    CHECK(topic.durable_offset(zero) == (by_policy ? 33 : 20));
}

TEST_CASE("producers that wait at once are all told, and in order", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.flush = flush_policy::each;
    log_topic topic{"trades", options};
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t != 3; ++t) {
        threads.emplace_back([&] {
            gregor::producer out{topic};
            for (std::uint64_t n = 0; n != 300; ++n) {
                const auto sent = out.send(trade::number(n));
                wrong += sent && topic.durable_offset(zero) > sent.offset() ? 0 : 1;
            }
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    CHECK(wrong == 0);
    CHECK(topic.durable_offset(zero) == 900);
}

TEST_CASE("so many records are not lasting at most", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.flush = flush_policy::every_records;
    options.log.flush_records = 10;
    log_topic topic{"trades", options};
    gregor::producer out{topic};
    for (std::uint64_t n = 0; n != 35; ++n) {
        REQUIRE(out.send(trade::number(n)));
        CHECK(topic.durable_offset(zero) == (n + 1) / 10 * 10);
    }
}

TEST_CASE("by the interval, a send or maintain() flushes", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.flush = flush_policy::interval;
    options.log.flush_interval = 10ms;
    manual time;
    time.advance(1h);
    log_topic topic{"trades", options, time};
    gregor::producer out{topic};
    REQUIRE(out.send(trade::number(0)));
    CHECK(topic.durable_offset(zero) == 1); // the last flush was never
    REQUIRE(out.send(trade::number(1)));
    CHECK_FALSE(topic.maintain());
    time.advance(9ms);
    REQUIRE(out.send(trade::number(2)));
    CHECK(topic.durable_offset(zero) == 1);
    time.advance(1ms);
    REQUIRE(out.send(trade::number(3)));
    CHECK(topic.durable_offset(zero) == 4);
    REQUIRE(out.send(trade::number(4)));
    CHECK_FALSE(topic.maintain());
    time.advance(10ms);
    CHECK(topic.maintain());
    CHECK(topic.durable_offset(zero) == 5);
}

TEST_CASE("what stands before an open claim is lasting, what is behind it is not", "[durable]")
{
    const scratch_directory folder;
    log_topic topic{"trades", log_in(folder)};
    gregor::producer one{topic};
    gregor::producer two{topic};
    REQUIRE(one.send(trade::number(0)));
    auto claim = two.claim(2);
    REQUIRE(one.send(trade::number(1)));
    CHECK_FALSE(topic.flush().has_value());
    CHECK(topic.durable_offset(zero) == 1);
    claim.emplace(trade::number(2));
    REQUIRE(claim.publish());
    CHECK_FALSE(topic.flush().has_value());
    CHECK(topic.durable_offset(zero) == 4);
}

TEST_CASE("who reads only what is lasting gets that, and is woken by it", "[durable]")
{
    const scratch_directory folder;
    gregor::topic<trade, mmap_log> topic{"trades", log_in(folder)};
    gregor::producer out{topic};
    const bool lossy = GENERATE(false, true);
    gregor::consumer in{topic, "careful", {.lossy = lossy, .isolation = isolation::durable}};
    REQUIRE(out.send(trade::number(0)));
    CHECK(in.try_poll().status() == poll_status::timed_out);
    REQUIRE(out.send(trade::number(1), {}, acknowledged::durable));
    REQUIRE(out.send(trade::number(2)));
    CHECK(support::read_values(in) == std::vector{trade::number(0), trade::number(1)});
    CHECK(in.try_poll().status() == poll_status::timed_out);
    std::thread flusher{[&] {
        std::this_thread::sleep_for(20ms);
        static_cast<void>(topic.flush());
    }};
    CHECK(in.poll(support::patience).size() == 1);
    flusher.join();
    REQUIRE(out.send(trade::number(3)));
    topic.close(); // and makes it lasting
    CHECK(in.try_poll().size() == 1);
    CHECK(in.try_poll().status() == poll_status::closed);
}

TEST_CASE("nothing of a topic in memory is lasting, so nobody reads only that", "[durable]")
{
    gregor::topic<trade> topic{"trades"};
    const auto made = gregor::consumer<gregor::topic<trade>>::create(
        topic, "careful", {.isolation = isolation::durable});
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code() == errc::invalid_option);
}

#endif
