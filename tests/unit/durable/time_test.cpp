// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/log/repair.hpp>
#include <gregor/mmap_log.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/random.hpp"
#include "support/reading.hpp"

#if GREGOR_FILES

// What segments say of the time of their records, and who goes by it.

using namespace std::chrono_literals;
using gregor::offset_t;
using gregor::partition_id;
using gregor::timestamp_t;
using gregor::storage::mmap_log;
using support::log_in;
using support::scratch_directory;
using support::segment;
using support::trade;

namespace disk = gregor::disk;

namespace {

constexpr partition_id zero{0};
const timestamp_t start{std::chrono::hours{400000}};

using timed = gregor::topic<trade, mmap_log, gregor::key<std::uint32_t>, gregor::timestamps,
                            gregor::overflow::reject>;
using aging =
    gregor::topic<trade, mmap_log, gregor::timestamps, gregor::time_source<gregor::manual_clock>>;

/// `start`, and so many seconds.
timestamp_t at(std::uint64_t seconds)
{
    return start + std::chrono::seconds{seconds};
}

std::uint64_t ns(timestamp_t time)
{
    using std::chrono::nanoseconds;
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()).count());
}

std::string file_of(const std::string& folder, offset_t base)
{
    return folder + "/trades/0/" + disk::segment_name(base);
}

disk::header_page page_of(const std::string& folder, offset_t base)
{
    disk::header_page page{};
    const std::string bytes = support::bytes_of(file_of(folder, base));
    REQUIRE(bytes.size() >= sizeof page);
    std::memcpy(&page, bytes.data(), sizeof page);
    return page;
}

/// What its seal says; none where it has none.
std::optional<std::uint64_t> newest_in(const std::string& folder, offset_t base)
{
    const disk::header_page page = page_of(folder, base);
    return page.seal.magic[0] != 0 ? std::optional{std::uint64_t{page.seal.newest}} : std::nullopt;
}

/// Has its seal say something else.
void say_newest(const std::string& folder, offset_t base, std::uint64_t newest)
{
    disk::header_page page = page_of(folder, base);
    page.seal.newest = newest;
    disk::finish_block(page.seal, disk::seal_magic, page.header.salt);
    std::string bytes = support::bytes_of(file_of(folder, base));
    std::memcpy(bytes.data(), &page, sizeof page);
    support::put_bytes(file_of(folder, base), bytes);
}

/// Sends one record for each of these segments, and fills the rest of it with records of `start`.
template <class Topic>
void fill_segments(Topic& topic, std::initializer_list<std::uint64_t> seconds, std::size_t where)
{
    gregor::producer out{topic};
    for (const std::uint64_t newest : seconds) {
        for (std::size_t i = 0; i != segment; ++i) {
            const timestamp_t when = i == where ? at(newest) : start;
            REQUIRE(out.send(trade::number(i), {.timestamp = when}));
        }
    }
}

} // namespace

TEST_CASE("a sealed segment says what its newest record is", "[durable][time]")
{
    const scratch_directory folder;
    const std::size_t where = GENERATE(std::size_t{0}, std::size_t{100}, segment - 1);
    {
        timed topic{"trades", log_in(folder)};
        fill_segments(topic, {30, 10, 20}, where);
        REQUIRE(gregor::producer{topic}.send(trade::number(0), {.timestamp = at(50)}));
        CHECK(newest_in(folder.path(), 0) == std::nullopt);
    }
    CHECK(newest_in(folder.path(), 0) == ns(at(30)));
    CHECK(newest_in(folder.path(), segment) == ns(at(10)));
    CHECK(newest_in(folder.path(), 2 * segment) == ns(at(20)));
    CHECK(newest_in(folder.path(), 3 * segment) == std::nullopt);
}

TEST_CASE("a segment without times says of none", "[durable][time]")
{
    const scratch_directory folder;
    {
        gregor::topic<trade, mmap_log> topic{"trades", log_in(folder)};
        gregor::producer out{topic};
        for (std::size_t i = 0; i != segment; ++i) {
            REQUIRE(out.send(trade::number(i)));
        }
    }
    CHECK(newest_in(folder.path(), 0) == 0U);
    CHECK(std::uint32_t{page_of(folder.path(), 0).header.timestamp_at} == 0);
}

