// SPDX-License-Identifier: MIT
// list and describe: what the files say of themselves.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <gregor/log/blob_format.hpp>
#include <gregor/log/segment_tail.hpp>

#include "commands.hpp"
#include "topic.hpp"

namespace log_tool {
namespace {

std::string time_of(std::uint64_t nanoseconds)
{
    const auto seconds = static_cast<std::time_t>(nanoseconds / 1'000'000'000);
    std::tm parts{};
    char text[32] = {};
    if (::gmtime_r(&seconds, &parts) == nullptr ||
        std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
        return std::to_string(nanoseconds);
    }
    return fmt::format("{}.{:09}Z", text, nanoseconds % 1'000'000'000);
}

std::string order_name(std::uint32_t order)
{
    return order == 1   ? "little-endian"
           : order == 2 ? "big-endian"
                        : fmt::format("byte order {}", order);
}

/// What lies before the value in a record: the topic's policies say so, one bit each. And what of
/// these lies in a blob.
std::string layout_name(std::uint32_t layout)
{
    struct bit {
        std::uint32_t which;
        std::string_view name;
        std::uint32_t in_blob;
    };
    constexpr bit bits[] = {{1, "key", disk::key_in_blob}, {2, "timestamp", 0}, {4, "headers", 4}};
    std::uint32_t rest = layout & ~(disk::value_in_blob | disk::key_in_blob);
    std::string names;
    for (const bit& each : bits) {
        if ((layout & each.which) != 0) {
            rest &= ~each.which;
            names +=
                fmt::format("{}{}, ", each.name, (layout & each.in_blob) != 0 ? " in blobs" : "");
        }
    }
    names += (layout & disk::value_in_blob) != 0 ? "value in blobs" : "value";
    return rest != 0 || layout == 0 ? std::to_string(layout)
                                    : fmt::format("{} ({})", layout, names);
}

void list_topic(const topic& of)
{
    std::uint64_t bytes = 0;
    std::size_t segments = 0;
    for (const std::uint32_t number : of.partitions) {
        const partition each = open_partition(of, number);
        segments += each.bases.size();
        for (const offset_t base : each.bases) {
            bytes += bytes_of(each.in, disk::segment_name(base));
        }
        for (const std::uint64_t position : each.chunks) {
            bytes += bytes_of(each.in, disk::chunk_name(position));
        }
    }
    fmt::print("{:<32} {:>10} {:>8} {:>14}  {}\n", of.in.path.substr(of.in.path.rfind('/') + 1),
               of.partitions.size(), segments, bytes,
               of.format       ? of.format->type
               : segments == 0 ? "(nothing was written)"
                               : "(no header can be read)");
}

void describe_segment(const partition& of, const disk::segment_format& format, offset_t base)
{
    const std::string name = disk::segment_name(base);
    fmt::print("  {}  {} bytes", name, bytes_of(of.in, name));
    auto opened = segment::open(of.in, format, base);
    if (!opened) {
        fmt::print("  expected {}, found {}\n", opened.error().expected(), opened.error().found());
        return;
    }
    const disk::header_page& page = opened->header();
    fmt::print("{}{}  salt {:016x} after {:016x}\n",
               page.seal.magic[0] != 0 ? "  sealed" : "  open",
               page.header.recycled != 0 ? ", recycled" : "", std::uint64_t{page.header.salt},
               std::uint64_t{page.header.previous_salt});
    fmt::print("    created {}", time_of(page.header.created));
    if (page.seal.magic[0] != 0) {
        fmt::print("  sealed {}", time_of(page.seal.sealed));
        if (page.seal.newest != 0) {
            fmt::print("  newest record {}", time_of(page.seal.newest));
        }
    }
    if (format.has_blobs()) {
        fmt::print("  blobs from {}", opened->blobs_from());
        if (page.seal.magic[0] != 0) {
            fmt::print(" to {}", std::uint64_t{page.seal.blobs_end});
        }
    }
    fmt::print("\n");
}

/// One past the last stamp: where the log ends, unless a recovery finds otherwise.
offset_t end_of(const partition& of, const disk::segment_format& format)
{
    offset_t end = of.bases.empty() ? 0 : of.bases.front();
    disk::segment_tail<reading_files> slots{of.in, format};
    for (const offset_t base : of.bases) {
        auto opened = segment::open(of.in, format, base);
        if (opened && opened->sealed()) {
            end = opened->end();
        } else if (opened) {
            const auto failed =
                slots.each_slot(*opened, base, [&](offset_t at, disk::slot_state state, auto*) {
                    end = state == disk::slot_state::empty ? end : at + 1;
                    return true;
                });
            if (failed) {
                throw *failed;
            }
        }
    }
    return end;
}

void describe_partition(const topic& in, std::uint32_t number)
{
    const partition of = open_partition(in, number);
    const disk::segment_format format = in.format_of(number);
    fmt::print("\npartition {}", number);
    if (in.format) {
        const offset_t begin = of.bases.empty() ? 0 : of.bases.front();
        fmt::print(": offsets {} to {}", begin, end_of(of, format));
    }
    fmt::print(", {} segments\n", of.bases.size());
    if (!of.has_checkpoint) {
        fmt::print("  checkpoint  none\n");
    } else if (auto opened = checkpoint::open(of.in)) {
        const disk::checkpoint_values& values = opened->values();
        fmt::print("  checkpoint  durable below {}, epoch {} from {}, {}{}\n", values.durable,
                   values.epoch, values.epoch_start, values.clean ? "closed" : "not closed",
                   opened->torn() ? ", one of its blocks torn" : "");
    } else {
        fmt::print("  checkpoint  expected {}, found {}\n", opened.error().expected(),
                   opened.error().found());
    }
    for (const offset_t base : of.bases) {
        describe_segment(of, format, base);
    }
    for (const std::uint64_t position : of.chunks) {
        const std::string name = disk::chunk_name(position);
        fmt::print("  {}  {} bytes\n", name, bytes_of(of.in, name));
    }
    for (const auto* names : {&of.unfinished, &of.asides, &of.strangers}) {
        for (const std::string& name : *names) {
            fmt::print("  {}  {} bytes, {}\n", name, bytes_of(of.in, name),
                       names == &of.unfinished ? "not finished"
                       : names == &of.asides   ? "records set aside"
                                               : "no file of a log");
        }
    }
}

} // namespace

exit_status list(const options& chosen)
{
    const directory in = *directory::open(chosen.path);
    std::vector<std::string> names;
    const disk::outcome did = reading_files::list(in.get(), [&](std::string_view name) {
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    });
    if (!did.ok()) {
        throw did.on(in.path);
    }
    std::sort(names.begin(), names.end());
    fmt::print("{:<32} {:>10} {:>8} {:>14}  {}\n", "topic", "partitions", "segments", "bytes",
               "type");
    for (const std::string& name : names) {
        try {
            list_topic(open_topic(in.of(name)));
        } catch (const gregor::error& problem) {
            // what is no folder, or one of other things, is nobody's topic
            if (problem.code() != std::errc::not_a_directory &&
                problem.code() != gregor::errc::wrong_format) {
                throw;
            }
        }
    }
    return all_well;
}

exit_status describe(const options& chosen)
{
    const topic found = open_topic(chosen.path);
    fmt::print("topic       {}\n", found.in.path);
    if (found.format) {
        const disk::segment_format& format = *found.format;
        fmt::print("type        {}, {} bytes aligned to {}, layout {}\n"
                   "slots       {} bytes, the record at {}{}, {} in a segment, {}\n",
                   format.type, format.payload_bytes, format.payload_alignment,
                   layout_name(format.layout), format.slot_bytes(), format.payload_at(),
                   format.timestamp_at == 0 ? ""
                                            : fmt::format(", its time at {}", format.timestamp_at),
                   format.slot_count, order_name(found.byte_order));
        if (format.has_blobs()) {
            fmt::print("blobs       in chunks of {} bytes\n", format.blob_chunk_bytes);
        }
    } else {
        fmt::print("type        not known: no segment has a header that can be read\n");
    }
    fmt::print("partitions  {}\n", found.partitions.size());
    if (const std::string process = writer_of(found); !process.empty()) {
        fmt::print("in use      process {} writes to it\n", process);
    }
    for (const std::string& name : found.strangers) {
        fmt::print("beside      {}: no partition\n", name);
    }
    for (const std::uint32_t number : log_tool::chosen(found, chosen.partition)) {
        describe_partition(found, number);
    }
    return all_well;
}

} // namespace log_tool
