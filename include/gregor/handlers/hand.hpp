// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <thread>

#include "gregor/base/config.hpp"
#include "gregor/consumer.hpp"
#include "gregor/group/rebalance_listener.hpp"
#include "gregor/handlers/options.hpp"
#include "gregor/ring/counter.hpp"

namespace gregor::inline GREGOR_ABI {

/// What one thread has done: it alone counts.
template <class Env>
struct figures {
    ring::counter<Env> handled = {};
    ring::counter<Env> retried = {};
    ring::counter<Env> skipped = {};
    ring::counter<Env> dead_lettered = {};
    ring::counter<Env> missed = {};

    void add_to(run_counts& sum) const noexcept
    {
        sum.handled += handled.value();
        sum.retried += retried.value();
        sum.skipped += skipped.value();
        sum.dead_lettered += dead_lettered.value();
        sum.missed += missed.value();
    }
};

/// One member of a runner: a thread and its consumer.
template <class Topic>
struct hand {
    using figures_type = figures<typename Topic::state_type::env>;

    explicit hand(bool finishes_what_it_began) : finishes(finishes_what_it_began) {}
    hand(const hand&) = delete;
    hand& operator=(const hand&) = delete;
    virtual ~hand() = default;

    /// Whom its consumer tells of its partitions, if not the user's listener.
    virtual rebalance_listener* listener() noexcept { return nullptr; }
    /// Whether a handler that is called by this thread is called for this member.
    [[nodiscard]] virtual bool has(std::thread::id id) const { return thread.get_id() == id; }
    virtual void count(run_counts& sum) const noexcept { done.add_to(sum); }

    std::optional<consumer<Topic>> joined = {}; // until its thread has it
    const bool finishes;    // what it has begun, retries included, where it is one too many
    std::size_t number = 0; // the lowest that is free when it joins
    figures_type done = {};
    std::stop_source leave = {};
    const std::stop_token told = leave.get_token();

    // Under the crew's mutex.
    bool leaving = false; ///< it is one too many
    bool ended = false;

    std::jthread thread = {}; // started last
};

} // namespace gregor::inline GREGOR_ABI
