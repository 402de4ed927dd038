// SPDX-License-Identifier: MIT
#include <gregor/log/offsets_file.hpp>

#if GREGOR_FILES

#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <filesystem>
#    include <string>
#    include <utility>
#    include <vector>

#    include <sys/stat.h>

#    include "support/catch.hpp"
#    include "support/failing_files.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/small_disk.hpp"

namespace disk = gregor::disk;

using disk::offset_cell;
using disk::offsets_owner;
using gregor::offset_t;

namespace {

constexpr unsigned holds = 1;
constexpr unsigned committed = 2;

std::uint64_t word(offset_t offset, unsigned flags = committed)
{
    return offset << 2U | flags;
}

/// Partition 3 of a log of 1000 records.
offsets_owner owner()
{
    return {.log = 77, .partition = 3, .epoch = 5, .starts = {600, 590}, .begin = 100, .end = 1000};
}

template <class Files = disk::os_files>
gregor::result<disk::offsets_file<Files>> try_open(const std::string& path,
                                                   const offsets_owner& of = owner())
{
    return disk::offsets_file<Files>::open(small_disk::open<Files>(path), of);
}

template <class Files = disk::os_files>
disk::offsets_file<Files> open(const std::string& path, const offsets_owner& of = owner())
{
    auto opened = try_open<Files>(path, of);
    REQUIRE(opened.has_value());
    return *std::move(opened);
}

std::string refusal(const std::string& path, const offsets_owner& of = owner())
{
    auto opened = try_open(path, of);
    return opened ? "opened" : opened.error().what();
}

bool says(const std::string& whole, const std::string& part)
{
    INFO(whole);
    return whole.find(part) != std::string::npos;
}

template <class Files>
offset_cell& add(disk::offsets_file<Files>& to, const std::string& group, bool lossy = false)
{
    auto made = to.add(group, lossy);
    REQUIRE(made.has_value());
    return **made;
}

/// A file with one group, which committed this; at the group's cell.
struct one_group {
    support::scratch_directory scratch;
    std::string file = scratch / "offsets";

    explicit one_group(const std::vector<std::uint64_t>& words)
    {
        auto offsets = open(scratch.path());
        offset_cell& cell = add(offsets, "risk");
        for (const std::uint64_t each : words) {
            cell.set(each);
        }
    }

    /// Flips a bit.
    void damage(std::size_t byte) const
    {
        std::string bytes = support::bytes_of(file);
        bytes[byte] = static_cast<char>(bytes[byte] ^ 4);
        support::put_bytes(file, bytes);
    }
    /// Changes a block in the first page, and puts its checksum right.
    template <class Block, class Change>
    void change(std::size_t at, std::string_view magic, Change&& change) const
    {
        std::string bytes = support::bytes_of(file);
        disk::offsets_header header{};
        std::memcpy(&header, bytes.data(), sizeof header);
        Block block{};
        std::memcpy(&block, bytes.data() + at, sizeof block);
        change(block);
        disk::finish_block(block, magic, header.salt);
        std::memcpy(bytes.data() + at, &block, sizeof block);
        support::put_bytes(file, bytes);
    }
};

constexpr std::size_t first_cell = disk::page_bytes;

} // namespace

TEST_CASE("what groups have committed is there when the file is opened again", "[log][offsets]")
{
    const support::scratch_directory scratch;
    {
        auto offsets = open(scratch.path());
        CHECK(offsets.report().made);
        CHECK(offsets.report().groups == 0);
        offset_cell& risk = add(offsets, "risk");
        risk.set(word(1, committed | holds));
        risk.set(word(7, committed | holds));
        risk.write_note(8, "as of yesterday");
        risk.set(word(8, committed | holds));
        add(offsets, "screen", true).set(word(0));
        add(offsets, "new");
        CHECK(offsets.find("risk") == &risk);
        CHECK(offsets.find("ris") == nullptr);
    }
    auto offsets = open(scratch.path());
    const auto& report = offsets.report();
    CHECK_FALSE(report.made);
    CHECK(report.groups == 3);
    CHECK(report.torn + report.lost_offsets + report.lost_groups + report.moved_back == 0);
    REQUIRE(offsets.find("risk") != nullptr);
    CHECK(offsets.find("risk")->word() == word(8, committed | holds));
    CHECK_FALSE(offsets.find("risk")->lossy());
    CHECK(offsets.note(*offsets.find("risk")) == "as of yesterday");
    REQUIRE(offsets.find("screen") != nullptr);
    CHECK(offsets.find("screen")->word() == word(0));
    CHECK(offsets.find("screen")->lossy());
    CHECK_FALSE(offsets.note(*offsets.find("screen")).has_value());
    REQUIRE(offsets.find("new") != nullptr);
    CHECK_FALSE(offsets.find("new")->word().has_value());
    std::size_t groups = 0;
    offsets.each([&](const offset_cell& cell) { groups += cell.name().empty() ? 0 : 1; });
    CHECK(groups == 3);
}

