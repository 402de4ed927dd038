// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/reading.hpp"
#include "support/small_disk.hpp"
#include "support/statuses.hpp"

#if GREGOR_FILES

// What one life of a topic leaves to the next.

using gregor::offset_t;
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

using log_topic = gregor::topic<trade, mmap_log>;

void send(log_topic& topic, std::uint64_t from, std::uint64_t to)
{
    gregor::producer out{topic};
    for (; from != to; ++from) {
        const auto sent = out.send(trade::number(from));
        REQUIRE(sent);
        REQUIRE(sent.offset() == from);
    }
}

/// All records, which are those of the numbers from 0 on.
template <class Topic>
void expect_numbers(Topic& topic, std::uint64_t count)
{
    gregor::consumer<Topic> in{topic};
    in.assign({zero});
    const auto values = support::read_values(in);
    REQUIRE(values.size() == count);
    for (std::uint64_t n = 0; n != count; ++n) {
        REQUIRE(values[n] == trade::number(n));
    }
}

} // namespace

TEST_CASE("a topic goes on where it ended, however often it is opened", "[durable]")
{
    const scratch_directory folder;
    const std::uint64_t step = GENERATE(1U, 100U, 512U, 1300U);
    for (std::uint64_t life = 0; life != 4; ++life) {
        log_topic topic{"trades", log_in(folder)};
        CHECK(topic.begin_offset(zero) == 0);
        CHECK(topic.end_offset(zero) == life * step);
        CHECK(topic.recovered(zero).end == life * step);
        expect_numbers(topic, life * step);
        send(topic, life * step, (life + 1) * step);
        expect_numbers(topic, (life + 1) * step);
    }
}

TEST_CASE("keys and timestamps come back with their values", "[durable]")
{
    using namespace std::chrono_literals;
    using dressed = gregor::topic<trade, mmap_log, gregor::key<std::uint32_t>, gregor::timestamps>;
    const scratch_directory folder;
    const gregor::timestamp_t then{5s};
    {
        dressed topic{"trades", log_in(folder)};
        gregor::producer out{topic};
        CHECK(out.send(trade::number(1), {.key = 77U, .timestamp = then}));
        CHECK(out.send(trade::number(2), {.timestamp = then + 1s}));
    }
    dressed topic{"trades", log_in(folder)};
    gregor::consumer in{topic, "readers"};
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 2);
    CHECK(batch[0].value() == trade::number(1));
    CHECK(batch[0].key() == 77U);
    CHECK(batch[0].timestamp() == then);
    CHECK(batch[1].key() == std::nullopt);
    CHECK(batch[1].timestamp() == then + 1s);
    CHECK(in.offset_for_time(zero, then + 1s) == 1);
}

TEST_CASE("what producers gave up is passed over in the next life too", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        gregor::producer first{topic};
        gregor::producer second{topic}; // shared from now on: what is given up stays in the log
        for (std::uint64_t n = 0; n != 40; n += 2) {
            CHECK(first.send(trade::number(n)));
            {
                const auto dropped = second.claim(3);
            }
            auto claim = second.claim(2);
            claim.emplace(trade::number(n + 1));
            CHECK(claim.publish());
        }
        CHECK(topic.end_offset(zero) == 20 * 6);
        expect_numbers(topic, 40);
    }
    log_topic topic{"trades", log_in(folder)};
    CHECK(topic.end_offset(zero) == 20 * 6);
    expect_numbers(topic, 40);
    gregor::producer out{topic};
    CHECK(out.send(trade::number(40)));
    expect_numbers(topic, 41);
    gregor::producer another{topic};
    CHECK(another.send(trade::number(41)));
    expect_numbers(topic, 42);
}

TEST_CASE("a topic for one producer goes on as one for many, and back", "[durable]")
{
    using single_topic = gregor::topic<trade, mmap_log, gregor::producers::single>;
    const scratch_directory folder;
    {
        single_topic topic{"trades", log_in(folder)};
        gregor::producer out{topic};
        CHECK(out.send(trade::number(0)));
        {
            const auto dropped = out.claim(3);
        }
        CHECK(out.send(trade::number(1)));
    }
    {
        log_topic topic{"trades", log_in(folder)};
        gregor::producer one{topic};
        gregor::producer two{topic};
        {
            const auto dropped = two.claim(3);
        }
        CHECK(one.send(trade::number(2)));
    }
    single_topic topic{"trades", log_in(folder)};
    CHECK(topic.end_offset(zero) == 6);
    expect_numbers(topic, 3);
}

