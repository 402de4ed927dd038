// SPDX-License-Identifier: MIT
#include <gregor/log/repair.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstring>
#    include <set>
#    include <string>

#    include "support/catch.hpp"
#    include "support/random.hpp"
#    include "support/simulated_files.hpp"
#    include "support/small_disk.hpp"

// A damaged log on a disk that forgets what it may, and repairs of it that end at any call to the
// system: killed, or with the power gone. The last one finds all that was there.

namespace disk = gregor::disk;

using files = support::simulated_files;
using gregor::offset_t;
using small_disk::format;

namespace {

constexpr offset_t end = 21; ///< three segments, the first two sealed

void write_log(support::simulated_disk& memory, const disk::directory<files>& in)
{
    {
        auto log = disk::recover(in, format());
        REQUIRE(log.has_value());
        for (offset_t offset = 0; offset != end; ++offset) {
            if (offset % 8 == 0) {
                REQUIRE((offset == 0 || log->segments.back().seal(2, 0).ok()));
                small_disk::roll(*log, in);
            }
            small_disk::put(log->segments.back(), offset);
        }
    }
    for (auto& file : memory.files) {
        file.lasting = file.now;
    }
    memory.lasting_names = memory.names;
    memory.changes.clear();
}

/// The offsets of whole records that are beside the log.
std::set<offset_t> set_aside(const support::simulated_disk& memory)
{
    std::set<offset_t> kept;
    for (const auto& [name, number] : memory.names) {
        const auto& bytes = memory.files[static_cast<std::size_t>(number)].now;
        if ((name.find('/') == std::string::npos && !name.ends_with(".aside")) ||
            name.ends_with(".new") || bytes.size() < sizeof(disk::header_page)) {
            continue;
        }
        disk::header_page page;
        std::memcpy(&page, bytes.data(), sizeof page);
        for (std::size_t at = sizeof page; at + 32 <= bytes.size(); at += 32) {
            std::uint64_t stamp = 0;
            std::memcpy(&stamp, bytes.data() + at, sizeof stamp);
            const offset_t offset = (stamp >> 2U) - 1;
            if (disk::look_at_slot(disk::salted(page.header.salt), offset, false, bytes.data() + at,
                                   32) == disk::slot_state::record) {
                kept.insert(offset);
            }
        }
    }
    return kept;
}

} // namespace

TEST_CASE("the power goes, or the process, at any call of a repair: nothing is lost", "[crash]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    std::string wrong;
    for (int round = 0; round != 3000 && wrong.empty(); ++round) {
        support::simulated_disk memory{dice.below(~std::uint64_t{0})};
        files::disk = &memory;
        const auto in = *disk::directory<files>::open("disk");
        write_log(memory, in);
        memory.boot = static_cast<unsigned char>(memory.boot + dice.below(2));

        const offset_t hit = dice.below(end);
        const bool in_header = dice.one_in(3);
        const offset_t whole = in_header ? hit / 8 * 8 : hit;
        auto& file =
            memory
                .files[static_cast<std::size_t>(memory.names.at(disk::segment_name(hit / 8 * 8)))];
        file.now[in_header ? 100 : 4096 + hit % 8 * 32 + 20] ^= 1;
        file.lasting = file.now;

        for (std::uint64_t lives = dice.below(4); lives != 0; --lives) {
            memory.calls = 0;
            memory.fails_from = static_cast<long>(dice.below(150));
            static_cast<void>(disk::repair(in, format()));
            if (dice.one_in(3)) {
                memory.kill();
            } else {
                memory.lose_power();
            }
        }
        const auto repaired = disk::repair(in, format());
        if (!repaired) {
            wrong = repaired.error().what();
            break;
        }
        auto log = disk::recover(in, format(), {.verify_sealed = true});
        REQUIRE(log.has_value());
        const auto records = small_disk::read(*log);
        const auto kept = set_aside(memory);
        if (log->report.end != whole || records.size() != whole ||
            !small_disk::all_right(records)) {
            wrong = "it ends at " + std::to_string(log->report.end) + ", not at " +
                    std::to_string(whole);
        }
        for (offset_t at = whole; at != end; ++at) {
            if ((in_header || at != hit) && kept.count(at) == 0) {
                wrong = "offset " + std::to_string(at) + " is gone";
            }
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
}

#endif