TEST_CASE("what is committed after an opening counts, as often as it is opened", "[log][offsets]")
{
    const one_group log{{word(1)}};
    for (offset_t at = 2; at != 9; ++at) {
        auto offsets = open(log.scratch.path());
        CHECK(offsets.find("risk")->word() == word(at - 1));
        offsets.find("risk")->set(word(at));
    }
}

TEST_CASE("a group that is removed is gone, and its cell serves again", "[log][offsets]")
{
    const support::scratch_directory scratch;
    {
        auto offsets = open(scratch.path());
        add(offsets, "before");
        offset_cell& risk = add(offsets, "risk");
        for (offset_t at = 1; at != 4; ++at) {
            risk.write_note(at, "mine");
            risk.set(word(at));
        }
        offsets.remove(risk);
        CHECK(offsets.find("risk") == nullptr);
    }
    {
        auto offsets = open(scratch.path());
        CHECK(offsets.report().groups == 1);
        CHECK(offsets.find("risk") == nullptr);
        offset_cell& other = add(offsets, "other");
        CHECK_FALSE(other.word().has_value());
        add(offsets, "third");
        add(offsets, "fourth");
        CHECK(std::filesystem::file_size(scratch / "offsets") == 5 * disk::page_bytes);
    }
    auto offsets = open(scratch.path());
    CHECK(offsets.report().groups == 4);
    CHECK(offsets.report().torn == 0);
    offset_cell* const other = offsets.find("other");
    REQUIRE(other != nullptr);
    CHECK_FALSE(other->word().has_value());
    other->set(word(3));
    CHECK_FALSE(offsets.note(*other).has_value());
    CHECK(open(scratch.path()).find("other")->word() == word(3));
}

TEST_CASE("the file grows as groups come, and cells stay where they are", "[log][offsets]")
{
    const support::scratch_directory scratch;
    constexpr int groups = 40;
    {
        auto offsets = open(scratch.path());
        std::vector<offset_cell*> cells;
        std::vector<std::uintmax_t> pages;
        for (int i = 0; i != groups; ++i) {
            cells.push_back(&add(offsets, "group " + std::to_string(i)));
            const auto now = std::filesystem::file_size(scratch / "offsets") / disk::page_bytes;
            if (pages.empty() || pages.back() != now) {
                pages.push_back(now);
            }
        }
        CHECK(pages == std::vector<std::uintmax_t>{5, 9, 17, 33, 65});
        for (std::size_t i = 0; i != groups; ++i) {
            cells[i]->set(word(i));
        }
    }
    auto offsets = open(scratch.path());
    CHECK(offsets.report().groups == groups);
    for (std::size_t i = 0; i != groups; ++i) {
        REQUIRE(offsets.find("group " + std::to_string(i)) != nullptr);
        CHECK(offsets.find("group " + std::to_string(i))->word() == word(i));
    }
}

