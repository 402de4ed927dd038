// SPDX-License-Identifier: MIT
// A log that somebody looks after: a maintainer, a thread of the application's own, makes room in
// the files ahead of the producers, makes lasting what is due, and takes away what is too old. So
// the threads that send never wait for the disk.

#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>

#include <gregor/gregor.hpp>
#include <gregor/maintainer.hpp>
#include <gregor/mmap_log.hpp>

#if !GREGOR_FILES
#    include "support/no_files.hpp"
#else
#    include "support/scratch_folder.hpp"

using namespace std::chrono_literals;

int main()
{
    constexpr gregor::partition_id only{0};
    constexpr std::uint64_t count = 100'000;
    const scratch_folder folder;

    gregor::topic_options options;
    options.log.directory = folder.path();
    options.log.segment_records = 4096;
    options.log.flush = gregor::flush_policy::interval; // what a power cut may take: this much
    options.log.flush_interval = 20ms;
    options.log.retention_age = 10ms;          // a short memory, to see something go
    options.log.prepare_bytes = 4096 * 24 * 2; // two segments ahead, of slots of 24 bytes
    gregor::topic<std::uint64_t, gregor::storage::mmap_log> samples{"samples", options};

    gregor::maintainer keeps{samples, 5ms};
    gregor::producer out{samples};
    for (std::uint64_t n = 0; n != count; ++n) {
        if (!out.send(n)) {
            std::cerr << "maintained_log: " << samples.failure(only).value().what() << '\n';
            return 1;
        }
    }

    // Nobody sends any more; it goes on all the same. For who cannot wait for the next round:
    keeps.nudge();
    const auto patience = std::chrono::steady_clock::now() + 60s;
    while ((samples.durable_offset(only) != count || samples.begin_offset(only) == 0) &&
           std::chrono::steady_clock::now() < patience) {
        std::this_thread::sleep_for(1ms);
    }
    std::cout << "sent: " << count << ", lasting: " << samples.durable_offset(only)
              << ", kept: from " << samples.begin_offset(only) << " on\n";
    if (samples.durable_offset(only) != count || samples.begin_offset(only) == 0) {
        std::cerr << "maintained_log: nobody looked after it\n";
        return 1;
    }
} // the maintainer goes before the topic that it looks after
#endif
