// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/reading.hpp"

#if GREGOR_FILES

#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/small_disk.hpp"

// What one life of a topic leaves to the next of its groups.

using gregor::commit_status;
using gregor::group_status;
using gregor::offset_t;
using gregor::partition_id;
using gregor::poll_status;
using gregor::storage::mmap_log;
using support::log_in;
using support::scratch_directory;
using support::segment;
using support::trade;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};

using log_topic = gregor::topic<trade, mmap_log>;
using consumer = gregor::consumer<log_topic>;
using admin = gregor::group_admin<log_topic>;

void send(log_topic& topic, std::uint64_t from, std::uint64_t to, partition_id p = zero)
{
    gregor::producer out{topic};
    for (; from != to; ++from) {
        static_cast<void>(out.send(trade::number(from), {.partition = p}));
    }
}

/// Does it in another process, which is then killed. Whether it came so far.
template <class Do>
bool live_and_die(Do&& act)
{
    const pid_t child = ::fork();
    if (child == 0) {
        act();
        ::raise(SIGKILL);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGKILL;
}

/// The numbers that a new member of the group is given.
std::vector<std::uint64_t> read_as(log_topic& topic, const std::string& group,
                                   gregor::consumer_options options = {})
{
    options.auto_commit = false;
    consumer in{topic, group, options};
    std::vector<std::uint64_t> numbers;
    for (const trade& each : support::read_values(in)) {
        numbers.push_back(each.id);
    }
    return numbers;
}

std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t to)
{
    std::vector<std::uint64_t> all;
    for (; from != to; ++from) {
        all.push_back(from);
    }
    return all;
}

gregor::group_description describe(log_topic& topic, const std::string& group)
{
    auto found = admin{topic}.describe(group);
    REQUIRE(found.has_value());
    return *std::move(found);
}

} // namespace

TEST_CASE("a group goes on where it committed when its topic is opened again", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 20);
        consumer in{topic, "risk"};
        CHECK(in.commit(zero, 7, "as of yesterday") == commit_status::ok);
    }
    for (int life = 0; life != 3; ++life) {
        log_topic topic{"trades", log_in(folder)};
        const auto found = describe(topic, "risk");
        CHECK(found.status == group_status::dormant); // it was left
        CHECK(found.partitions[0].committed == 7);
        CHECK(found.partitions[0].metadata == "as of yesterday");
        CHECK(found.lag == 13);
        CHECK(admin{topic}.list().size() == 1);
        CHECK(read_as(topic, "risk") == numbers(7, 20));
    }
    log_topic topic{"trades", log_in(folder)};
    consumer in{topic, "risk"};
    CHECK(in.committed(zero) == 7);
    CHECK(in.committed_metadata(zero) == "as of yesterday");
}

TEST_CASE("a group whose process was killed goes on, and holds its records meanwhile", "[durable]")
{
    const scratch_directory folder;
    const bool commits = GENERATE(true, false);
    REQUIRE(live_and_die([&] {
        static log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 20);
        static consumer in{topic, "risk"};
        static auto batch = in.try_poll();
        if (commits) {
            static_cast<void>(in.commit(zero, 7, "note"));
        }
    }));
    log_topic topic{"trades", log_in(folder)};
    const auto found = describe(topic, "risk");
    CHECK(found.status == group_status::empty);
    CHECK(found.partitions[0].committed == (commits ? std::optional<offset_t>{7} : std::nullopt));
    CHECK(found.partitions[0].metadata == (commits ? "note" : ""));
    CHECK(read_as(topic, "risk") == numbers(commits ? 7 : 0, 20));
}

TEST_CASE("what was read and committed by polling is kept, in each partition", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.partitions = 2;
    REQUIRE(live_and_die([&] {
        static log_topic topic{"trades", options};
        send(topic, 0, 10, zero);
        send(topic, 10, 25, one);
        static consumer in{topic, "risk"};
        static auto first = support::read_values(in);
        static_cast<void>(in.commit());
        send(topic, 25, 30, one);
    }));
    log_topic topic{"trades", options};
    CHECK(describe(topic, "risk").partitions[0].committed == 10);
    CHECK(describe(topic, "risk").partitions[1].committed == 15);
    CHECK(read_as(topic, "risk") == numbers(25, 30));
}

