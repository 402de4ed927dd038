// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/scratch_directory.hpp"

// Calls gregor_log, and looks at how it ends.

namespace tool {

struct ended {
    int status;
    std::string said; ///< on both streams
};

/// Runs it in the folder, so that paths in its output are the same everywhere.
inline ended run(const support::scratch_directory& in, const std::string& arguments)
{
    const std::string command = "cd '" + in.path() + "' && '" GREGOR_LOG_TOOL "' 2>&1 " + arguments;
    std::FILE* const pipe = ::popen(command.c_str(), "r");
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
