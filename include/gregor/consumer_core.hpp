// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/group/consumer_figures.hpp"
#include "gregor/group/ending.hpp"
#include "gregor/group/subscription.hpp"
#include "gregor/options.hpp"
#include "gregor/partition_reader.hpp"
#include "gregor/policy/wait.hpp"
#include "gregor/readiness.hpp"
#include "gregor/ring/signal.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a consumer handle and its batch share: what it reads, and how it polls. It goes when both
/// are gone.
template <class Topic>
class consumer_core : public subscription<Topic> {
public:
    using state_type = typename Topic::state_type;
    using policies = typename Topic::policies;
    using reader = partition_reader<Topic>;
    using run_type = typename reader::run_type;
    using env = typename reader::env;
    using batch_type = batch<Topic>;

    consumer_core(const ring::shared<state_type>& state, const consumer_options& options)
        : subscription<Topic>(state, options)
    {
        this->drop = [](lender<Topic>& self) noexcept {
            delete static_cast<consumer_core*>(&self);
        };
    }

    consumer_core(const consumer_core&) = delete;
    consumer_core& operator=(const consumer_core&) = delete;
    ~consumer_core() = default;

    /// The handle is about to go. What its listener calls still finds it.
    void leave_quietly() noexcept
    {
        readiness_.end();
        this->close_quietly();
    }

    /// The handle goes; the core too, unless a batch is in somebody's hands.
    static void release(consumer_core* core) noexcept
    {
        core->leave_quietly();
        if (core->lease != nullptr) {
            core->orphaned = true;
        } else {
            delete core;
        }
    }

    // --- poll ------------------------------------------------------------------------------------

    template <class Stop>
    GREGOR_INLINE batch_type poll(std::chrono::nanoseconds timeout, const Stop& stop)
    {
        const guard alone{*this};
        expect_to_be_polled();
        const inside now{assigned_.member()};
        return give(find(timeout, stop));
    }

    /// As above, and then for more of a partition, but no longer than `linger`.
    template <class Stop>
    batch_type poll(std::size_t least, std::chrono::nanoseconds linger,
                    std::chrono::nanoseconds timeout, const Stop& stop)
    {
        const guard alone{*this};
        expect_to_be_polled();
        const inside now{assigned_.member()};
        finding found;
        do {
            found = find(timeout, stop);
        } while (found.from != nullptr && !wait_for_more(found, least, linger, stop));
        return give(found);
    }

    void wakeup() noexcept
    {
        wakeup_.raise();
        state_->records_arrived.notify();
    }

    [[nodiscard]] consumer_stats stats()
    {
        const guard alone{*this};
        return figures_.at(state_->time.steady_now());
    }

    // --- being waited for elsewhere --------------------------------------------------------------

    /// Whether a poll would have something to say, or to do, at once. Of records, so many of one
    /// partition; or those that no more come to.
    [[nodiscard]] bool ready(std::size_t least = 1)
    {
        const guard alone{*this};
        if (closed_ || wakeup_.is_raised() || assigned_.has_news()) {
            return true;
        }
        const offset_t enough = (std::min)(least, options_.max_poll_records);
        if (options_.auto_commit && this->lease == nullptr && assigned_.has_returned()) {
            return true; // the next poll commits it: producers may wait for that
        }
        bool any = assigned_.has_group();
        for (reader* const each : assigned_.readers().all()) {
            if (!rotation<reader>::paused(*each) && each->would_move() &&
                (enough == 1 || !each->has(1) || each->has(enough))) {
                return true;
            }
            any = true;
        }
        return any && finished();
    }

    /// It waits, but not in a poll: it is alive, and looks after the others.
    void wait_elsewhere()
    {
        const guard alone{*this};
        const inside now{assigned_.member(), told_};
        if (watch_interval() != no_timeout) {
            watch_others();
        }
    }

    /// How often at least, while it waits.
    [[nodiscard]] std::chrono::nanoseconds watch_interval() const noexcept
    {
        const bool watches = assigned_.has_group() && options_.max_poll_interval != no_timeout;
        return watches ? options_.max_poll_interval / 4 : no_timeout;
    }

    [[nodiscard]] readiness<env>& watched() noexcept { return readiness_; }

private:
    using strategy = typename policies::wait;
    using base = subscription<Topic>;
    using guard = typename base::guard;
    using inside = typename base::inside;
    using base::assigned_;
    using base::closed_;
    using base::options_;
    using base::state_;
    using base::told_;

