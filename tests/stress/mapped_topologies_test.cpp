// SPDX-License-Identifier: MIT
#include <gregor/mmap_log.hpp>

#include "stress/traffic.hpp"

#if GREGOR_FILES

#    include <string>
#    include <thread>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/scratch_directory.hpp"

using gregor::flush_policy;

namespace {

/// So many producers and lossless groups on one partition of a log on disk, a thread that maintains
/// it and, where the oldest segments go, a reader that loses some: every group sees every record
/// once, in order and whole; and so does who opens the log again, where nothing went.
template <class... Policies>
void run(std::uint32_t producers, std::uint32_t groups, std::uint64_t segments, flush_policy flush)
{
    using topic_type = gregor::topic<support::plain, gregor::storage::mmap_log, Policies...>;
    const support::fresh_seed seed;
    INFO(seed);
    const support::scratch_directory scratch;

    gregor::topic_options options;
    for (std::uint32_t g = 0; g != groups; ++g) {
        options.groups.push_back("group " + std::to_string(g));
    }
    options.log.directory = scratch.path();
    options.log.segment_records = 512;
    options.log.retention_bytes = segments * 512 * sizeof(typename topic_type::slot_type);
    options.log.flush = flush;
    options.log.flush_records = 100;
    options.log.flush_interval = std::chrono::milliseconds{1};
    options.log.prepare_bytes = 4096;
    support::findings wrong;
    std::vector<std::uint64_t> sent(producers);
    std::vector<stress::ledger> seen(groups);
    {
        topic_type topic{"t", options};
        const stress::stopwatch watch;
        std::vector<std::thread> threads;
        for (std::uint32_t p = 0; p != producers; ++p) {
            threads.emplace_back(
                [&, p] { sent[p] = stress::send_numbers(topic, p, watch, seed, wrong); });
        }
        for (std::uint32_t g = 0; g != groups; ++g) {
            threads.emplace_back([&, g] {
                gregor::consumer in{topic, options.groups[g]};
                seen[g] = stress::read_all(in, seed + 100 + g, wrong);
            });
        }
        threads.emplace_back([&] {
            gregor::consumer in{topic, "lossy", {.lossy = true}};
            support::dice dice{seed};
            while (!watch.over()) {
                for (const auto& record : in.poll(std::chrono::milliseconds{1})) {
                    wrong.expect(support::payload<support::plain>::read(record.value()).intact,
                                 "a torn record");
                }
                stress::stumble(dice);
            }
        });
        threads.emplace_back([&] {
            while (!watch.over()) {
                topic.maintain();
                std::this_thread::sleep_for(std::chrono::microseconds{100});
            }
        });
        for (std::uint32_t p = 0; p != producers; ++p) {
            threads[p].join();
        }
        topic.close();
        for (std::size_t i = producers; i != threads.size(); ++i) {
            threads[i].join();
        }
    }

    std::uint64_t checked = 0;
    for (std::uint32_t g = 0; g != groups; ++g) {
        checked += seen[g].total();
        for (std::uint32_t p = 0; p != producers; ++p) {
            CHECK(seen[g].seen_of(p) == sent[p]);
        }
    }
    if (segments == 0) {
        options.groups.clear();
        topic_type again{"t", options};
        gregor::consumer in{again, "late"};
        again.close();
        const stress::ledger found = stress::read_all(in, seed, wrong);
        for (std::uint32_t p = 0; p != producers; ++p) {
            CHECK(found.seen_of(p) == sent[p]);
        }
    }
    stress::tell_checked(checked);
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("on disk, 1p1c: one producer, one group", "[stress]")
{
    run<gregor::producers::single>(1, 1, 2, flush_policy::none);
    run<>(1, 1, 0, flush_policy::interval);
    run<gregor::wait::sleep>(1, 1, 3, flush_policy::every_records);
}

TEST_CASE("on disk, 2p2c: two producers, two groups", "[stress]")
{
    run<>(2, 2, 2, flush_policy::none);
    run<gregor::wait::sleep>(2, 2, 3, flush_policy::each);
    run<gregor::wait::yield>(2, 2, 0, flush_policy::interval);
}

TEST_CASE("on disk, 4p1c: four producers, one group", "[stress]")
{
    run<>(4, 1, 2, flush_policy::every_records);
}

#endif
