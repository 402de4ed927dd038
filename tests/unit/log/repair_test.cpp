// SPDX-License-Identifier: MIT
#include <gregor/log/repair.hpp>

#if GREGOR_FILES

#    include <gregor/log/confinable.hpp>

#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <filesystem>
#    include <string>

#    include "support/catch.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/small_disk.hpp"

namespace disk = gregor::disk;

using gregor::offset_t;
using small_disk::format;

namespace {

/// As it would be, by a look at it that changes nothing.
disk::repair_report foretold(const std::string& path)
{
    using files = disk::confinable<disk::os_files>;
    const small_disk::snapshot before{path};
    const bool has_folder = std::filesystem::exists(path + "/repair.0.aside");
    auto in = small_disk::open<files>(path);
    files::confine(in.handle.fill());
    auto report = disk::foretell_repair(in, format());
    if (!report) {
        FAIL(report.error().what());
    }
    CHECK(before == small_disk::snapshot{path});
    CHECK(std::filesystem::exists(path + "/repair.0.aside") == has_folder);
    return *std::move(report);
}

disk::repair_report repair_it(const std::string& path)
{
    const auto in = small_disk::open(path);
    auto report = disk::repair(in, format());
    if (!report) {
        FAIL(report.error().what());
    }
    return *std::move(report);
}

/// What was foretold comes true.
disk::repair_report repaired(const std::string& path)
{
    const disk::repair_report told = foretold(path);
    disk::repair_report done = repair_it(path);
    CHECK(told.log.begin == done.log.begin);
    CHECK(told.log.end == done.log.end);
    CHECK(told.log.durable == done.log.durable);
    CHECK(done.log.epoch - told.log.epoch < 60); // by the clock, where nobody knows it
    CHECK(told.log.voids == done.log.voids);
    CHECK(told.log.set_aside == done.log.set_aside);
    CHECK(told.log.damaged == done.log.damaged);
    CHECK(told.log.erased_bytes == done.log.erased_bytes);
    CHECK(told.files == done.files);
    CHECK(told.folder == done.folder);
    REQUIRE(told.damages.size() == done.damages.size());
    for (std::size_t i = 0; i != told.damages.size(); ++i) {
        CHECK(std::string{told.damages[i].what()} == done.damages[i].what());
    }
    return done;
}

/// The offsets that can be read, and that they are right.
std::size_t records_in(const std::string& path)
{
    const auto in = small_disk::open(path);
    auto log = disk::recover(in, format(), {.verify_sealed = true});
    REQUIRE(log.has_value());
    const auto records = small_disk::read(*log);
    CHECK(small_disk::all_right(records));
    return records.size();
}

void scribble(const std::string& path, offset_t base, std::size_t at, const std::string& bytes)
{
    const std::string file = small_disk::segment_file(path, base);
    std::string whole = support::bytes_of(file);
    whole.replace(at, bytes.size(), bytes);
    support::put_bytes(file, whole);
}

void break_slot(const std::string& path, offset_t offset)
{
    scribble(path, offset / 8 * 8, 4096 + offset % 8 * 32 + 20, "?");
}

void wipe(const std::string& path, offset_t offset)
{
    scribble(path, offset / 8 * 8, 4096 + offset % 8 * 32, std::string(32, '\0'));
}

bool says(const disk::repair_report& report, const std::string& part)
{
    for (const gregor::error& each : report.damages) {
        if (std::string{each.what()}.find(part) != std::string::npos) {
            return true;
        }
    }
    return false;
}

} // namespace

TEST_CASE("where nothing is damaged, a repair is a recovery", "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 19);
    wipe(scratch.path(), 17); // a dead claim
    const auto report = repaired(scratch.path());
    CHECK(report.damages.empty());
    CHECK(report.folder.empty());
    CHECK(report.files == 0);
    CHECK(report.log.end == 19);
    CHECK(report.log.voids == 1);
    CHECK(report.log.epoch == 0);
    CHECK(records_in(scratch.path()) == 18);
}

