// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gregor/gregor.hpp>

#include "counts.hpp"
#include "input.hpp"
#include "options.hpp"
#include "tally.hpp"
#include "topics.hpp"
#include "workers.hpp"

namespace word_count {

/// The pipeline at one moment.
struct snapshot {
    progress read;               ///< lines, and bytes of text
    std::uint64_t lines_lag = 0; ///< lines that no tokenizer has read
    std::uint64_t words_lag = 0; ///< words that no counter has read
    std::uint32_t tokenizers = 0;
    std::uint32_t counters = 0;
};

/// What a stage took in, and when it was done with it.
struct stage {
    std::string_view name;
    std::string_view records;  ///< what its records are
    std::uint32_t threads = 0; ///< at once, at most
    std::uint32_t joined = 0;  ///< in all
    std::uint32_t left = 0;    ///< before the end
    progress done;
    double seconds = 0; ///< since the start of the whole
};

struct result {
    std::vector<stage> stages;
    std::vector<word_counts> counts; ///< of each partition; a word is in one of them
};

/// The words of a text, counted by stages that hand their work on through topics:
///
///     reader -- lines --> tokenizers -- words --> counters
///
/// Data goes one way, and so does its end: whoever has sent the last record closes the topic,
/// whoever reads it drains it and then ends too. A stage that is too slow holds back those before
/// it, so what is on its way never takes more memory than the topics' rings.
///
/// Tokenizers and counters are members of two groups, and may come and go meanwhile. What has been
/// counted belongs to the partition that the words were in, and not to the counter: who takes over
/// the partition goes on with it, and nothing has to be moved or added up.
class pipeline {
public:
    explicit pipeline(const options& chosen);

    /// Reads the texts to their end and counts their words. Once. Throws input_error, when all
    /// threads have ended, if a text could not be read.
    result run(std::vector<input>& texts);

    /// From any thread.
    [[nodiscard]] snapshot look() const;

private:
    /// The words of one partition. Written by its owner; on lines of its own, as its neighbours are
    /// other counters'.
    struct alignas(64) counted_partition {
        tally seen;
        word_counts counts;
    };

    void read_all(std::vector<input>& texts);
    void change_workers();
    result results(double read_seconds, double tokenize_seconds, double count_seconds);
    [[nodiscard]] progress counted() const noexcept;

    // What workers do until there is nothing left to read, or they are to go.
    gregor::poll_status tokenize(gregor::consumer<line_topic>& in);
    gregor::poll_status count(gregor::consumer<word_topic>& in);

    const options chosen_;
    line_topic lines_;
    word_topic words_;

    // One a partition. Who gives the partition away has written it before, who takes it reads that.
    tally read_;
    std::vector<tally> tokenized_;
    std::vector<counted_partition> counted_;

    workers<line_topic> tokenizers_;
    workers<word_topic> counters_;
};

} // namespace word_count
