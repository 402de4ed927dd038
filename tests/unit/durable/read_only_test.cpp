// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/failing_storage.hpp"
#include "support/reading.hpp"
#include "support/seen_folder.hpp"
#include "support/small_disk.hpp"
#include "support/statuses.hpp"

#if GREGOR_FILES

#    include <sched.h>
#    include <sys/mount.h>
#    include <sys/wait.h>
#    include <unistd.h>

// A log that is opened to be read, and nothing in its folder that changes.

using gregor::errc;
using gregor::log_opening;
using gregor::offset_t;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::storage::mmap_log;
using support::killed_after;
using support::log_in;
using support::scratch_directory;
using support::seen_folder;
using support::segment;
using support::send_trades;
using support::trade;

namespace {

using namespace std::chrono_literals;

constexpr partition_id zero{0};

using log_topic = gregor::topic<trade, mmap_log>;

gregor::topic_options to_read(const scratch_directory& folder)
{
    auto options = log_in(folder);
    options.log.opening = log_opening::read_only;
    return options;
}

/// Reads all of it, in a group, to the end.
std::vector<trade> read_to_end(log_topic& topic, const char* group = "readers")
{
    gregor::consumer in{topic, group};
    std::vector<trade> values;
    for (;;) {
        const auto batch = in.poll(10s);
        if (batch.status() != poll_status::records) {
            CHECK(batch.status() == poll_status::closed);
            return values;
        }
        for (const auto& record : batch) {
            values.push_back(record.value());
        }
    }
}

void expect_numbers(const std::vector<trade>& values, std::uint64_t count)
{
    REQUIRE(values.size() == count);
    for (std::uint64_t n = 0; n != count; ++n) {
        REQUIRE(values[n] == trade::number(n));
    }
}

enum : int { fine = 0, not_allowed = 77 };

/// Reads a log on a file system that cannot be written to, where the system lets a process have one
/// of its own; says at which step something was not as it should be.
int read_where_nobody_writes(const scratch_directory& folder)
{
    const std::string place = folder.path();
    const bool mounts =
        (::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount("none", place.c_str(), "tmpfs", 0, "size=1m") == 0;
    if (!mounts) {
        return not_allowed;
    }
    {
        log_topic topic{"trades", log_in(folder)};
        gregor::producer out{topic};
        for (std::uint64_t n = 0; n != 700; ++n) {
            static_cast<void>(out.send(trade::number(n)));
        }
    }
    if (::mount("none", place.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m") != 0) {
        return not_allowed;
    }
    if (log_topic::create("trades", log_in(folder)).has_value()) {
        return 1;
    }
    auto topic = log_topic::create("trades", to_read(folder));
    if (!topic) {
        return 2;
    }
    gregor::consumer in{*topic, "readers"};
    const auto values = support::read_values(in);
    const bool all = values.size() == 700 && values.back() == trade::number(699);
    return all && topic->durable_offset(zero) == 700 && !topic->flush() ? fine : 3;
}

} // namespace

TEST_CASE("a log that is opened to be read is read to its end, and nothing in its folder changes",
          "[durable]")
{
    const scratch_directory folder;
    const std::uint64_t count = GENERATE(0U, 1U, 512U, 1300U);
    const bool killed = GENERATE(false, true);
    if (killed) {
        killed_after([&] {
            auto* topic = new log_topic{"trades", log_in(folder)};
            send_trades(*topic, 0, count);
        });
    } else {
        log_topic topic{"trades", log_in(folder)};
        send_trades(topic, 0, count);
    }
    const seen_folder before{folder};
    {
        log_topic topic{"trades", to_read(folder)};
        CHECK(topic.closed());
        CHECK(topic.begin_offset(zero) == 0);
        CHECK(topic.end_offset(zero) == count);
        CHECK(topic.durable_offset(zero) == count);
        expect_numbers(read_to_end(topic), count);

        CHECK_FALSE(topic.maintain());
        CHECK(topic.flush() == std::nullopt);
        CHECK(topic.failure(zero) == std::nullopt);
        CHECK(topic.wait_drained(0s));
        topic.close();
    }
    CHECK(before == seen_folder{folder});
    log_topic topic{"trades", log_in(folder)};
    CHECK(topic.end_offset(zero) == count);
    CHECK(topic.recovered(zero).epoch == 0);
    send_trades(topic, count, count + 1);
    topic.close();
    expect_numbers(read_to_end(topic), count + 1); // what a group had committed was forgotten
}

TEST_CASE("a log that is opened to be read takes nothing", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send_trades(topic, 0, 10);
    }
    const seen_folder before{folder};
    {
        auto options = to_read(folder);
        options.partitions = 3;
        options.log.retention_bytes = 2 * segment * 32;
        options.log.retention_age = 1ns;
        options.log.flush = gregor::flush_policy::each;
        options.log.sync_at_opening = true;
        log_topic topic{"trades", options};
        CHECK(topic.partitions() == 1);
        gregor::producer out{topic};
        gregor::producer another{topic};
        CHECK(out.send(trade::number(10)).status() == send_status::closed);
        CHECK(out.try_send(trade::number(10)).status() == send_status::closed);
        CHECK(another.send(trade::number(10), {}, gregor::acknowledged::durable).status() ==
              send_status::closed);
        CHECK(out.claim(2).status() == send_status::closed);
        CHECK(out.send_batch(std::vector<trade>(600)).status == send_status::closed);
        const auto more = topic.add_partitions(1);
        REQUIRE_FALSE(more.has_value());
        CHECK(more.error().code() == errc::topic_closed);
        CHECK_FALSE(topic.maintain());
        expect_numbers(read_to_end(topic), 10);
    }
    CHECK(before == seen_folder{folder});
}

TEST_CASE("what groups commit to a log that is opened to be read counts until it is closed",
          "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send_trades(topic, 0, 100);
        gregor::consumer in{topic, "old", {.max_poll_records = 40}};
        CHECK(in.try_poll().size() == 40);
        in.commit(zero, 40, "here");
    }
    const seen_folder before{folder};
    for (int life = 0; life != 2; ++life) {
        auto options = to_read(folder);
        options.groups = {"declared"};
        log_topic topic{"trades", options};
        {
            gregor::consumer in{topic, "old", {.max_poll_records = 7}};
            const auto batch = in.try_poll();
            REQUIRE(batch.size() == 7);
            CHECK(batch[0].offset() == 40);
            in.commit();
        }
        CHECK(read_to_end(topic, "old").size() == 53);
        for (int group = 0; group != 9; ++group) { // more than the file has cells for
            const std::string name = "new " + std::to_string(group);
            {
                gregor::consumer in{topic, name, {.max_poll_records = 7}};
                CHECK(in.try_poll().size() == 7);
                in.commit();
            }
            CHECK(read_to_end(topic, name.c_str()).size() == 93);
        }
        CHECK(read_to_end(topic, "declared").size() == 100);
        CHECK(before == seen_folder{folder});
    }
    CHECK(before == seen_folder{folder});
}

