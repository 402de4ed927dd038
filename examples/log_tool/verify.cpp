// SPDX-License-Identifier: MIT
// verify: everything in the files that has a checksum or a rule.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <gregor/log/blob_format.hpp>
#include <gregor/log/file_handle.hpp>
#include <gregor/log/segment_tail.hpp>
#include <gregor/log/slot_time.hpp>

#include "commands.hpp"
#include "quoted.hpp"
#include "topic.hpp"

namespace log_tool {
namespace {

/// Counts what is found, and says it.
class findings {
public:
    void damage(const std::string& file, std::string_view where, std::string_view expected,
                std::string_view found)
    {
        ++damages_;
        fmt::print("{}: {}expected {}, found {}\n", file, where, expected, found);
    }
    void damage(const std::string& file, const gregor::error& why)
    {
        damage(file, "", why.expected(), why.found());
    }
    /// What a crash, or somebody who writes just now, leaves behind: opening the log sees to it.
    static void note(const std::string& file, std::string_view what)
    {
        fmt::print("{}: note: {}\n", file, what);
    }
    [[nodiscard]] std::uint64_t damages() const { return damages_; }

    std::uint64_t segments = 0;
    std::uint64_t records = 0;
    std::uint64_t voids = 0;

private:
    std::uint64_t damages_ = 0;
};

/// One partition, segment after segment.
class partition_check {
public:
    partition_check(const partition& of, disk::segment_format format, bool known, findings& all)
        : of_(of), format_(std::move(format)), known_(known), all_(all)
    {
    }

    void run()
    {
        look_beside();
        look_at_chunks();
        look_at_checkpoint();
        look_at_offsets();
        for (const offset_t base : of_.bases) {
            look_at_segment(base);
        }
        const offset_t room_end = of_.bases.empty() ? 0 : of_.bases.back() + format_.slot_count;
        if (known_ && durable_ > room_end) {
            all_.damage(of_.in.path, "",
                        fmt::format("segments to offset {}, which is durable", durable_),
                        fmt::format("segments to {}", room_end));
        }
    }

private:
    void look_beside()
    {
        for (const std::string& name : of_.unfinished) {
            findings::note(of_.in.of(name), "a file that was not finished");
        }
        for (const std::string& name : of_.asides) {
            findings::note(of_.in.of(name), "records that a recovery set aside");
        }
        for (const std::string& name : of_.strangers) {
            findings::note(of_.in.of(name), "no file of a log");
        }
    }

    /// Their records say what of them is damaged; a header says only whose they are.
    void look_at_chunks()
    {
        for (const std::uint64_t position : of_.chunks) {
            const std::string name = disk::chunk_name(position);
            const std::string file = of_.in.of(name);
            disk::chunk_header header{};
            disk::file_handle<reading_files> opened;
            disk::outcome did = reading_files::open(of_.in.get(), name.c_str(),
                                                    disk::open_mode::read, opened.fill());
            if (did.ok() && bytes_of(of_.in, name) >= sizeof header) {
                did = reading_files::read(opened.get(), &header, sizeof header, 0);
            }
            if (!did.ok()) {
                const gregor::error why = did.on(file);
                refuse_denied(why);
                all_.damage(file, why);
                continue;
            }
            const disk::chunk_header wanted = disk::make_chunk_header(format_, position);
            if (!disk::is_block(header, disk::chunk_magic, 0)) {
                findings::note(file, "its header is not whole, which means nothing");
            } else if (known_ && std::memcmp(&header, &wanted, sizeof header) != 0) {
                all_.damage(file, "", "a chunk of this log, at this position", "another one");
            }
        }
    }

    void look_at_checkpoint()
    {
        const std::string file = of_.in.of(checkpoint::name);
        if (!of_.has_checkpoint) {
            if (!of_.bases.empty()) {
                all_.damage(file, "", "a checkpoint beside the segments", "none");
            }
            return;
        }
        auto opened = checkpoint::open(of_.in);
        if (!opened) {
            refuse_denied(opened.error());
            return all_.damage(file, opened.error());
        }
        durable_ = opened->values().durable;
        if (opened->torn()) {
            findings::note(file, "one of its two blocks is not whole; the other one counts");
        }
    }

