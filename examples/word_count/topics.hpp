// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include <gregor/gregor.hpp>

#include "word.hpp"

namespace word_count {

/// Lines have no key: each goes where there is room.
using line_topic = gregor::topic<std::string>;

/// A word is its own key, so a word always goes to the same partition.
using word_topic = gregor::topic<word, gregor::keyed_by<&word::letters>>;

// A line takes up to longest_line bytes, so this is 4 MiB a partition at the very most. Words are
// many and short.
inline constexpr std::size_t lines_in_a_partition = 1 << 10;
inline constexpr std::size_t words_in_a_partition = 1 << 13;

} // namespace word_count
