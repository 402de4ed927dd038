// SPDX-License-Identifier: MIT
// The files of a partition, whole, through a recovery: one checkpoint and up to three segments of
// eight slots. What is known of every result, whatever the files held, is required.

#include "fuzz/partition.hpp"

#include <optional>

namespace {

namespace disk = gregor::disk;
using fuzz::files;
using fuzz::is_itself;
using fuzz::puts_checksums_right;
using fuzz::syncs_all;
using fuzz::verifies_sealed;
using gregor::offset_t;

enum : unsigned char {
    is_chained = 2, ///< each segment follows the one before, and is named so
    is_long = 32,   ///< files have a byte more than they should have
    is_short = 64,  ///< or end within their slots
    has_gap = 128,  ///< one segment is not there
};

const disk::segment_format format{
    .type = "number", .payload_bytes = 16, .payload_alignment = 8, .slot_count = 8};
constexpr std::size_t slot_bytes = 32;

using compact_segment = fuzz::compact_segment<slot_bytes>;

/// What has a stamp has that of its offset, and of the kind that it had.
void put_stamps_right(compact_segment& segment)
{
    for (std::size_t i = 0; i != 8; ++i) {
        std::uint64_t stamp = segment.stamp(i);
        if (stamp != 0) {
            stamp = ((segment.header.base + i + 1) << 2U) | (stamp & 3U);
            std::memcpy(segment.slot(i), &stamp, sizeof stamp);
        }
    }
}

fuzz::bytes image_of(const compact_segment& segment, unsigned char mode)
{
    fuzz::bytes image = segment.image(format);
    if ((mode & is_long) != 0) {
        image.push_back(0);
    } else if ((mode & is_short) != 0) {
        image.resize(disk::page_bytes + 7 * slot_bytes);
    }
    return image;
}

/// Puts the input's files on the disk.
void fill(fuzz::partition& input, fuzz::pieces& from, unsigned char mode)
{
    input.add_checkpoint(from, mode);
    std::uint64_t last_salt = 0;
    offset_t next = 0;
    for (int which = 0; which != 3 && from.left() != 0; ++which) {
        auto segment = from.take<compact_segment>();
        if ((mode & is_chained) != 0) {
            next = which == 0 ? segment.header.base & ~std::uint64_t{7} : next;
            segment.header.base = next;
            segment.header.previous_salt = which == 0 ? segment.header.previous_salt : last_salt;
            segment.seal.end = segment.seal.magic[0] != 0 ? next + 8 : std::uint64_t{0};
            put_stamps_right(segment);
            next += (mode & has_gap) != 0 && which == 1 ? 16 : 8;
        }
        if ((mode & is_itself) != 0) {
            segment.identity.device = 1;
            segment.identity.inode = static_cast<std::uint64_t>(input.next_number());
        }
        if ((mode & puts_checksums_right) != 0) {
            segment.put_right();
        }
        last_salt = segment.header.salt;
        input.add(disk::segment_name(segment.header.base), image_of(segment, mode));
    }
}

/// Below the end everything counts, and is as it was; beyond it there is nothing.
void look_at_records(disk::recovered<files>& log, const std::map<std::string, fuzz::bytes>& before,
                     bool sealed_too)
{
    for (const auto& segment : log.segments) {
        const std::uint32_t begun = disk::salted(segment.salt());
        const fuzz::bytes& old = before.at(disk::segment_name(segment.base()));
        for (std::size_t i = 0; i != 8; ++i) {
            const offset_t at = segment.base() + i;
            unsigned char slot[slot_bytes];
            fuzz::require(segment.read(at, 1, slot).ok(), "a slot can be read");
            const auto state = disk::look_at_slot(begun, at, segment.recycled(), slot, slot_bytes);
            const bool counts =
                state == disk::slot_state::record || state == disk::slot_state::skipped;
            if (at >= log.report.end) {
                fuzz::require(state == disk::slot_state::empty, "nothing stands beyond the end");
            } else if (!segment.sealed() || sealed_too) {
                fuzz::require(counts, "everything below the end counts");
                const unsigned char* const there = old.data() + disk::page_bytes + i * slot_bytes;
                const bool as_it_was = std::memcmp(there, slot, slot_bytes) == 0;
                fuzz::require(as_it_was ||
                                  (state == disk::slot_state::skipped &&
                                   disk::look_at_slot(begun, at, segment.recycled(), there,
                                                      slot_bytes) == disk::slot_state::empty),
                              "a record stays as it was, and only a hole becomes void");
            }
        }
    }
}

void look_at_report(const disk::recovered<files>& log)
{
    const disk::recovery_report& report = log.report;
    fuzz::require(report.begin <= report.end && report.durable <= report.end,
                  "the log begins before it ends, and is durable no further");
    fuzz::require(log.segments.empty() ? report.end == 0
                                       : log.segments.front().base() == report.begin &&
                                             report.end <= log.segments.back().end(),
                  "the log is in its segments");
    for (std::size_t i = 1; i < log.segments.size(); ++i) {
        fuzz::require(log.segments[i - 1].end() == log.segments[i].base() &&
                          log.segments[i - 1].salt() == log.segments[i].previous_salt(),
                      "each segment follows the one before it");
    }
    fuzz::require(report.end < (std::uint64_t{1} << 62U), "offsets are below 2^62");
}

} // namespace

