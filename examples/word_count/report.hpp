// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive.hpp"
#include "counts.hpp"
#include "options.hpp"
#include "pipeline.hpp"

namespace word_count {

struct counted_word {
    std::string_view word;
    std::uint64_t count;
};

/// The most frequent words, most frequent first; of equal ones the first in the alphabet.
std::vector<counted_word> top_words(const std::vector<word_counts>& counts, std::size_t most);

/// What was found, and how it was checked.
struct report {
    const options& chosen;
    std::size_t texts;
    const result& found;
    double plain_seconds; ///< of the sequential count
    const std::vector<std::string>& differences;
    const archived* in_archive; ///< with this run; null where there is none
};

/// Tables for people, on standard output.
void print_tables(const report& what);

/// One JSON object, on standard output.
void print_json(const report& what);

} // namespace word_count
