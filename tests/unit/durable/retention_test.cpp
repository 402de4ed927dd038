// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

#if GREGOR_FILES

// What goes for its size or its age, and for whose sake it stays.

using namespace std::chrono_literals;
using gregor::errc;
using gregor::offset_t;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::storage::mmap_log;
using support::log_in;
using support::scratch_directory;
using support::segment;
using support::send_trades;
using support::trade;

namespace {

constexpr partition_id zero{0};
constexpr std::uint64_t segment_bytes = segment * 32;

using manual = gregor::manual_clock;
using log_topic = gregor::topic<trade, mmap_log, gregor::overflow::reject>;
using timed_topic = gregor::topic<trade, mmap_log, gregor::time_source<manual>>;

[[nodiscard]] gregor::topic_options with_segments(const scratch_directory& folder,
                                                  std::uint64_t count)
{
    auto options = log_in(folder);
    options.log.retention_bytes = count * segment_bytes;
    return options;
}

/// How many files of segments there are.
std::size_t files_in(const scratch_directory& folder)
{
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator(folder / "trades/0")) {
        count += each.path().extension() == ".log" ? 1U : 0U;
    }
    return count;
}

} // namespace

TEST_CASE("where nobody needs them, the oldest segments go for their size", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", with_segments(folder, 3)};
        send_trades(topic, 0, 10 * segment + 5);
        CHECK(topic.begin_offset(zero) == 8 * segment);
        CHECK(files_in(folder) == 3);
    }
    log_topic topic{"trades", with_segments(folder, 3)};
    CHECK(topic.begin_offset(zero) == 8 * segment);
    CHECK(topic.end_offset(zero) == 10 * segment + 5);
    gregor::consumer<log_topic> in{topic};
    in.assign({zero});
    const auto values = support::read_values(in);
    REQUIRE(values.size() == 2 * segment + 5);
    CHECK(values.front() == trade::number(8 * segment));
    CHECK(values.back() == trade::number(10 * segment + 4));
    send_trades(topic, 10 * segment + 5, 12 * segment);
    CHECK(topic.begin_offset(zero) == 9 * segment);
}

TEST_CASE("a lossless group keeps what it has not committed", "[durable]")
{
    const scratch_directory folder;
    log_topic topic{"trades", with_segments(folder, 3)};
    gregor::consumer in{topic, "careful", {.max_poll_records = 3 * segment}};
    send_trades(topic, 0, 3 * segment);
    gregor::producer out{topic};
    CHECK(out.send(trade::number(3 * segment)).status() == send_status::full);
    const auto why = topic.explain();
    REQUIRE(why.holders.size() == 1);
    CHECK(why.holders[0].name == "careful");
    CHECK(why.holders[0].offset == 0);
    {
        const auto batch = in.try_poll();
        REQUIRE(batch.size() == 3 * segment);
        in.commit();
        // committed, and in hand
        CHECK(out.send(trade::number(3 * segment)).status() == send_status::full);
        CHECK(batch[0].value() == trade::number(0));
        CHECK(batch[3 * segment - 1].value() == trade::number(3 * segment - 1));
    }
    CHECK(out.send(trade::number(3 * segment)));
    CHECK(topic.begin_offset(zero) == segment);
}

TEST_CASE("a claim that is open keeps its segment", "[durable]")
{
    const scratch_directory folder;
    log_topic topic{"trades", with_segments(folder, 3)};
    gregor::producer one{topic};
    gregor::producer two{topic};
    auto claim = two.claim(2);
    REQUIRE(claim);
    for (std::uint64_t n = 2; n != 3 * segment; ++n) {
        REQUIRE(one.send(trade::number(n)));
    }
    CHECK(one.send(trade::number(3 * segment)).status() == send_status::full);
    claim.emplace(trade::number(0));
    claim.emplace(trade::number(1));
    CHECK(claim.publish());
    gregor::consumer<log_topic> in{topic};
    in.assign({zero});
    const auto values = support::read_values(in);
    REQUIRE(values.size() == 3 * segment);
    CHECK(values[0] == trade::number(0));
    CHECK(values[1] == trade::number(1));
    in.close();
    CHECK(one.send(trade::number(3 * segment)));
    CHECK(topic.begin_offset(zero) == segment);
}

