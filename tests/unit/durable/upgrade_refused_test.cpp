// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#if GREGOR_FILES

#    include <cstddef>
#    include <cstdint>
#    include <filesystem>
#    include <functional>
#    include <stdexcept>
#    include <string>
#    include <utility>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/seen_folder.hpp"
#    include "support/upgrades.hpp"

// Why a log on disk is not upgraded, and that it is as it was then.

using gregor::errc;
using gregor::offset_t;
using gregor::partition_id;
using gregor::storage::mmap_log;
using support::log_in;
using support::names_in;
using support::quote;
using support::scratch_directory;
using support::segment;
using support::send_trades;
using support::trade;

namespace {

/// The system's calls, but that something happens before the first lock is taken.
struct late_files : gregor::disk::os_files {
    static inline std::function<void()> meanwhile;

    static gregor::disk::outcome lock(int file, bool alone = true)
    {
        if (const auto act = std::exchange(meanwhile, nullptr)) {
            act();
        }
        return gregor::disk::os_files::lock(file, alone);
    }
};
struct late_storage {
    using policy_kind = gregor::kind::storage;
};

} // namespace

template <class Record, bool Many>
struct gregor::log_of<late_storage, Record, Many> {
    using type = gregor::mapped_log<Record, Many, gregor::ring::std_env, late_files>;
};

namespace {

constexpr partition_id zero{0};
const std::vector<std::string> nothing_but_the_log{"trades"};

using old_log = gregor::topic<trade, mmap_log>;
using new_log = gregor::topic<quote, mmap_log>;
using text_log = gregor::topic<std::string, mmap_log>;

const auto as_quote = [](const auto& old) { return quote::of(old.value()); };

void make_trades(const scratch_directory& folder, std::uint64_t count)
{
    old_log topic{"trades", log_in(folder)};
    send_trades(topic, 0, count);
}

/// What is said of an upgrade that is to be refused.
gregor::error refusal_of(const gregor::topic_options& options)
{
    auto done = gregor::upgrade<old_log, new_log>("trades", options, as_quote);
    REQUIRE_FALSE(done.has_value());
    return done.error();
}

} // namespace

TEST_CASE("a log that is open to be written is not upgraded", "[upgrade][durable]")
{
    const scratch_directory scratch;
    make_trades(scratch, 10);
    {
        const old_log writer{"trades", log_in(scratch)};
        CHECK(refusal_of(log_in(scratch)).code() == errc::locked);
    }
    CHECK(names_in(scratch.path()) == nothing_but_the_log);
    CHECK(support::look_through(scratch, 10) == "");
}

TEST_CASE("a log that is only read is upgraded, and its readers have the old one",
          "[upgrade][durable]")
{
    const scratch_directory scratch;
    make_trades(scratch, 10);
    auto options = log_in(scratch);
    options.log.opening = gregor::log_opening::read_only;
    old_log reader{"trades", options};
    REQUIRE(gregor::upgrade<old_log, new_log>("trades", log_in(scratch), as_quote));
    gregor::consumer<old_log> in{reader};
    in.assign({zero});
    CHECK(in.try_poll().size() == 10);
    const new_log topic{"trades", log_in(scratch)};
    CHECK(topic.end_offset(zero) == 10);
}

TEST_CASE("one upgrade of a log goes on at a time", "[upgrade][durable]")
{
    const scratch_directory scratch;
    make_trades(scratch, 10);
    if (GENERATE(false, true)) {
        std::filesystem::remove(scratch / "trades/lock"); // a copy may have none
    }
    int refused = 0;
    const auto meanwhile = [&](const auto& old) {
        refused += refusal_of(log_in(scratch)).code() == errc::locked ? 1 : 0;
        const auto writer = old_log::create("trades", log_in(scratch));
        refused += !writer && writer.error().code() == errc::locked ? 1 : 0;
        return quote::of(old.value());
    };
    REQUIRE(gregor::upgrade<old_log, new_log>("trades", log_in(scratch), meanwhile));
    CHECK(refused == 20);
}

TEST_CASE(
    "who has opened a log's folder before an upgrade, and comes to lock it behind, is refused",
    "[upgrade][durable]")
{
    const scratch_directory scratch;
    make_trades(scratch, 10);
    late_files::meanwhile = [&] {
        REQUIRE(gregor::upgrade<old_log, new_log>("trades", log_in(scratch), as_quote));
    };
    const auto late = gregor::topic<trade, late_storage>::create("trades", log_in(scratch));
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code() == errc::locked);
    CHECK(late.error().found() == "another one in its place");
    const new_log topic{"trades", log_in(scratch)};
    CHECK(topic.end_offset(zero) == 10);
}

