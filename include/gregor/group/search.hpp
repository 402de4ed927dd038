// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/group/consumer_figures.hpp"
#include "gregor/group/ending.hpp"
#include "gregor/group/subscription.hpp"
#include "gregor/options.hpp"
#include "gregor/partition_reader.hpp"
#include "gregor/policy/wait.hpp"
#include "gregor/ring/shared.hpp"
#include "gregor/ring/signal.hpp"

namespace gregor::inline GREGOR_ABI {

/// How a consumer looks for records in what it reads, and what it sees to on that occasion: a look
/// at a time, without waiting.
///
/// Threads   the consumer's
template <class Topic>
class search : public subscription<Topic> {
public:
    using state_type = typename Topic::state_type;
    using reader = partition_reader<Topic>;
    using run_type = typename reader::run_type;
    using env = typename reader::env;

    search(const ring::shared<state_type>& state, consumer_terms&& options)
        : subscription<Topic>(state, static_cast<consumer_terms&&>(options))
    {
    }

protected:
    using strategy = typename Topic::policies::wait;
    using base = subscription<Topic>;
    using base::assigned_;
    using base::options_;
    using base::state_;
    using base::told_;

    ~search() = default;

    /// What a look at the partitions found: records of one, or why there are none.
    struct finding {
        poll_status why = poll_status::timed_out;
        reader* from = nullptr;
        run_type run = {};
        std::uint64_t missed = 0;
    };

    static bool answer(finding& found, poll_status why) noexcept
    {
        found.why = why;
        return true;
    }

    /// Does what the group wants of it, if anything; true when it was fenced meanwhile.
    bool follow(finding& found)
    {
        if (!assigned_.has_news()) [[likely]] {
            return false;
        }
        return follow_now() && answer(found, poll_status::fenced);
    }
    GREGOR_COLD bool follow_now()
    {
        told_ = true;
        struct telling {
            bool& told;
            ~telling() { told = false; }
        } const listener_may_call{told_};
        return figures_.followed(assigned_.follow());
    }

    /// One look at one partition.
    struct looking {
        search& self;

        sighting operator()(reader& r, run_type& run) const
        {
            const sighting seen = r.look(run);
            return seen != sighting::unclear ? seen : self.look_closely(r, run);
        }
    };
    GREGOR_NOINLINE sighting look_closely(reader& r, run_type& run)
    {
        const sighting seen = r.look_closely(run);
        if (r.take(reader::freed)) {
            state_->room_made.notify();
            if (r.take(reader::passed_over)) {
                assigned_.touch(r);
            }
        }
        return seen;
    }

    /// One look at everything: true when there is an answer.
    bool look_around(finding& found)
    {
        if (wakeup_.take()) [[unlikely]] {
            return answer(found, poll_status::woken);
        }
        return look_through(found, rotation<reader>::beginning::one_that_rests);
    }
    bool look_through(finding& found, typename rotation<reader>::beginning from)
    {
        auto& readers = assigned_.readers();
        return came_to(found, readers.turns().turn(readers.all(), looking{*this}, found.run, from));
    }
    static bool came_to(finding& found, typename rotation<reader>::outcome turn) noexcept
    {
        if (turn.what == sighting::run) [[likely]] {
            found.from = turn.who;
            return true;
        }
        return turn.what != sighting::nothing && answer(found, status_of(turn.what));
    }
    /// What a look says that found neither records nor nothing.
    [[nodiscard]] static poll_status status_of(sighting seen) noexcept
    {
        return seen == sighting::corrupt ? poll_status::corrupt : poll_status::out_of_range;
    }
    GREGOR_NOINLINE bool look(finding& found)
    {
        return look_around(found) || (finished() && answer(found, poll_status::closed));
    }

    /// How far `look_straight` came.
    enum class way : std::uint8_t { nowhere, to_nothing, to_something_else, to_an_answer };

