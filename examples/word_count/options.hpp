// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace word_count {

/// What the process says when it ends. `--help` shows the list.
enum exit_status : int {
    counted = 0,
    totals_differ = 1,
    cannot_start = 2,
    nothing_to_count = 3,
    not_archived = 4,
};

/// What the command line asks for.
struct options {
    std::uint32_t threads = 0;    ///< tokenizers, and as many counters
    std::uint32_t partitions = 0; ///< of each topic; no fewer than threads
    std::uint32_t repeat = 1;     ///< how many times the input is read
    std::uint32_t top = 10;       ///< how many words are shown
    std::uint32_t elastic_ms = 0; ///< how often a worker of each stage comes or goes; 0: never
    std::string log;              ///< the folder of the archive; empty: there is none
    bool json = false;
    bool help = false;
    std::vector<std::string> paths; ///< files, folders, or "-"
};

/// A command line that makes no sense, said in a sentence.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Reads the command line and fills in what it leaves open. Throws usage_error.
options parse(int count, const char* const* arguments);

/// What `--help` prints.
std::string help();

} // namespace word_count