TEST_CASE("what stands before a broken record is kept, everything behind it set aside",
          "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 30);
    const bool same_boot = GENERATE(true, false);
    if (!same_boot) {
        small_disk::forget_boot(scratch.path());
    }
    break_slot(scratch.path(), 11);
    const std::string third = support::bytes_of(small_disk::segment_file(scratch.path(), 16));
    const auto report = repaired(scratch.path());
    CHECK(report.damages.size() == 1);
    CHECK(says(report, "00000000000000000008.log\": expected a whole record at offset 11"));
    CHECK(report.log.end == 11);
    CHECK(report.log.durable == 11);
    CHECK(report.log.epoch > 0);
    CHECK(report.log.set_aside == 4);
    CHECK(report.log.damaged == 1);
    CHECK(report.files == 2);
    CHECK(report.folder == scratch / "repair.0.aside");
    CHECK(support::bytes_of(report.folder + "/00000000000000000016.log") == third);
    CHECK(std::filesystem::exists(report.folder + "/00000000000000000024.log"));
    CHECK(support::bytes_of(report.folder + "/00000000000000000008.0.aside").size() ==
          4096 + 5 * 32);
    CHECK_FALSE(std::filesystem::exists(small_disk::segment_file(scratch.path(), 16)));
    CHECK(records_in(scratch.path()) == 11);

    break_slot(scratch.path(), 3);
    CHECK(repaired(scratch.path()).folder == scratch / "repair.1.aside");
    CHECK(records_in(scratch.path()) == 3);
    CHECK(support::bytes_of(report.folder + "/00000000000000000016.log") == third);
}

TEST_CASE("claims that died before the damage become void, and what is behind them is kept",
          "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 24);
    wipe(scratch.path(), 18);
    wipe(scratch.path(), 19);
    break_slot(scratch.path(), 22);
    const auto report = repaired(scratch.path());
    CHECK(report.log.end == 22);
    CHECK(report.log.voids == 2);
    CHECK(records_in(scratch.path()) == 20);
}

TEST_CASE("what a crash may leave after a start of the system is no damage", "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 24);
    small_disk::forget_boot(scratch.path());
    SECTION("that is for a recovery")
    {
        break_slot(scratch.path(), 18);
        wipe(scratch.path(), 20);
        const auto report = repaired(scratch.path());
        CHECK(report.damages.empty());
        CHECK(report.log.damaged == 1);
        CHECK(report.log.set_aside == 4);
        CHECK(std::filesystem::exists(scratch / "00000000000000000016.0.aside"));
    }
    SECTION("nothing counts behind a hole, even where something else is damaged")
    {
        wipe(scratch.path(), 18);
        break_slot(scratch.path(), 20);
        std::filesystem::remove(scratch / "checkpoint");
        CHECK(repaired(scratch.path()).damages.size() == 1);
    }
    CHECK(records_in(scratch.path()) == 18);
}

TEST_CASE("a hole below what is durable, or in a sealed segment, is damage", "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 21);
    const offset_t hole = GENERATE(offset_t{5}, offset_t{18});
    {
        const auto in = small_disk::open(scratch.path());
        auto log = disk::recover(in, format());
        auto values = log->checkpoint.values();
        values.durable = 20;
        REQUIRE(log->checkpoint.write(values).ok());
    }
    wipe(scratch.path(), hole);
    const auto report = repaired(scratch.path());
    CHECK(says(report, "a whole record at offset " + std::to_string(hole)));
    CHECK(says(report, "found none"));
    CHECK(report.log.end == hole);
    CHECK(records_in(scratch.path()) == hole);
}

TEST_CASE("segments that do not follow the others are set aside", "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 30);
    SECTION("one before them is missing")
    {
        std::filesystem::remove(small_disk::segment_file(scratch.path(), 8));
        CHECK(says(repaired(scratch.path()), "a segment 8 before it"));
        CHECK(records_in(scratch.path()) == 8);
    }
    SECTION("one is of another log")
    {
        const support::scratch_directory other;
        small_disk::write(other.path(), 30);
        support::put_bytes(small_disk::segment_file(scratch.path(), 16),
                           support::bytes_of(small_disk::segment_file(other.path(), 16)));
        CHECK(says(repaired(scratch.path()), "to be the one it followed"));
        CHECK(records_in(scratch.path()) == 16);
    }
    SECTION("the last ones are gone, which were durable")
    {
        small_disk::forget_boot(scratch.path(), offset_t{30});
        std::filesystem::remove(small_disk::segment_file(scratch.path(), 24));
        CHECK(says(repaired(scratch.path()), "expected records to offset 30"));
        CHECK(records_in(scratch.path()) == 24);
    }
}

