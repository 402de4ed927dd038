// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/batch.hpp"
#include "gregor/consumer.hpp"
#include "gregor/group/consumer_figures.hpp"
#include "gregor/policy/time_source.hpp"
#include "gregor/stats.hpp"
#include "gregor/wait_set.hpp"

namespace gregor::inline GREGOR_ABI {

/// The consumers of several topics of one type, which are polled in turn, and waited for together.
///
/// Threads   one at a time; `wakeup` from any
/// Cost      a look polls each topic that has not ended
template <class Topic>
class topics_in_turn {
public:
    using batch_type = batch<Topic>;
    using single = consumer<Topic>;

    explicit topics_in_turn(std::size_t count)
    {
        consumers_.reserve(count);
        keys_.reserve(count);
        ended_.reserve(count);
    }

    /// One more. There is room for it, or this throws std::bad_alloc.
    void add(single&& joined)
    {
        consumers_.push_back(std::move(joined));
        keys_.push_back(set_.add(consumers_.back()));
        ended_.push_back(false);
        ++still_;
    }

    [[nodiscard]] std::vector<single>& all() noexcept { return consumers_; }
    [[nodiscard]] static std::string_view name_of(const single& in) noexcept
    {
        return in.core_->state().name;
    }
    /// The one of this topic, which there is; it may be told to go back, and so has not ended.
    [[nodiscard]] single& of(std::string_view topic)
    {
        const std::size_t i = index_of(topic);
        read_on(i);
        return consumers_[i];
    }
    [[nodiscard]] const single& seen_of(std::string_view topic) const
    {
        return consumers_[index_of(topic)];
    }
    /// The one whose records were returned last.
    [[nodiscard]] single& last() noexcept { return consumers_[last_]; }
    [[nodiscard]] bool has_batch_in_hand() { return last().core_->lease != nullptr; }
    [[nodiscard]] bool have_ended() const noexcept { return still_ == 0; }

    /// Polls all of them in turn; before that, those that have so many records of one partition.
    [[nodiscard]] batch_type look(std::size_t least);
    /// There is nothing now. A hook is called when that changes: for what a last look cannot see.
    [[nodiscard]] batch_type nothing_yet();

    /// Waits for any of them, as part of this poll.
    template <class Stop>
    [[nodiscard]] wait_status wait(std::chrono::nanoseconds timeout, const Stop& stop,
                                   consumer_figures::one_poll& its, std::size_t least = 1)
    {
        return set_.wait_for(timeout, stop, least, &its).status();
    }
    void wakeup() noexcept { set_.wakeup(); }
    [[nodiscard]] bool take_wakeup() noexcept { return set_.take_wakeup(); }
    [[nodiscard]] bool has_news() { return set_.has_news(); }
    [[nodiscard]] auto& hooks() noexcept { return set_.readiness_; }

    [[nodiscard]] consumer_figures& figures() noexcept { return figures_; }
    /// Of all together: each poll of theirs is one, in whichever topics it looks.
    [[nodiscard]] consumer_stats stats() const;

private:
    using set_type =
        basic_wait_set<typename Topic::state_type::env, typename Topic::policies::wait>;

    [[nodiscard]] std::size_t index_of(std::string_view topic) const;
    /// Polls it no more.
    void has_ended(std::size_t i) noexcept
    {
        ended_[i] = true;
        --still_;
        set_.pass_over(keys_[i], true);
    }
    void read_on(std::size_t i) noexcept
    {
        if (ended_[i]) {
            ended_[i] = false;
            ++still_;
            set_.pass_over(keys_[i], false);
        }
    }

    std::vector<single> consumers_;
    set_type set_;
    std::vector<typename set_type::key> keys_;
    std::vector<bool> ended_; // there is nothing more to come
    std::size_t still_ = 0;   // those that have not ended
    std::size_t next_ = 0;    // whose turn it is
    std::size_t last_ = 0;
    consumer_figures figures_; // of polls and waits, which are for all of them
};

template <class Topic>
std::size_t topics_in_turn<Topic>::index_of(std::string_view topic) const
{
    std::size_t i = 0;
    while (i != consumers_.size() && name_of(consumers_[i]) != topic) {
        ++i;
    }
    GREGOR_ASSERT(i != consumers_.size(), "the consumer reads no topic of this name");
    return i;
}

template <class Topic>
auto topics_in_turn<Topic>::look(std::size_t least) -> batch_type
{
    const std::size_t count = consumers_.size();
    for (std::size_t turns = least == 1 ? count : 0; turns != 2 * count; ++turns) {
        const std::size_t i = next_;
        next_ = i + 1 == count ? 0 : i + 1;
        if (ended_[i] || (turns < count && !consumers_[i].core_->ready(least))) {
            continue;
        }
        constexpr std::chrono::nanoseconds now{0};
        single& in = consumers_[i];
        batch_type found = least == 1 ? in.try_poll() : in.poll(least, now, now);
        if (found.status() == poll_status::timed_out) {
            continue;
        }
        if (found.status() != poll_status::closed) {
            last_ = found.status() == poll_status::records ? i : last_;
            return found;
        }
        has_ended(i);
    }
    return batch_type{still_ == 0 ? poll_status::closed : poll_status::timed_out};
}

template <class Topic>
auto topics_in_turn<Topic>::nothing_yet() -> batch_type
{
    if (!set_.arm()) {
        return batch_type{poll_status::timed_out};
    }
    return set_.take_wakeup() ? batch_type{poll_status::woken} : look(1);
}

template <class Topic>
consumer_stats topics_in_turn<Topic>::stats() const
{
    consumer_stats all = figures_.at(system_time::steady_now());
    for (const single& each : consumers_) {
        const consumer_stats its = each.stats();
        all.records += its.records;
        all.missed += its.missed;
        all.rebalances += its.rebalances;
        all.fenced += its.fenced;
    }
    return all;
}

} // namespace gregor::inline GREGOR_ABI
