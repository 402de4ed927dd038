// SPDX-License-Identifier: MIT
#include <gregor/log/recovery.hpp>

#if GREGOR_FILES

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

disk::recovered<disk::os_files> recovered(const std::string& path,
                                          disk::recovery_options options = {})
{
    const auto in = small_disk::open(path);
    auto log = disk::recover(in, format(), options);
    if (!log) {
        FAIL(log.error().what());
    }
    return *std::move(log);
}

/// What the refusal says.
std::string refusal(const std::string& path, disk::recovery_options options = {})
{
    const small_disk::snapshot before{path};
    const auto in = small_disk::open(path);
    const auto log = disk::recover(in, format(), options);
    REQUIRE_FALSE(log.has_value());
    CHECK(log.error().code() == gregor::errc::corrupt);
    CHECK(before == small_disk::snapshot{path}); // nothing was changed
    return log.error().what();
}

bool says(const std::string& what, const std::string& part)
{
    INFO(what);
    CHECK(what.find(part) != std::string::npos);
    return true;
}

/// Writes bytes of a segment, past everything that would object.
void scribble(const std::string& path, offset_t offset, std::size_t at, const std::string& bytes)
{
    const std::string file = small_disk::segment_file(path, offset / 8 * 8);
    std::string whole = support::bytes_of(file);
    whole.replace(static_cast<std::size_t>(format().slot_at(offset % 8)) + at, bytes.size(), bytes);
    support::put_bytes(file, whole);
}

void wipe(const std::string& path, offset_t offset)
{
    scribble(path, offset, 0, std::string(32, '\0'));
}

bool blank(const std::string& path, offset_t offset)
{
    const std::string whole = support::bytes_of(small_disk::segment_file(path, offset / 8 * 8));
    return whole.compare(static_cast<std::size_t>(format().slot_at(offset % 8)), 32,
                         std::string(32, '\0')) == 0;
}

} // namespace

TEST_CASE("where there is nothing, a log begins", "[log][recovery]")
{
    const support::scratch_directory scratch;
    for (int twice = 0; twice != 2; ++twice) {
        const auto log = recovered(scratch.path());
        CHECK(log.segments.empty());
        CHECK(log.report.begin == 0);
        CHECK(log.report.end == 0);
        CHECK(log.report.epoch == 0);
        CHECK(log.report.same_boot);
    }
}

TEST_CASE("a log goes on where it was left, in the same boot and in another one", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 19);
    const bool same_boot = GENERATE(true, false);
    if (!same_boot) {
        small_disk::forget_boot(scratch.path());
    }
    auto log = recovered(scratch.path());
    CHECK(log.report.same_boot == same_boot);
    CHECK(log.report.begin == 0);
    CHECK(log.report.end == 19);
    CHECK(log.report.read == 8); // two segments are sealed
    CHECK(log.report.voids + log.report.set_aside + log.report.erased_bytes == 0);
    CHECK(log.report.durable == (same_boot ? 16U : 19U));
    CHECK(log.report.epoch == (same_boot ? 0U : 1U));
    CHECK(log.segments.size() == 3);
    const auto records = small_disk::read(log);
    CHECK(records.size() == 19);
    CHECK(small_disk::all_right(records));

    // and from now on it is of this boot
    small_disk::put(log.segments.back(), 20);
    CHECK(recovered(scratch.path()).report.end == 21);
}

TEST_CASE("a log that was closed loses nothing, and no epoch ends", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 5);
    {
        auto log = recovered(scratch.path());
        auto values = log.checkpoint.values();
        values.clean = true;
        values.durable = 5;
        values.boot_id.fill(9);
        REQUIRE(log.checkpoint.write(values).ok());
    }
    const auto log = recovered(scratch.path());
    CHECK_FALSE(log.report.same_boot);
    CHECK(log.report.epoch == 0);
    CHECK_FALSE(log.checkpoint.values().clean);
}