TEST_CASE("a reader without a group seeks and reads a log that is opened to be read", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send_trades(topic, 0, 1300);
    }
    log_topic topic{"trades", to_read(folder)};
    gregor::consumer<log_topic> in{topic, {.isolation = gregor::isolation::durable}};
    in.assign({zero});
    in.seek(zero, 1290);
    CHECK(support::read_values(in).size() == 10);
    CHECK(in.try_poll().status() == poll_status::closed);
    in.seek(zero, 3);
    const auto batch = in.try_poll();
    REQUIRE(batch.size() != 0);
    CHECK(batch[0].value() == trade::number(3));
}

TEST_CASE("a log that is opened to be read has any number of readers, and no writer", "[durable]")
{
    const scratch_directory folder;
    const auto refused = [&](const gregor::topic_options& options) {
        const auto made = log_topic::create("trades", options);
        return made.has_value() ? std::string{} : made.error().found();
    };
    const std::string me = "process " + std::to_string(::getpid());
    {
        log_topic topic{"trades", log_in(folder)};
        send_trades(topic, 0, 10);
        CHECK(refused(to_read(folder)) == me);
        CHECK(log_topic::create("trades", to_read(folder)).error().code() == errc::locked);
        CHECK(refused(log_in(folder)) == me);
    }
    {
        log_topic one{"trades", to_read(folder)};
        log_topic two{"trades", to_read(folder)};
        expect_numbers(read_to_end(one), 10);
        expect_numbers(read_to_end(two), 10);
        CHECK(refused(log_in(folder)) == "a reader");
        CHECK(log_topic::create("trades", log_in(folder)).error().code() == errc::locked);
    }
    CHECK(refused(log_in(folder)).empty());
}