void fuzz::look(const bytes& input)
{
    pieces from{input};
    const auto mode = from.take<unsigned char>();
    partition there;
    fill(there, from, mode);
    const auto before = there.contents();
    auto log = there.recover(format, options_of(mode), [](auto& repaired, const auto& after) {
        require(repaired.report.same_boot && repaired.report.voids + repaired.report.set_aside == 0,
                "what was repaired needs no recovery");
        look_at_report(repaired);
        look_at_records(repaired, after, true);
    });
    if (!log) {
        return;
    }
    look_at_report(*log);
    require((mode & (is_long | is_short)) == 0 || log->segments.empty(),
            "a file that is too long or too short is refused");
    look_at_records(*log, before, options_of(mode).verify_sealed);

    auto again = disk::recover(there.in, format, options_of(mode));
    require(again.has_value(), "what was recovered can be opened");
    require(again->report.same_boot && again->report.begin == log->report.begin &&
                again->report.end == log->report.end && again->report.epoch == log->report.epoch,
            "a second recovery comes to the same");
    require(again->report.voids + again->report.set_aside + again->report.damaged +
                    again->report.erased_bytes ==
                0,
            "a second recovery has nothing to do");
}

namespace {

/// A log of so many records; `hole`: one that is missing.
fuzz::bytes log_of(unsigned char mode, offset_t first, offset_t count, std::optional<offset_t> hole,
                   offset_t durable, unsigned char boot)
{
    fuzz::bytes input{mode};
    fuzz::append_checkpoint(input, durable, boot);
    for (offset_t base = first; base < first + count; base += 8) {
        compact_segment segment{};
        const std::uint64_t salt = 100 + base;
        segment.header =
            disk::make_header(format, base, salt, base == first ? 0 : salt - 8, 1, base % 16 == 8);
        disk::finish_block(segment.identity, disk::identity_magic, salt);
        if (base + 8 < first + count) {
            segment.seal.end = base + 8;
            disk::finish_block(segment.seal, disk::seal_magic, salt);
        }
        for (offset_t at = base; at != base + 8 && at < first + count; ++at) {
            unsigned char* const slot = segment.slot(at - base);
            if (hole != at) {
                std::memset(slot + 16, static_cast<int>(at), 16);
                disk::finish_slot(disk::salted(salt), at,
                                  at % 5 == 4 ? disk::slot_kind::skipped : disk::slot_kind::record,
                                  slot, slot_bytes);
            }
        }
        fuzz::append(input, &segment, sizeof segment);
    }
    return input;
}

bool opens(const fuzz::bytes& input)
{
    fuzz::pieces from{input};
    const auto mode = from.take<unsigned char>();
    fuzz::partition there;
    fill(there, from, mode);
    return disk::recover(there.in, format).has_value();
}

} // namespace

std::vector<fuzz::bytes> fuzz::seeds()
{
    constexpr unsigned char usual = puts_checksums_right | is_chained;
    std::vector<bytes> all{log_of(0, 0, 19, std::nullopt, 16, 1),
                           log_of(usual | is_itself, 0, 19, std::nullopt, 16, 1),
                           log_of(usual | is_itself, 8, 14, 18, 16, 1),
                           log_of(usual | is_itself | syncs_all, 0, 7, 3, 0, 1),
                           log_of(usual, 0, 7, 3, 2, 9),
                           log_of(usual | verifies_sealed, 64, 21, 82, 80, 9),
                           log_of(usual | is_itself | verifies_sealed, 0, 24, std::nullopt, 24, 1),
                           log_of(puts_checksums_right | is_itself, 0, 3, std::nullopt, 0, 1),
                           log_of(usual | is_itself, (std::uint64_t{1} << 61U) - 8, 8, 2, 0, 1)};
    for (const bytes& each : all) {
        require(opens(each), "a seed that is as it should be is one that opens");
    }
    for (const unsigned char wrong : {is_long, is_short, has_gap}) {
        all.push_back(log_of(usual | is_itself | wrong, 0, 19, std::nullopt, 0, 1));
        require(!opens(all.back()), "a seed that is not as it should be is refused");
    }
    return all;
}