TEST_CASE("a group's name has up to 255 bytes, whatever they are", "[log][offsets]")
{
    const support::scratch_directory scratch;
    const std::string longest(255, '\xfe');
    const std::string odd{"a\0/..", 5};
    {
        auto offsets = open(scratch.path());
        const auto why = offsets.add(std::string(256, 'x'), false);
        REQUIRE_FALSE(why.has_value());
        CHECK(why.error().code() == gregor::errc::invalid_name);
        CHECK(says(why.error().what(), "expected a group's name of 1 to 255 bytes, found one of "
                                       "256"));
        CHECK_FALSE(offsets.add("", false).has_value());
        add(offsets, longest).set(word(1));
        add(offsets, odd).set(word(2));
    }
    auto offsets = open(scratch.path());
    CHECK(offsets.report().groups == 2);
    REQUIRE(offsets.find(longest) != nullptr);
    REQUIRE(offsets.find(odd) != nullptr);
    CHECK(offsets.find(odd)->word() == word(2));
}

TEST_CASE("a note belongs to its offset, and to no other", "[log][offsets]")
{
    const support::scratch_directory scratch;
    auto offsets = open(scratch.path());
    offset_cell& cell = add(offsets, "risk");
    const auto note = [&] { return offsets.note(cell); };
    cell.write_note(5, "five");
    CHECK_FALSE(note().has_value()); // nothing is committed
    cell.set(word(5));
    CHECK(note() == "five");
    SECTION("who is killed before the offset leaves the note of the one before")
    {
        cell.write_note(7, "seven");
        CHECK(note() == "five");
        cell.write_note(8, "eight");
        CHECK(note() == "five");
        auto again = open(scratch.path());
        CHECK(again.note(*again.find("risk")) == "five");
        // nor does what was not committed come back with its offset
        again.find("risk")->set(word(8));
        CHECK_FALSE(again.note(*again.find("risk")).has_value());
    }
    SECTION("another one for the same offset counts, and is kept")
    {
        cell.write_note(5, "five again");
        CHECK(note() == "five again");
        cell.write_note(9, "nine");
        CHECK(note() == "five again");
        cell.set(word(9));
        CHECK(note() == "nine");
    }
    SECTION("who commits without leaves none")
    {
        cell.set(word(6));
        CHECK_FALSE(note().has_value());
    }
    SECTION("all are cleared")
    {
        cell.clear_notes();
        CHECK_FALSE(note().has_value());
        cell.write_note(5, "");
        CHECK(note() == "");
    }
    SECTION("the longest")
    {
        const std::string longest(disk::longest_note, 'n');
        cell.write_note(9, longest);
        cell.set(word(9));
        CHECK(note() == longest);
        auto again = open(scratch.path());
        CHECK(again.note(*again.find("risk")) == longest);
    }
}

TEST_CASE("offsets of another log, partition or version are refused", "[log][offsets]")
{
    const one_group log{{word(1)}};
    const std::string file = "offsets \"" + log.file + "\": ";
    offsets_owner other = owner();
    other.partition = 4;
    CHECK(refusal(log.scratch.path(), other) == file +
                                                    "expected the offsets of partition 4, found 3: "
                                                    "a file is not of the kind that is read here");
    other = owner();
    other.log = 78;
    CHECK(says(refusal(log.scratch.path(), other), file + "expected the offsets of the log of "
                                                          "number 78, found 77"));
    const auto with = [&](auto&& change) {
        log.change<disk::offsets_header>(0, disk::offsets_magic, change);
        return refusal(log.scratch.path());
    };
    CHECK(says(with([](auto& header) { header.version = 2; }), "expected version 1, found 2"));
    CHECK(says(with([](auto& header) {
                   header.version = 1;
                   header.cell_bytes = 8192;
               }),
               "expected bytes a cell 4096, found 8192"));
    support::put_bytes(log.file, std::string(8192, 'x'));
    CHECK(says(refusal(log.scratch.path()), "expected to begin with gregorOF, found something"));
}

