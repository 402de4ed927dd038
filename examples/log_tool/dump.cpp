// SPDX-License-Identifier: MIT
// dump: the records, as text, as JSON or as bytes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <gregor/log/segment_tail.hpp>
#include <gregor/log/slot_time.hpp>

#include "../support/utf8.hpp"
#include "commands.hpp"
#include "parts.hpp"
#include "quoted.hpp"
#include "topic.hpp"

namespace log_tool {
namespace {

/// What people can read, followed by nothing but zeros; empty where it is something else.
std::string_view text_in(bytes payload)
{
    std::string_view text{reinterpret_cast<const char*>(payload.data()), payload.size()};
    text = text.substr(0, text.find_last_not_of('\0') + 1);
    for (std::size_t i = 0; i != text.size();) {
        const std::size_t length = utf8::character_length(text.substr(i));
        const auto c = static_cast<unsigned char>(text[i]);
        const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
        const bool control_of_latin =
            c == 0xc2 && length == 2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
        if (length == 0 || control || control_of_latin) {
            return {};
        }
        i += length;
    }
    return text;
}

std::string digits(bytes payload)
{
    std::string made;
    made.reserve(2 * payload.size());
    for (const unsigned char byte : payload) {
        fmt::format_to(std::back_inserter(made), "{:02x}", byte);
    }
    return made;
}

void print_lines_of_bytes(bytes payload)
{
    constexpr std::size_t row = 16;
    for (std::size_t from = 0; from < payload.size(); from += row) {
        const bytes part = payload.subspan(from, std::min(row, payload.size() - from));
        std::string line = fmt::format("    {:06x} ", from);
        for (std::size_t i = 0; i != row; ++i) {
            line += i < part.size() ? fmt::format(" {:02x}", part[i]) : "   ";
        }
        line += "  |";
        for (const unsigned char byte : part) {
            line += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
        }
        fmt::print("{}|\n", line);
    }
}

std::string_view name_of(disk::slot_state state)
{
    return state == disk::slot_state::record    ? "record"
           : state == disk::slot_state::skipped ? "void"
                                                : "damaged";
}

/// What is text as a whole in quotes, all else in hex.
std::string spelt(bytes part)
{
    const std::string_view text = text_in(part);
    return text.size() == part.size() ? quoted(text) : digits(part);
}

std::string json_of(bytes part)
{
    const std::string_view text = text_in(part);
    return fmt::format(R"("bytes":{},{})", part.size(),
                       text.size() == part.size() ? fmt::format(R"("text":{})", quoted(text))
                                                  : fmt::format(R"("hex":"{}")", digits(part)));
}

/// A slot that was filled, and what lies in it.
struct filled_slot {
    std::uint32_t partition;
    offset_t at;
    disk::slot_state state;
    bytes payload;
    std::optional<record_parts> parts; ///< where it has a blob
    std::optional<std::int64_t> time;  ///< told beside the parts

