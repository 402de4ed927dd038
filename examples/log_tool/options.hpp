// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

namespace log_tool {

/// What the process says when it ends. `--help` shows the list.
enum exit_status : int {
    all_well = 0,
    damaged = 1,
    cannot_do = 2,
};

enum class output_format : std::uint8_t { text, json, hex };

/// What the command line asks for.
struct options {
    std::string command; ///< empty: help
    std::string path;
    std::uint64_t from = 0;
    std::uint64_t to = (std::numeric_limits<std::uint64_t>::max)();
    std::optional<std::int64_t> since; ///< in ns since 1970
    std::optional<std::int64_t> until;
    std::optional<std::uint32_t> partition; ///< none: all of them
    output_format format = output_format::text;
    bool dry_run = false;
    bool sealed = false;
};

/// A command line that makes no sense, said in a sentence.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Reads the command line. Throws usage_error.
options parse(int count, const char* const* arguments);

/// What `--help` prints.
std::string help();

} // namespace log_tool