TEST_CASE("what is not there is not made where it is to be read", "[durable]")
{
    const scratch_directory folder;
    const auto code = [&] { return log_topic::create("trades", to_read(folder)).error().code(); };
    CHECK(code() == errc::unknown_topic);
    CHECK(std::filesystem::is_empty(folder.path()));
    std::filesystem::create_directory(folder / "trades");
    CHECK(code() == errc::unknown_topic);
    CHECK(std::filesystem::is_empty(folder / "trades"));
    std::filesystem::create_directory(folder / "trades/0"); // who made it was killed there
    log_topic topic{"trades", to_read(folder)};
    CHECK(topic.end_offset(zero) == 0);
    CHECK(read_to_end(topic).empty());
    CHECK(std::filesystem::is_empty(folder / "trades/0"));
}

TEST_CASE("a copy is read as it is, without a lock or an offsets file too", "[durable]")
{
    const scratch_directory original;
    const scratch_directory copy;
    {
        auto options = log_in(original);
        options.partitions = 2;
        log_topic topic{"trades", options};
        gregor::producer out{topic};
        for (std::uint64_t n = 0; n != 700; ++n) {
            REQUIRE(out.send(trade::number(n), {.partition = partition_id{1}}));
        }
    }
    std::filesystem::copy(original.path(), copy.path(), std::filesystem::copy_options::recursive);
    if (GENERATE(true, false)) {
        std::filesystem::remove(copy / "trades/lock");
        std::filesystem::remove(copy / "trades/1/offsets");
    }
    const seen_folder before{copy};
    {
        log_topic topic{"trades", to_read(copy)};
        CHECK(topic.partitions() == 2);
        CHECK_FALSE(topic.recovered(partition_id{1}).same_boot);
        expect_numbers(read_to_end(topic), 700);
    }
    CHECK(before == seen_folder{copy});
}

TEST_CASE("a log is read where nobody can write", "[durable]")
{
    const scratch_directory folder;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::_exit(read_where_nobody_writes(folder));
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK((WEXITSTATUS(status) == fine || WEXITSTATUS(status) == not_allowed));
}

TEST_CASE("claims that died are passed over where a log is opened to be read", "[durable]")
{
    const scratch_directory folder;
    killed_after([&] {
        auto* topic = new log_topic{"trades", log_in(folder)};
        gregor::producer first{*topic};
        gregor::producer second{*topic};
        std::uint64_t n = 0;
        for (; n != 500; ++n) {
            static_cast<void>(first.send(trade::number(n)));
        }
        auto claim = second.claim(20); // over the end of the first segment
        claim.emplace(trade::number(7777));
        for (; n != 600; ++n) {
            static_cast<void>(first.send(trade::number(n)));
        }
        ::_exit(0);
    });
    const seen_folder before{folder};
    for (int life = 0; life != 2; ++life) {
        log_topic topic{"trades", to_read(folder)};
        CHECK(topic.recovered(zero).voids == 20);
        CHECK(topic.end_offset(zero) == 620);
        expect_numbers(read_to_end(topic), 600);
        gregor::consumer<log_topic> in{topic};
        in.assign({zero});
        in.seek(zero, 505);
        const auto batch = in.try_poll();
        REQUIRE(batch.size() != 0);
        CHECK(batch[0].offset() == 520);
    }
    CHECK(before == seen_folder{folder});
    log_topic topic{"trades", log_in(folder)};
    CHECK(topic.recovered(zero).voids == 20);
}