TEST_CASE("a file that is not what was written is refused", "[log][offsets]")
{
    const one_group log{{word(1)}};
    const std::string bytes = support::bytes_of(log.file);
    SECTION("its header")
    {
        log.damage(24);
        CHECK(says(refusal(log.scratch.path()), "expected a header with its checksum"));
    }
    SECTION("one state, which is made good, or both")
    {
        log.damage(1024 + 17);
        CHECK(open(log.scratch.path()).report().torn == 1);
        CHECK(open(log.scratch.path()).report().torn == 0);
        log.damage(1536 + 17);
        CHECK(open(log.scratch.path()).report().torn == 1);
        CHECK(open(log.scratch.path()).find("risk")->word() == word(1));
        log.damage(1024 + 17);
        log.damage(1536 + 17);
        CHECK(says(refusal(log.scratch.path()), "expected a state with its checksum, found none"));
    }
    SECTION("fewer cells than it says")
    {
        support::put_bytes(log.file, bytes.substr(0, bytes.size() - 1));
        CHECK(says(refusal(log.scratch.path()),
                   "expected 20480 bytes or more, for 4 cells, found 20479 bytes"));
        support::put_bytes(log.file, bytes.substr(0, 100));
        CHECK(says(refusal(log.scratch.path()), "expected 4096 bytes or more, found 100 bytes"));
    }
    SECTION("more than there may be")
    {
        for (const std::size_t at : disk::states_at) {
            log.change<disk::offsets_state>(at, disk::offsets_state_magic,
                                            [](auto& state) { state.cells = 1U << 20U; });
        }
        CHECK(says(refusal(log.scratch.path()), "expected up to 65536 cells, found 1048576"));
    }
    SECTION("more bytes than it says are what a growth has left, and do not count")
    {
        // among them a cell that looks like one
        support::put_bytes(log.file, bytes + std::string(4096, 'x') +
                                         bytes.substr(first_cell, disk::cell_bytes) + "x");
        auto offsets = open(log.scratch.path());
        CHECK(offsets.report().groups == 1);
        for (int i = 0; i != 4; ++i) {
            add(offsets, "group " + std::to_string(i));
        }
        CHECK(open(log.scratch.path()).report().groups == 5);
        CHECK(open(log.scratch.path()).find("risk")->word() == word(1));
        CHECK(open(log.scratch.path()).report().torn == 0);
    }
}

TEST_CASE("an offset whose last copy is damaged is the one before", "[log][offsets]")
{
    const one_group log{{word(1), word(2)}}; // in the second place, and then in the first
    log.damage(first_cell + 1024);
    {
        auto offsets = open(log.scratch.path());
        CHECK(offsets.report().torn == 1);
        CHECK(offsets.report().lost_offsets == 0);
        CHECK(offsets.find("risk")->word() == word(1));
        offsets.find("risk")->set(word(3));
    }
    CHECK(open(log.scratch.path()).report().torn == 0);
    CHECK(open(log.scratch.path()).find("risk")->word() == word(3));
    log.damage(first_cell + 1024);
    log.damage(first_cell + 1536);
    auto offsets = open(log.scratch.path());
    CHECK(offsets.report().torn == 2);
    CHECK(offsets.report().lost_offsets == 1);
    CHECK_FALSE(offsets.find("risk")->word().has_value());
    offsets.find("risk")->set(word(4));
    CHECK(open(log.scratch.path()).find("risk")->word() == word(4));
}

TEST_CASE("a copy that says that it is being written does not count", "[log][offsets]")
{
    const one_group log{{word(1), word(2)}};
    std::string bytes = support::bytes_of(log.file);
    bytes[first_cell + 1024 + 20] = 0;
    support::put_bytes(log.file, bytes);
    CHECK(open(log.scratch.path()).find("risk")->word() == word(1));
}

TEST_CASE("a group whose name is damaged once is made good, twice is reported", "[log][offsets]")
{
    const one_group log{{word(1)}};
    for (const std::size_t place : disk::groups_at) {
        log.damage(first_cell + place + 33);
        auto offsets = open(log.scratch.path());
        CHECK(offsets.report().torn == 1);
        CHECK(offsets.report().lost_groups == 0);
        CHECK(offsets.find("risk")->word() == word(1));
        CHECK(open(log.scratch.path()).report().torn == 0);
    }
    log.damage(first_cell + 33);
    log.damage(first_cell + 512 + 33);
    auto offsets = open(log.scratch.path());
    CHECK(offsets.report().torn == 2);
    CHECK(offsets.report().lost_groups == 1);
    CHECK(offsets.report().groups == 0);
    add(offsets, "other");
    CHECK(open(log.scratch.path()).report().groups == 1);
}

