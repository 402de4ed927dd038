// SPDX-License-Identifier: MIT
// A log that nobody writes to any more is read by any number of programs at once, and none of them
// changes a byte of it: an archive, also on a disk that cannot be written to.

#include <cstdint>
#include <iostream>

#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if !GREGOR_FILES
#    include "support/no_files.hpp"
#else
#    include "support/scratch_folder.hpp"

namespace {

using numbers_log = gregor::topic<std::uint64_t, gregor::storage::mmap_log>;

gregor::topic_options options_of(const scratch_folder& folder, gregor::log_opening opening)
{
    gregor::topic_options options;
    options.log.directory = folder.path();
    options.log.segment_records = 4096;
    options.log.opening = opening;
    return options;
}

/// The sum of all that is there. The topic is closed from the beginning, so there is an end to it.
std::uint64_t sum_of(numbers_log& archive, const char* group)
{
    std::uint64_t sum = 0;
    gregor::consumer in{archive, group};
    for (auto batch = in.poll(); !batch.empty(); batch = in.poll()) {
        for (const auto& record : batch) {
            sum += record.value();
        }
        batch.let_go();
    }
    return sum;
}

} // namespace

int main()
{
    const scratch_folder folder;
    {
        numbers_log numbers{"numbers", options_of(folder, gregor::log_opening::create)};
        gregor::producer out{numbers};
        for (std::uint64_t n = 1; n <= 1000; ++n) {
            if (!out.send(n)) {
                return 1;
            }
        }
    }
    const auto to_read = options_of(folder, gregor::log_opening::read_only);
    numbers_log one{"numbers", to_read}; // as two programs would
    numbers_log other{"numbers", to_read};
    const std::uint64_t first = sum_of(one, "report");
    const std::uint64_t second = sum_of(other, "report"); // of what `one` commits it knows nothing
    const bool refused = gregor::producer{one}.send(7).status() == gregor::send_status::closed;

    const auto writer =
        numbers_log::create("numbers", options_of(folder, gregor::log_opening::open_existing));
    const bool locked = !writer.has_value() && writer.error().code() == gregor::errc::locked;
    std::cout << "two readers found " << first << " and " << second << "; a writer "
              << (locked ? writer.error().what() : "came in between") << '\n';
    return first == 500500 && second == first && refused && locked ? 0 : 1;
}
#endif
