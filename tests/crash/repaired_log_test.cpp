// SPDX-License-Identifier: MIT
#include <gregor/log/repair.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstring>
#    include <filesystem>
#    include <map>
#    include <optional>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/failing_files.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/small_disk.hpp"

// A small log, and every way in which one bit of it can flip or one of its files can be cut; and
// repairs that are cut short. What is left is the whole run before the damage, no more and no less,
// and everything else is in the folder.

namespace disk = gregor::disk;

using files = support::failing_files;
using gregor::offset_t;
using small_disk::format;

namespace {

constexpr offset_t end = 21; ///< three segments, the first two sealed
constexpr offset_t durable = 10;

std::optional<disk::repair_report> repair(const disk::directory<files>& in)
{
    auto repaired = disk::repair(in, format());
    files::fail_nothing();
    return repaired ? std::optional{*std::move(repaired)} : std::nullopt;
}

struct opened {
    bool well = false;
    disk::recovery_report report;
    std::map<offset_t, std::uint64_t> records;
};

opened recover(const disk::directory<files>& in, bool verify_sealed = true)
{
    auto log = disk::recover(in, format(), {.verify_sealed = verify_sealed});
    return log ? opened{true, log->report, small_disk::read(*log)} : opened{};
}

/// The offsets of all whole records in what was set aside, in folders and beside them.
std::map<offset_t, int> kept_in(const std::string& path)
{
    std::map<offset_t, int> kept;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{path}) {
        const std::string name = entry.path().filename().string();
        const bool in_folder = entry.path().parent_path() != path;
        if (entry.is_directory() ||
            !(name.ends_with(".aside") || (in_folder && disk::base_in(name)))) {
            continue;
        }
        const std::string bytes = support::bytes_of(entry.path().string());
        disk::header_page page{};
        std::memcpy(&page, bytes.data(), std::min(bytes.size(), sizeof page));
        for (std::size_t at = 4096; at + 32 <= bytes.size(); at += 32) {
            std::uint64_t stamp = 0;
            std::memcpy(&stamp, bytes.data() + at, sizeof stamp);
            const offset_t offset = (stamp >> 2U) - 1;
            if (disk::look_at_slot(disk::salted(page.header.salt), offset, false, bytes.data() + at,
                                   32) == disk::slot_state::record) {
                ++kept[offset];
            }
        }
    }
    return kept;
}

/// One small log, whole, of this boot or another one.
struct whole_log {
    explicit whole_log(bool same_boot)
    {
        files::fail_nothing();
        small_disk::write(scratch.path(), end);
        if (same_boot) {
            const auto in = small_disk::open(scratch.path());
            auto checkpoint = disk::checkpoint_file<>::open(in);
            auto values = checkpoint->values();
            values.durable = durable;
            REQUIRE(checkpoint->write(values).ok());
            REQUIRE(checkpoint->write(values).ok());
        } else {
            small_disk::forget_boot(scratch.path(), durable);
        }
        image.emplace(scratch.path());
    }

    support::scratch_directory scratch;
    std::optional<small_disk::snapshot> image;
};

/// Where the whole run ends when this byte of a file is another one.
offset_t end_before(const std::optional<offset_t>& base, std::size_t byte)
{
    if (!base || byte >= disk::page_bytes + 8 * 32) {
        return end;
    }
    if (byte < disk::page_bytes) {
        return byte < disk::block_bytes ? *base : end; // of the rest of the page nothing depends
    }
    return std::min(*base + (byte - disk::page_bytes) / 32, end);
}

/// Whether the file was put into the folder as it was.
bool is_in_folder(const disk::repair_report& report, const std::string& name,
                  const std::string& bytes)
{
    const std::string file = report.folder + "/" + name;
    return std::filesystem::exists(file) && support::bytes_of(file) == bytes;
}

} // namespace