    /// What nearly every poll comes to: a look at the active partition whose turn it is. All of it
    /// is here, in a row, and in registers: what is out of line gets a copy of `found`. Where it
    /// does not come to an answer, and not nowhere either, `look_on` follows.
    GREGOR_INLINE way look_straight(finding& found, std::chrono::nanoseconds timeout)
    {
        auto& turns = assigned_.readers().turns();
        if (!turns.may_step() || wakeup_.is_raised()) [[unlikely]] {
            return way::nowhere;
        }
        reader& next = turns.next();
        const offset_t position = next.position();
        if (!next.is_as_usual()) [[unlikely]] {
            return way::nowhere;
        }
        if (options_.auto_commit) [[likely]] {
            assigned_.commit_returned(next, position);
        }
        const bool breathes = breathe(timeout);
        if (turns.one_that_rests_is_due(breathing_.found_last())) [[unlikely]] {
            finding out_of_line;
            if (look_at_one_that_rests(out_of_line, next)) [[unlikely]] {
                found = out_of_line;
                return way::to_an_answer;
            }
        }
        const sighting seen = next.look_as_usual(position, found.run);
        if (seen != sighting::run) [[unlikely]] {
            return seen == sighting::nothing ? way::to_nothing : way::to_something_else;
        }
        turns.next_had(next);
        count_poll();
        breathing_.found(found.run.count, breathes);
        found.from = &next;
        this->lease = &next.lease();
        next.advance(found.run);
        assigned_.touch(next);
        figures_.returned(found.run.count);
        return way::to_an_answer;
    }
    /// Before `next`; true when that was the poll's answer.
    GREGOR_NOINLINE bool look_at_one_that_rests(finding& found, const reader& next)
    {
        auto& readers = assigned_.readers();
        if (!came_to(found, readers.turns().ask_one_that_rests(readers.all(), looking{*this},
                                                               found.run))) {
            return false;
        }
        if (options_.auto_commit) {
            assigned_.forget_committed(next);
        }
        count_poll();
        breathing_.found(found.run.count, false);
        take_up(found);
        return true;
    }
    /// The rest of a turn: true when there is an answer.
    bool look_on(finding& found, way came)
    {
        using beginning = typename rotation<reader>::beginning;
        if (options_.auto_commit) {
            assigned_.forget_committed(assigned_.readers().turns().next());
        }
        count_poll();
        return look_through(found,
                            came == way::to_something_else ? beginning::next : beginning::others);
    }

    bool breathe(std::chrono::nanoseconds timeout)
    {
        const bool breathes = timeout.count() > 0 && breathing_.is_due();
        if (breathes) {
            for (unsigned left = breathing_.breaths(); left != 0; --left) {
                strategy::template breathe<env>();
            }
        }
        return breathes;
    }
    void count_poll() noexcept
    {
        if (figures_.polled() && assigned_.has_group()) [[unlikely]] {
            watch_others(); // who is never in want of records looks after the others, too
        }
    }

    /// Records that were found count as returned from here on.
    void take_up(finding& found) noexcept
    {
        if (found.from != nullptr) {
            this->lease = &found.from->lease();
            found.from->advance(found.run);
            found.missed = found.from->take_missed();
            assigned_.touch(*found.from);
            figures_.returned(found.run.count, found.missed);
        }
    }

    /// Takes out who stays away. Its partitions are shared out again in the next look.
    GREGOR_COLD void watch_others() noexcept
    {
        const std::chrono::nanoseconds now = state_->time.steady_now();
        if (now.count() - watched_ < options_.max_poll_interval.count() / 8) {
            return;
        }
        watched_ = now.count();
        bool any = false;
        {
            const std::lock_guard lock{state_->mutex};
            any = state_->fence_absent(*state_, now);
        }
        if (any) {
            state_->records_arrived.notify(); // there is something to share out
        }
    }

    [[nodiscard]] bool finished() noexcept
    {
        const auto& all = assigned_.readers().all();
        return (all.empty() || all[0]->finished()) && nothing_will_come(*state_, assigned_);
    }

    breathing breathing_{options_.max_poll_records, sizeof(typename Topic::slot_type)};
    consumer_figures figures_;
    std::int64_t watched_ = 0; // when, by the topic's clock, it last looked after the others

    // Written by other threads, seldom.
    alignas(cache_line_bytes) ring::signal<env> wakeup_;
};

} // namespace gregor::inline GREGOR_ABI