TEST_CASE("a log that says it was closed, and holds more, may have lost something",
          "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 5);
    {
        auto log = recovered(scratch.path());
        auto values = log.checkpoint.values();
        values.clean = true;
        values.durable = 3;
        values.boot_id.fill(9);
        REQUIRE(log.checkpoint.write(values).ok());
    }
    CHECK(recovered(scratch.path()).report.epoch == 1);
}

TEST_CASE("a partition has a number that no other one has, and keeps it", "[log][recovery]")
{
    const support::scratch_directory scratch;
    const support::scratch_directory another;
    const std::uint64_t mine = recovered(scratch.path()).checkpoint.values().log;
    CHECK(recovered(another.path()).checkpoint.values().log != mine);
    CHECK(recovered(scratch.path()).checkpoint.values().log == mine);
    small_disk::forget_boot(scratch.path());
    CHECK(recovered(scratch.path()).checkpoint.values().log == mine);
}

TEST_CASE("after a recovery either block of the checkpoint says what holds now", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 5);
    small_disk::forget_boot(scratch.path());
    CHECK(recovered(scratch.path()).report.durable == 5);
    const std::string file = scratch / "checkpoint";
    const std::string whole = support::bytes_of(file);
    for (const std::size_t block : {std::size_t{0}, std::size_t{4096}}) {
        std::string bytes = whole;
        bytes[block + 30] ^= 1;
        support::put_bytes(file, bytes);
        const auto in = small_disk::open(scratch.path());
        auto left = disk::checkpoint_file<>::open(in);
        REQUIRE(left.has_value());
        CHECK(left->values().durable == 5);
        CHECK(left->values().epoch == 1);
        const auto log = recovered(scratch.path());
        CHECK(log.report.same_boot);
        CHECK(log.report.durable == 5);
        support::put_bytes(file, whole);
    }
}

TEST_CASE("in the same boot a claim that died is passed over, and all others count",
          "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 15);
    for (const offset_t dead : {9U, 12U, 13U}) {
        wipe(scratch.path(), dead);
    }
    scribble(scratch.path(), 13, 16, "half of a record");
    for (int twice = 0; twice != 2; ++twice) {
        auto log = recovered(scratch.path());
        CHECK(log.report.end == 15);
        CHECK(log.report.voids == (twice == 0 ? 3U : 0U));
        const auto records = small_disk::read(log);
        CHECK(records.size() == 12);
        CHECK(records.count(9) + records.count(12) + records.count(13) == 0);
        CHECK(small_disk::all_right(records));
    }
}

TEST_CASE("holes that reach over segments become voids in both", "[log][recovery]")
{
    const support::scratch_directory scratch;
    {
        const auto in = small_disk::open(scratch.path());
        auto log = recovered(scratch.path());
        for (int i = 0; i != 3; ++i) {
            small_disk::roll(log, in);
        }
        for (const offset_t offset : {0U, 5U, 17U}) {
            small_disk::put(small_disk::of(log, offset), offset);
        }
    }
    auto log = recovered(scratch.path());
    CHECK(log.report.end == 18);
    CHECK(log.report.voids == 15);
    CHECK(small_disk::read(log).size() == 3);
}

TEST_CASE("what a dead claim wrote behind the end is erased, lest a later stamp bring it back",
          "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 11);
    const auto dead = small_disk::slot_of(format(), 1, 12);
    scribble(scratch.path(), 12, 8, {dead.begin() + 8, dead.end()}); // all but its stamp
    const auto log = recovered(scratch.path());
    CHECK(log.report.end == 11);
    CHECK(log.report.erased_bytes == 32);
    CHECK(blank(scratch.path(), 12));
}