TEST_CASE("a group that began at the end stays there until it commits", "[durable]")
{
    const scratch_directory folder;
    REQUIRE(live_and_die([&] {
        static log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 5);
        static consumer in{topic, "late", {.reset = gregor::auto_offset_reset::latest}};
        send(topic, 5, 9);
    }));
    log_topic topic{"trades", log_in(folder)};
    send(topic, 9, 11);
    CHECK(read_as(topic, "late", {.reset = gregor::auto_offset_reset::latest}) == numbers(5, 11));
}

TEST_CASE("a commit further back is kept, and so is a reset, without its note", "[durable]")
{
    const scratch_directory folder;
    const bool resets = GENERATE(true, false);
    const std::uint64_t to = GENERATE(3U, 11U);
    REQUIRE(live_and_die([&] {
        static log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 20);
        {
            consumer in{topic, "risk"};
            static_cast<void>(in.commit(zero, 9, "nine"));
            if (!resets) {
                static_cast<void>(in.commit(zero, to));
                ::raise(SIGKILL);
            }
        }
        static_cast<void>(admin{topic}.reset("risk", gregor::reset_to::offset(to)));
    }));
    log_topic topic{"trades", log_in(folder)};
    CHECK(describe(topic, "risk").partitions[0].committed == to);
    CHECK(describe(topic, "risk").partitions[0].metadata.empty());
    CHECK(read_as(topic, "risk") == numbers(to, 20));
}

TEST_CASE("a lossy group stays one", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 20);
        consumer in{topic, "screen", {.lossy = true}};
        CHECK(in.commit(zero, 12) == commit_status::ok);
    }
    {
        log_topic topic{"trades", log_in(folder)};
        CHECK(describe(topic, "screen").lossy);
        CHECK_THROWS_WITH((consumer{topic, "screen"}), Catch::Matchers::Contains("lossy, as the "
                                                                                 "group was made"));
        CHECK(read_as(topic, "screen", {.lossy = true}) == numbers(12, 20));
    }
    auto options = log_in(folder);
    options.groups = {"screen"};
    CHECK_THROWS_WITH((log_topic{"trades", options}),
                      Catch::Matchers::Contains("expected declared groups to be lossless"));
}

TEST_CASE("a group that was removed is gone, and leaves its place to the next one", "[durable]")
{
    const scratch_directory folder;
    const std::string file = folder / "trades/0/offsets";
    {
        log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 20);
        for (int i = 0; i != 10; ++i) {
            const std::string group = "group " + std::to_string(i);
            {
                consumer in{topic, group};
                CHECK(in.commit(zero, 7) == commit_status::ok);
            }
            CHECK_FALSE(admin{topic}.remove(group));
        }
        CHECK(std::filesystem::file_size(file) == std::uintmax_t{5} * 4096);
        CHECK(read_as(topic, "group 0") == numbers(0, 20));
    }
    log_topic topic{"trades", log_in(folder)};
    CHECK(admin{topic}.list().size() == 1);
    CHECK_FALSE(describe(topic, "group 0").partitions[0].committed.has_value());
    CHECK(read_as(topic, "group 1") == numbers(0, 20));
}

TEST_CASE("declared groups go on where they were; new ones begin where the log does", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.groups = {"risk"};
    options.log.retention_bytes = 3 * segment * 32;
    {
        log_topic topic{"trades", options};
        send(topic, 0, 20);
        CHECK(describe(topic, "risk").status == group_status::empty);
        consumer in{topic, "risk"};
        CHECK(in.commit(zero, 20) == commit_status::ok);
        for (std::uint64_t at = 20; at < 4 * segment; at += 100) {
            send(topic, at, at + 100);
            CHECK(in.commit(zero, at + 100) == commit_status::ok);
        }
    }
    options.groups = {"risk", "audit"};
    log_topic topic{"trades", options};
    const offset_t begin = topic.begin_offset(zero);
    const offset_t end = topic.end_offset(zero);
    REQUIRE(begin > 0);
    CHECK(describe(topic, "risk").partitions[0].committed == end);
    CHECK(describe(topic, "risk").status == group_status::empty);
    CHECK(describe(topic, "audit").status == group_status::empty);
    CHECK(read_as(topic, "audit") == numbers(begin, end));
    CHECK(read_as(topic, "risk").empty());
}