    void look_at_offsets();
    void look_at_segment(offset_t base);
    void look_at_order(const segment& now, const std::string& file);
    void look_at_slots(const segment& in, const std::string& file);
    void say_broken(const segment& in, const std::string& file, offset_t at,
                    const unsigned char* slot);

    const partition& of_;
    const disk::segment_format format_;
    const bool known_; ///< the format is
    findings& all_;
    offset_t durable_ = 0;

    // of the segment before
    bool follows_ = false;
    offset_t last_end_ = 0;
    std::uint64_t last_salt_ = 0;
    bool last_sealed_ = false;
};

void partition_check::look_at_offsets()
{
    if (!of_.has_offsets) {
        return;
    }
    const std::string file = of_.in.of("offsets");
    try {
        for (const disk::cell_contents& each : read_offsets(of_)) {
            const std::string where = fmt::format("group {}: ", quoted(each.name()));
            if (each.lost_group) {
                all_.damage(file, "", "a group's name with its checksum", "none");
            } else if (each.lost_word) {
                all_.damage(file, where, "an offset with its checksum", "none");
            } else if (each.torn != 0) {
                findings::note(file,
                               where + "one of two copies is not whole; the other one counts");
            }
        }
    } catch (const gregor::error& problem) {
        refuse_denied(problem);
        all_.damage(file, problem);
    }
}

void partition_check::look_at_segment(offset_t base)
{
    const std::string file = of_.in.of(disk::segment_name(base));
    ++all_.segments;
    auto opened = segment::open(of_.in, format_, base);
    if (!opened) {
        follows_ = false;
        refuse_denied(opened.error());
        return all_.damage(file, opened.error());
    }
    if (!known_) {
        return all_.damage(file, "", "a header that makes sense", "another one");
    }
    if (base % format_.slot_count != 0) {
        all_.damage(file, "", fmt::format("a base that is a multiple of {}", format_.slot_count),
                    std::to_string(base));
    }
    look_at_order(*opened, file);
    bool itself = false;
    if (const disk::outcome did = opened->look_whether_itself(itself); !did.ok()) {
        throw did.on(file);
    }
    if (!itself) {
        findings::note(file, "a copy, or moved here from another disk");
    }
    look_at_slots(*opened, file);
}

void partition_check::look_at_order(const segment& now, const std::string& file)
{
    if (follows_ && now.base() != last_end_) {
        all_.damage(file, "", fmt::format("a segment {} before it", last_end_), "none");
    } else if (follows_ && now.previous_salt() != last_salt_) {
        all_.damage(file, "", fmt::format("to follow the segment of salt {:016x}", last_salt_),
                    fmt::format("{:016x}", now.previous_salt()));
    } else if (follows_ && now.sealed() && !last_sealed_) {
        all_.damage(file, "", "a seal on the segment before it, as it has one", "none");
    }
    follows_ = true;
    last_end_ = now.end();
    last_salt_ = now.salt();
    last_sealed_ = now.sealed();
}

void partition_check::look_at_slots(const segment& in, const std::string& file)
{
    const offset_t whole_below = in.sealed() ? in.end() : durable_;
    std::uint64_t holes = 0;
    std::uint64_t holes_before_stamps = 0;
    std::int64_t newest = 0;
    bool all_whole = true;
    disk::segment_tail<reading_files> slots{of_.in, format_};
    const auto failed = slots.each_slot(
        in, in.base(), [&](offset_t at, disk::slot_state state, const unsigned char* slot) {
            all_.records += state == disk::slot_state::record ? 1U : 0U;
            all_.voids += state == disk::slot_state::skipped ? 1U : 0U;
            if (state == disk::slot_state::record && format_.timestamp_at != 0) {
                newest = std::max(newest, disk::time_in_slot(format_, slot));
            }
            all_whole = all_whole && state != disk::slot_state::damaged;
            if (state == disk::slot_state::damaged) {
                say_broken(in, file, at, slot);
            } else if (state != disk::slot_state::empty) {
                holes_before_stamps = holes;
            } else if (at < whole_below) {
                all_.damage(
                    file, fmt::format("offset {} (byte {}): ", at, format_.slot_at(at - in.base())),
                    in.sealed() ? "a record, for the segment is sealed"
                                : "a record, for it is below what is durable",
                    "none");
            } else {
                ++holes;
            }
            return true;
        });
    if (failed) {
        throw *failed;
    }
    // 0 is said where it was not known, and promises nothing
    const std::uint64_t said = in.header().seal.newest;
    if (said != 0 && format_.timestamp_at != 0 && all_whole &&
        said != static_cast<std::uint64_t>(newest)) {
        all_.damage(file, "",
                    fmt::format("a seal whose newest time is {}, as the records say", newest),
                    std::to_string(said));
    }
    if (holes_before_stamps != 0) {
        findings::note(file, fmt::format("{} records are missing among those that are there",
                                         holes_before_stamps));
    }
}

void partition_check::say_broken(const segment& in, const std::string& file, offset_t at,
                                 const unsigned char* slot)
{
    disk::slot_head head;
    std::memcpy(&head, slot, sizeof head);
    const std::string where =
        fmt::format("offset {} (byte {}): ", at, format_.slot_at(at - in.base()));
    const std::uint64_t stamp = disk::stamp_of(at, disk::slot_kind::record);
    const std::uint64_t skipped = disk::stamp_of(at, disk::slot_kind::skipped);
    if (head.stamp != stamp && head.stamp != skipped) {
        all_.damage(file, where, fmt::format("stamp {:#x}, or none", stamp),
                    fmt::format("{:#x}", head.stamp));
        return;
    }
    const std::uint32_t crc = disk::slot_crc(disk::salted(in.salt()), head.stamp, slot,
                                             static_cast<std::size_t>(format_.slot_bytes()));
    if (head.crc != crc) {
        all_.damage(file, where, fmt::format("checksum {:08x}", crc),
                    fmt::format("{:08x}", head.crc));
    } else if (head.reserved != 0) {
        all_.damage(file, where, "zeros behind the checksum", fmt::format("{:#x}", head.reserved));
    } else {
        const auto payload_at = static_cast<std::size_t>(format_.payload_at());
        const disk::blob_ref blob = disk::blob_of(slot, payload_at);
        all_.damage(file, where,
                    fmt::format("a blob of {} bytes at {}, of checksum {:08x}", blob.bytes,
                                blob.position, blob.crc),
                    !disk::is_possible(blob, format_.blob_chunk_bytes) ? "no such place"
                    : !of_.has_chunk(blob.position & ~(format_.blob_chunk_bytes - 1))
                        ? "no file of it"
                        : "other bytes");
    }
}

} // namespace

exit_status verify(const options& chosen)
{
    const topic found = open_topic(chosen.path);
    if (const std::string process = writer_of(found); !process.empty()) {
        findings::note(found.in.path, fmt::format("process {} writes to it meanwhile", process));
    }
    for (const std::string& name : found.strangers) {
        findings::note(found.in.of(name), "no partition");
    }
    findings all;
    const auto numbers = log_tool::chosen(found, chosen.partition);
    for (const std::uint32_t number : numbers) {
        const partition each = open_partition(found, number);
        partition_check{each, found.format_of(number), found.format.has_value(), all}.run();
    }
    fmt::print("{}: {} partitions, {} segments, {} records, {} voids: {}\n", found.in.path,
               numbers.size(), all.segments, all.records, all.voids,
               all.damages() == 0   ? "no damage"
               : all.damages() == 1 ? "one damage"
                                    : fmt::format("{} damages", all.damages()));
    return all.damages() == 0 ? all_well : damaged;
}

} // namespace log_tool
