// SPDX-License-Identifier: MIT
#pragma once

#include "glob.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace benchmarks {

/// A figure that the project promises: the best subject that matches, against the best reference
/// that does ("a peer": whichever is fastest).
struct target {
    std::string_view scenario;
    std::size_t payload_bytes;
    std::size_t batch;
    std::string_view subject;
    std::string_view reference;
    double at_least;
};

inline constexpr std::array targets{
    target{"throughput_1p1c", 64, 16, "gregor/single*", "a peer", 1},
    target{"throughput_1p1c", 64, 1, "gregor/single", "moodycamel/reader_writer_queue", 1},
    target{"throughput_1p1c", 64, 1, "gregor/default", "gregor/single", 0.8},
    target{"throughput_1p1c", 64, 16, "gregor/default", "gregor/single", 0.8},
    target{"fan_out_1p2g", 64, 1, "gregor/*", "a peer", 3},
    target{"fan_out_1p2g", 64, 16, "gregor/*", "a peer", 3},
    target{"fan_in_2p1c", 64, 1, "gregor/default", "moodycamel/concurrent_queue", 2},
    target{"ping_pong", 64, 1, "gregor/*", "limit/*", 1 / 1.3},
    target{"partitioned_2p4", 64, 16, "gregor/default*", "gregor/one_partition", 1.6},
    target{"rebalance_storm", 64, 16, "gregor/storm", "gregor/calm", 0.8},
    target{"poll_cost", 8, 1, "gregor/1000_partitions", "gregor/1_partitions", 0.5},
};

} // namespace benchmarks
