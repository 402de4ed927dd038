// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#if GREGOR_FILES

#    include <chrono>
#    include <cstdint>
#    include <optional>
#    include <string>
#    include <string_view>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/reading.hpp"
#    include "support/seen_folder.hpp"
#    include "support/statuses.hpp"
#    include "support/upgrades.hpp"

// A log on disk whose records become others: what is carried over, and what stays where it was.

using namespace std::chrono_literals;
using gregor::offset_t;
using gregor::partition_id;
using gregor::timestamp_t;
using gregor::storage::mmap_log;
using support::log_in;
using support::names_in;
using support::quote;
using support::scratch_directory;
using support::seen_folder;
using support::segment;
using support::send_trades;
using support::trade;

namespace {

constexpr partition_id zero{0};

using old_log = gregor::topic<trade, mmap_log>;
using new_log = gregor::topic<quote, mmap_log>;
using text_log = gregor::topic<std::string, mmap_log, gregor::key<std::string>, gregor::timestamps,
                               gregor::headers>;
using long_log = gregor::topic<std::vector<std::uint64_t>, mmap_log, gregor::key<std::string>,
                               gregor::timestamps, gregor::headers>;

const auto as_quote = [](const auto& old) { return quote::of(old.value()); };

gregor::upgrade_report upgrade_trades(const gregor::topic_options& options)
{
    auto done = gregor::upgrade<old_log, new_log>("trades", options, as_quote);
    INFO((done ? "" : done.error().what()));
    REQUIRE(done.has_value());
    return *done;
}

/// The offsets of all records in a partition; each is to be the quote of its offset.
std::vector<offset_t> offsets_of_quotes(new_log& topic, partition_id p)
{
    std::vector<offset_t> found;
    gregor::consumer<new_log> in{topic};
    in.assign({p});
    for (auto batch = in.try_poll(); !batch.empty(); batch = in.try_poll()) {
        for (const auto& record : batch) {
            CHECK(record.value() == quote::number(record.offset()));
            found.push_back(record.offset());
        }
        batch.let_go();
    }
    CHECK(in.position(p) == topic.end_offset(p));
    return found;
}

std::vector<offset_t> up_to(offset_t from, offset_t end)
{
    std::vector<offset_t> all;
    for (; from != end; ++from) {
        all.push_back(from);
    }
    return all;
}

} // namespace

TEST_CASE("an upgraded log has each record as what it became, at its offset", "[upgrade][durable]")
{
    const scratch_directory scratch;
    const auto options = log_in(scratch);
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, 3 * segment + 5);
    }
    const auto done = upgrade_trades(options);
    CHECK(done.upgraded);
    CHECK(done.records == 3 * segment + 5);
    CHECK(done.dropped == 0);
    CHECK(done.voids == 0);
    CHECK(names_in(scratch.path()) == std::vector<std::string>{"trades", "trades~old"});
    CHECK(names_in(scratch / "trades") == std::vector<std::string>{"0", "lock"});
    {
        new_log topic{"trades", options};
        CHECK(topic.recovered(zero).same_boot);
        CHECK(topic.durable_offset(zero) == 3 * segment + 5);
        CHECK(offsets_of_quotes(topic, zero) == up_to(0, 3 * segment + 5));
        gregor::producer out{topic};
        REQUIRE(out.send(quote::number(3 * segment + 5)));
    }
    new_log again{"trades", options};
    CHECK(offsets_of_quotes(again, zero) == up_to(0, 3 * segment + 6));
}

TEST_CASE("an upgraded log counts on another machine, too", "[upgrade][durable]")
{
    const scratch_directory scratch;
    const auto options = log_in(scratch);
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, segment + 5);
    }
    upgrade_trades(options);
    const scratch_directory copy; // is not the file that was written to, as after a power loss
    std::filesystem::copy(scratch / "trades", copy / "trades",
                          std::filesystem::copy_options::recursive);
    new_log topic{"trades", log_in(copy)};
    CHECK_FALSE(topic.recovered(zero).same_boot);
    CHECK(topic.recovered(zero).epoch == 1); // it was closed: nothing is missing
    CHECK(offsets_of_quotes(topic, zero) == up_to(0, segment + 5));
}

