// SPDX-License-Identifier: MIT
// recover: what opening a topic does.

#include <chrono>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include <gregor/log/recovery.hpp>

#include "commands.hpp"
#include "topic.hpp"

namespace log_tool {
namespace {

void print_report(std::uint32_t number, const disk::recovery_report& report)
{
    fmt::print("partition {}: offsets {} to {}, durable below {}, epoch {}\n", number, report.begin,
               report.end, report.durable, report.epoch);
    fmt::print("  {}\n", report.same_boot
                             ? "nothing was lost since it was written: every record counts"
                             : "the system was started anew, or this is a copy: the longest whole "
                               "run of records counts");
    fmt::print("  read {} slots in {:.3f} s: {} voids made, {} records set aside, {} broken ones "
               "too, {} bytes erased\n",
               report.read, std::chrono::duration<double>(report.took).count(), report.voids,
               report.set_aside, report.damaged, report.erased_bytes);
    if (report.unfinished != 0) {
        fmt::print("  removed {} files that were not finished\n", report.unfinished);
    }
    if (report.checkpoint_torn) {
        fmt::print("  one block of the checkpoint was torn, and is written again\n");
    }
}

template <class Files>
exit_status recover_all(const options& chosen, const topic& found, const held_topic<Files>& held)
{
    exit_status status = all_well;
    for (const std::uint32_t number : log_tool::chosen(found, chosen.partition)) {
        if (open_partition(found, number).bases.empty()) {
            fmt::print("partition {}: nothing was written\n", number);
            continue;
        }
        if (!found.format) {
            throw gregor::error{gregor::errc::corrupt, "topic \"" + found.in.path + "\"",
                                "a segment with a header that can be read", "none"};
        }
        auto each = held.in.make(std::to_string(number));
        auto recovered = disk::recover(*each, found.format_of(number),
                                       disk::recovery_options{.verify_sealed = chosen.sealed});
        if (recovered) {
            print_report(number, recovered->report);
        } else {
            fmt::print(stderr, "gregor_log: partition {}: {}\n", number, recovered.error().what());
            const bool of_files = recovered.error().code() == gregor::errc::corrupt ||
                                  recovered.error().code() == gregor::errc::wrong_format;
            status = of_files && status != cannot_do ? damaged : cannot_do;
        }
    }
    return status;
}

} // namespace

exit_status recover(const options& chosen)
{
    const topic found = open_topic(chosen.path);
    return chosen.dry_run ? recover_all(chosen, found, hold_to_tell(found))
                          : recover_all(chosen, found, hold_to_change(found));
}

} // namespace log_tool