TEST_CASE("after a start of the system a log that is opened to be read ends at its first hole",
          "[durable]")
{
    const scratch_directory folder;
    killed_after([&] {
        auto* topic = new log_topic{"trades", log_in(folder)};
        send_trades(*topic, 0, 100);
        gregor::consumer in{*topic, "readers"};
        static_cast<void>(in.try_poll());
        in.commit(zero, 90);
        ::_exit(0);
    });
    small_disk::forget_boot(folder / "trades/0");
    {
        const std::string name = small_disk::segment_file(folder / "trades/0", 0);
        std::string bytes = support::bytes_of(name);
        bytes.replace(4096 + 60 * 32, 32, std::string(32, '\0'));
        support::put_bytes(name, bytes);
    }
    const seen_folder before{folder};
    for (int life = 0; life != 2; ++life) {
        log_topic topic{"trades", to_read(folder)};
        CHECK(topic.end_offset(zero) == 60);
        CHECK(topic.recovered(zero).set_aside == 39);
        CHECK(topic.recovered(zero).epoch == 1);
        CHECK(topic.recovered(zero).offsets_moved_back == 1);
        gregor::producer one{topic};
        gregor::producer two{topic};
        CHECK(read_to_end(topic, "readers").empty());
        expect_numbers(read_to_end(topic, "others"), 60);
    }
    CHECK(before == seen_folder{folder});
    log_topic topic{"trades", log_in(folder)};
    CHECK(topic.end_offset(zero) == 60);
    CHECK(topic.recovered(zero).epoch == 1);
}

TEST_CASE("whichever call to the system fails, a log that is opened to be read says so or is read",
          "[durable]")
{
    using support::failing_files;
    using failing_topic = gregor::topic<trade, support::failing_storage>;
    const scratch_directory folder;
    failing_files::fail_nothing();
    killed_after([&] {
        auto* topic = new failing_topic{"trades", log_in(folder)};
        gregor::producer one{*topic};
        gregor::producer two{*topic};
        const auto claim = one.claim(3);
        for (std::uint64_t n = 0; n != 600; ++n) {
            static_cast<void>(two.send(trade::number(n)));
        }
        gregor::consumer in{*topic, "readers"};
        static_cast<void>(in.commit(zero, 0));
        ::_exit(0);
    });
    const seen_folder before{folder};
    bool failed = true;
    for (long n = 0; failed; ++n) {
        INFO("call " << n << " fails");
        failing_files::fail_call(n, EIO);
        std::string wrong;
        {
            auto topic = failing_topic::create("trades", to_read(folder));
            failed = failing_files::failed();
            if (topic) {
                gregor::consumer in{*topic, "readers"};
                const auto values = support::read_values(in);
                for (std::uint64_t i = 0; i != values.size(); ++i) {
                    wrong += values[i] == trade::number(i) ? "" : "another value. ";
                }
                wrong += values.size() == 600 ? "" : "not all of them. ";
            } else {
                wrong += topic.error().code() == std::errc::io_error ? "" : "another error. ";
            }
        }
        failing_files::fail_nothing();
        CHECK(wrong.empty());
        CHECK(before == seen_folder{folder});
    }
}

TEST_CASE("a log that is damaged or of another kind is refused where it is opened to be read, too",
          "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        send_trades(topic, 0, 100);
    }
    using dressed = gregor::topic<trade, mmap_log, gregor::timestamps>;
    CHECK(dressed::create("trades", to_read(folder)).error().code() == errc::wrong_format);
    const std::string name = small_disk::segment_file(folder / "trades/0", 0);
    std::string bytes = support::bytes_of(name);
    bytes.replace(4096 + 60 * 32 + 20, 1, "?");
    support::put_bytes(name, bytes);
    const seen_folder before{folder};
    CHECK(log_topic::create("trades", to_read(folder)).error().code() == errc::corrupt);
    CHECK(before == seen_folder{folder});
}

#endif
