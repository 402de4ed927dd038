// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "model/checker/model.hpp"
#include "support/catch.hpp"

namespace gregor::model {

/// For what is too large to be explored as a whole: so many executions, in which threads run by
/// random priorities. GREGOR_SEED in the environment begins others than usual.
inline options by_chance(std::uint64_t executions)
{
    const char* const seed = std::getenv("GREGOR_SEED");
    return {.mode = search::pct,
            .max_executions = executions,
            .seed = seed != nullptr ? std::strtoull(seed, nullptr, 10) : 1,
            .priority_changes = 3};
}

/// Explores a model, prints a line that says how far, and fails the test with the story of what it
/// found, or when an exhaustive search came to no end.
inline void explored(const std::string& name, const options& asked, const engine::program& what)
{
    const result found = explore(asked, what);
    const std::string extent =
        found.exhausted
            ? asked.preemptions == unlimited
                  ? std::string("everything")
                  : "all with at most " + std::to_string(asked.preemptions) + " preemptions"
        : asked.mode == search::exhaustive ? std::string("not everything")
                                           : "by chance, seed " + std::to_string(asked.seed);
    std::printf("model: %-64s %9llu executions, %s (%.1f s)\n", name.c_str(),
                static_cast<unsigned long long>(found.executions), extent.c_str(), found.seconds);
    std::fflush(stdout);
    if (!found.passed()) {
        FAIL(name + ": " + found.report());
    }
    if (asked.mode == search::exhaustive && !found.exhausted) {
        FAIL(name + ": not everything was explored");
    }
}

} // namespace gregor::model
