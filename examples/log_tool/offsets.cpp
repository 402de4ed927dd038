// SPDX-License-Identifier: MIT
// offsets: what groups have committed.

#include <cstdint>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "commands.hpp"
#include "quoted.hpp"
#include "topic.hpp"

namespace log_tool {
namespace {

/// The flags of a protection, as they lie below its offset.
constexpr std::uint64_t holds = 1;
constexpr std::uint64_t committed = 2;

void print_json(std::uint32_t partition, const disk::cell_contents& cell)
{
    const std::uint64_t word = cell.word.value_or(0);
    std::string line =
        fmt::format(R"({{"partition":{},"group":{})", partition, quoted(cell.name()));
    if ((word & (holds | committed)) != 0) {
        line += fmt::format(R"(,"offset":{})", word >> 2U);
    }
    line += fmt::format(R"(,"committed":{},"holds":{},"lossy":{})", (word & committed) != 0,
                        (word & holds) != 0, (cell.group.flags & disk::lossy_group) != 0);
    if (cell.note) {
        line += fmt::format(R"(,"note":{})", quoted(*cell.note));
    }
    fmt::print("{}}}\n", line);
}

void print_text(std::uint32_t partition, const disk::cell_contents& cell)
{
    const std::uint64_t word = cell.word.value_or(0);
    std::string line = fmt::format("{} {}", partition, quoted(cell.name()));
    line += (word & committed) != 0 ? fmt::format(" {}", word >> 2U)
            : (word & holds) != 0   ? fmt::format(" nothing, from {} on", word >> 2U)
                                    : " nothing";
    line += (word & holds) != 0 ? ", holds" : "";
    line += (cell.group.flags & disk::lossy_group) != 0 ? ", lossy" : "";
    line += cell.note ? fmt::format(", note {}", quoted(*cell.note)) : "";
    fmt::print("{}\n", line);
}

/// How many groups cannot be read any more.
std::uint64_t print_all(const options& chosen, const partition& of)
{
    std::uint64_t lost = 0;
    for (const disk::cell_contents& each : read_offsets(of)) {
        lost += each.lost_group || each.lost_word ? 1U : 0U;
        if (!each.lost_group) {
            chosen.format == output_format::json ? print_json(of.number, each)
                                                 : print_text(of.number, each);
        }
    }
    return lost;
}

} // namespace

exit_status offsets(const options& chosen)
{
    const topic found = open_topic(chosen.path);
    std::uint64_t lost = 0;
    bool refused = false;
    for (const std::uint32_t number : log_tool::chosen(found, chosen.partition)) {
        const partition each = open_partition(found, number);
        if (!each.has_offsets) {
            continue; // nobody ever read it
        }
        try {
            lost += print_all(chosen, each);
        } catch (const gregor::error& problem) {
            refuse_denied(problem);
            fmt::print(stderr, "gregor_log: {}\n", problem.what());
            refused = true;
        }
    }
    if (lost != 0) {
        fmt::print(stderr, "gregor_log: {} offsets are damaged; verify says where\n", lost);
    }
    return lost != 0 || refused ? damaged : all_well;
}

} // namespace log_tool
