// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace benchmarks {

/// The value below which `fraction` of the samples lie; 0 without samples.
template <class Number>
Number quantile(std::vector<Number> samples, double fraction)
{
    if (samples.empty())
        return Number{};
    const auto last = static_cast<double>(samples.size() - 1);
    const auto nth = samples.begin() + static_cast<std::ptrdiff_t>(fraction * last + 0.5);
    std::nth_element(samples.begin(), nth, samples.end());
    return *nth;
}

struct summary {
    double median = 0;
    double min = 0;
    double max = 0;
};

inline summary summarize(const std::vector<double>& samples)
{
    if (samples.empty())
        return {};
    std::vector<double> sorted = samples;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t middle = sorted.size() / 2;
    const double median =
        sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return {median, sorted.front(), sorted.back()};
}

} // namespace benchmarks
