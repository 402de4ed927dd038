// SPDX-License-Identifier: MIT

// rebalance: a member joins a group that owns all its partitions; microseconds from before it joins
// until each partition is owned by whom it is meant for. Then it leaves, and `leave_us` is how long
// it takes until the others own all again. Medians of the joins of a round.
//
//     Np_Mm_idle   N partitions, M members with the newcomer; the others have nothing in hand, so
//                  it takes what is its own at once
//     Np_Mm_asked  the others have listeners, and want to be told first: each gives when it polls
//
// One thread drives all members, and polls them in turn until nothing moves any more: what is
// measured is the work there is to do, and no thread waits for another one.
// Left out: how long an owner takes until it polls again, which is the user's.

#include "registry.hpp"
#include "statistics.hpp"
#include "threads.hpp"
#include "ticks.hpp"

#include <gregor/gregor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

namespace benchmarks {
namespace {

const std::string scenario = "rebalance";

struct size_of_group {
    std::uint32_t partitions;
    std::size_t members;
    bool asked;
};

using topic_type = gregor::topic<std::uint64_t>;
using member_type = gregor::consumer<topic_type>;

class driven_group {
public:
    explicit driven_group(const size_of_group& size)
        : size_{size},
          topic_{"bench", {.partitions = size.partitions, .capacity_records = 2, .groups = {"g"}}}
    {
    }

    void join()
    {
        members_.emplace_back(
            topic_, "g", gregor::consumer_options{.listener = size_.asked ? &listener_ : nullptr});
    }
    void leave() { members_.pop_back(); }

    /// Polls in turn until each has its share; in vain, and says so, after a thousand turns.
    bool settle()
    {
        for (int turn = 0; turn < 1000; ++turn) {
            for (member_type& each : members_)
                failed_ |= each.try_poll().status() != gregor::poll_status::timed_out;
            if (is_settled())
                return true;
        }
        return false;
    }

    std::size_t members() const { return members_.size(); }
    /// Each partition has one owner.
    bool is_whole() const
    {
        std::vector<std::uint32_t> owners(size_.partitions);
        for (const member_type& each : members_)
            for (const gregor::partition_id p : each.assignment())
                ++owners[p.value];
        return !failed_ && std::all_of(owners.begin(), owners.end(),
                                       [](std::uint32_t count) { return count == 1; });
    }

private:
    bool is_settled() const
    {
        std::size_t owned = 0;
        for (const member_type& each : members_) {
            const std::size_t its = each.assignment().size();
            if (its < size_.partitions / members_.size())
                return false;
            owned += its;
        }
        return owned == size_.partitions;
    }

    const size_of_group size_;
    topic_type topic_;
    gregor::rebalance_listener listener_; // hears everything, and does nothing
    std::list<member_type> members_;
    bool failed_ = false;
};

outcome joins(const size_of_group& size, std::uint64_t times)
{
    using clock = std::chrono::steady_clock;
    outcome result;
    std::vector<double> join_us;
    std::vector<double> leave_us;
    driven_group group{size};
    while (group.members() + 1 < size.members) {
        group.join();
        group.settle();
    }
    const auto began = clock::now();
    for (std::uint64_t i = 0; i <= times && result.failure.empty(); ++i) {
        const auto joins = clock::now();
        group.join();
        const bool joined = group.settle();
        const auto leaves = clock::now();
        const bool whole = group.is_whole();
        const auto goes = clock::now();
        group.leave();
        const bool left = group.settle();
        const auto done = clock::now();
        if (!joined || !whole || !left || !group.is_whole())
            result.failure = "a partition has no owner, or two";
        if (i != 0) { // the first one meets the page faults
            join_us.push_back(seconds_between(joins, leaves) * 1e6);
            leave_us.push_back(seconds_between(goes, done) * 1e6);
        }
    }
    result.seconds = seconds_between(began, clock::now());
    result.value = quantile(join_us, 0.5);
    result.extras = {{"leave_us", quantile(leave_us, 0.5)}};
    return result;
}

void add(registry& all, const size_of_group& size)
{
    const std::string subject = "gregor/" + std::to_string(size.partitions) + "p_" +
                                std::to_string(size.members) + "m_" +
                                (size.asked ? "asked" : "idle");
    const auto round = [size, what = scenario + " " + subject](std::uint64_t times) {
        outcome result;
        run_pinned(what, {{core_list::get().first(), [&] { result = joins(size, times); }}});
        return result;
    };
    all.push_back({.scenario = scenario,
                   .subject = subject,
                   .payload_bytes = sizeof(std::uint64_t),
                   .unit = "us",
                   .direction = better::lower,
                   .round = round,
                   .fixed_work = 10});
}

} // namespace

void add_rebalance(registry& all)
{
    for (const bool asked : {false, true})
        for (const std::uint32_t partitions : {10U, 100U, 1000U})
            for (const std::size_t members : {std::size_t{2}, std::size_t{16}})
                add(all, {partitions, members, asked});
}

} // namespace benchmarks