    [[nodiscard]] bool is_record() const { return state == disk::slot_state::record; }
};

std::string parts_in_a_line(const filled_slot& slot)
{
    const record_parts& parts = *slot.parts;
    std::string line;
    if (parts.value) {
        line += ' ' + spelt(*parts.value);
    }
    if (!parts.known) {
        line += " blob " + spelt(parts.blob);
    }
    if (!parts.slot.empty()) {
        line += " slot " + digits(parts.slot);
    }
    if (parts.key) {
        line += " key " + spelt(*parts.key);
    }
    for (const auto& [name, value] : parts.headers) {
        line += fmt::format(" header {}: {}", quoted(name), quoted(value));
    }
    return line;
}

std::string parts_in_json(const filled_slot& slot)
{
    const record_parts& parts = *slot.parts;
    std::string made;
    if (slot.time) {
        made += fmt::format(R"(,"time":{})", *slot.time);
    }
    if (parts.value) {
        made += ',' + json_of(*parts.value);
    }
    if (!parts.known) {
        made += fmt::format(R"(,"blob":{{{}}})", json_of(parts.blob));
    }
    if (!parts.slot.empty()) {
        made += fmt::format(R"(,"slot":{{"bytes":{},"hex":"{}"}})", parts.slot.size(),
                            digits(parts.slot));
    }
    if (parts.has_key) {
        made += parts.key ? fmt::format(R"(,"key":{{{}}})", json_of(*parts.key)) : ",\"key\":null";
    }
    for (std::size_t i = 0; i != parts.headers.size(); ++i) {
        const auto& [name, value] = parts.headers[i];
        made += fmt::format(R"({}{{"name":{},"value":{}}})", i == 0 ? ",\"headers\":[" : ",",
                            quoted(name), quoted(value));
    }
    return made + (parts.headers.empty() ? "" : "]");
}

void print_json(const filled_slot& slot)
{
    fmt::print(R"({{"partition":{},"offset":{},"kind":"{}")", slot.partition, slot.at,
               name_of(slot.state));
    if (slot.parts) {
        fmt::print("{}", parts_in_json(slot));
    } else if (slot.is_record()) {
        const std::string_view text = text_in(slot.payload);
        fmt::print(R"(,"bytes":{},{})", slot.payload.size(),
                   text.empty() ? fmt::format(R"("hex":"{}")", digits(slot.payload))
                                : fmt::format(R"("text":{})", quoted(text)));
    }
    fmt::print("}}\n");
}

void print_lines(const filled_slot& slot)
{
    fmt::print("{} {} {}\n", slot.partition, slot.at, name_of(slot.state));
    if (slot.is_record()) {
        print_lines_of_bytes(slot.payload);
    }
    if (slot.parts) {
        fmt::print("  blob of {} bytes at {}\n", slot.parts->blob.size(),
                   slot.parts->where.position);
        print_lines_of_bytes(slot.parts->blob);
    }
}

void print_slot(output_format how, const filled_slot& slot)
{
    if (how == output_format::json) {
        print_json(slot);
    } else if (how == output_format::hex) {
        print_lines(slot);
    } else if (slot.parts) {
        fmt::print("{} {}{}\n", slot.partition, slot.at, parts_in_a_line(slot));
    } else {
        const std::string_view text = slot.is_record() ? text_in(slot.payload) : std::string_view{};
        fmt::print("{} {} {}\n", slot.partition, slot.at,
                   !slot.is_record() ? std::string{name_of(slot.state)}
                   : text.empty()    ? digits(slot.payload)
                                     : quoted(text));
    }
}

/// Whether its time is one that is asked for. What is damaged tells none, and is shown.
bool is_chosen(const options& chosen, const disk::segment_format& format, disk::slot_state state,
               const unsigned char* slot)
{
    if ((!chosen.since && !chosen.until) || state == disk::slot_state::damaged) {
        return true;
    }
    if (state != disk::slot_state::record) {
        return false;
    }
    const std::int64_t time = disk::time_in_slot(format, slot);
    return (!chosen.since || time >= *chosen.since) && (!chosen.until || time < *chosen.until);
}

/// Prints what is in it; returns how many records are broken.
std::uint64_t dump_segment(const options& chosen, const partition& of,
                           const disk::segment_format& format, offset_t base)
{
    segment opened = *segment::open(of.in, format, base);
    std::uint64_t broken = 0;
    disk::segment_tail<reading_files> slots{of.in, format};
    const auto failed = slots.each_slot(
        opened, std::max(base, chosen.from),
        [&](offset_t at, disk::slot_state state, const unsigned char* slot) {
            if (at < chosen.to && state != disk::slot_state::empty &&
                is_chosen(chosen, format, state, slot)) {
                broken += state == disk::slot_state::damaged ? 1U : 0U;
                filled_slot found{of.number,    at,
                                  state,        {slot + format.payload_at(), format.payload_bytes},
                                  std::nullopt, std::nullopt};
                if (format.has_blobs() && found.is_record()) {
                    found.parts = parts_of(format, slot, slots.blob());
                    if (format.timestamp_at != 0) {
                        found.time = disk::time_in_slot(format, slot);
                    }
                }
                print_slot(chosen.format, found);
            }
            return at < chosen.to && std::ferror(stdout) == 0;
        });
    if (failed) {
        throw *failed;
    }
    return broken;
}

/// Nothing can be chosen by its time where there is none.
void refuse_times(const options& chosen, const topic& of)
{
    if ((chosen.since || chosen.until) && of.format && of.format->timestamp_at == 0) {
        throw gregor::error{gregor::errc::wrong_format, "topic \"" + of.in.path + "\"",
                            "records that carry the time, for --since and --until",
                            "none, as its headers say"};
    }
}

} // namespace

exit_status dump(const options& chosen)
{
    const topic found = open_topic(chosen.path);
    refuse_times(chosen, found);
    std::uint64_t broken = 0;
    bool refused = false;
    for (const std::uint32_t number : log_tool::chosen(found, chosen.partition)) {
        const partition each = open_partition(found, number);
        const disk::segment_format format = found.format_of(number);
        for (const offset_t base : each.bases) {
            if (found.format && (base >= chosen.to || base + format.slot_count <= chosen.from)) {
                continue;
            }
            try {
                broken += dump_segment(chosen, each, format, base);
            } catch (const gregor::error& problem) {
                refuse_denied(problem);
                // what is in the others may be all the more of interest
                fmt::print(stderr, "gregor_log: {}\n", problem.what());
                refused = true;
            }
        }
    }
    if (broken != 0) {
        fmt::print(stderr, "gregor_log: {} records are damaged; verify says how\n", broken);
    }
    return broken != 0 || refused ? damaged : all_well;
}

} // namespace log_tool
