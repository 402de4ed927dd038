// SPDX-License-Identifier: MIT
// repair: what opening a topic refuses to go on with is made fit again, at the cost of what is
// behind the damage.

#include <cstdio>
#include <string>

#include <fmt/format.h>

#include <gregor/log/file_lock.hpp>
#include <gregor/log/repair.hpp>

#include "commands.hpp"
#include "topic.hpp"

namespace log_tool {
namespace {

void print_report(std::uint32_t number, const disk::repair_report& report)
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
        fmt::print("  set aside in {}: {} files, and {} records and {} broken ones of the segment "
                   "in which the log ends\n",
                   report.folder, report.files, report.log.set_aside, report.log.damaged);
    }
    if (report.log.voids != 0) {
        fmt::print("  {} voids made\n", report.log.voids);
    }
}

} // namespace

exit_status repair(const options& chosen)
{
    const topic found = open_topic(chosen.path);
    auto lock = disk::file_lock<>::take(found.in.get(), found.in.path);
    if (!lock) {
        throw lock.error();
    }
    const auto in = *disk::directory<disk::os_files>::open(found.in.path);
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
        auto each = in.make(std::to_string(number));
        auto repaired = disk::repair(*each, found.format_of(number));
        if (repaired) {
            print_report(number, *repaired);
        } else {
            fmt::print(stderr, "gregor_log: partition {}: {}\n", number, repaired.error().what());
            status = cannot_do;
        }
    }
    return status;
}

} // namespace log_tool