    /// What a look at the partitions found: records of one, or why there are none.
    struct finding {
        poll_status why = poll_status::timed_out;
        reader* from = nullptr;
        run_type run = {};
    };

    void expect_to_be_polled() const
    {
        GREGOR_ASSERT(this->lease == nullptr, "poll was called while a batch of it is alive");
        GREGOR_ASSERT(!told_, "poll was called by the consumer's own listener");
    }

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
        struct telling {
            bool& told;
            explicit telling(bool& flag) noexcept : told(flag) { told = true; }
            telling(const telling&) = delete;
            telling& operator=(const telling&) = delete;
            ~telling() { told = false; }
        } const listener_may_call{told_};
        return figures_.followed(assigned_.follow());
    }

    /// One look at one partition.
    struct looking {
        consumer_core& self;

        GREGOR_INLINE sighting operator()(reader& r, run_type& run) const
        {
            const sighting seen = r.look(run);
            if (seen != sighting::unclear) [[likely]] {
                return seen;
            }
            run_type out_of_line; // so that `run` stays in registers
            const sighting closely = self.look_closely(r, out_of_line);
            run = out_of_line;
            return closely;
        }
    };
    GREGOR_NOINLINE sighting look_closely(reader& r, run_type& run)
    {
        const sighting seen = r.look_closely(run);
        if (r.take_freed()) {
            state_->room_made.notify();
            if (r.take_passed_over()) {
                assigned_.touch(r);
            }
        }
        return seen;
    }

    /// One look at everything: true when there is an answer.
    GREGOR_INLINE bool look_at_once(finding& found)
    {
        if (wakeup_.take()) [[unlikely]] {
            return answer(found, poll_status::woken);
        }
        const auto [who, what] = assigned_.readers().turn(looking{*this}, found.run);
        if (what == sighting::run) [[likely]] {
            found.from = who;
            return true;
        }
        return what != sighting::nothing && answer(found, status_of(what));
    }
    /// What a look says that found neither records nor nothing.
    [[nodiscard]] static poll_status status_of(sighting seen) noexcept
    {
        return seen == sighting::corrupt ? poll_status::corrupt : poll_status::out_of_range;
    }
    GREGOR_NOINLINE bool look(finding& found)
    {
        return look_at_once(found) || (finished() && answer(found, poll_status::closed));
    }

    /// The answer to a poll. What nearly every one does is here, in a row, and in registers: what
    /// is out of line answers by a copy.
    template <class Stop>
    GREGOR_INLINE finding find(std::chrono::nanoseconds timeout, const Stop& stop)
    {
        finding found;
        if (closed_) [[unlikely]] {
            found.why = poll_status::closed;
            return found;
        }
        if (assigned_.has_news() && follow_now()) [[unlikely]] {
            found.why = poll_status::fenced;
            return found;
        }
        if (options_.auto_commit) {
            assigned_.commit_returned();
        }
        if (figures_.polled() % 1024 == 0 && assigned_.has_group()) [[unlikely]] {
            watch_others(); // who is never in want of records looks after the others, too
        }
        const bool breathes = timeout > std::chrono::nanoseconds{0} && breathing_.is_due();
        if (breathes) {
            strategy::template breathe<env>();
        }
        if (look_at_once(found)) [[likely]] {
            breathing_.found(found.run.count, breathes);
            return found;
        }
        finding out_of_line; // so that `found` stays in registers
        find_later(out_of_line, timeout, stop);
        found = out_of_line;
        return found;
    }

    /// Nothing was found at once.
    template <class Stop>
    GREGOR_NOINLINE void find_later(finding& found, std::chrono::nanoseconds timeout,
                                    const Stop& stop)
    {
        GREGOR_ASSERT(assigned_.has_group() || !assigned_.readers().all().empty(),
                      "poll was called before anything was assigned");
        breathing_.waits();
        if (finished()) {
            found.why = poll_status::closed;
        } else if (timeout > std::chrono::nanoseconds{0}) {
            wait_for_records(found, timeout, stop);
            if (found.from != nullptr) {
                breathing_.waited_for(found.run.count);
            }
        } else {
            nothing_yet(found);
        }
    }

    template <class Stop>
    bool wait_for_records(finding& found, std::chrono::nanoseconds timeout, const Stop& stop)
    {
        // a stream brings more, and is faster when it is not looked at all the time
        const unsigned first = breathing_.streams() ? strategy::patient : 0;
        return wait_watching(timeout, first, stop,
                             [&] {
                                 return follow(found) || look(found) ||
                                        (stop.requested() && answer(found, poll_status::stopped));
                             }) ||
               nothing_yet(found);
    }

    /// Waits until it is ready; meanwhile members look after each other, now and then.
    template <class Stop, class Ready>
    bool wait_watching(std::chrono::nanoseconds timeout, unsigned first, const Stop& stop,
                       const Ready& ready)
    {
        [[maybe_unused]] const auto wake_on_stop =
            stop.on_request([this] { state_->records_arrived.notify(); });
        const auto watch = watch_interval();
        auto event = figures_.waiting_on(state_->records_arrived, state_->time);
        for (std::chrono::nanoseconds left = timeout;; left -= watch) {
            const auto slice = (std::min)(left, watch);
            if (wait_until<strategy>(event, deadline{state_->time, slice}, first, ready)) {
                return true;
            }
            if (left <= watch) {
                return false;
            }
            watch_others();
            if (timeout == no_timeout) {
                left = no_timeout;
            }
        }
    }

    /// There is nothing now. A hook is called when that changes: for what a last look cannot see.
    bool nothing_yet(finding& found) { return readiness_.arm() && (follow(found) || look(found)); }

    /// Records were found, and are leased: waits until there are enough, of them or in another
    /// partition, or something else ends the poll. Without time, looks for that once. False when
    /// there is nothing to return after all.
    template <class Stop>
    GREGOR_NOINLINE bool wait_for_more(finding& found, std::size_t least,
                                       std::chrono::nanoseconds linger, const Stop& stop)
    {
        const offset_t enough = (std::min)(least, options_.max_poll_records);
        if (found.run.count >= enough) {
            return true;
        }
        reader* chosen = found.from;
        const auto ends = [&] {
            if (assigned_.has_news() || wakeup_.is_raised() || stop.requested()) {
                return true;
            }
            for (reader* const each : assigned_.readers().all()) {
                if (!rotation<reader>::paused(*each) && each->has(enough)) {
                    chosen = each;
                    return true;
                }
            }
            return false;
        };
        if (linger > std::chrono::nanoseconds{0}) {
            static_cast<void>(wait_watching(linger, strategy::patient, stop, ends));
        } else if (!ends()) {
            return true;
        }
        if (assigned_.has_news()) {
            found.from->withdraw_lease();
            found.from = nullptr; // it may go
            return follow(found) || look(found);
        }
        if (chosen != found.from) {
            found.from->withdraw_lease();
        }
        const sighting seen = chosen->look_again(found.run);
        state_->room_made.notify();
        found.from = seen == sighting::run ? chosen : nullptr;
        breathing_.waited_for(found.run.count);
        return seen == sighting::run ||
               (seen != sighting::nothing && answer(found, status_of(seen)));
    }

    /// Takes out who stays away. Its partitions are shared out again in the next look.
    GREGOR_COLD void watch_others() noexcept
    {
        const std::chrono::nanoseconds now = state_->time.steady_now();
        if (now - watched_ < options_.max_poll_interval / 8) {
            return;
        }
        watched_ = now;
        bool any = false;
        {
            const std::lock_guard lock{state_->mutex};
            any = state_->fence_absent(*state_, now);
        }
        if (any) {
            state_->records_arrived.notify(); // there is something to share out
        }
    }

    /// The answer, as a batch; records count as returned from here on.
    GREGOR_INLINE batch_type give(const finding& found)
    {
        if (found.from == nullptr) [[unlikely]] {
            return batch_type{found.why};
        }
        reader& r = *found.from;
        const run_type& run = found.run;
        this->lease = &r.lease();
        const std::uint64_t missed = r.advance(run);
        assigned_.touch(r);
        figures_.returned(run.count, missed);
        return {
            *this,  r.log().slot(run.first), static_cast<std::size_t>(run.count), run.first, r.id(),
            missed, r.log().blobs()};
    }

    [[nodiscard]] bool finished() noexcept
    {
        const auto& all = assigned_.readers().all();
        return (all.empty() || all[0]->finished()) && nothing_will_come(*state_, assigned_);
    }

    readiness<env> readiness_{state_->records_arrived};
    breathing breathing_{options_.max_poll_records};
    consumer_figures figures_;
    std::chrono::nanoseconds watched_{0}; // when it last looked after the others

    // Written by other threads, seldom.
    alignas(cache_line_bytes) ring::signal<env> wakeup_;
};

} // namespace gregor::inline GREGOR_ABI
