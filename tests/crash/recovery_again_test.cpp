// SPDX-License-Identifier: MIT
#include <gregor/log/recovery.hpp>

#if GREGOR_FILES

#    include <algorithm>
#    include <cstddef>
#    include <cstdint>
#    include <filesystem>
#    include <map>
#    include <string>
#    include <utility>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/crashed_log.hpp"
#    include "support/failing_files.hpp"
#    include "support/random.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/small_disk.hpp"

// Recoveries that are cut short, and crashes after recoveries.

namespace disk = gregor::disk;

using files = support::failing_files;
using gregor::offset_t;

namespace {

/// A recovery; with whether it was cut short.
std::pair<small_disk::recovered_log, bool> recover(const disk::directory<files>& in, bool texts,
                                                   bool sync_all)
{
    auto log = disk::recover(in, small_disk::format_of(texts), {.sync_all = sync_all});
    const bool cut_short = files::failed();
    files::fail_nothing();
    return {small_disk::read_all(std::move(log), in, texts), cut_short};
}

/// The system's calls; which bytes of each file were written by one, and then made lasting.
struct noting_files : support::hasty_files {
    using noted = std::map<std::uint64_t, std::vector<bool>>; ///< by inode
    static inline noted written;
    static inline noted lasting;

    static disk::outcome write(int file, const void* bytes, std::size_t count,
                               std::uint64_t from) noexcept
    {
        const auto to = static_cast<std::ptrdiff_t>(from + count);
        std::vector<bool>& its = written[inode_of(file)];
        its.resize((std::max)(its.size(), static_cast<std::size_t>(to)));
        std::fill(its.begin() + static_cast<std::ptrdiff_t>(from), its.begin() + to, true);
        return support::hasty_files::write(file, bytes, count, from);
    }
    static disk::outcome sync(int file) noexcept
    {
        lasting[inode_of(file)] = written[inode_of(file)];
        return {};
    }

    static std::uint64_t inode_of(int file)
    {
        disk::file_facts facts;
        return look(file, facts).ok() ? facts.inode : 0;
    }
    /// Of the file of this name, all these bytes.
    static bool are_lasting(const disk::directory<noting_files>& in, const std::string& name,
                            std::uint64_t from, std::uint64_t count)
    {
        disk::file_handle<noting_files> file;
        REQUIRE(open(in.get(), name.c_str(), disk::open_mode::read, file.fill()).ok());
        const std::vector<bool>& its = lasting[inode_of(file.get())];
        const auto begin = its.begin() + static_cast<std::ptrdiff_t>((std::min)(from, its.size()));
        return its.size() >= from + count &&
               std::find(begin, begin + static_cast<std::ptrdiff_t>(count), false) ==
                   begin + static_cast<std::ptrdiff_t>(count);
    }
};

} // namespace

TEST_CASE("a recovery that is cut short, twice, at whatever call, loses nothing", "[crash]")
{
    const bool texts = GENERATE(false, true);
    const bool same_boot = GENERATE(true, false);
    const bool sync_all = GENERATE(false, true);
    const bool killed = GENERATE(false, true);
    if (texts && !(sync_all && killed)) {
        return; // fewer of the same calls, and these are many
    }
    files::fail_nothing();
    const support::scratch_directory scratch;
    const auto image = small_disk::crashed_log(scratch.path(), same_boot, texts);
    const auto in = small_disk::open<files>(scratch.path());

    const auto expected = recover(in, texts, sync_all).first;
    REQUIRE(expected.opened);
    REQUIRE(expected.report.end == (same_boot ? 18U : 10U));
    REQUIRE(small_disk::all_right(expected.records));
    REQUIRE(expected.records.size() == (same_boot ? 13U : 10U));
    const auto kept_there = [&] {
        return small_disk::kept_in(small_disk::snapshot{scratch.path()}.files());
    };
    const auto expected_kept = kept_there();
    REQUIRE(expected_kept.size() == (same_boot ? 0U : 3U));

    std::string wrong;
    long cuts = 0;
    const auto check = [&](long first, long second) {
        ++cuts;
        const auto again = recover(in, texts, sync_all).first;
        const auto kept = kept_there();
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
        for (long second = 0;; second += texts ? 5 : 1) {
            image.restore();
            files::fail_call(first, EIO, killed);
            more = recover(in, texts, sync_all).second ? 1 : 0;
            files::fail_call(second, EIO, killed);
            const bool again = recover(in, texts, sync_all).second;
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

TEST_CASE("what a sync that failed may have left in memory is written again, and then lasts",
          "[crash]")
{
    const bool texts = GENERATE(false, true);
    const support::scratch_directory scratch;
    {
        small_disk::log_to_crash made{scratch.path(), texts};
        for (offset_t offset = 0; offset != 13; ++offset) {
            if (offset == 8) {
                made.seal();
            }
            if (offset % 8 == 0) {
                made.roll();
            }
            made.put(offset);
        }
    }
    noting_files::written.clear();
    noting_files::lasting.clear();
    const auto in = small_disk::open<noting_files>(scratch.path());
    const auto log = small_disk::read_all(
        disk::recover(in, small_disk::format_of(texts), {.sync_all = true}), in, texts);
    REQUIRE(log.opened);
    CHECK(log.report.same_boot);
    CHECK(log.report.durable == 13);
    CHECK(log.records.size() == 13);
    CHECK(small_disk::all_right(log.records));
    for (offset_t offset = 8; offset != 13; ++offset) { // the others were sealed
        INFO(offset);
        CHECK(noting_files::are_lasting(in, disk::segment_name(8), 4096 + offset % 8 * 32, 32));
        const disk::blob_ref ref = small_disk::ref_of(offset);
        CHECK((!texts || noting_files::are_lasting(in, disk::chunk_name(4096),
                                                   4096 + ref.position % 4096, ref.bytes)));
    }
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