TEST_CASE("a lossy reader is told exactly what it missed", "[durable]")
{
    const scratch_directory folder;
    log_topic topic{"trades", with_segments(folder, 2)};
    gregor::consumer in{topic, "screen", {.lossy = true, .max_poll_records = 10}};
    send_trades(topic, 0, 100);
    CHECK(in.try_poll().size() == 10);
    send_trades(topic, 100, 4 * segment + 1);
    auto batch = in.try_poll();
    CHECK(batch.missed() == 3 * segment - 10);
    CHECK(batch[0].value() == trade::number(3 * segment));
    // what it has in its hands stays, and producers wait for it
    gregor::producer out{topic};
    std::uint64_t next = 4 * segment + 1;
    while (out.send(trade::number(next))) {
        ++next;
    }
    CHECK(next == 5 * segment);
    CHECK(batch[9].value() == trade::number(3 * segment + 9));
    batch.let_go();
    CHECK(out.send(trade::number(next)));
}

TEST_CASE("a group that comes late to what is gone learns what it missed", "[durable]")
{
    const scratch_directory folder;
    log_topic topic{"trades", with_segments(folder, 2)};
    {
        gregor::consumer in{topic, "away", {.max_poll_records = 7}};
        send_trades(topic, 0, 100);
        CHECK(in.try_poll().size() == 7);
        in.commit();
    } // at rest
    send_trades(topic, 100, 5 * segment);
    gregor::consumer in{topic, "away"};
    const auto batch = in.try_poll();
    CHECK(batch.missed() == 3 * segment - 7);
    CHECK(batch[0].value() == trade::number(3 * segment));
}

TEST_CASE("what is too old goes when maintain() finds it", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.retention_age = 1h;
    const manual time{gregor::timestamp_t{std::chrono::system_clock::now().time_since_epoch()}};
    manual moved = time;
    timed_topic topic{"trades", options, time};
    send_trades(topic, 0, 3 * segment + 1);
    CHECK(topic.maintain()); // seals what is full
    CHECK(topic.begin_offset(zero) == 0);
    moved.advance(59min);
    topic.maintain();
    CHECK(topic.begin_offset(zero) == 0);
    gregor::consumer in{topic, "careful"};
    moved.advance(2min);
    CHECK_FALSE(topic.maintain()); // needed
    CHECK(topic.begin_offset(zero) == 0);
    in.seek(zero, 2 * segment + 3);
    in.commit(zero, 2 * segment + 3);
    CHECK(topic.maintain());
    CHECK(topic.begin_offset(zero) == 2 * segment);
    in.commit(zero, 3 * segment + 1);
    CHECK(topic.maintain());
    CHECK(topic.begin_offset(zero) == 3 * segment);
}

TEST_CASE("a log that may hold no more says so, and does not wait for ever", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.most_bytes = 2 * segment_bytes;
    gregor::topic<trade, mmap_log> topic{"trades", options};
    send_trades(topic, 0, 2 * segment);
    gregor::producer out{topic};
    CHECK(out.send(trade::number(0)).status() == send_status::failed);
    CHECK(out.claim(2).status() == send_status::failed);
    REQUIRE(topic.failure(zero).has_value());
    CHECK(topic.failure(zero)->code() == errc::log_full);
    CHECK(topic.end_offset(zero) == 2 * segment);
}

TEST_CASE("maintain() makes room before it is needed", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.prepare_bytes = 3 * segment_bytes;
    log_topic topic{"trades", options};
    CHECK(files_in(folder) == 0);
    topic.maintain();
    CHECK(files_in(folder) == 3);
    send_trades(topic, 0, 3 * segment);
    CHECK(files_in(folder) == 3);
    topic.maintain();
    CHECK(files_in(folder) == 6);
}

TEST_CASE("a topic turns round and round in the address space it has", "[durable]")
{
    const scratch_directory folder;
    auto options = with_segments(folder, 3);
    options.log.most_bytes = 4 * segment_bytes;
    log_topic topic{"trades", options};
    gregor::consumer in{topic, "readers", {.max_poll_records = 100}};
    gregor::producer out{topic};
    for (std::uint64_t n = 0, read = 0; n != 40 * segment; ++n) {
        REQUIRE(out.send(trade::number(n)));
        if (n % 300 == 0) {
            for (const auto& value : support::read_values(in)) {
                REQUIRE(value == trade::number(read++));
            }
        }
    }
}

TEST_CASE("a log that has no place left ahead of its producers has not failed yet", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.most_bytes = 2 * segment_bytes;
    options.log.prepare_bytes = 10 * segment_bytes;
    log_topic topic{"trades", options};
    send_trades(topic, 0, 10);
    topic.maintain();
    CHECK_FALSE(topic.failure(zero));
    send_trades(topic, 10, 2 * segment);
    CHECK_FALSE(topic.failure(zero));
    gregor::producer out{topic};
    CHECK(out.send(trade::number(2 * segment)).status() == send_status::failed);
    topic.maintain();
    REQUIRE(topic.failure(zero));
    CHECK(topic.failure(zero)->code() == errc::log_full);
}

#endif