TEST_CASE("of a group that is in two cells the later one counts", "[log][offsets]")
{
    // it went and came again in another cell, and of its going nothing reached the disk
    const support::scratch_directory scratch;
    const bool later_first = GENERATE(true, false);
    {
        auto offsets = open(scratch.path());
        offset_cell& first = add(offsets, "first");
        offset_cell& second = add(offsets, "second");
        first.set(word(1));
        second.set(word(2));
        const std::string before = support::bytes_of(scratch / "offsets");
        offset_cell& goes = later_first ? second : first;
        offset_cell& comes = later_first ? first : second;
        const std::string name{goes.name()};
        offsets.remove(first);
        offsets.remove(second);
        if (!later_first) {
            add(offsets, "stopgap");
        }
        offset_cell& again = add(offsets, name);
        CHECK(&again == &comes);
        again.set(word(9));
        std::string bytes = support::bytes_of(scratch / "offsets");
        const std::size_t at = disk::page_bytes + (later_first ? disk::cell_bytes : 0);
        bytes.replace(at, disk::cell_bytes, before.substr(at, disk::cell_bytes));
        support::put_bytes(scratch / "offsets", bytes);
    }
    auto offsets = open(scratch.path());
    CHECK(offsets.report().groups == 1);
    offset_cell* const found = offsets.find(later_first ? "second" : "first");
    REQUIRE(found != nullptr);
    CHECK(found->word() == word(9));
}

TEST_CASE("no offset is beyond what its log has", "[log][offsets]")
{
    const support::scratch_directory scratch;
    {
        auto offsets = open(scratch.path());
        add(offsets, "far").write_note(900, "gone");
        offsets.find("far")->set(word(900, committed | holds));
        add(offsets, "near").write_note(300, "kept");
        offsets.find("near")->set(word(300));
        // went back: what it may fall back to, if that is damaged, is beyond
        add(offsets, "back").set(word(950));
        offsets.find("back")->set(word(50));
    }
    offsets_owner now = owner();
    struct expected {
        std::uint64_t far;
        std::uint64_t near;
        std::size_t moved;
    };
    const auto check = [&](const expected& wanted) {
        {
            const auto offsets = open(scratch.path(), now);
            CHECK(offsets.report().moved_back == wanted.moved);
            CHECK(offsets.find("far")->word() == word(wanted.far, committed | holds));
            CHECK(offsets.note(*offsets.find("far")).has_value() == (wanted.far == 900));
            CHECK(offsets.find("near")->word() == word(wanted.near));
            CHECK(offsets.note(*offsets.find("near")).has_value() == (wanted.near == 300));
            CHECK(offsets.find("back")->word() == word(50));
        }
        CHECK(open(scratch.path(), now).report().moved_back == 0);
        std::string bytes = support::bytes_of(scratch / "offsets");
        for (std::size_t i = 0; i != 3; ++i) {
            for (const std::size_t place : disk::offsets_at) {
                disk::offset_copy copy{};
                std::memcpy(&copy, bytes.data() + first_cell + i * disk::cell_bytes + place,
                            sizeof copy);
                INFO("cell " << i << " at " << place);
                CHECK(copy.word >> 2U <= (wanted.moved == 0 ? 1000 : wanted.far));
            }
        }
    };
    SECTION("nothing was lost")
    {
        check({900, 300, 0});
    }
    SECTION("the log ends before")
    {
        now.end = 700;
        check({700, 300, 1});
    }
    SECTION("it has lost some, and others have come in their place")
    {
        now.epoch = 6;
        check({600, 300, 1});
        // the same again, in the epoch that it is of now
        now.epoch = 7;
        now.starts = {200, 600};
        check({200, 200, 2});
    }
    SECTION("it has lost some twice, more of it the first time")
    {
        now.epoch = 7;
        now.starts = {990, 700};
        check({700, 300, 1});
    }
    SECTION("it has lost some so often that nobody knows any more")
    {
        now.epoch = 5 + now.starts.size() + 1;
        now.starts.fill(990);
        check({100, 100, 2});
    }
    SECTION("it is an older log than the offsets were of")
    {
        now.epoch = 4;
        check({100, 100, 2});
    }
}