TEST_CASE("otherwise the longest whole run counts; what is behind it is kept in a file and erased",
          "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 16);
    {
        // a segment behind it, as the disk may have had it in time
        const auto in = small_disk::open(scratch.path());
        auto log = recovered(scratch.path());
        small_disk::roll(log, in);
        small_disk::put(log.segments.back(), 17);
    }
    wipe(scratch.path(), 11);
    scribble(scratch.path(), 13, 20, "?");
    small_disk::forget_boot(scratch.path());
    auto log = recovered(scratch.path());
    CHECK_FALSE(log.report.same_boot);
    CHECK(log.report.end == 11);
    CHECK(log.report.durable == 11);
    CHECK(log.report.set_aside == 4); // 12, 14, 15, 17
    CHECK(log.report.damaged == 1);
    CHECK(log.report.erased_bytes == 5 * 32);
    CHECK(log.report.epoch == 1);
    CHECK(log.checkpoint.values().epoch_start == 11);
    CHECK(small_disk::all_right(small_disk::read(log)));
    for (offset_t offset = 11; offset != 24; ++offset) {
        CHECK(blank(scratch.path(), offset));
    }
    const std::string kept = support::bytes_of(scratch / "00000000000000000008.0.aside");
    REQUIRE(kept.size() == 4096 + 4 * 32);
    disk::header_page page{};
    std::memcpy(&page, kept.data(), sizeof page);
    CHECK_FALSE(disk::refuse_header(page, format(), 8, "aside").has_value());
    std::size_t at = 4096;
    for (const offset_t offset : {12U, 13U, 14U, 15U}) {
        const auto state =
            disk::look_at_slot(disk::salted(page.header.salt), offset, false, kept.data() + at, 32);
        CHECK(state == (offset == 13 ? disk::slot_state::damaged : disk::slot_state::record));
        at += 32;
    }
    CHECK(support::bytes_of(scratch / "00000000000000000016.0.aside").size() == 4096 + 32);

    // nothing of it comes back, in either mode
    CHECK(recovered(scratch.path()).report.end == 11);
    small_disk::forget_boot(scratch.path());
    const auto again = recovered(scratch.path());
    CHECK(again.report.end == 11);
    CHECK(again.report.set_aside == 0);
}

TEST_CASE("a file of records set aside is never written over", "[log][recovery]")
{
    const support::scratch_directory scratch;
    for (const offset_t lost : {5U, 3U, 1U}) {
        if (lost == 5) {
            small_disk::write(scratch.path(), 7);
        }
        wipe(scratch.path(), lost);
        small_disk::forget_boot(scratch.path(), offset_t{0});
        CHECK(recovered(scratch.path()).report.end == lost);
    }
    CHECK(support::bytes_of(scratch / "00000000000000000000.0.aside").size() == 4096 + 32);
    CHECK(support::bytes_of(scratch / "00000000000000000000.1.aside").size() == 4096 + 32);
    CHECK(support::bytes_of(scratch / "00000000000000000000.2.aside").size() == 4096 + 32);
}

TEST_CASE("what is missing below the durable offset is reported, in either mode", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 15);
    const bool same_boot = GENERATE(true, false);
    {
        auto log = recovered(scratch.path());
        auto values = log.checkpoint.values();
        values.durable = 12;
        if (!same_boot) {
            values.boot_id.fill(7);
        }
        REQUIRE(log.checkpoint.write(values).ok());
    }
    const std::string file = small_disk::segment_file(scratch.path(), 8);
    SECTION("a hole")
    {
        wipe(scratch.path(), 10);
        const std::string what = refusal(scratch.path());
        CHECK(says(what, "segment \"" + file + "\""));
        CHECK(says(what, "expected a whole record at offset 10, below what is durable"));
        CHECK(says(what, "found none"));
    }
    SECTION("a broken record")
    {
        scribble(scratch.path(), 11, 30, "?");
        CHECK(says(refusal(scratch.path()), "at offset 11, below what is durable, found a broken"));
    }
    SECTION("a segment")
    {
        std::filesystem::remove(file);
        CHECK(says(refusal(scratch.path()), "expected records to offset 12, found segments to 8"));
    }
    SECTION("nothing: what is missing is above it")
    {
        wipe(scratch.path(), 12);
        CHECK(recovered(scratch.path()).report.end == (same_boot ? 15U : 12U));
    }
}

