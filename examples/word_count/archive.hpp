// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include "counts.hpp"

namespace word_count {

/// What the runs that were archived have counted, all together.
struct archived {
    std::uint64_t runs = 0;
    std::uint64_t unfinished = 0; ///< runs that died while they were being archived; not counted
    std::uint64_t words = 0;
    std::vector<word_counts> counts = std::vector<word_counts>(1);
};

#if GREGOR_FILES

/// A piece of what a run has counted, as it lies on disk: 64 bytes with what the log needs.
struct archived_word {
    enum class kind : std::uint8_t {
        begin, ///< a run's words follow
        part,  ///< of a word that goes on in the next record
        word,  ///< a word, or the rest of one, and how often it was there
        end,   ///< all of them were archived; the count is of all
    };
    std::uint64_t count = 0;
    kind what = kind::word;
    std::uint8_t length = 0;
    char letters[38] = {};
};

/// A folder in which each run keeps what it has counted: a topic with a log on disk. A run counts
/// when all of it is there, so that one which is killed in the middle does no harm.
class archive {
public:
    /// Throws gregor::error where there is no such folder, somebody else has it, or it holds a log
    /// of something else.
    explicit archive(const std::string& directory);

    /// All that is there. Throws gregor::error where it makes no sense.
    [[nodiscard]] archived read();

    /// Adds a run. When this returns it outlives a power cut, too. Throws gregor::error where the
    /// disk does not take it; then it is as if it had not been added.
    void add(const std::vector<word_counts>& counts);

private:
    using log = gregor::topic<archived_word, gregor::storage::mmap_log>;

    log words_;
};

#else

/// Not to be had.
class archive {
public:
    explicit archive(const std::string& directory);

    [[nodiscard]] archived read() { return {}; }
    void add(const std::vector<word_counts>&) {}
};

#endif

} // namespace word_count
