// SPDX-License-Identifier: MIT
// A topic whose records outlive the program: one more policy, and a folder. Opened again it goes on
// where it ended, and who reads it finds everything from the first record on.

#include <cstdint>
#include <iostream>
#include <string_view>

#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if !GREGOR_FILES
#    include "support/no_files.hpp"
#else
#    include "support/scratch_folder.hpp"

/// Records lie in the files as they lie in memory: trivially copyable, without pointers.
struct reading {
    std::uint64_t minute;
    double celsius;
};

/// What the files call it, and no compiler spells in another way.
template <>
inline constexpr std::string_view gregor::type_name<reading> = "reading";

namespace {

using reading_log = gregor::topic<reading, gregor::storage::mmap_log>;

/// One life of the program: an hour of readings more. Returns how many are found then.
std::uint64_t live_for_an_hour(const scratch_folder& folder)
{
    constexpr gregor::partition_id only{0};
    gregor::topic_options options;
    options.log.directory = folder.path();
    options.log.segment_records = 4096; // small files, for a small example
    reading_log readings{"readings", options};
    std::cout << "opened with " << readings.end_offset(only) << " readings\n";

    gregor::producer out{readings};
    for (std::uint64_t i = 0; i != 60; ++i) {
        const std::uint64_t minute = readings.end_offset(only);
        if (!out.send({minute, 20 + static_cast<double>(minute) / 100})) {
            return 0; // a full disk, perhaps: readings.failure(only) has the reason
        }
    }

    std::uint64_t found = 0;
    gregor::consumer all{readings};
    all.assign({only});
    for (auto batch = all.try_poll(); !batch.empty(); batch = all.try_poll()) {
        for (const auto& record : batch) {
            found += record.value().minute == record.offset() ? 1U : 0U;
        }
        batch.let_go();
    }
    return found;
} // here it is closed: all of it is lasting, and the folder may be opened again

} // namespace

int main()
{
    const scratch_folder folder;
    const std::uint64_t first = live_for_an_hour(folder);
    const std::uint64_t second = live_for_an_hour(folder);
    std::cout << "found " << first << " after an hour, " << second << " after two\n";
    if (first != 60 || second != 120) {
        std::cerr << "durable_log: readings are missing\n";
        return 1;
    }
}
#endif
