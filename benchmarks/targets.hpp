// SPDX-License-Identifier: MIT
#pragma once

#include "glob.hpp"

#include <cstddef>
#include <string_view>

namespace benchmarks {

/// A ratio to be reached: the best subject that matches, against the best reference that does ("a
/// peer": whichever is fastest).
struct target {
    std::string_view scenario;
    std::size_t payload_bytes;
    std::size_t batch;
    std::string_view subject;
    std::string_view reference;
    double at_least;
};

/// What the project promises.
inline constexpr target promises[] = {
    {"throughput_1p1c", 64, 16, "gregor/single*", "a peer", 1},
    {"throughput_1p1c", 64, 1, "gregor/single", "moodycamel/reader_writer_queue", 1},
    {"throughput_1p1c", 64, 1, "gregor/default", "gregor/single", 0.8},
    {"throughput_1p1c", 64, 16, "gregor/default", "gregor/single", 0.8},
    {"fan_out_1p2g", 64, 1, "gregor/*", "a peer", 3},
    {"fan_out_1p2g", 64, 16, "gregor/*", "a peer", 3},
    {"fan_in_2p1c", 64, 1, "gregor/default", "moodycamel/concurrent_queue", 2},
    {"ping_pong", 64, 1, "gregor/*", "limit/*", 1 / 1.3},
    {"partitioned_2p4", 64, 16, "gregor/default*", "gregor/one_partition", 1.6},
    {"rebalance_storm", 64, 16, "gregor/storm", "gregor/calm", 0.8},
    {"poll_cost", 8, 1, "gregor/1000_partitions", "gregor/1_partitions", 0.5},
};

/// What it aims at beyond that. Those that no ratio within one table shows are in README.md.
inline constexpr target goals[] = {
    {"throughput_1p1c", 64, 16, "gregor/single*", "a peer", 1.2},
    {"throughput_1p1c", 64, 1, "gregor/single", "moodycamel/reader_writer_queue", 1.3},
    {"throughput_1p1c", 64, 1, "gregor/default", "gregor/single", 0.9},
    {"throughput_1p1c", 64, 16, "gregor/default", "gregor/single", 0.9},
    {"fan_out_1p2g", 64, 1, "gregor/*", "a peer", 4},
    {"fan_out_1p2g", 64, 16, "gregor/*", "a peer", 4},
    {"fan_in_2p1c", 64, 1, "gregor/default", "moodycamel/concurrent_queue", 3},
    {"fan_in_2p1c", 64, 16, "gregor/default*", "moodycamel/concurrent_queue_bulk", 2.5},
    {"fan_out_1p3g", 64, 1, "gregor/*", "a peer", 4},
    {"fan_out_1p3g", 64, 16, "gregor/*", "a peer", 4},
    {"crowd_4p4g", 64, 1, "gregor/default", "gregor/2p1g", 0.7},
    {"crowd_4p4g", 64, 16, "gregor/default", "gregor/2p1g", 0.7},
    {"ping_pong", 64, 1, "gregor/multi_shared_spin", "limit/cache_line", 1 / 1.1},
    {"wake_up", 64, 1, "gregor/default", "limit/futex", 1 / 1.2},
    {"poll_cost", 8, 1, "gregor/1000_partitions", "gregor/1_partitions", 1 / 1.5},
    {"word_count", 24, 1, "gregor/boxes", "std/deque_mutex", 3},
    {"word_count", 24, 1, "gregor/boxes", "limit/work_alone", 0.75},
};

} // namespace benchmarks
