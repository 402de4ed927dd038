// SPDX-License-Identifier: MIT
// The files of a partition, whole, through a recovery: one checkpoint and up to three segments of
// eight slots. What is known of every result, whatever the files held, is required.

#include "fuzz/target.hpp"

#include <map>
#include <optional>

#include <gregor/log/recovery.hpp>
#include <gregor/log/repair.hpp>

#include "support/simulated_files.hpp"

namespace {

namespace disk = gregor::disk;
using files = support::simulated_files;
using gregor::offset_t;

enum : unsigned char {
    puts_checksums_right = 1,
    is_chained = 2, ///< each segment follows the one before, and is named so
    is_itself = 4,  ///< no copy
    verifies_sealed = 8,
    syncs_all = 16,
    is_long = 32,  ///< files have a byte more than they should have
    is_short = 64, ///< or end within their slots
    has_gap = 128, ///< one segment is not there
};

const disk::segment_format format{
    .type = "number", .payload_bytes = 16, .payload_alignment = 8, .slot_count = 8};
constexpr std::size_t slot_bytes = 32;

/// The blocks and the slots of a segment, without the zeros between.
struct compact_segment {
    disk::header_block header;
    disk::identity_block identity;
    disk::seal_block seal;
    unsigned char slots[8 * slot_bytes];
};

/// What has a stamp has that of its offset, and of the kind that it had.
void put_stamps_right(compact_segment& segment)
{
    for (std::size_t i = 0; i != 8; ++i) {
        unsigned char* const slot = segment.slots + i * slot_bytes;
        std::uint64_t stamp = 0;
        std::memcpy(&stamp, slot, sizeof stamp);
        if (stamp != 0) {
            stamp = ((segment.header.base + i + 1) << 2U) | (stamp & 3U);
            std::memcpy(slot, &stamp, sizeof stamp);
        }
    }
}

void put_all_right(compact_segment& segment)
{
    const std::uint64_t salt = segment.header.salt;
    fuzz::put_right(segment.header, salt);
    fuzz::put_right(segment.identity, salt);
    if (segment.seal.magic[0] != 0) {
        fuzz::put_right(segment.seal, salt);
    }
    for (std::size_t i = 0; i != 8; ++i) {
        unsigned char* const slot = segment.slots + i * slot_bytes;
        std::uint64_t stamp = 0;
        std::memcpy(&stamp, slot, sizeof stamp);
        if (stamp != 0) {
            fuzz::put_slot_right(salt, slot, slot_bytes);
        }
    }
}

fuzz::bytes image_of(const compact_segment& segment, unsigned char mode)
{
    fuzz::bytes image(static_cast<std::size_t>(format.file_bytes()));
    std::memcpy(image.data(), &segment, offsetof(compact_segment, slots));
    std::memcpy(image.data() + disk::page_bytes, segment.slots, sizeof segment.slots);
    if ((mode & is_long) != 0) {
        image.push_back(0);
    } else if ((mode & is_short) != 0) {
        image.resize(disk::page_bytes + 7 * slot_bytes);
    }
    return image;
}

/// Puts the input's files on the disk.
void fill(support::simulated_disk& memory, fuzz::pieces& from, unsigned char mode)
{
    const auto add = [&](const std::string& name, fuzz::bytes image) {
        memory.names[name] = static_cast<int>(memory.files.size());
        memory.files.push_back({image, image});
    };
    fuzz::bytes checkpoint(2 * disk::page_bytes);
    for (std::size_t at = 0; at != checkpoint.size(); at += disk::page_bytes) {
        auto block = from.take<disk::checkpoint_block>();
        if ((mode & puts_checksums_right) != 0) {
            fuzz::put_right(block, 0);
        }
        std::memcpy(checkpoint.data() + at, &block, sizeof block);
    }
    add("checkpoint", std::move(checkpoint));
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
            segment.identity.inode = memory.files.size();
        }
        if ((mode & puts_checksums_right) != 0) {
            put_all_right(segment);
        }
        last_salt = segment.header.salt;
        add(disk::segment_name(segment.header.base), image_of(segment, mode));
    }
}

std::map<std::string, fuzz::bytes> contents(const support::simulated_disk& memory)
{
    std::map<std::string, fuzz::bytes> all;
    for (const auto& [name, number] : memory.names) {
        all[name] = memory.files[static_cast<std::size_t>(number)].now;
    }
    return all;
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

/// What recovery refused: a repair refuses it as of another program, or makes it one that opens.
void repair(const disk::directory<files>& in, const support::simulated_disk& memory,
            disk::recovery_options options)
{
    const auto before = contents(memory);
    const auto repaired = disk::repair(in, format, options);
    if (!repaired) {
        fuzz::require(repaired.error().code() == gregor::errc::wrong_format &&
                          contents(memory) == before,
                      "a repair changes nothing where it refuses the files");
        return;
    }
    const auto after = contents(memory);
    auto log = disk::recover(in, format, {.verify_sealed = true});
    fuzz::require(log.has_value(), "what was repaired can be opened, and is whole");
    fuzz::require(log->report.same_boot && log->report.voids + log->report.set_aside == 0,
                  "what was repaired needs no recovery");
    look_at_report(*log);
    look_at_records(*log, after, true);
}

} // namespace

void fuzz::look(const bytes& input)
{
    pieces from{input};
    const auto mode = from.take<unsigned char>();
    support::simulated_disk memory{1};
    files::disk = &memory;
    fill(memory, from, mode);
    auto in = disk::directory<files>::open("memory");
    const disk::recovery_options options{.verify_sealed = (mode & verifies_sealed) != 0,
                                         .sync_all = (mode & syncs_all) != 0};
    const auto before = contents(memory);
    auto log = disk::recover(*in, format, options);
    if (!log) {
        require(log.error().code() == gregor::errc::corrupt ||
                    log.error().code() == gregor::errc::wrong_format,
                "a refusal says that the files are not right");
        require(contents(memory) == before, "what is refused is not changed");
        repair(*in, memory, options);
        return;
    }
    look_at_report(*log);
    require((mode & (is_long | is_short)) == 0 || log->segments.empty(),
            "a file that is too long or too short is refused");
    look_at_records(*log, before, options.verify_sealed);

    auto again = disk::recover(*in, format, options);
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
    for (const std::uint64_t sequence : {2U, 1U}) {
        disk::checkpoint_block block{};
        block.version = disk::format_version;
        block.sequence = sequence;
        block.durable = durable;
        std::memset(block.boot_id, boot, sizeof block.boot_id);
        disk::finish_block(block, disk::checkpoint_magic, 0);
        fuzz::append(input, &block, sizeof block);
    }
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
            unsigned char* const slot = segment.slots + (at - base) * slot_bytes;
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
    support::simulated_disk memory{1};
    files::disk = &memory;
    fill(memory, from, mode);
    const auto in = *disk::directory<files>::open("memory");
    return disk::recover(in, format).has_value();
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
