// SPDX-License-Identifier: MIT
#include <gregor/log/recovery.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <filesystem>
#    include <map>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/failing_files.hpp"
#    include "support/random.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/small_disk.hpp"

// Recoveries that are cut short, and crashes after recoveries.

namespace disk = gregor::disk;

using files = support::failing_files;
using gregor::offset_t;
using small_disk::format;

namespace {

struct found {
    bool opened = false;
    bool cut_short = false;
    disk::recovery_report report;
    std::map<offset_t, std::uint64_t> records;
};

found recover(const disk::directory<files>& in, bool sync_all)
{
    auto log = disk::recover(in, format(), {.sync_all = sync_all});
    const bool cut_short = files::failed();
    files::fail_nothing();
    return log ? found{true, cut_short, log->report, small_disk::read(*log)}
               : found{false, cut_short, {}, {}};
}

/// The offsets of the whole records that were set aside.
std::map<offset_t, int> kept_in(const std::string& path)
{
    std::map<offset_t, int> kept;
    for (const auto& entry : std::filesystem::directory_iterator{path}) {
        if (entry.path().extension() != ".aside") {
            continue;
        }
        const std::string bytes = support::bytes_of(entry.path().string());
        disk::header_page page{};
        std::memcpy(&page, bytes.data(), sizeof page);
        for (std::size_t at = 4096; at != bytes.size(); at += 32) {
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

/// A log with all that can be wrong with one that a crash has left: dead claims, half a record
/// behind the end, an unfinished file.
small_disk::snapshot crashed_log(const std::string& path, bool same_boot)
{
    small_disk::write(path, 8);
    {
        const auto in = small_disk::open(path);
        auto log = disk::recover(in, format());
        REQUIRE(log->segments.back().seal(1, 0).ok());
        small_disk::roll(*log, in);
        small_disk::roll(*log, in);
        for (const offset_t offset : {8U, 9U, 11U, 14U, 17U}) {
            small_disk::put(small_disk::of(*log, offset), offset);
        }
        auto half = small_disk::slot_of(format(), small_disk::of(*log, 20).salt(), 20);
        std::memset(half.data(), 0, 8);
        REQUIRE(small_disk::of(*log, 20).write(20, 1, half.data()).ok());
    }
    support::put_bytes(path + "/00000000000000000024.log.new", "x");
    if (!same_boot) {
        small_disk::forget_boot(path, offset_t{9});
    }
    return small_disk::snapshot{path};
}

} // namespace

TEST_CASE("a recovery that is cut short, twice, at whatever call, loses nothing", "[crash]")
{
    const bool same_boot = GENERATE(true, false);
    const bool sync_all = GENERATE(false, true);
    const bool killed = GENERATE(false, true);
    files::fail_nothing();
    const support::scratch_directory scratch;
    const auto image = crashed_log(scratch.path(), same_boot);
    const auto in = small_disk::open<files>(scratch.path());

    const found expected = recover(in, sync_all);
    REQUIRE(expected.opened);
    REQUIRE(expected.report.end == (same_boot ? 18U : 10U));
    REQUIRE(expected.records.size() == (same_boot ? 13U : 10U));
    const auto expected_kept = kept_in(scratch.path());
    REQUIRE(expected_kept.size() == (same_boot ? 0U : 3U));

    std::string wrong;
    long cuts = 0;
    const auto check = [&](long first, long second) {
        ++cuts;
        const found again = recover(in, sync_all);
        const auto kept = kept_in(scratch.path());
        bool right = again.opened && again.report.end == expected.report.end &&
                     again.records == expected.records &&
                     again.report.durable == expected.report.durable;
        for (const auto& [offset, times] : expected_kept) {
            right = right && kept.count(offset) == 1;
        }
        right = right && (same_boot || again.report.epoch >= 1);
        if (!right && wrong.size() < 1000) {
            wrong += std::to_string(first) + " and " + std::to_string(second) + "; ";
        }
    };
    for (long first = 0, more = 1; more != 0; ++first) {
        for (long second = 0;; ++second) {
            image.restore();
            files::fail_call(first, EIO, killed);
            more = recover(in, sync_all).cut_short ? 1 : 0;
            files::fail_call(second, EIO, killed);
            const bool again = recover(in, sync_all).cut_short;
            check(first, second);
            if (!again || more == 0) {
                break;
            }
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(cuts > 200);
}

TEST_CASE("what a torn tail left behind never comes back, crash after crash", "[crash]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    // slots of 40 bytes: they lie across sectors, each of which reaches the disk or does not
    const disk::segment_format format{
        .type = "number", .payload_bytes = 24, .payload_alignment = 8, .slot_count = 64};
    constexpr std::size_t sector = 512;
    std::string wrong;
    std::uint64_t lost = 0;
    std::uint64_t aside = 0;
    for (int round = 0; round != 150 && wrong.empty(); ++round) {
        const support::scratch_directory scratch;
        const auto in = small_disk::open<support::hasty_files>(scratch.path());
        std::map<offset_t, std::uint64_t> written; // what was last written at each offset
        offset_t known = 0;                        // everything below it was lasting
        const bool recycles = dice.one_in(2);
        for (std::uint64_t life = 1; life != 7 && wrong.empty(); ++life) {
            auto log = disk::recover(in, format);
            if (!log) {
                wrong = log.error().what();
                break;
            }
            lost += written.size() - static_cast<std::size_t>(log->report.end);
            aside += log->report.set_aside;
            if (log->report.end < known) {
                wrong = "lost what was lasting";
            }
            for (offset_t at = log->report.begin; at != log->report.end; ++at) {
                std::vector<unsigned char> slot(40);
                auto& from = log->segments[static_cast<std::size_t>((at - log->report.begin) /
                                                                    format.slot_count)];
                std::uint64_t payload = 0;
                const bool read = from.read(at, 1, slot.data()).ok();
                std::memcpy(&payload, slot.data() + 16, sizeof payload);
                if (!read ||
                    disk::look_at_slot(disk::salted(from.salt()), at, from.recycled(), slot.data(),
                                       40) != disk::slot_state::record ||
                    payload != written[at]) {
                    wrong = "offset " + std::to_string(at) + " in life " + std::to_string(life);
                }
            }
            written.erase(written.lower_bound(log->report.end), written.end());
            known = log->report.end;
            const small_disk::snapshot lasting{scratch.path()};

            // another life: records with payloads of their own, some of which reach the disk
            offset_t next = known;
            for (std::uint64_t left = dice.below(60); left != 0; --left, ++next) {
                const bool first = log->segments.empty();
                if (first || next == log->segments.back().end()) {
                    const std::uint64_t salt = first ? 0 : log->segments.back().salt();
                    if (!first) {
                        REQUIRE(log->segments.back().seal(1, 0).ok());
                        known = next;
                    }
                    auto made = recycles && log->segments.size() > 1
                                    ? disk::segment<support::hasty_files>::recycle(
                                          std::move(log->segments.front()), in, next, salt, 1)
                                    : disk::segment<support::hasty_files>::create(in, format, next,
                                                                                  salt, 1);
                    REQUIRE(made.has_value());
                    if (recycles && log->segments.size() > 1) {
                        log->segments.erase(log->segments.begin());
                    }
                    log->segments.push_back(*std::move(made));
                    break; // a roll syncs: a life of its own begins
                }
                written[next] = life * 1000000 + next + 1;
                std::vector<unsigned char> slot(40);
                std::memcpy(slot.data() + 16, &written[next], 8);
                std::memcpy(slot.data() + 32, &written[next], 8);
                disk::finish_slot(disk::salted(log->segments.back().salt()), next,
                                  disk::slot_kind::record, slot.data(), slot.size());
                REQUIRE(log->segments.back().write(next, 1, slot.data()).ok());
            }
            // the power goes: of each sector, what was lasting or what was written
            for (const auto& [name, before] : lasting.files()) {
                const std::string file = scratch / name;
                if (!disk::base_in(name) || !std::filesystem::exists(file)) {
                    continue;
                }
                std::string bytes = support::bytes_of(file);
                std::uint64_t salt[2] = {};
                std::memcpy(&salt[0], before.data() + 496, 8);
                std::memcpy(&salt[1], bytes.data() + 496, 8);
                const bool sealed = bytes.compare(1024, 8, "gregorSE") == 0;
                for (std::size_t at = 4096; at < bytes.size() && !sealed && salt[0] == salt[1];
                     at += sector) {
                    if (dice.one_in(3)) {
                        bytes.replace(at, sector, before, at, sector);
                    }
                }
                support::put_bytes(file, bytes);
            }
            auto checkpoint = disk::checkpoint_file<support::hasty_files>::open(in);
            REQUIRE(checkpoint.has_value());
            auto values = checkpoint->values();
            values.boot_id.fill(1);
            REQUIRE(checkpoint->write(values).ok());
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(lost > 100);
    CHECK(aside > 100);
}

#endif
