// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/statuses.hpp"

#if GREGOR_FILES

// Which logs are opened, and what is said where one is not.

using gregor::errc;
using gregor::log_opening;
using gregor::topic_options;
using gregor::storage::mmap_log;
using support::log_in;
using support::scratch_directory;
using support::trade;

namespace {

using log_topic = gregor::topic<trade, mmap_log>;

template <class Topic = log_topic>
std::error_code refused(const topic_options& options, const std::string& name = "trades")
{
    const auto made = Topic::create(name, options);
    return made.has_value() ? std::error_code{} : made.error().code();
}

struct other {
    std::uint64_t id;
    std::uint64_t price;
};

} // namespace

template <>
inline constexpr std::string_view gregor::type_name<other> = "something else";

TEST_CASE("a log has one writer", "[durable]")
{
    const scratch_directory folder;
    const log_topic topic{"trades", log_in(folder)};
    CHECK(refused(log_in(folder)) == errc::locked);
    CHECK(refused(log_in(folder), "others") == std::error_code{});
}

TEST_CASE("a log is created, opened, or either, as it is asked", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.opening = log_opening::open_existing;
    CHECK(refused(options) == errc::unknown_topic);
    CHECK(std::filesystem::is_empty(folder.path()));
    options.log.opening = log_opening::create;
    CHECK(refused(options) == std::error_code{});
    CHECK(refused(options) == errc::topic_exists);
    options.log.opening = log_opening::open_existing;
    CHECK(refused(options) == std::error_code{});
    options.log.directory = folder / "nowhere";
    CHECK(refused(options) == std::errc::no_such_file_or_directory);
}

TEST_CASE("a log of other records is not opened, and says what it holds", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        CHECK(gregor::producer{topic}.send(trade::number(1)));
    }
    const auto as_other = gregor::topic<other, mmap_log>::create("trades", log_in(folder));
    REQUIRE_FALSE(as_other.has_value());
    CHECK(as_other.error().code() == errc::wrong_format);
    CHECK(as_other.error().expected() == "records of type something else");
    CHECK(as_other.error().found() == "trade");
    CHECK(refused<gregor::topic<trade, mmap_log, gregor::timestamps>>(log_in(folder)) ==
          errc::wrong_format);
    CHECK(refused<gregor::topic<trade, mmap_log, gregor::key<int>>>(log_in(folder)) ==
          errc::wrong_format);
    auto longer = log_in(folder);
    longer.log.segment_records *= 2;
    CHECK(refused(longer) == errc::wrong_format);
    CHECK(refused(log_in(folder)) == std::error_code{});
}

TEST_CASE("impossible options are refused before anything is made", "[durable]")
{
    using namespace std::chrono_literals;
    const scratch_directory folder;
    const auto with = [&](auto change) {
        auto options = log_in(folder);
        change(options.log);
        return refused(options);
    };
    CHECK(with([](auto& log) { log.directory.clear(); }) == errc::invalid_option);
    CHECK(with([](auto& log) { log.segment_records = 256; }) == errc::invalid_option);
    CHECK(with([](auto& log) { log.segment_records = 1000; }) == errc::invalid_option);
    CHECK(with([](auto& log) { log.segment_records = std::size_t{1} << 40U; }) ==
          errc::invalid_option);
    CHECK(with([](auto& log) { log.most_bytes = 1000; }) == errc::invalid_option);
    CHECK(with([](auto& log) { log.retention_bytes = 1000; }) == errc::invalid_option);
    CHECK(with([](auto& log) { log.retention_age = -1s; }) == errc::invalid_option);
    CHECK(with([](auto& log) { log.flush_interval = 0s; }) == errc::invalid_option);
    CHECK(with([](auto& log) { log.flush_records = 0; }) == errc::invalid_option);
    CHECK(refused(log_in(folder), "a/b") == errc::invalid_name);
    CHECK(refused(log_in(folder), "..") == errc::invalid_name);
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a topic in memory has no directory", "[durable]")
{
    const scratch_directory folder;
    const auto made = gregor::topic<trade>::create("trades", log_in(folder));
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code() == errc::invalid_option);
}

TEST_CASE("a partition whose folder is gone is missed", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.partitions = 3;
    CHECK(refused(options) == std::error_code{});
    std::filesystem::remove_all(folder / "trades/1");
    CHECK(refused(options) == errc::corrupt);
}

TEST_CASE("a segment's length follows from bytes where records are not named", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.segment_records = 0;
    options.log.segment_bytes = 1U << 20U;
    {
        const log_topic topic{"trades", options};
        CHECK(topic.capacity_records() == 32768); // of 32 bytes
    }
    options.log.segment_bytes = 1;
    const log_topic topic{"tiny", options};
    CHECK(topic.capacity_records() == 512);
}

TEST_CASE("an idle log takes less than 1 MiB of memory beside its files", "[durable]")
{
    const scratch_directory folder;
    const std::size_t before = support::allocated_bytes();
    const log_topic topic{"trades", [&folder] {
                              auto options = log_in(folder);
                              options.log.segment_records = 0; // as it is by default
                              options.log.blob_chunk_bytes = topic_options{}.log.blob_chunk_bytes;
                              options.groups = {"readers"};
                              return options;
                          }()};
    const std::size_t beside = support::allocated_bytes() - before;
    INFO(beside << " bytes");
    CHECK(beside < 1U << 20U);
}

#endif
