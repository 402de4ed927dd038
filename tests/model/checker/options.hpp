// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace gregor::model {

enum class search {
    exhaustive, ///< depth first, until nothing is left
    random,     ///< each choice at random
    pct, ///< threads run by random priorities that change a few times (Burckhardt et al., 2010)
};

inline constexpr unsigned unlimited = ~0U;

struct options {
    search mode = search::exhaustive;

    /// How often a thread that could go on is interrupted, in an exhaustive search. Without a
    /// limit, interleavings that differ only in the order of independent steps are explored once
    /// (sleep sets); with one they are not recognised, since the equal one may lie beyond the
    /// limit.
    unsigned preemptions = unlimited;

    /// More end the search, which is then not exhausted; random searches run as many.
    std::uint64_t max_executions = 20'000'000;

    /// More steps in one execution are a failure: a loop that waits without pausing, or for ever.
    unsigned max_steps = 10'000;

    std::uint64_t seed = 1;        ///< of a random search
    unsigned priority_changes = 2; ///< of a PCT search

    unsigned timeouts =
        1; ///< times per thread that a timed wait ends although others could still run
    unsigned deaths = 1; ///< mortal threads that die in one execution
    unsigned throws = 1; ///< calls of `may_throw` that throw in one execution
    unsigned spurious_failures =
        0;                    ///< weak compare-exchanges that fail for nothing in one execution
    unsigned free_pauses = 0; ///< pauses per thread that may end without anything having changed

    /// `heavy()` takes a step to begin and one to end, in between `light()` may fall on either
    /// side.
    bool split_heavy = true;

    /// `heavy()` is a barrier in every thread, as the machine has it, and not only where a thread
    /// says `light()`, as the language would. Misses forgotten calls of `light()`.
    bool heavy_everywhere = false;

    /// Every `cell` has to be destroyed when the program ends.
    bool nothing_stays = false;

    /// Threads that wait for ever are no failure; `run::after` sees what became of the others.
    bool may_block = false;

    /// What a failure printed: only this one execution, told step by step.
    std::string replay = {};
};

struct result {
    std::uint64_t executions = 0; ///< complete ones
    std::uint64_t redundant = 0;  ///< given up, as equal to one that was explored
    std::uint64_t steps = 0;
    bool exhausted = false; ///< everything within the options was explored
    double seconds = 0;

    std::string failure; ///< a sentence, empty when nothing was found
    std::string replay;  ///< for `options::replay`
    std::string story;   ///< the failing execution, a line a step

    /// How often each `outcome` was seen.
    std::map<std::string, std::uint64_t> outcomes;

    [[nodiscard]] bool passed() const { return failure.empty(); }
    [[nodiscard]] bool seen(const std::string& outcome) const { return outcomes.contains(outcome); }
    [[nodiscard]] std::string report() const;
};

} // namespace gregor::model
