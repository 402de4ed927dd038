// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/handle.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/group/ending.hpp"
#include "gregor/group/search.hpp"
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
class consumer_core : public search<Topic> {
public:
    using state_type = typename Topic::state_type;
    using policies = typename Topic::policies;
    using reader = partition_reader<Topic>;
    using run_type = typename reader::run_type;
    using env = typename reader::env;
    using batch_type = batch<Topic>;

    consumer_core(const ring::shared<state_type>& state, consumer_terms&& options)
        : search<Topic>(state, static_cast<consumer_terms&&>(options))
    {
        this->drop = drop_last;
    }

    /// One that is a member of the group; or why it is not, and is to go.
    [[nodiscard]] static objection make(handle<consumer_core>& into,
                                        const ring::shared<state_type>& state,
                                        std::string_view group, consumer_terms&& options);

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
        GREGOR_ASSERT(this->lease == nullptr, "poll was called while a batch of it is alive");
        const inside now{assigned_.member()};
        finding found;
        const way came = now.found_news() ? way::nowhere : look_straight(found, timeout);
        if (came != way::to_an_answer) [[unlikely]] {
            finding out_of_line; // so that `found` stays in registers
            find_otherwise(out_of_line, came, timeout, stop);
            found = out_of_line;
        }
        return give(found);
    }

    /// As above, and then for more of a partition, but no longer than `linger`.
    template <class Stop>
    batch_type poll(std::size_t least, std::chrono::nanoseconds linger,
                    std::chrono::nanoseconds timeout, const Stop& stop)
    {
        const guard alone{*this};
        GREGOR_ASSERT(this->lease == nullptr, "poll was called while a batch of it is alive");
        const inside now{assigned_.member()};
        finding found;
        do {
            found = {};
            find(found, timeout, stop);
        } while (found.from != nullptr && !wait_for_more(found, least, linger, stop));
        take_up(found);
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
        if (watch_interval().count() != without_end) {
            watch_others();
        }
    }

    /// How often at least, while it waits.
    [[nodiscard]] std::chrono::nanoseconds watch_interval() const noexcept
    {
        const std::int64_t interval = options_.max_poll_interval.count();
        const bool watches = assigned_.has_group() && interval != without_end;
        return std::chrono::nanoseconds{watches ? interval / 4 : without_end};
    }

    [[nodiscard]] readiness<env>& watched() noexcept { return readiness_; }

private:
    static constexpr std::int64_t without_end = no_timeout.count();

    using strategy = typename policies::wait;
    using base = search<Topic>;
    using guard = typename base::guard;
    using inside = typename base::inside;
    using base::answer;
    using base::assigned_;
    using base::breathe;
    using base::breathing_;
    using base::closed_;
    using base::count_poll;
    using base::figures_;
    using base::finished;
    using base::follow;
    using base::look;
    using base::look_around;
    using base::look_on;
    using base::look_straight;
    using base::options_;
    using base::state_;
    using base::status_of;
    using base::take_up;
    using base::told_;
    using base::wakeup_;
    using base::watch_others;
    using typename base::finding;
    using typename base::way;

    static void drop_last(lender<Topic>& self) noexcept
    {
        delete static_cast<consumer_core*>(&self);
    }

    template <class Stop>
    GREGOR_NOINLINE void find_otherwise(finding& found, way came, std::chrono::nanoseconds timeout,
                                        const Stop& stop)
    {
        if (came == way::nowhere) {
            find(found, timeout, stop);
        } else if (look_on(found, came)) {
            breathing_.found(found.run.count, false);
        } else {
            find_later(found, timeout, stop);
        }
        take_up(found);
    }

    /// The answer to a poll.
    template <class Stop>
    void find(finding& found, std::chrono::nanoseconds timeout, const Stop& stop)
    {
        GREGOR_ASSERT(!told_, "poll was called by the consumer's own listener");
        if (closed_) {
            found.why = poll_status::closed;
            return;
        }
        if (follow(found)) {
            return;
        }
        if (options_.auto_commit) {
            assigned_.commit_returned();
        }
        count_poll();
        const bool breathes = breathe(timeout);
        if (look_around(found)) {
            breathing_.found(found.run.count, breathes);
        } else {
            GREGOR_ASSERT(assigned_.has_group() || !assigned_.readers().all().empty(),
                          "poll was called before anything was assigned");
            find_later(found, timeout, stop);
        }
    }

    /// Nothing was found at once.
    template <class Stop>
    void find_later(finding& found, std::chrono::nanoseconds timeout, const Stop& stop)
    {
        breathing_.waits();
        if (finished()) {
            found.why = poll_status::closed;
        } else if (timeout.count() > 0) {
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
        [[maybe_unused]] const auto wake_on_stop = stop.on_request(state_->records_arrived);
        const std::int64_t watch = watch_interval().count();
        figures_.waits();
        for (std::int64_t left = timeout.count();; left -= watch) {
            const std::chrono::nanoseconds slice{left < watch ? left : watch};
            waiting<strategy, typename state_type::event, typename Topic::clock> wait{
                state_->records_arrived, {state_->time, slice}, first, &figures_.sleeps()};
            while (wait.goes_on()) {
                if (ready()) {
                    return true;
                }
            }
            if (left <= watch) {
                return false;
            }
            watch_others();
            if (timeout.count() == without_end) {
                left = without_end;
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
        if (linger.count() > 0) {
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

    /// The answer, as a batch.
    GREGOR_INLINE batch_type give(const finding& found)
    {
        if (found.from == nullptr) [[unlikely]] {
            return batch_type{found.why};
        }
        const auto& log = found.from->log();
        return {
            *this,           log.slot(found.run.first), static_cast<std::size_t>(found.run.count),
            found.run.first, found.from->id(),          found.missed,
            log.blobs()};
    }

    readiness<env> readiness_{state_->records_arrived};
};

template <class Topic>
objection consumer_core<Topic>::make(handle<consumer_core>& into,
                                     const ring::shared<state_type>& state, std::string_view group,
                                     consumer_terms&& options)
{
#if GREGOR_EXCEPTIONS
    try {
#endif
        into.hold(new consumer_core{state, static_cast<consumer_terms&&>(options)});
        return into->join(group);
#if GREGOR_EXCEPTIONS
    } catch (const std::bad_alloc&) {
        return refusal::no_memory_for("consumer", state->name, "memory for it");
    }
#endif
}

} // namespace gregor::inline GREGOR_ABI