TEST_CASE("a seal that is gone or broken is made again, and costs no record", "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 30);
    const bool gone = GENERATE(true, false);
    scribble(scratch.path(), 8, gone ? 1024 : 1040, std::string(gone ? 512 : 1, '\0'));
    scribble(scratch.path(), 16, 2000, "?"); // where nothing should be
    const std::string before = support::bytes_of(small_disk::segment_file(scratch.path(), 16));
    const auto report = repaired(scratch.path());
    CHECK(says(report, "a seal"));
    CHECK(report.files == 0);
    CHECK(support::bytes_of(report.folder + "/00000000000000000016.header") ==
          before.substr(0, 4096));
    CHECK(records_in(scratch.path()) == 30);
    const auto in = small_disk::open(scratch.path());
    CHECK(disk::segment<>::open(in, format(), 8)->sealed());
    CHECK(disk::segment<>::open(in, format(), 16)->sealed());
}

TEST_CASE("a checkpoint that is gone or broken is made anew, with an epoch that was never used",
          "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 30);
    const std::string file = scratch / "checkpoint";
    if (GENERATE(true, false)) {
        std::filesystem::remove(file);
        CHECK(says(repaired(scratch.path()), "a checkpoint beside its segments"));
    } else {
        support::put_bytes(file, std::string(8192, '?'));
        const auto report = repaired(scratch.path());
        CHECK(says(report, "a block with its checksum"));
        CHECK(support::bytes_of(report.folder + "/checkpoint") == std::string(8192, '?'));
    }
    const auto in = small_disk::open(scratch.path());
    CHECK(disk::checkpoint_file<>::open(in)->values().epoch > 1'000'000'000);
    CHECK(records_in(scratch.path()) == 30);
}

TEST_CASE("where nothing can be kept, offsets go on where the log began", "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 30);
    std::filesystem::remove(small_disk::segment_file(scratch.path(), 0));
    SECTION("the first header is broken")
    {
        scribble(scratch.path(), 8, 3, "?");
        const auto report = repaired(scratch.path());
        CHECK(report.files == 3);
        CHECK(report.log.begin == 8);
        CHECK(report.log.end == 8);
    }
    SECTION("all segments are gone")
    {
        small_disk::forget_boot(scratch.path(), offset_t{30});
        for (const offset_t base : {8U, 16U, 24U}) {
            std::filesystem::remove(small_disk::segment_file(scratch.path(), base));
        }
        const auto report = repaired(scratch.path());
        CHECK(report.log.begin == 24);
        CHECK(report.log.end == 24);
    }
    SECTION("all are gone, and what is said to be lasting is more than any writer comes to")
    {
        small_disk::forget_boot(scratch.path(), offset_t{1} << 62U);
        for (const offset_t base : {8U, 16U, 24U}) {
            std::filesystem::remove(small_disk::segment_file(scratch.path(), base));
        }
        CHECK(repaired(scratch.path()).log.end == 0);
    }
    CHECK(records_in(scratch.path()) == 0);
}

TEST_CASE("what another program wrote is no damage: it is refused, and nothing is changed",
          "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 13);
    break_slot(scratch.path(), 3);
    const small_disk::snapshot before{scratch.path()};
    const auto in = small_disk::open(scratch.path());
    auto other = format();
    other.type = "letter";
    const auto report = disk::repair(in, other);
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().code() == gregor::errc::wrong_format);
    {
        using files = disk::confinable<disk::os_files>;
        auto confined = small_disk::open<files>(scratch.path());
        files::confine(confined.handle.fill());
        CHECK(disk::foretell_repair(confined, other).error().code() == gregor::errc::wrong_format);
    }
    CHECK(before == small_disk::snapshot{scratch.path()});

    other.slot_count = 7;
    CHECK(disk::repair(in, other).error().code() == gregor::errc::invalid_option);

    std::filesystem::rename(small_disk::segment_file(scratch.path(), 8),
                            small_disk::segment_file(scratch.path(), 16));
    CHECK(disk::repair(in, format()).error().code() == gregor::errc::wrong_format);
    CHECK_FALSE(std::filesystem::exists(scratch / "repair.0.aside"));
}

TEST_CASE("a repaired log is gone on with, and stays repaired after a start of the system",
          "[log][repair]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 30);
    break_slot(scratch.path(), 11);
    CHECK(repaired(scratch.path()).log.end == 11);
    {
        const auto in = small_disk::open(scratch.path());
        auto log = disk::recover(in, format());
        REQUIRE(log.has_value());
        CHECK(log->report.same_boot);
        small_disk::put(log->segments.back(), 11);
    }
    CHECK(repaired(scratch.path()).damages.empty());
    small_disk::forget_boot(scratch.path());
    CHECK(records_in(scratch.path()) == 12);
}

#endif