TEST_CASE("of a damaged log an upgrade says where, and leaves it as it is", "[upgrade][durable]")
{
    const scratch_directory scratch;
    make_trades(scratch, 3 * segment);
    support::damage(scratch, segment + 7, 20);
    const std::string before = support::bytes_of(scratch / "trades/0/00000000000000000512.log");
    const gregor::error why = refusal_of(log_in(scratch));
    CHECK(why.code() == errc::corrupt);
    CHECK(why.operation() == "segment \"" + (scratch / "trades/0/00000000000000000512.log") + "\"");
    CHECK(why.expected() == "a whole record at offset 519");
    CHECK(names_in(scratch.path()) == nothing_but_the_log);
    CHECK(support::bytes_of(scratch / "trades/0/00000000000000000512.log") == before);
}

TEST_CASE("what an upgrade's function throws passes through, and the log is as it was",
          "[upgrade][durable]")
{
    const scratch_directory scratch;
    make_trades(scratch, 1000);
    const auto throws = [](const auto& old) {
        if (old.offset() == 700) {
            throw std::runtime_error{"not that one"};
        }
        return quote::of(old.value());
    };
    CHECK_THROWS_AS(
        static_cast<void>(gregor::upgrade<old_log, new_log>("trades", log_in(scratch), throws)),
        std::runtime_error);
    CHECK(names_in(scratch.path()) == nothing_but_the_log);
    CHECK(support::look_through(scratch, 1000) == "");
    CHECK(gregor::upgrade<old_log, new_log>("trades", log_in(scratch), as_quote)->upgraded);
}

TEST_CASE("a log of another type is refused, and both are named", "[upgrade][durable]")
{
    const scratch_directory scratch;
    {
        gregor::topic<std::uint64_t, mmap_log> topic{"trades", log_in(scratch)};
        REQUIRE(gregor::producer{topic}.send(7));
    }
    const gregor::error why = refusal_of(log_in(scratch));
    CHECK(why.code() == errc::wrong_format);
    CHECK(why.expected() == "records of type trade");
    CHECK(names_in(scratch.path()) == nothing_but_the_log);
}

TEST_CASE("an upgrade refuses impossible options before it does anything", "[upgrade][durable]")
{
    const scratch_directory scratch;
    auto options = log_in(scratch);
    SECTION("where there is no log, and should be one")
    {
        options.log.opening = gregor::log_opening::open_existing;
        CHECK(refusal_of(options).code() == errc::unknown_topic);
        CHECK(names_in(scratch.path()).empty());
    }
    SECTION("where nothing may be changed")
    {
        make_trades(scratch, 10);
        options.log.opening = gregor::log_opening::read_only;
        CHECK(refusal_of(options).code() == errc::invalid_option);
    }
    SECTION("options of no log")
    {
        options.log.segment_records = 1000;
        CHECK(refusal_of(options).code() == errc::invalid_option);
        const auto named = gregor::upgrade<old_log, new_log>("a/b", log_in(scratch), as_quote);
        CHECK(named.error().code() == errc::invalid_name);
    }
    SECTION("segments that cannot begin where the log begins")
    {
        options.log.retention_bytes = 2 * segment * 32;
        {
            old_log topic{"trades", options};
            send_trades(topic, 0, 4 * segment);
            REQUIRE(topic.begin_offset(zero) == 2 * segment);
        }
        options.log.retention_bytes = 0;
        options.log.segment_records = 4 * segment;
        const gregor::error why = refusal_of(options);
        CHECK(why.code() == errc::invalid_option);
        CHECK(why.expected() == "log.segment_records that divide 1024, where partition 0 begins");
        CHECK(why.found() == "2048");
        CHECK(names_in(scratch.path()) == nothing_but_the_log);
    }
}

TEST_CASE("values that are too long for the new log's chunks are refused, with their offset",
          "[upgrade][durable]")
{
    const scratch_directory scratch;
    make_trades(scratch, 10);
    const auto as_text = [](const auto& old) {
        return std::string(old.offset() == 4 ? 5000U : 4000U, 'x');
    };
    const auto options = log_in(scratch);
    const auto done = gregor::upgrade<old_log, text_log>("trades", options, as_text);
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().code() == errc::invalid_option);
    CHECK(done.error().operation() ==
          "record at offset 4 of \"" + (scratch / "trades~new/trades/0") + "\"");
    CHECK(done.error().expected() == "log.blob_chunk_bytes of 5000 or more");
    CHECK(names_in(scratch.path()) == nothing_but_the_log);
}

TEST_CASE("a new log that may not hold its blobs is refused as full", "[upgrade][durable]")
{
    const scratch_directory scratch;
    make_trades(scratch, 100);
    auto options = log_in(scratch);
    options.log.most_bytes = 65536;
    const auto as_text = [](const auto&) { return std::string(4000, 'x'); };
    const auto done = gregor::upgrade<old_log, text_log>("trades", options, as_text);
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().code() == errc::log_full);
    CHECK(names_in(scratch.path()) == nothing_but_the_log);
}

#endif
