// SPDX-License-Identifier: MIT
// Records have changed since a log was written. The program upgrades it as it starts: each record
// is made anew, at its offset, and groups go on where they were. Later there is nothing to do.

#include <cstdint>
#include <iostream>

#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#if !GREGOR_FILES
#    include "support/no_files.hpp"
#else
#    include "support/scratch_folder.hpp"

struct old_reading { // as last year's program had it
    std::uint32_t sensor;
    std::int32_t celsius;
};
struct reading {
    std::uint64_t sensor;
    double kelvin;
};

template <>
inline constexpr std::string_view gregor::type_name<old_reading> = "reading";
template <>
inline constexpr std::string_view gregor::type_name<reading> = "reading in kelvin";

namespace {

using old_log = gregor::topic<old_reading, gregor::timestamps, gregor::storage::mmap_log>;
using new_log = gregor::topic<reading, gregor::timestamps, gregor::storage::mmap_log>;

/// Sends 1000 readings; "report" has read the first 600 of them.
bool last_year(const gregor::topic_options& options)
{
    old_log readings{"readings", options};
    gregor::producer out{readings};
    bool sent = true;
    for (std::uint32_t n = 0; n != 1000; ++n) {
        sent = out.send({n % 7, static_cast<std::int32_t>(n % 40)}) && sent;
    }
    gregor::consumer report{readings, "report", {.max_poll_records = 600}};
    return report.try_poll().size() == 600 && sent; // and that is committed as it goes
}

/// A start of this year's program: how many readings were upgraded.
std::uint64_t start(const gregor::topic_options& options)
{
    const auto made_anew = [](const auto& old) {
        return reading{old.value().sensor, old.value().celsius + 273.15};
    };
    return gregor::upgrade<old_log, new_log>("readings", options, made_anew).value().records;
}

} // namespace

int main()
{
    const scratch_folder folder;
    gregor::topic_options options;
    options.log.directory = folder.path();
    options.log.segment_records = 4096;
    const bool written = last_year(options);
    const std::uint64_t first = start(options);
    const std::uint64_t second = start(options);

    new_log readings{"readings", options};
    gregor::consumer report{readings, "report"};
    const auto batch = report.try_poll();
    const auto& next = *batch.begin();
    std::cout << first << " readings upgraded, then " << second << "; report goes on at "
              << next.offset() << ", sensor " << next.value().sensor << ", " << next.value().kelvin
              << " K\n";
    const bool fine = next.offset() == 600 && next.value().sensor == 600 % 7 &&
                      next.value().kelvin == 600 % 40 + 273.15;
    return written && first == 1000 && second == 0 && fine ? 0 : 1;
}
#endif
