// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/statuses.hpp"

#if GREGOR_FILES

// A log that does not begin at 0 any more is opened again.

using gregor::offset_t;
using gregor::partition_id;
using gregor::poll_status;
using support::log_in;
using support::scratch_directory;
using support::segment;
using support::send_trades;
using support::trade;

namespace {

constexpr partition_id zero{0};

using log_topic = gregor::topic<trade, gregor::storage::mmap_log, gregor::overflow::reject>;

/// A log of at most two segments, after three were sent.
gregor::topic_options worn_log(const scratch_directory& folder)
{
    auto options = log_in(folder);
    options.log.retention_bytes = 2 * segment * sizeof(log_topic::slot_type);
    log_topic topic{"trades", options};
    send_trades(topic, 0, 3 * segment);
    REQUIRE(topic.begin_offset(zero) == segment);
    return options;
}

} // namespace

TEST_CASE("a group that was declared begins where the log does, and holds from there", "[durable]")
{
    const scratch_directory folder;
    auto options = worn_log(folder);
    options.groups = {"declared"};
    log_topic topic{"trades", options};
    gregor::producer out{topic};
    CHECK(out.try_send(trade::number(3 * segment)).status() == gregor::send_status::full);
    gregor::consumer in{topic, "declared"};
    offset_t next = segment;
    for (auto batch = in.try_poll(); batch.size() != 0; batch = in.try_poll()) {
        CHECK(batch.missed() == 0);
        for (const auto& record : batch) {
            REQUIRE(record.offset() == next);
            REQUIRE(record.value() == trade::number(next));
            ++next;
        }
        batch.let_go();
    }
    CHECK(next == 3 * segment);
    CHECK(out.try_send(trade::number(next)));
}

TEST_CASE(
    "a declared group that has missed something holds what is left, and is told how much it was",
    "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send_trades(topic, 0, 2);
        gregor::consumer in{topic, "declared"};
        REQUIRE(in.commit(zero, 1) == gregor::commit_status::ok);
    }
    auto options = log_in(folder);
    options.log.retention_bytes = 2 * segment * sizeof(log_topic::slot_type);
    {
        log_topic topic{"trades", options};
        send_trades(topic, 2, 3 * segment);
    }
    options.groups = {"declared"};
    for (int life = 0; life != 2; ++life) { // nobody comes in the first one
        log_topic topic{"trades", options};
        REQUIRE(topic.begin_offset(zero) == segment);
        gregor::producer out{topic};
        CHECK(out.try_send(trade::number(3 * segment)).status() == gregor::send_status::full);
        CHECK(topic.begin_offset(zero) == segment);
        const auto why = topic.explain();
        REQUIRE(why.holders.size() == 1);
        CHECK(why.holders[0].name == "declared");
        CHECK(why.holders[0].offset == segment);
    }
    log_topic topic{"trades", options};
    const auto reset = GENERATE(gregor::auto_offset_reset::earliest,
                                gregor::auto_offset_reset::latest, gregor::auto_offset_reset::none);
    {
        gregor::consumer in{topic, "declared", {.reset = reset}};
        const auto batch = in.try_poll();
        REQUIRE(batch.size() != 0);
        CHECK(batch.begin_offset() == segment);
        CHECK(batch.missed() == segment - 1);
    }
    gregor::consumer in{topic, "declared"}; // it has been told
    CHECK(in.committed(zero) > segment);
    const auto batch = in.try_poll();
    CHECK(batch.missed() == 0);
}

TEST_CASE("a log whose limit has become smaller gives back what is too much", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send_trades(topic, 0, 6 * segment);
    }
    auto options = log_in(folder);
    options.log.retention_bytes = 3 * segment * sizeof(log_topic::slot_type);
    log_topic topic{"trades", options};
    CHECK(topic.begin_offset(zero) == 0);
    gregor::producer out{topic};
    CHECK(out.send(trade::number(6 * segment)));
    CHECK(topic.begin_offset(zero) == 4 * segment);
    std::size_t files = 0;
    for (const auto& each : std::filesystem::directory_iterator{folder / "trades/0"}) {
        files += each.path().extension() == ".log" ? 1U : 0U;
    }
    CHECK(files == 3);
}

TEST_CASE("who seeks before where a log begins goes where his options say", "[durable]")
{
    const scratch_directory folder;
    log_topic topic{"trades", worn_log(folder)};
    gregor::consumer<log_topic> in{topic};
    in.assign({zero});
    REQUIRE(in.seek(zero, 3));
    const auto batch = in.try_poll();
    REQUIRE(batch.size() != 0);
    CHECK(batch.begin_offset() == segment);
    CHECK(batch.missed() == segment - 3);
}

#endif
