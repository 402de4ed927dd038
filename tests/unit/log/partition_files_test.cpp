// SPDX-License-Identifier: MIT
#include <gregor/log/partition_files.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstring>
#    include <filesystem>
#    include <string>
#    include <utility>

#    include "support/catch.hpp"
#    include "support/failing_files.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/small_disk.hpp"

namespace disk = gregor::disk;

using gregor::offset_t;
using small_disk::format;

namespace {

template <class Files = disk::os_files>
disk::partition_files<Files> open(const std::string& path)
{
    auto opened = disk::partition_files<Files>::open(small_disk::open<Files>(path), format());
    REQUIRE(opened.has_value());
    return *std::move(opened);
}

/// Writes a record where it is mapped.
template <class Files>
void put(disk::partition_files<Files>& log, offset_t offset)
{
    auto& in = log.segment_of(offset);
    const auto slot = small_disk::slot_of(format(), in.salt(), offset);
    std::memcpy(in.slot(offset), slot.data(), slot.size());
}

template <class Files>
void fill(disk::partition_files<Files>& log, offset_t from, offset_t to)
{
    for (; from != to; ++from) {
        if (from == log.room_end()) {
            REQUIRE_FALSE(log.add_segment().has_value());
        }
        put(log, from);
    }
}

} // namespace

TEST_CASE("room is added behind, taken away in front, and survives", "[log][partition_files]")
{
    const support::scratch_directory scratch;
    {
        auto log = open(scratch.path());
        CHECK(log.begin() == 0);
        CHECK(log.room_end() == 0);
        CHECK(log.removable() == 0);
        fill(log, 0, 21);
        CHECK(log.room_end() == 24);
        CHECK(log.removable() == 0); // none is sealed
        CHECK_FALSE(log.flush(8).has_value());
        CHECK(log.removable() == 1);
        CHECK_FALSE(log.remove_oldest().has_value());
        CHECK(log.begin() == 8);
    }
    auto log = open(scratch.path());
    CHECK(log.report().begin == 8);
    CHECK(log.report().end == 21);
    CHECK(log.begin() == 8);
    CHECK(log.room_end() == 24);
    CHECK(log.durable() == 8);
    fill(log, 21, 30); // the segment that was begun is mapped
    CHECK(log.room_end() == 32);
}

TEST_CASE("what was flushed is durable, and full segments are sealed in order",
          "[log][partition_files]")
{
    const support::scratch_directory scratch;
    auto log = open(scratch.path());
    fill(log, 0, 21);
    CHECK(log.durable() == 0);
    CHECK_FALSE(log.flush(18).has_value());
    CHECK(log.durable() == 18);
    CHECK(log.segment_of(7).sealed());
    CHECK(log.segment_of(8).sealed());
    CHECK_FALSE(log.segment_of(16).sealed());
    CHECK_FALSE(log.flush(3).has_value());
    CHECK(log.durable() == 18);
    small_disk::forget_boot(scratch.path());
    CHECK(open(scratch.path()).durable() == 21);
}

TEST_CASE("a log that was closed begins no new epoch after a start of the system",
          "[log][partition_files]")
{
    const support::scratch_directory scratch;
    const bool closes = GENERATE(true, false);
    {
        auto log = open(scratch.path());
        fill(log, 0, 5);
        CHECK_FALSE((closes ? log.close(5) : log.flush(5)).has_value());
    }
    small_disk::forget_boot(scratch.path());
    const auto log = open(scratch.path());
    CHECK(log.report().end == 5);
    CHECK(log.report().epoch == (closes ? 0U : 1U));
}

TEST_CASE("the oldest segment serves again", "[log][partition_files]")
{
    const support::scratch_directory scratch;
    {
        auto log = open(scratch.path());
        fill(log, 0, 16);
        REQUIRE_FALSE(log.flush(16).has_value());
        CHECK(log.removable() == 1);
        REQUIRE_FALSE(log.add_segment_of_oldest().has_value());
        CHECK(log.begin() == 8);
        CHECK(log.room_end() == 24);
        log.segment_of(16).prepare(16, 8);
        fill(log, 16, 19);
    }
    auto log = open(scratch.path());
    CHECK(log.begin() == 8);
    CHECK(log.report().end == 19);
    CHECK(log.segment_of(16).recycled());
}

TEST_CASE("after a failed sync nothing is durable any more, and the log says so for good",
          "[log][partition_files]")
{
    using files = support::failing_files;
    files::fail_nothing();
    const support::scratch_directory scratch;
    auto log = open<files>(scratch.path());
    fill(log, 0, 10);
    REQUIRE_FALSE(log.flush(4).has_value());
    files::fail_call(0);
    const auto failed = log.flush(10);
    files::fail_nothing();
    REQUIRE(failed.has_value());
    CHECK(failed->code() == std::errc::io_error);
    CHECK(log.failed());
    CHECK(log.durable() == 4);
    CHECK(log.flush(10).has_value());
    CHECK(log.add_segment().has_value());
    CHECK(log.close(10).has_value());
    CHECK(log.durable() == 4);
}

TEST_CASE("whichever call fails, the log goes on or says that it cannot, and nothing is lost",
          "[log][partition_files]")
{
    using files = support::failing_files;
    const int code = GENERATE(EIO, ENOSPC);
    const bool again = GENERATE(false, true);
    long failures = 0;
    for (long n = 0;; ++n) {
        files::fail_nothing();
        const support::scratch_directory scratch;
        offset_t begin = 0;
        offset_t durable = 0;
        bool cut_short = false;
        {
            auto log = open<files>(scratch.path());
            fill(log, 0, 24);
            REQUIRE_FALSE(log.flush(16).has_value());
            files::fail_call(n, code);
            auto failed = log.remove_oldest();
            const bool added =
                !(again ? log.add_segment() : log.add_segment_of_oldest()).has_value();
            if (added) {
                log.segment_of(24).prepare(24, 8);
                put(log, 24);
            }
            const bool flushed = !log.flush(added ? 25 : 24).has_value();
            cut_short = files::failed();
            files::fail_nothing();
            REQUIRE(flushed != log.failed());
            if (!log.failed() && !added) {
                REQUIRE_FALSE(log.add_segment().has_value()); // there may be room by now
                CHECK(log.room_end() == 32);
            }
            if (!log.failed() && log.removable() != 0) {
                // no older one was left behind: that would leave a gap
                REQUIRE_FALSE(log.remove_oldest().has_value());
            }
            begin = log.begin();
            durable = log.durable();
        }
        failures += cut_short ? 1 : 0;
        auto log = open(scratch.path());
        CHECK(log.report().same_boot);
        CHECK(log.begin() <= begin);
        CHECK(log.report().end >= 24);
        // what the checkpoint does not say yet is less than a segment
        CHECK(log.durable() + format().slot_count > durable);
        for (offset_t at = log.begin(); at != log.report().end; ++at) {
            auto& in = log.segment_of(at);
            std::vector<unsigned char> slot(32);
            REQUIRE(in.read(at, 1, slot.data()).ok());
            CHECK(slot == small_disk::slot_of(format(), in.salt(), at));
        }
        if (!cut_short) {
            break;
        }
    }
    CHECK(failures > 12);
}

#endif
