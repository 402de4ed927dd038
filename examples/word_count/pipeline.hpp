// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gregor/gregor.hpp>

#include "counts.hpp"
#include "input.hpp"
#include "options.hpp"
#include "tally.hpp"

namespace word_count {

/// Lines have no key: each goes where there is room.
using line_topic = gregor::topic<std::string>;

/// A word is its own key, so a word always goes to the same partition, and so to the same counter.
using word_topic = gregor::topic<std::string, gregor::keyed_by<std::identity{}>>;

/// The pipeline at one moment.
struct snapshot {
    progress read;               ///< lines, and bytes of text
    std::uint64_t lines_lag = 0; ///< lines that no tokenizer has read
    std::uint64_t words_lag = 0; ///< words that no counter has read
};

/// What a stage took in, and when it was done with it.
struct stage {
    std::string_view name;
    std::string_view records; ///< what its records are
    std::uint32_t threads = 0;
    progress done;
    double seconds = 0; ///< since the start of the whole
};

struct result {
    std::vector<stage> stages;
    std::vector<word_counts> counts; ///< of each counter; a word is in one of them
};

/// The words of a text, counted by stages that hand their work on through topics:
///
///     reader -- lines --> tokenizers -- words --> counters
///
/// Data goes one way, and so does its end: whoever has sent the last record closes the topic,
/// whoever reads it drains it and then ends too. A stage that is too slow holds back those before
/// it, so what is on its way never takes more memory than the topics' rings.
class pipeline {
public:
    explicit pipeline(const options& chosen);

    /// Reads the texts to their end and counts their words. Once. Throws input_error, when all
    /// threads have ended, if a text could not be read.
    result run(std::vector<input>& texts);

    /// From any thread.
    [[nodiscard]] snapshot look() const;

private:
    void read_all(std::vector<input>& texts);
    void tokenize(std::uint32_t worker);
    void count(std::uint32_t worker, word_counts& counts);

    const options chosen_;
    line_topic lines_;
    word_topic words_;

    // Made before the first record is sent, so that nothing is missed.
    std::vector<gregor::consumer<line_topic>> tokenizer_inputs_;
    std::vector<gregor::consumer<word_topic>> counter_inputs_;

    tally read_;
    std::vector<tally> tokenized_;
    std::vector<tally> counted_;
};

} // namespace word_count
