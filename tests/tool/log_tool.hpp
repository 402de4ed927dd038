// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/scratch_directory.hpp"

// Calls gregor_log and other programs, and looks at how they end.

namespace tool {

struct ended {
    int status;
    std::string said; ///< on both streams
};

/// Runs a command of the shell in the folder, so that paths in its output are the same everywhere.
inline ended run_in(const support::scratch_directory& in, const std::string& command)
{
    const std::string whole = "cd '" + in.path() + "' && exec 2>&1 && " + command;
    std::FILE* const pipe = ::popen(whole.c_str(), "r");
    REQUIRE(pipe != nullptr);
    ended result{0, {}};
    std::array<char, 4096> part{};
    for (std::size_t count = 0; (count = std::fread(part.data(), 1, part.size(), pipe)) != 0;) {
        result.said.append(part.data(), count);
    }
    const int status = ::pclose(pipe);
    result.status = status >= 0 && status % 256 == 0 ? status / 256 : -1;
    return result;
}

/// The same of gregor_log.
inline ended run(const support::scratch_directory& in, const std::string& arguments)
{
    return run_in(in, "'" GREGOR_LOG_TOOL "' " + arguments);
}

/// It ends so, and says these, one after the other.
inline void check(const ended& result, int status, const std::vector<std::string>& parts)
{
    INFO(result.said);
    CHECK(result.status == status);
    std::size_t at = 0;
    for (const std::string& part : parts) {
        INFO("in which is to be: " << part);
        const std::size_t found = result.said.find(part, at);
        CHECK(found != std::string::npos);
        at = found == std::string::npos ? at : found + part.size();
    }
}

} // namespace tool
