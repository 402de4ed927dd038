// SPDX-License-Identifier: MIT
// repair: what opening a topic refuses to go on with is made fit again, at the cost of what is
// behind the damage.

#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <gregor/log/repair.hpp>

#include "commands.hpp"
#include "topic.hpp"

namespace log_tool {
namespace {

void print_report(std::uint32_t number, const disk::repair_report& report, const char* set_aside)
{
    fmt::print("partition {}: offsets {} to {}, durable below {}, epoch {}\n", number,
               report.log.begin, report.log.end, report.log.durable, report.log.epoch);
    if (report.damages.empty()) {
        fmt::print("  no damage\n");
    }
    for (const gregor::error& each : report.damages) {
        fmt::print("  {}: expected {}, found {}\n", each.operation(), each.expected(),
                   each.found());
    }
    if (!report.folder.empty()) {
        fmt::print("  {} in {}: {} files, and {} records and {} broken ones of the segment in "
                   "which the log ends\n",
                   set_aside, report.folder, report.files, report.log.set_aside,
                   report.log.damaged);
    }
    if (report.log.voids != 0) {
        fmt::print("  {} voids made\n", report.log.voids);
    }
}

disk::repair_report handle(const disk::directory<disk::os_files>& in,
                           const disk::segment_format& format)
{
    return std::move(disk::repair(in, format).value());
}
disk::repair_report handle(const disk::directory<pretending_files>& in,
                           const disk::segment_format& format)
{
    return std::move(disk::foretell_repair(in, format).value());
}

template <class Files>
exit_status repair_all(const options& chosen, const topic& found, const held_topic<Files>& held)
{
    exit_status status = all_well;
    for (const std::uint32_t number : log_tool::chosen(found, chosen.partition)) {
        const partition files = open_partition(found, number);
        if (files.bases.empty() && !files.has_checkpoint) {
            fmt::print("partition {}: nothing was written\n", number);
            continue;
        }
        if (!found.format) {
            throw gregor::error{gregor::errc::corrupt, "topic \"" + found.in.path + "\"",
                                "a segment with a header that can be read", "none"};
        }
        try {
            auto each = held.in.make(std::to_string(number));
            const auto report = handle(each.value(), found.format_of(number));
            print_report(number, report, chosen.dry_run ? "would be set aside" : "set aside");
            const bool is_left = chosen.dry_run && !report.damages.empty();
            status = is_left && status == all_well ? damaged : status;
        } catch (const gregor::error& problem) {
            fmt::print(stderr, "gregor_log: partition {}: {}\n", number, problem.what());
            status = cannot_do;
        }
    }
    return status;
}

} // namespace

exit_status repair(const options& chosen)
{
    const topic found = open_topic(chosen.path);
    return chosen.dry_run ? repair_all(chosen, found, hold_to_tell(found))
                          : repair_all(chosen, found, hold_to_change(found));
}

} // namespace log_tool