TEST_CASE("the log as it was is kept, and opens by the folder that the report names",
          "[upgrade][durable]")
{
    const scratch_directory scratch;
    auto options = log_in(scratch);
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, 700);
    }
    const auto done = upgrade_trades(options);
    CHECK(done.kept == scratch / "trades~old");
    options.log.directory = done.kept;
    {
        old_log topic{"trades", options};
        CHECK(topic.end_offset(zero) == 700);
    }
    const auto back = gregor::upgrade<new_log, old_log>("trades", log_in(scratch), [](auto& now) {
                          return trade{now.value().id, now.value().price};
                      }).value();
    CHECK(back.kept == scratch / "trades~old2");
    CHECK(names_in(scratch.path()) ==
          std::vector<std::string>{"trades", "trades~old", "trades~old2"});
    CHECK(support::look_through(scratch, 700) == "");
}

TEST_CASE("the log as it was goes where it is not to be kept", "[upgrade][durable]")
{
    const scratch_directory scratch;
    const auto options = log_in(scratch);
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, 700);
    }
    const auto done =
        gregor::upgrade<old_log, new_log>("trades", options, as_quote, {.keep_old = false}).value();
    CHECK(done.kept.empty());
    CHECK(names_in(scratch.path()) == std::vector<std::string>{"trades"});
    CHECK(names_in(scratch / "trades") == std::vector<std::string>{"0", "lock"});
    new_log topic{"trades", options};
    CHECK(offsets_of_quotes(topic, zero) == up_to(0, 700));
}

TEST_CASE("a log that was upgraded is not upgraded again, and nothing is changed",
          "[upgrade][durable]")
{
    const scratch_directory scratch;
    const auto options = log_in(scratch);
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, 10);
    }
    upgrade_trades(options);
    const seen_folder before{scratch};
    const auto again = upgrade_trades(options);
    CHECK_FALSE(again.upgraded);
    CHECK(again.kept.empty());
    CHECK(seen_folder{scratch} == before);
}

TEST_CASE("where nothing was written, there is nothing to upgrade", "[upgrade][durable]")
{
    const scratch_directory scratch;
    const auto options = log_in(scratch);
    CHECK_FALSE(upgrade_trades(options).upgraded);
    CHECK(names_in(scratch.path()).empty());
    {
        const old_log topic{"trades", options};
    }
    CHECK_FALSE(upgrade_trades(options).upgraded);
    const new_log topic{"trades", options};
    CHECK(topic.end_offset(zero) == 0);
}

TEST_CASE("what an upgrade drops, and what was never sent, is passed over", "[upgrade][durable]")
{
    const scratch_directory scratch;
    const auto options = log_in(scratch);
    {
        old_log topic{"trades", options};
        gregor::producer other{topic}; // beside it, what is given up stays in the log
        send_trades(topic, 0, 7);
        gregor::producer out{topic};
        {
            const auto given_up = out.claim(3);
        }
        for (std::uint64_t n = 10; n != 20; ++n) {
            REQUIRE(out.send(trade::number(n)));
        }
    }
    const auto done = gregor::upgrade<old_log, new_log>(
                          "trades", options,
                          [](const gregor::record<old_log>& old) -> std::optional<quote> {
                              if (old.offset() % 2 == 1) {
                                  return std::nullopt;
                              }
                              return quote::of(old.value());
                          })
                          .value();
    CHECK(done.records == 9);
    CHECK(done.dropped == 8);
    CHECK(done.voids == 3);
    new_log topic{"trades", options};
    CHECK(topic.end_offset(zero) == 20);
    CHECK(offsets_of_quotes(topic, zero) == std::vector<offset_t>{0, 2, 4, 6, 10, 12, 14, 16, 18});
}

TEST_CASE("an upgraded log begins where it began, and each partition has its own",
          "[upgrade][durable]")
{
    const scratch_directory scratch;
    auto options = log_in(scratch);
    options.partitions = 3;
    options.log.retention_bytes = 2 * segment * 32;
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, 5 * segment + 100);
        gregor::producer out{topic};
        REQUIRE(out.send(trade::number(0), {.partition = partition_id{2}}));
        CHECK(topic.begin_offset(zero) == 4 * segment);
    }
    options.partitions = 1;
    options.log.retention_bytes = 0;
    CHECK(upgrade_trades(options).records == segment + 101);
    new_log topic{"trades", options};
    REQUIRE(topic.partitions() == 3);
    CHECK(topic.begin_offset(zero) == 4 * segment);
    CHECK(offsets_of_quotes(topic, zero) == up_to(4 * segment, 5 * segment + 100));
    CHECK(topic.end_offset(partition_id{1}) == 0);
    CHECK(offsets_of_quotes(topic, partition_id{2}) == up_to(0, 1));
}

