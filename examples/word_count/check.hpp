// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "counts.hpp"
#include "input.hpp"

namespace word_count {

/// The same words, counted in the plainest way there is: one thread, one loop, one map.
struct plain_count {
    std::unordered_map<std::string, std::uint64_t> counts;
    double seconds = 0;
};

/// Reads the texts once more. Throws input_error.
plain_count count_plainly(std::vector<input>& texts);

/// Compares what the counters found with the plain count, which saw the input once, not `repeat`
/// times. A sentence for each difference, the first few of them; empty when all agrees.
std::vector<std::string> differences(const std::vector<word_counts>& found,
                                     const plain_count& expected, std::uint32_t repeat);

} // namespace word_count
