// SPDX-License-Identifier: MIT
#pragma once

#include "back_off.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace benchmarks {

/// The processors this process may use.
class core_list {
public:
    static const core_list& get();

    std::size_t count() const { return cores_.size(); }
    int first() const { return cores_.front(); }
    int in_turn(std::size_t index) const { return cores_[index % cores_.size()]; }
    /// Those without the first one, in turn; the first one where there is no other.
    int other(std::size_t index) const
    {
        return cores_.size() == 1 ? cores_[0] : cores_[1 + index % (cores_.size() - 1)];
    }

private:
    core_list();

    std::vector<int> cores_;
};

struct worker {
    int core;
    std::function<void()> body;
};

/// Runs every worker on a thread of its own, pinned to its core, and waits for all of them.
///
/// A round takes well under a second. When the workers are not done after a minute, records were
/// lost and somebody waits for them in vain: says so, naming `what`, and ends the process with
/// status 1.
void run_pinned(const std::string& what, const std::vector<worker>& workers);

/// Where the threads of a round meet before they start the next part of it.
class meeting_point {
public:
    explicit meeting_point(std::size_t threads) : threads_{threads} {}

    void arrive_and_wait() noexcept
    {
        // acq_rel: what each thread did before the meeting happens before what any does after it.
        const std::size_t arrival = arrived_.fetch_add(1, std::memory_order_acq_rel);
        const std::size_t everyone = (arrival / threads_ + 1) * threads_;
        eager_back_off waiting;
        while (arrived_.load(std::memory_order_acquire) < everyone)
            waiting.wait();
    }

private:
    const std::size_t threads_;
    alignas(64) std::atomic<std::size_t> arrived_{0};
};

/// Nanoseconds that a cache line takes from the first core to the second and back, on average over
/// about a millisecond. The host of a virtual machine moves its cores about, and this number tells
/// in which arrangement a round was taken.
double probe_round_trip_ns();

} // namespace benchmarks