TEST_CASE("what was given up counts for no time, whatever is left there", "[durable][time]")
{
    const scratch_directory folder;
    {
        timed topic{"trades", log_in(folder)};
        gregor::producer out{topic};
        gregor::producer second{topic}; // from now on what is given up stays in the log
        {
            auto given_up = second.claim(2, {.timestamp = at(90)});
        }
        for (std::size_t i = 2; i != segment; ++i) {
            REQUIRE(out.send(trade::number(i), {.timestamp = at(i % 7)}));
        }
    }
    CHECK(newest_in(folder.path(), 0) == ns(at(6)));
}

TEST_CASE("segments that a killed process left full are sealed with their times", "[durable][time]")
{
    const scratch_directory folder;
    const scratch_directory left;
    const auto options = log_in(folder);
    timed topic{"trades", options};
    fill_segments(topic, {7, 4}, 11);
    REQUIRE(newest_in(folder.path(), 0) == std::nullopt);
    std::filesystem::copy(folder.path(), left.path(), std::filesystem::copy_options::recursive);
    {
        timed again{"trades", log_in(left)};
        CHECK(again.recovered(zero).end == 2 * segment);
        const gregor::consumer<timed> in{again};
        CHECK(in.offset_for_time(zero, at(5)) == 11U);
        REQUIRE(gregor::producer{again}.send(trade::number(0), {.timestamp = at(8)}));
    }
    CHECK(newest_in(left.path(), 0) == ns(at(7)));
    CHECK(newest_in(left.path(), segment) == ns(at(4)));
    timed last{"trades", log_in(left)};
    const gregor::consumer<timed> in{last};
    CHECK(in.offset_for_time(zero, at(5)) == 11U);
    CHECK(in.offset_for_time(zero, at(8)) == 2 * segment);
}

TEST_CASE("a look for a time passes over segments that say they are older", "[durable][time]")
{
    const scratch_directory folder;
    {
        timed topic{"trades", log_in(folder)};
        fill_segments(topic, {30, 10, 20}, 100);
    }
    // a lie, so that it shows who believes it
    say_newest(folder.path(), 0, ns(at(3)));
    timed topic{"trades", log_in(folder)};
    gregor::consumer<timed> in{topic};
    CHECK(in.offset_for_time(zero, at(0)) == 0U);
    CHECK(in.offset_for_time(zero, at(3)) == 100U); // it says that there is one of this time
    CHECK(in.offset_for_time(zero, at(3) + timestamp_t::duration{1}) == segment + 100);
    CHECK(in.offset_for_time(zero, at(10)) == segment + 100);
    CHECK(in.offset_for_time(zero, at(11)) == 2 * segment + 100);
    CHECK(in.offset_for_time(zero, at(21)) == std::nullopt);
    in.assign({zero});
    CHECK(in.seek(zero, at(11)));
    CHECK(in.position(zero) == 2 * segment + 100);
    CHECK(in.seek(zero, at(21)));
    CHECK(in.position(zero) == 3 * segment);
    say_newest(folder.path(), 0, 0);
}

TEST_CASE("a seal that a repair makes again says the newest time, too", "[durable][time][repair]")
{
    const scratch_directory folder;
    {
        timed topic{"trades", log_in(folder)};
        fill_segments(topic, {30, 10, 20}, 100);
    }
    std::string bytes = support::bytes_of(file_of(folder.path(), segment));
    bytes.replace(offsetof(disk::header_page, seal), sizeof(disk::seal_block),
                  std::string(sizeof(disk::seal_block), '\0'));
    support::put_bytes(file_of(folder.path(), segment), bytes);
    auto in = disk::directory<disk::os_files>::open(folder / "trades/0");
    REQUIRE(in.has_value());
    const auto format = disk::format_in(page_of(folder.path(), 0).header);
    REQUIRE(format.has_value());
    REQUIRE(disk::repair(*in, *format).has_value());
    CHECK(newest_in(folder.path(), segment) == ns(at(10)));
}

TEST_CASE("segments that say nothing of their times are looked through", "[durable][time]")
{
    const scratch_directory folder;
    {
        timed topic{"trades", log_in(folder)};
        fill_segments(topic, {30, 10, 40}, 100);
    }
    say_newest(folder.path(), 0, 0);
    say_newest(folder.path(), segment, 0);
    timed topic{"trades", log_in(folder)};
    const gregor::consumer<timed> in{topic};
    CHECK(in.offset_for_time(zero, at(30)) == 100U);
    CHECK(in.offset_for_time(zero, at(31)) == 2 * segment + 100);
}

