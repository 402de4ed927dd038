// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace benchmarks {

/// Records every ring and queue holds at most.
inline constexpr std::size_t ring_records = 65536;

/// What one round of one subject gave.
struct outcome {
    double value = 0;                                     ///< in the unit of the entry
    double seconds = 0;                                   ///< what the measured part took
    std::vector<std::pair<std::string, double>> extras{}; ///< more figures, say p99_ns
    std::string failure{};                                ///< empty: every record was right
};

enum class better { higher, lower };

/// One subject in one scenario with one payload and batch.
struct entry {
    std::string scenario;
    std::string subject;
    std::size_t payload_bytes = 0;
    std::size_t batch = 1;
    std::string unit;
    better direction = better::higher;
    std::function<outcome(std::uint64_t work)> round; ///< work: records, round trips, ...
    std::uint64_t fixed_work = 0; ///< 0: chosen so that a round takes the time it should
    std::size_t most_rounds = std::numeric_limits<std::size_t>::max();

    bool is_gregor() const { return subject.starts_with("gregor/"); }
    bool is_limit() const { return subject.starts_with("limit/"); }
    bool is_peer() const { return !is_gregor() && !is_limit(); }
};

using registry = std::vector<entry>;

// One of these a source file. Each comment there says what is measured and what is left out.
void add_throughput_1p1c(registry& all);
void add_fan_out_1p2g(registry& all);
void add_fan_in_2p1c(registry& all);
void add_crowds(registry& all);
void add_ping_pong(registry& all);
void add_same_thread(registry& all);
void add_wake_up(registry& all);
void add_idle_cost(registry& all);
void add_partitioned_2p4(registry& all);
void add_rebalance_storm(registry& all);
void add_rebalance(registry& all);
void add_poll_cost(registry& all);
void add_word_count(registry& all);
void add_durable_append(registry& all);
void add_durable_latency(registry& all);
void add_durable_reread(registry& all);
void add_durable_recovery(registry& all);

} // namespace benchmarks