TEST_CASE("batches and claims larger than what is left of a segment lie in two", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        gregor::producer out{topic};
        std::vector<trade> many;
        for (std::uint64_t n = 0; n != 3 * segment + 10; ++n) {
            many.push_back(trade::number(n));
        }
        CHECK(out.send_batch(many).count == many.size());
        auto claim = out.claim(segment);
        REQUIRE(claim);
        for (std::size_t i = 0; i != segment; ++i) {
            claim[i] = trade::number(many.size() + i);
        }
        CHECK(claim.publish());
        gregor::consumer in{topic, "readers", {.max_poll_records = 10 * segment}};
        CHECK(in.try_poll().size() == many.size() + segment); // side by side all the same
    }
    log_topic topic{"trades", log_in(folder)};
    expect_numbers(topic, 4 * segment + 10);
}

TEST_CASE("partitions that were added are there in the next life", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        REQUIRE(topic.add_partitions(2).has_value());
        gregor::producer out{topic};
        CHECK(out.send(trade::number(9), {.partition = partition_id{2}}));
    }
    log_topic topic{"trades", log_in(folder)};
    CHECK(topic.partitions() == 3);
    CHECK(topic.end_offset(partition_id{2}) == 1);
    auto options = log_in(folder);
    options.partitions = 5;
    topic = log_topic{"other", options};
    CHECK(topic.partitions() == 5);
}

TEST_CASE("an offset that was remembered outside does not lead to another record", "[durable]")
{
    const scratch_directory folder;
    gregor::log_position remembered;
    {
        log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 10);
        remembered = {topic.recovered(zero).epoch, 10};
    }
    const auto power_loss_leaves = [&](std::uint64_t records) {
        small_disk::forget_boot(folder / "trades/0", 0);
        const std::string file = small_disk::segment_file(folder / "trades/0", 0);
        std::string bytes = support::bytes_of(file);
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(4096 + records * 32), bytes.end(),
                  '\0');
        support::put_bytes(file, bytes);
    };
    {
        // the same boot: nothing is lost, no epoch ends
        log_topic topic{"trades", log_in(folder)};
        gregor::consumer<log_topic> in{topic};
        in.assign({zero});
        CHECK(topic.recovered(zero).lost_since(remembered.epoch, 10) == 0);
        CHECK(in.seek(zero, remembered));
        CHECK(in.position(zero) == 10);
    }
    power_loss_leaves(7);
    {
        log_topic topic{"trades", log_in(folder)};
        CHECK(topic.recovered(zero).epoch == 1);
        CHECK(topic.end_offset(zero) == 7);
        send(topic, 7, 12);
        gregor::consumer<log_topic> in{topic};
        in.assign({zero});
        CHECK_FALSE(in.seek(zero, remembered));
        CHECK(in.position(zero) == 0);
        CHECK(topic.recovered(zero).lost_since(remembered.epoch, 10) == 3);
        CHECK(in.seek(zero, gregor::log_position{0, 7}));
        CHECK(in.seek(zero, gregor::log_position{1, 12}));
        CHECK_FALSE(in.seek(zero, gregor::log_position{2, 12})); // which never was
    }
    power_loss_leaves(9);
    log_topic topic{"trades", log_in(folder)};
    CHECK(topic.recovered(zero).epoch == 2);
    CHECK(topic.recovered(zero).lost_since(0, 9) == 2); // by the first
    CHECK(topic.recovered(zero).lost_since(1, 9) == 0);
    CHECK(topic.recovered(zero).lost_since(1, 12) == 3);
    CHECK(topic.recovered(zero).lost_since(2, 12) == 0);
}

TEST_CASE("a slow start: the log outlives its topic while a batch of it is in hand", "[durable]")
{
    const scratch_directory folder;
    std::optional<log_topic> topic{std::in_place, "trades", log_in(folder)};
    send(*topic, 0, 10);
    gregor::consumer in{*topic, "readers"};
    auto batch = in.try_poll();
    topic.reset();
    CHECK(batch[9].value() == trade::number(9));
    CHECK(log_topic::create("trades", log_in(folder)).error().code() == gregor::errc::locked);
    batch.let_go();
    in.close();
}

#endif