TEST_CASE("times before 1970 are found as well", "[durable][time]")
{
    const scratch_directory folder;
    const timestamp_t before{-1h};
    {
        timed topic{"trades", log_in(folder)};
        gregor::producer out{topic};
        for (std::size_t i = 0; i != segment + 1; ++i) {
            const auto then = before + std::chrono::seconds{i};
            REQUIRE(out.send(trade::number(i), {.timestamp = then}));
        }
    }
    CHECK(newest_in(folder.path(), 0) == 0U);
    timed topic{"trades", log_in(folder)};
    const gregor::consumer<timed> in{topic};
    CHECK(in.offset_for_time(zero, before - 1h) == 0U);
    CHECK(in.offset_for_time(zero, before + 9s) == 9U);
    CHECK(in.offset_for_time(zero, before + std::chrono::seconds{segment}) == segment);
    CHECK(in.offset_for_time(zero, timestamp_t{}) == std::nullopt);
}

TEST_CASE("a look for a time finds what a look at every record finds", "[durable][time]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    for (int round = 0; round != 4; ++round) {
        const scratch_directory folder;
        auto topic = std::make_optional<timed>("trades", log_in(folder));
        std::vector<timestamp_t> times;
        const std::uint64_t jitter = 1 + dice.below(3 * segment);
        while (times.size() != 6 * segment + 77) {
            if (times.size() == 3 * segment + 5) {
                topic.emplace("trades", log_in(folder)); // closed, and opened again
            }
            times.push_back(at(times.size() + dice.below(jitter)));
            REQUIRE(gregor::producer{*topic}.send(trade::number(0), {.timestamp = times.back()}));
        }
        topic->maintain();
        const gregor::consumer<timed> in{*topic};
        for (int look = 0; look != 200; ++look) {
            const timestamp_t since = at(dice.below(times.size() + jitter + 10));
            std::optional<offset_t> expected;
            for (offset_t i = 0; i != times.size() && !expected; ++i) {
                expected = times[i] >= since ? std::optional{i} : std::nullopt;
            }
            REQUIRE(in.offset_for_time(zero, since) == expected);
        }
    }
}

TEST_CASE("looks for a time find what is there, while segments are sealed and used again",
          "[durable][time]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.flush = gregor::flush_policy::every_records;
    options.log.flush_records = segment;
    options.log.retention_bytes = 4 * segment * sizeof(timed::slot_type);
    timed topic{"trades", options};
    constexpr std::uint64_t count = 400 * segment;
    std::thread sending{[&] {
        gregor::producer out{topic};
        for (std::uint64_t i = 0; i != count;) { // refused while a look holds what is to go
            i += out.try_send(trade::number(i), {.timestamp = at(i)}) ? 1U : 0U;
        }
    }};
    const gregor::consumer<timed> in{topic};
    std::uint64_t wrong = 0;
    for (offset_t last = 0; last + 1 != count;) {
        const offset_t end = topic.end_offset(zero);
        const offset_t begin = topic.begin_offset(zero);
        last = end == 0 ? 0 : end - 1;
        const offset_t wanted = (begin + last) / 2;
        const auto found = end == 0 ? std::optional{wanted} : in.offset_for_time(zero, at(wanted));
        // there, or gone since
        wrong += found && (*found == wanted || *found == topic.begin_offset(zero) ||
                           (*found > wanted && *found % segment == 0))
                     ? 0U
                     : 1U;
    }
    sending.join();
    CHECK(wrong == 0);
}

TEST_CASE("by age, segments go when their newest record is too old", "[durable][time]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.retention_age = 1h;
    gregor::manual_clock clock{start};
    aging topic{"trades", options, clock};
    const auto begin = [&] {
        topic.maintain();
        return topic.begin_offset(zero) / segment;
    };
    fill_segments(topic, {0, 1800, 60, 120}, 100);
    fill_segments(topic, {0}, 0);
    CHECK(begin() == 0);
    clock.advance(1h);
    CHECK(begin() == 0);
    clock.advance(1s);
    CHECK(begin() == 1); // what is behind it is older, and stays: a log has no gaps
    clock.advance(29min);
    CHECK(begin() == 1);
    clock.advance(1min);
    CHECK(begin() == 5);
}

#endif