TEST_CASE("after each flipped bit, a repair keeps the run before it and loses nothing behind it",
          "[crash]")
{
    const bool same_boot = GENERATE(true, false);
    const whole_log log{same_boot};
    const auto in = small_disk::open<files>(log.scratch.path());
    std::size_t cut = 0;
    std::string wrong;
    for (const auto& [name, bytes] : log.image->files()) {
        const auto base = disk::base_in(name);
        for (std::size_t bit = 0; bit != bytes.size() * 8; ++bit) {
            // of the zeros, one bit in four bytes
            if (bytes[bit / 8] == 0 && (bit % 8 != bit / 8 % 8 || bit / 8 % 4 != 1)) {
                continue;
            }
            std::string flipped = bytes;
            flipped[bit / 8] =
                static_cast<char>(flipped[bit / 8] ^ static_cast<char>(1U << bit % 8));
            support::put_bytes(log.scratch / name, flipped);
            const offset_t whole = end_before(base, bit / 8);
            const auto repaired = repair(in);
            const opened now = recover(in);
            bool right = repaired && now.well && now.report.end == whole &&
                         now.records.size() == whole && small_disk::all_right(now.records) &&
                         repaired->log.end == whole;
            if (right && whole != end) {
                ++cut;
                const bool of_header = bit / 8 < disk::page_bytes;
                const auto kept = kept_in(log.scratch.path());
                for (offset_t at = whole + (of_header ? 8 : 1); at < end; ++at) {
                    right = right && kept.count(at) == 1;
                }
                right = right && now.report.epoch != 0 &&
                        (!of_header || is_in_folder(*repaired, name, flipped));
            }
            if (!right && wrong.size() < 1000) {
                wrong += name + ", bit " + std::to_string(bit) + "; ";
            }
            log.image->restore();
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(cut > 1000);
}

TEST_CASE("a log of which a file was cut, at whatever byte, is repaired to what stands before it",
          "[crash]")
{
    const whole_log log{GENERATE(true, false)};
    const auto in = small_disk::open<files>(log.scratch.path());
    std::string wrong;
    for (const auto& [name, bytes] : log.image->files()) {
        const auto base = disk::base_in(name);
        for (std::size_t left = 0; left < bytes.size(); left += left % 512 < 2 ? 1 : 51) {
            const std::string part = bytes.substr(0, left);
            support::put_bytes(log.scratch / name, part);
            const offset_t whole = base ? *base : end;
            const auto repaired = repair(in);
            const opened now = recover(in);
            const bool right = repaired && now.well && now.report.end == whole &&
                               now.records.size() == whole && small_disk::all_right(now.records) &&
                               (!base || is_in_folder(*repaired, name, part));
            if (!right && wrong.size() < 1000) {
                wrong += name + ", " + std::to_string(left) + " bytes; ";
            }
            log.image->restore();
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
}

TEST_CASE("a repair that is cut short, at whatever call, loses nothing, and is gone on with",
          "[crash]")
{
    const bool same_boot = GENERATE(true, false);
    const bool killed = GENERATE(false, true);
    const whole_log log{same_boot};
    const auto in = small_disk::open<files>(log.scratch.path());
    const auto scribble = [&](offset_t base, std::size_t at, const std::string& with) {
        const std::string file = small_disk::segment_file(log.scratch.path(), base);
        std::string bytes = support::bytes_of(file);
        support::put_bytes(file, bytes.replace(at, with.size(), with));
    };
    offset_t whole = 11;
    offset_t damage = 11;
    const int scene = GENERATE(0, 1, 2, 3);
    switch (scene) {
    case 0: // in a sealed segment, and no checkpoint that could be read
        scribble(8, 4096 + 3 * 32 + 20, "?");
        support::put_bytes(log.scratch / "checkpoint", "?");
        break;
    case 1: // a record that is gone, behind a seal that is broken
        scribble(8, 4096 + 3 * 32, std::string(32, '\0'));
        scribble(0, 1024 + 9, "?");
        break;
    case 2: // dead claims in the same boot, and behind them a broken record
        whole = same_boot ? 19 : 17;
        damage = 19;
        scribble(16, 4096 + 32, std::string(32, '\0'));
        scribble(16, 4096 + 3 * 32 + 20, "?");
        break;
    default: // the first header
        whole = 0;
        scribble(0, 100, "?");
    }
    const small_disk::snapshot image{log.scratch.path()};
    // in another boot, what a crash may leave is no damage: then that is a recovery
    const bool is_damaged = scene != 2 || same_boot;
    REQUIRE(recover(in).well == !is_damaged);
    image.restore();

    std::string wrong;
    long calls = 0;
    for (long call = 0, more = 1; more != 0; ++call) {
        image.restore();
        files::fail_call(call, EIO, killed);
        more = repair(in) ? 0 : 1;
        const small_disk::snapshot between{log.scratch.path()};
        if (call % 2 == 0) {
            // somebody opens it in between: whatever opens is right
            const opened now = recover(in, false);
            bool right = !now.well || now.report.end == whole || now.report.end == end;
            for (const auto& [offset, payload] : now.records) {
                right = right && (payload == small_disk::payload_of(offset) || scene < 2);
            }
            wrong += right ? "" : std::to_string(call) + " in between; ";
        }
        const auto again = repair(in);
        const opened now = recover(in);
        const auto kept = kept_in(log.scratch.path());
        bool right = again && now.well && now.report.end == whole && now.report.epoch != 0 &&
                     small_disk::all_right(now.records);
        for (offset_t at = 0; at != end; ++at) {
            const bool was_there =
                at != damage && (scene != 2 || at != 17) && (scene != 3 || at > 7);
            right = right && (!was_there || now.records.count(at) + kept.count(at) != 0);
        }
        if (!right && wrong.size() < 1000) {
            wrong += std::to_string(call) + "; ";
        }
        ++calls;
    }
    INFO("scene " << scene);
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(calls > 30);
}

#endif