TEST_CASE("a broken record in the same boot comes of no crash: it is reported", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 11);
    scribble(scratch.path(), 9, 20, "?");
    CHECK(says(refusal(scratch.path()), "at offset 9, or none, in the same boot, found a broken"));
}

TEST_CASE("segments that do not follow each other are reported", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 30);
    SECTION("one is missing")
    {
        std::filesystem::remove(small_disk::segment_file(scratch.path(), 8));
        CHECK(says(refusal(scratch.path()), "expected a segment 8 before it, found none"));
    }
    SECTION("the oldest are missing: they were removed")
    {
        std::filesystem::remove(small_disk::segment_file(scratch.path(), 0));
        std::filesystem::remove(small_disk::segment_file(scratch.path(), 8));
        CHECK(recovered(scratch.path()).report.begin == 16);
    }
    SECTION("one is of another log")
    {
        const support::scratch_directory other;
        small_disk::write(other.path(), 30);
        const std::string bytes = support::bytes_of(small_disk::segment_file(other.path(), 8));
        support::put_bytes(small_disk::segment_file(scratch.path(), 8), bytes);
        CHECK(says(refusal(scratch.path()), "the segment before it to be the one it followed"));
    }
    SECTION("one was not sealed before the next")
    {
        const std::string file = small_disk::segment_file(scratch.path(), 8);
        std::string bytes = support::bytes_of(file);
        bytes.replace(1024, 512, std::string(512, '\0'));
        support::put_bytes(file, bytes);
        CHECK(says(refusal(scratch.path()), "expected a seal, as the segment after it has one"));
    }
    SECTION("the checkpoint is missing")
    {
        std::filesystem::remove(scratch / "checkpoint");
        CHECK(says(refusal(scratch.path()), "expected a checkpoint beside its segments"));
    }
}

TEST_CASE("sealed segments are read when asked for, and damage in them is reported",
          "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 20);
    if (GENERATE(true, false)) {
        small_disk::forget_boot(scratch.path());
    }
    CHECK(recovered(scratch.path(), {.verify_sealed = true}).report.read == 24);
    scribble(scratch.path(), 3, 17, "?");
    CHECK(recovered(scratch.path()).report.read == 8);
    CHECK(says(refusal(scratch.path(), {.verify_sealed = true}), "at offset 3"));
    scribble(scratch.path(), 12, 17, "?"); // the first one is named
    CHECK(says(refusal(scratch.path(), {.verify_sealed = true}), "at offset 3"));
}

TEST_CASE("a copy is known for one, and believed less", "[log][recovery]")
{
    const support::scratch_directory scratch;
    const support::scratch_directory copy;
    small_disk::write(scratch.path(), 13);
    wipe(scratch.path(), 10);
    std::filesystem::copy(scratch.path(), copy.path(),
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
    const auto log = recovered(copy.path());
    CHECK_FALSE(log.report.same_boot);
    CHECK(log.report.end == 10);
    CHECK(log.report.set_aside == 2);
    CHECK(recovered(copy.path()).report.same_boot); // from now on it is the original

    CHECK(recovered(scratch.path()).report.end == 13);
}

TEST_CASE("where a sync failed, everything is made lasting before it is trusted", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 13);
    CHECK(recovered(scratch.path()).report.durable == 8);
    auto log = recovered(scratch.path(), {.sync_all = true});
    CHECK(log.report.same_boot);
    CHECK(log.report.durable == 13);
    CHECK(log.report.epoch == 0);
    CHECK(small_disk::all_right(small_disk::read(log)));
}

