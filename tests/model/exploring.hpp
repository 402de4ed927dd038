// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "model/checker/model.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

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

/// What the environment says, or nothing.
inline std::string from_environment(const char* name)
{
    const char* const found = std::getenv(name);
    return found == nullptr ? std::string{} : std::string{found};
}

/// Explores a model, prints a line that says how far, and fails the test with the story of what it
/// found and the command that finds it again, or when an exhaustive search came to no end.
///
/// GREGOR_MODEL in the environment names the one model that is explored, and GREGOR_REPLAY, as a
/// failure printed it, the one execution of it.
inline void explored(const std::string& name, options asked, const engine::program& what,
                     const char* file = __builtin_FILE())
{
    if (const std::string only = from_environment("GREGOR_MODEL"); !only.empty() && only != name) {
        return;
    }
    asked.replay = from_environment("GREGOR_REPLAY");
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
        FAIL(name + ": " + found.report() + "\nagain: GREGOR_MODEL='" + name + "' GREGOR_REPLAY='" +
             found.replay + "' ./tests/run -R " + support::ctest_of(file) + " -V");
    }
    if (asked.mode == search::exhaustive && !found.exhausted && asked.replay.empty()) {
        FAIL(name + ": not everything was explored");
    }
}

} // namespace gregor::model