TEST_CASE("whichever call fails when offsets are opened, nothing is lost", "[log][offsets]")
{
    using files = support::failing_files;
    const int code = GENERATE(EIO, ENOSPC);
    const bool killed = GENERATE(false, true);
    const bool there = GENERATE(false, true);
    offsets_owner later = owner();
    later.epoch = 6;
    long failures = 0;
    for (long n = 0;; ++n) {
        files::fail_nothing();
        const support::scratch_directory scratch;
        if (there) {
            auto offsets = open<files>(scratch.path());
            add(offsets, "far").set(word(900));
            add(offsets, "near").set(word(300));
        }
        const auto in = small_disk::open<files>(scratch.path());
        files::fail_call(n, code, killed);
        const bool opened = disk::offsets_file<files>::open(in, later).has_value();
        const bool failed = files::failed();
        files::fail_nothing();
        // what was left of an attempt to make one need not be removed
        CHECK((!failed || !opened || !there));
        failures += failed ? 1 : 0;
        auto offsets = disk::offsets_file<files>::open(in, later);
        REQUIRE(offsets.has_value());
        if (there) {
            REQUIRE(offsets->report().groups == 2);
            CHECK(offsets->find("far")->word() == word(600));
            CHECK(offsets->find("near")->word() == word(300));
        }
        CHECK(offsets->report().torn == 0);
        if (!failed) {
            break;
        }
    }
    CHECK(failures > 6);
}

TEST_CASE("whichever call fails when a group comes, the others are there", "[log][offsets]")
{
    using files = support::failing_files;
    const int code = GENERATE(EIO, ENOSPC);
    const bool killed = GENERATE(false, true);
    long failures = 0;
    for (long n = 0;; ++n) {
        files::fail_nothing();
        const support::scratch_directory scratch;
        {
            auto offsets = open<files>(scratch.path());
            for (std::size_t i = 0; i != 4; ++i) {
                add(offsets, "group " + std::to_string(i)).set(word(i));
            }
            files::fail_call(n, code, killed);
            auto added = offsets.add("more", false);
            const bool failed = files::failed();
            files::fail_nothing();
            CHECK(failed == !added.has_value());
            failures += failed ? 1 : 0;
            if (added) {
                (*added)->set(word(9));
            } else {
                CHECK(offsets.find("more") == nullptr);
                add(offsets, "more").set(word(9)); // there may be room by now
            }
        }
        const auto offsets = open<files>(scratch.path());
        CHECK(offsets.report().groups == 5);
        CHECK(offsets.report().torn == 0);
        CHECK(offsets.find("more")->word() == word(9));
        for (std::size_t i = 0; i != 4; ++i) {
            CHECK(offsets.find("group " + std::to_string(i))->word() == word(i));
        }
        if (failures != n + 1) {
            break;
        }
    }
    CHECK(failures > 5);
}

TEST_CASE("a copy with holes is filled, or a commit could find the disk full", "[log][offsets]")
{
    const one_group log{{word(1)}};
    const std::string bytes = support::bytes_of(log.file);
    std::filesystem::remove(log.file);
    support::put_bytes(log.file, bytes.substr(0, 2 * disk::page_bytes));
    std::filesystem::resize_file(log.file, bytes.size());
    const auto offsets = open(log.scratch.path());
    CHECK(offsets.find("risk")->word() == word(1));
    struct stat facts = {};
    REQUIRE(::stat(log.file.c_str(), &facts) == 0);
    CHECK(static_cast<std::size_t>(facts.st_blocks) * 512 >= bytes.size());
}

TEST_CASE("a sync that fails says so", "[log][offsets]")
{
    using files = support::failing_files;
    files::fail_nothing();
    const support::scratch_directory scratch;
    const auto offsets = open<files>(scratch.path());
    CHECK(offsets.sync().ok());
    files::fail_call(0);
    CHECK(offsets.sync().code == EIO);
    files::fail_nothing();
}

#endif
