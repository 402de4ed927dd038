// SPDX-License-Identifier: MIT
#pragma once

#include "schedule.hpp"

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>

namespace benchmarks {

struct options {
    std::string scenario = "*";
    std::string subject = "*";
    std::optional<std::size_t> payload_bytes{};
    std::optional<std::size_t> batch{};
    std::string json_file{};
    bool list = false;
    bool help = false;
    plan how{};

    bool selects(const entry& each) const;
};

/// Thrown for a command line that makes no sense; the text says what would.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

options parse_options(int count, char** arguments);

inline constexpr const char* usage =
    R"(gregor_bench: gregor and its peers, measured in one process and one run

  --scenario GLOB   only scenarios of this name   (throughput_1p1c, fan_*, rebalance, ...)
  --subject GLOB    only these subjects           (gregor/*, moodycamel/*, ...)
                    A GLOB may be several, separated by commas.
  --payload BYTES   only records of 8, 64 or 256 bytes
  --batch N         only batches of 1 or 16
  --rounds N        rounds of each subject (default 7)
  --quick           few short rounds: an impression in under two minutes
  --json FILE       also write the figures as JSON
  --list            list what would run, and stop

A subject whose records were lost, repeated or out of order ends the run with status 1.
)";

} // namespace benchmarks