TEST_CASE("files that were not finished go; what is nobody's business stays", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 3);
    for (const char* name : {"00000000000000000008.log.new", "checkpoint.new",
                             "00000000000000000000.0.aside.new", "notes", "8.log"}) {
        support::put_bytes(scratch / name, "x");
    }
    CHECK(recovered(scratch.path()).report.unfinished == 3);
    CHECK_FALSE(std::filesystem::exists(scratch / "00000000000000000008.log.new"));
    CHECK(std::filesystem::exists(scratch / "notes"));
    CHECK(std::filesystem::exists(scratch / "8.log"));
}

TEST_CASE("stale records of a recycled segment never count", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 24);
    const auto in = small_disk::open(scratch.path());
    {
        auto log = recovered(scratch.path());
        REQUIRE(log.segments[2].seal(1, 1).ok());
        auto made =
            disk::segment<>::recycle(std::move(log.segments[0]), in, 24, log.segments[2].salt(), 1);
        REQUIRE(made.has_value());
        small_disk::put(*made, 24);
        small_disk::put(*made, 26); // 25 is a claim that died, its slot not prepared
    }
    if (GENERATE(true, false)) {
        auto log = recovered(scratch.path());
        CHECK(log.report.begin == 8);
        CHECK(log.report.end == 27);
        CHECK(log.report.voids == 1);
        CHECK(small_disk::all_right(small_disk::read(log)));
    } else {
        small_disk::forget_boot(scratch.path());
        auto log = recovered(scratch.path());
        CHECK(log.report.end == 25);
        CHECK(log.report.set_aside == 1);
        CHECK(small_disk::all_right(small_disk::read(log)));
    }
}

TEST_CASE("one torn block of the checkpoint is made good, two are reported", "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 3);
    const std::string file = scratch / "checkpoint";
    for (const std::size_t block : {std::size_t{0}, std::size_t{4096}}) {
        std::string bytes = support::bytes_of(file);
        bytes[block + 30] ^= 1;
        support::put_bytes(file, bytes);
        const auto log = recovered(scratch.path());
        CHECK(log.report.checkpoint_torn);
        CHECK(log.report.end == 3);
        CHECK_FALSE(recovered(scratch.path()).report.checkpoint_torn);
    }
    std::string bytes = support::bytes_of(file);
    bytes[30] ^= 1;
    bytes[4096 + 30] ^= 1;
    support::put_bytes(file, bytes);
    CHECK(says(refusal(scratch.path()), "expected a block with its checksum"));
}

TEST_CASE("a block of a checkpoint counts in its place, with a number that a writer may come to",
          "[log][recovery]")
{
    const support::scratch_directory scratch;
    small_disk::write(scratch.path(), 3);
    const std::string file = scratch / "checkpoint";
    disk::checkpoint_block block{};
    const std::string bytes = support::bytes_of(file);
    std::memcpy(&block, bytes.data() + 4096, sizeof block);
    SECTION("in the other one's place")
    {
        block.sequence = block.sequence + 1;
    }
    SECTION("with the last number")
    {
        block.sequence = ~std::uint64_t{0};
    }
    block.epoch = 77;
    disk::finish_block(block, disk::checkpoint_magic, 0);
    std::string other = bytes;
    other.replace(4096, sizeof block, reinterpret_cast<const char*>(&block), sizeof block);
    support::put_bytes(file, other);
    const auto log = recovered(scratch.path());
    CHECK(log.report.checkpoint_torn);
    CHECK(log.report.epoch == 0);
    CHECK_FALSE(recovered(scratch.path()).report.checkpoint_torn);
}

TEST_CASE("a format that is impossible is refused", "[log][recovery]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    auto impossible = format();
    impossible.slot_count = 7;
    const auto log = disk::recover(in, impossible);
    REQUIRE_FALSE(log.has_value());
    CHECK(log.error().code() == gregor::errc::invalid_option);
}

#endif