TEST_CASE("segments of the new log may be of another length", "[upgrade][durable]")
{
    const scratch_directory scratch;
    auto options = log_in(scratch);
    options.log.segment_records = 2 * segment;
    options.log.retention_bytes = 2 * 2 * segment * 32;
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, 7 * segment);
        CHECK(topic.begin_offset(zero) == 4 * segment);
    }
    options.log.retention_bytes = 0;
    options.log.segment_records = segment;
    upgrade_trades(options);
    new_log topic{"trades", options};
    CHECK(topic.capacity_records() == segment);
    CHECK(offsets_of_quotes(topic, zero) == up_to(4 * segment, 7 * segment));
}

TEST_CASE("what an upgrade finds has room, whatever the new log may hold", "[upgrade][durable]")
{
    const scratch_directory scratch;
    auto options = log_in(scratch);
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, 9 * segment);
    }
    options.log.most_bytes = 2 * segment * 40;
    CHECK(upgrade_trades(options).records == 9 * segment);
    new_log topic{"trades", options};
    CHECK(offsets_of_quotes(topic, zero) == up_to(0, 9 * segment));
}

TEST_CASE("groups go on where they had committed, with what they had noted",
          "[upgrade][durable][groups]")
{
    const scratch_directory scratch;
    auto options = log_in(scratch);
    options.partitions = 2;
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, 100);
        gregor::consumer risk{topic, "risk", {.auto_commit = false}};
        gregor::consumer lossy{topic, "screen", {.lossy = true, .auto_commit = false}};
        CHECK(risk.try_poll().size() == 100);
        CHECK(lossy.try_poll().size() == 100);
        CHECK(risk.commit(zero, 40, "up to 40") == gregor::commit_status::ok);
        CHECK(lossy.commit(zero, 70) == gregor::commit_status::ok);
        const gregor::consumer fresh{topic, "fresh"}; // and never commits
    }
    upgrade_trades(options);
    new_log topic{"trades", options};
    gregor::group_admin admin{topic};
    CHECK(admin.list().size() == 3);
    CHECK(admin.describe("screen")->lossy);
    gregor::consumer risk{topic, "risk"};
    CHECK(risk.committed(zero) == 40);
    CHECK(risk.committed_metadata(zero) == "up to 40");
    const auto batch = risk.try_poll();
    REQUIRE_FALSE(batch.empty());
    CHECK((*batch.begin()).offset() == 40);
    CHECK((*batch.begin()).value() == quote::number(40));
    gregor::consumer lossy{topic, "screen", {.lossy = true}};
    CHECK(lossy.committed(zero) == 70);
    gregor::consumer fresh{topic, "fresh"};
    CHECK_FALSE(fresh.committed(zero).has_value());
}

TEST_CASE("an upgrade begins an epoch, and positions of those before it lead where they did",
          "[upgrade][durable]")
{
    const scratch_directory scratch;
    const scratch_directory copy;
    {
        old_log topic{"trades", log_in(scratch)};
        send_trades(topic, 0, 100);
        REQUIRE_FALSE(topic.flush());
        send_trades(topic, 100, 200);
        std::filesystem::copy(scratch / "trades", copy / "trades",
                              std::filesystem::copy_options::recursive);
    }
    {
        const old_log topic{"trades", log_in(copy)}; // as after a power loss
        CHECK(topic.recovered(zero).epoch == 1);
    }
    upgrade_trades(log_in(copy));
    new_log topic{"trades", log_in(copy)};
    CHECK(topic.recovered(zero).epoch == 2);
    CHECK(topic.recovered(zero).starts[0] == 200);
    CHECK(topic.recovered(zero).starts[1] == 200);
    gregor::consumer<new_log> in{topic};
    in.assign({zero});
    CHECK(in.seek(zero, gregor::log_position{0, 150}));
    CHECK(in.seek(zero, gregor::log_position{1, 200}));
    CHECK(in.seek(zero, gregor::log_position{2, 200}));
    CHECK_FALSE(in.seek(zero, gregor::log_position{3, 150}));
    REQUIRE(in.seek(zero, gregor::log_position{1, 150}));
    const auto batch = in.try_poll();
    REQUIRE_FALSE(batch.empty());
    CHECK((*batch.begin()).offset() == 150);
}

