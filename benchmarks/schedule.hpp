// SPDX-License-Identifier: MIT
#pragma once

#include "registry.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace benchmarks {

/// All rounds of one entry; the three vectors run in step.
struct series {
    entry subject;
    std::vector<double> values{};
    std::vector<double>
        probes_ns{}; ///< round trip beside the round, the slower of before and after
    std::vector<std::vector<std::pair<std::string, double>>> extras{};
};

/// The subjects that are compared: one scenario, payload and batch.
using group = std::vector<series>;

struct plan {
    std::size_t rounds = 7;
    double round_seconds = 0.06;
};

/// Runs the entries, which must have been sorted into groups by being next to each other.
///
/// Within a group the rounds are interleaved: round 1 of every subject, round 2 of every subject in
/// the opposite order, and so on, so that a change of the machine's mode meets all of them and a
/// ratio compares rounds taken within a second of each other. A round has as many records as the
/// last one says will take `round_seconds`.
///
/// Between any two rounds stands a probe. When it shows that the machine has left its usual mode,
/// the next round waits a while for it to come back; for less than half of the time it measures.
///
/// Returns false, having said so on standard error, when a subject's records were not right.
bool run_all(const registry& entries, const plan& how, std::vector<group>& results);

/// Which rounds were taken in the mode that their group met most: with a probe near the median of
/// the group's. When hardly any were, all of them, and `usual` is false.
struct kept_rounds {
    std::vector<bool> keep;
    std::size_t count = 0;
    bool usual = true;
};

double usual_probe_ns(const group& members);
kept_rounds rounds_to_keep(const series& subject, double usual_probe);
std::vector<double> kept_values(const series& subject, const kept_rounds& kept);

/// By which factor `subject` is better than `reference`, for each round in which both were taken in
/// the same mode of the machine, whichever that was.
std::vector<double> ratios(const series& subject, const series& reference);

} // namespace benchmarks