TEST_CASE("a group that was away is told what it missed, in another life too", "[durable]")
{
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.retention_bytes = 2 * segment * 32;
    {
        log_topic topic{"trades", options};
        send(topic, 0, 20);
        consumer in{topic, "risk"};
        CHECK(in.commit(zero, 7) == commit_status::ok);
    }
    {
        log_topic topic{"trades", options};
        send(topic, 20, 4 * segment);
    }
    log_topic topic{"trades", options};
    const offset_t begin = topic.begin_offset(zero);
    REQUIRE(begin > 7);
    consumer in{topic, "risk"};
    const auto batch = in.try_poll();
    REQUIRE(batch.status() == poll_status::records);
    CHECK(batch.missed() == begin - 7);
    CHECK(batch[0].offset() == begin);
}

TEST_CASE("partitions that come are kept of each group, and read from their beginning", "[durable]")
{
    const scratch_directory folder;
    const bool while_open = GENERATE(true, false);
    REQUIRE(live_and_die([&] {
        static log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 5);
        static consumer in{topic, "risk"};
        static_cast<void>(in.commit(zero, 3));
        if (while_open) {
            static_cast<void>(topic.add_partitions(1).has_value());
            send(topic, 5, 9, one);
        }
    }));
    auto options = log_in(folder);
    options.partitions = 2;
    log_topic topic{"trades", options};
    if (!while_open) {
        send(topic, 5, 9, one);
    }
    CHECK(read_as(topic, "risk", {.reset = gregor::auto_offset_reset::latest}) == numbers(3, 9));
    CHECK(topic.add_partitions(2).has_value());
    CHECK(describe(topic, "risk").partitions.size() == 4);
}

TEST_CASE("names and notes that are too long for the files are refused", "[durable]")
{
    const scratch_directory folder;
    log_topic topic{"trades", log_in(folder)};
    send(topic, 0, 5);
    CHECK_THROWS_WITH((consumer{topic, std::string(256, 'g')}),
                      Catch::Matchers::Contains("a group's name of 1 to 255 bytes"));
    CHECK(admin{topic}.list().empty());
    consumer in{topic, std::string(255, 'g')};
    CHECK(in.commit(zero, 3, std::string(1000, 'n')) == commit_status::ok);
    CHECK(in.commit(zero, 4, std::string(1001, 'n')) == commit_status::metadata_too_long);
    CHECK(in.committed(zero) == 3);
    CHECK(in.committed_metadata(zero) == std::string(1000, 'n'));
}

TEST_CASE("a consumer without a group leaves nothing", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 5);
        consumer in{topic};
        in.assign({zero});
        CHECK(support::read_values(in).size() == 5);
        CHECK(in.commit(zero, 3, "mine") == commit_status::ok);
    }
    log_topic topic{"trades", log_in(folder)};
    CHECK(admin{topic}.list().empty());
}

TEST_CASE("offsets beyond what a power loss has left are moved back, and told", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send(topic, 0, 20);
        consumer in{topic, "risk"};
        CHECK(in.commit(zero, 15, "fifteen") == commit_status::ok);
        consumer near{topic, "near"};
        CHECK(near.commit(zero, 4, "four") == commit_status::ok);
    }
    // the system was started anew, and the records from 10 on had not reached the disk
    small_disk::forget_boot(folder / "trades/0", offset_t{8});
    const std::string file = small_disk::segment_file(folder / "trades/0", 0);
    std::string bytes = support::bytes_of(file);
    bytes.replace(4096 + 10 * 32, 10 * 32, std::string(10 * 32, '\0'));
    support::put_bytes(file, bytes);
    log_topic topic{"trades", log_in(folder)};
    REQUIRE(topic.end_offset(zero) == 10);
    CHECK(topic.recovered(zero).offsets_moved_back == 1);
    CHECK(topic.recovered(zero).offsets_lost == 0);
    CHECK(describe(topic, "risk").partitions[0].committed == 10);
    CHECK(describe(topic, "risk").partitions[0].metadata.empty());
    CHECK(describe(topic, "near").partitions[0].committed == 4);
    CHECK(describe(topic, "near").partitions[0].metadata == "four");
    send(topic, 100, 103);
    CHECK(read_as(topic, "risk") == numbers(100, 103));
}

TEST_CASE("offsets of another topic are refused", "[durable]")
{
    const scratch_directory folder;
    for (const char* name : {"trades", "orders"}) {
        const log_topic topic{name, log_in(folder)};
    }
    std::filesystem::copy_file(folder / "orders/0/offsets", folder / "trades/0/offsets",
                               std::filesystem::copy_options::overwrite_existing);
    const auto refused = log_topic::create("trades", log_in(folder));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == gregor::errc::wrong_format);
}

#endif