TEST_CASE("texts with keys, times and headers are carried over", "[upgrade][durable]")
{
    const scratch_directory scratch;
    auto options = support::log_with_blobs_in(scratch);
    options.partitions = 2;
    const timestamp_t noon{std::chrono::hours{500'000}};
    {
        text_log topic{"texts", options};
        gregor::producer out{topic};
        for (std::uint64_t n = 0; n != 1500; ++n) {
            text_log::attributes given;
            given.partition = partition_id{static_cast<std::uint32_t>(n % 2)};
            given.timestamp = noon + std::chrono::seconds{n};
            if (n % 3 != 0) {
                given.key = "key of " + std::to_string(n);
                given.headers = {{"number", std::to_string(n)}, {"empty", ""}};
            }
            REQUIRE(out.send(support::numbered<std::string>(n), std::move(given)));
        }
    }
    const auto done = gregor::upgrade<text_log, long_log>("texts", options, [](const auto& old) {
                          return std::vector<std::uint64_t>(old.offset() % 100, old.value().size());
                      }).value();
    CHECK(done.records == 1500);
    long_log topic{"texts", options};
    gregor::consumer<long_log> in{topic};
    in.assign({zero, partition_id{1}});
    std::uint64_t count = 0;
    for (auto batch = in.try_poll(); !batch.empty(); batch = in.try_poll()) {
        for (const auto& record : batch) {
            const std::uint64_t n = record.offset() * 2 + record.partition().value;
            const bool has_key = n % 3 != 0;
            const auto value = record.value();
            CHECK(value.size() == record.offset() % 100);
            CHECK((value.empty() || value.front() == support::numbered<std::string>(n).size()));
            CHECK(record.key().has_value() == has_key);
            CHECK((!has_key || *record.key() == "key of " + std::to_string(n)));
            CHECK(record.timestamp() == noon + std::chrono::seconds{n});
            CHECK(record.headers().size() == (has_key ? 2 : 0));
            CHECK((!has_key || record.headers()[0].value == std::to_string(n)));
            ++count;
        }
        batch.let_go();
    }
    CHECK(count == 1500);
    in.seek(zero, noon + 1000s);
    CHECK(in.position(zero) == 500);
}

TEST_CASE("the function may say what lies beside a value", "[upgrade][durable]")
{
    using keyed_log =
        gregor::topic<quote, mmap_log, gregor::key<std::uint64_t>, gregor::timestamps>;
    const scratch_directory scratch;
    const auto options = log_in(scratch);
    {
        old_log topic{"trades", options};
        send_trades(topic, 0, 10);
    }
    const timestamp_t before = std::chrono::system_clock::now();
    const auto with_key = [](const auto& old, auto& given) {
        CHECK_FALSE(given.key.has_value());
        given.key = old.value().id * 10;
        given.partition = partition_id{7}; // it keeps its own
        if (old.offset() == 3) {
            given.timestamp = timestamp_t{5h};
        }
        return quote::of(old.value());
    };
    REQUIRE(gregor::upgrade<old_log, keyed_log>("trades", options, with_key));
    keyed_log topic{"trades", options};
    gregor::consumer<keyed_log> in{topic};
    in.assign({zero});
    const auto batch = in.try_poll();
    CHECK(batch.size() == 10);
    for (const auto& record : batch) {
        CHECK(record.key() == record.offset() * 10);
        CHECK((record.offset() == 3 ? record.timestamp() == timestamp_t{5h}
                                    : record.timestamp() >= before));
    }
}

TEST_CASE("a key that was part of the value is stored beside the new one", "[upgrade][durable]")
{
    using derived = gregor::topic<trade, mmap_log, gregor::keyed_by<&trade::id>>;
    using stored = gregor::topic<quote, mmap_log, gregor::key<std::uint64_t>>;
    const scratch_directory scratch;
    const auto options = log_in(scratch);
    {
        derived topic{"trades", options};
        send_trades(topic, 0, 10);
    }
    REQUIRE(gregor::upgrade<derived, stored>("trades", options, as_quote));
    stored topic{"trades", options};
    gregor::consumer<stored> in{topic};
    in.assign({zero});
    for (const auto& record : in.try_poll()) {
        CHECK(record.key() == record.offset());
    }
}

#endif
