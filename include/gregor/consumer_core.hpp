// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/fixed_array.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/consumer_group.hpp"
#include "gregor/options.hpp"
#include "gregor/partition_reader.hpp"
#include "gregor/policy/wait.hpp"
#include "gregor/ring/signal.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

enum class commit_status : std::uint8_t {
    ok,
    not_assigned, ///< the consumer does not own the partition (any more)
    out_of_range, ///< beyond the end of the log
};

/// What a consumer handle and its batch share. It goes when both are gone.
template <class Topic>
class consumer_core : public lender<Topic> {
public:
    using state_type = typename Topic::state_type;
    using policies = typename Topic::policies;
    using layout = typename Topic::layout;
    using reader = partition_reader<Topic>;
    using log_type = typename reader::log_type;
    using place = typename reader::place;
    using owned_place = typename reader::owned_place;
    using group_type = typename state_type::group_type;
    using run_type = typename reader::run_type;
    using env = typename reader::env;
    using batch_type = batch<Topic>;

    consumer_core(std::shared_ptr<state_type> state, const consumer_options& options)
        : state_(std::move(state)), options_(options)
    {
        this->topic = state_.get();
        this->drop = [](lender<Topic>& self) noexcept {
            delete static_cast<consumer_core*>(&self);
        };
    }

    consumer_core(const consumer_core&) = delete;
    consumer_core& operator=(const consumer_core&) = delete;
    ~consumer_core()
    {
        const std::lock_guard lock{state_->mutex};
        return_places();
    }

    /// The handle goes; the core too, unless a batch is in somebody's hands.
    static void release(consumer_core* core) noexcept
    {
        core->close(std::uncaught_exceptions() == core->exceptions_);
        if (core->lease != nullptr) {
            core->orphaned = true;
        } else {
            delete core;
        }
    }

    // --- assignment: under the topic's mutex
    // -------------------------------------------------------

    /// Reads `count` partitions from now on, and none of those that it read before; where it
    /// throws, it reads on as before. Either way a place may have stood lower for a moment: the
    /// caller wakes the producers.
    template <class Which>
    void read(std::size_t count, Which&& which)
    {
        fixed_array<reader> wanted{count, [&](std::size_t i) { return open_reader(which(i)); }};
        return_places();
        readers_ = std::move(wanted);
    }
    /// As the member of a group that it has just joined; leaves it again when it goes.
    void read_as_member(group_type& group)
    {
        group_ = &group;
        read(state_->partitions.size(),
             [](std::size_t i) { return partition_id{static_cast<std::uint32_t>(i)}; });
        group.joined = true;
    }

    // --- poll ------------------------------------------------------------------------------------

    template <class Stop>
    batch_type poll(std::chrono::nanoseconds timeout, const Stop& stop)
    {
        const guard inside{*this};
        GREGOR_ASSERT(this->lease == nullptr, "poll was called while a batch of it is alive");
        if (closed_) {
            return batch_type{poll_status::closed};
        }
        GREGOR_ASSERT(!readers_.empty(), "poll was called before anything was assigned");
        if (options_.auto_commit) {
            commit_returned();
        }
        if (keeps_up_ && timeout > std::chrono::nanoseconds{0}) {
            strategy::template breathe<env>();
        }
        finding found;
        if (look(found)) [[likely]] {
            keeps_up_ = found.run.count < few();
            return give(found);
        }
        keeps_up_ = false;
        if (timeout > std::chrono::nanoseconds{0}) {
            return wait_for_records(found, timeout, stop);
        }
        return batch_type{poll_status::timed_out};
    }

    void wakeup() noexcept
    {
        wakeup_.raise();
        state_->records_arrived.notify();
    }

    // --- offsets ---------------------------------------------------------------------------------

    void commit_returned() noexcept
    {
        if (dirty_ == nullptr) {
            return;
        }
        while (dirty_ != nullptr) {
            reader& r = *std::exchange(dirty_, dirty_->next_dirty);
            r.dirty = false;
            move_cursor(r, r.committable());
        }
        state_->room_made.notify();
    }

    commit_status commit(partition_id p, offset_t next)
    {
        const guard inside{*this};
        reader* const r = find(p);
        if (r == nullptr || closed_) {
            return commit_status::not_assigned;
        }
        if (next > r->log().end_offset()) {
            return commit_status::out_of_range;
        }
        move_cursor(*r, next);
        state_->room_made.notify();
        return commit_status::ok;
    }

    commit_status commit()
    {
        const guard inside{*this};
        if (closed_) {
            return commit_status::not_assigned;
        }
        commit_returned();
        return commit_status::ok;
    }

    // --- lifecycle -------------------------------------------------------------------------------

    void close(bool commit_last)
    {
        if (closed_) {
            return;
        }
        if (options_.auto_commit && commit_last) {
            commit_returned();
        }
        closed_ = true;
        this->lease_leads = true;
        {
            const std::lock_guard lock{state_->mutex};
            if (group_ != nullptr) {
                leave_group(*state_, *group_);
            } else {
                for (const reader& each : readers_) {
                    each.cursor().set(0, 0);
                }
            }
        }
        state_->room_made.notify();
    }

    void seek(reader& r, offset_t to) noexcept
    {
        r.seek(to);
        if (r.take_freed()) {
            state_->room_made.notify();
        }
    }

    [[nodiscard]] reader* find(partition_id p) noexcept
    {
        if (p.value < readers_.size() && readers_[p.value].id() == p) {
            return &readers_[p.value]; // all partitions are assigned
        }
        for (reader& each : readers_) {
            if (each.id() == p) {
                return &each;
            }
        }
        return nullptr;
    }

    [[nodiscard]] const fixed_array<reader>& readers() const noexcept { return readers_; }
    [[nodiscard]] state_type& state() const noexcept { return *state_; }
    [[nodiscard]] bool has_group() const noexcept { return group_ != nullptr; }

private:
    using strategy = typename policies::wait;

    /// Fewer records at once than this: the consumer has all but caught up with the producers.
    [[nodiscard]] offset_t few() const noexcept
    {
        return (std::min<offset_t>)(options_.max_poll_records, 32);
    }

    reader open_reader(partition_id p)
    {
        auto& log = state_->at(p).log;
        auto& gate = log.protocol().gate();
        const std::string label = group_ == nullptr ? "(no group)" : group_->name;
        owned_place cursor = group_ == nullptr ? gate.own(gate.cursor(label))
                                               : owned_place{group_->cursors[p.value].get()};
        return {p, log, std::move(cursor), gate.own(gate.lease(label)), options_};
    }

    void return_places() noexcept
    {
        readers_ = {};
        dirty_ = nullptr;
        next_ = 0;
    }

    /// In checked builds: says so when two threads use one consumer at once.
    class guard {
    public:
#if GREGOR_CHECKED
        explicit guard(consumer_core& core) noexcept : user_(core.user_)
        {
            GREGOR_ASSERT(user_.enter(), "one consumer is used by two threads at once");
        }
        ~guard() { user_.leave(); }
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;

    private:
        ring::sole_user<env>& user_;
#else
        explicit guard(const consumer_core& /*core*/) noexcept {}
#endif
    };

    /// What a look at the partitions found: records of one, or why there are none.
    struct finding {
        poll_status why = poll_status::timed_out;
        reader* from = nullptr;
        run_type run = {};
    };

    static bool answer(finding& found, poll_status why) noexcept
    {
        found.why = why;
        return true;
    }

    /// One look at everything: true when there is an answer.
    bool look(finding& found)
    {
        if (wakeup_.take()) [[unlikely]] {
            return answer(found, poll_status::woken);
        }
        for (std::size_t left = readers_.size(); left != 0; --left) {
            reader& r = readers_[next_];
            if (++next_ == readers_.size()) {
                next_ = 0;
            }
            const sighting seen = r.look(found.run);
            if (r.take_freed()) [[unlikely]] {
                state_->room_made.notify();
            }
            if (seen == sighting::run) [[likely]] {
                found.from = &r;
                return true;
            }
            if (seen == sighting::out_of_range) {
                return answer(found, poll_status::out_of_range);
            }
        }
        return finished() && answer(found, poll_status::closed);
    }

    template <class Stop>
    GREGOR_NOINLINE batch_type wait_for_records(finding& found, std::chrono::nanoseconds timeout,
                                                const Stop& stop)
    {
        [[maybe_unused]] const auto wake_on_stop =
            stop.on_request([this] { state_->records_arrived.notify(); });
        const auto ready = [&] {
            return look(found) || (stop.requested() && answer(found, poll_status::stopped));
        };
        // a stream brings more, and is faster when it is not looked at all the time
        const unsigned first = last_count_ > 1 ? strategy::patient : 0;
        if (wait_until<strategy>(state_->records_arrived, deadline{state_->time, timeout}, first,
                                 ready)) {
            return give(found);
        }
        return batch_type{poll_status::timed_out};
    }

    /// The answer, as a batch; records count as returned from here on.
    batch_type give(const finding& found)
    {
        if (found.from == nullptr) [[unlikely]] {
            return batch_type{found.why};
        }
        reader& r = *found.from;
        const run_type& run = found.run;
        this->lease_leads = r.lease_leads();
        this->lease = &r.lease();
        last_count_ = run.count;
        const std::uint64_t missed = r.advance(run);
        touch(r);
        return {
            *this, r.log().slot(run.first), static_cast<std::size_t>(run.count), run.first, r.id(),
            missed};
    }

    /// There is something to commit.
    void touch(reader& r) noexcept
    {
        if (!r.dirty) {
            r.dirty = true;
            r.next_dirty = std::exchange(dirty_, &r);
        }
    }

    void move_cursor(reader& r, offset_t next) noexcept
    {
        this->lease_leads |= this->lease == &r.lease();
        r.commit(next);
    }

    /// Nothing will come any more, and nothing is left to take over.
    [[nodiscard]] GREGOR_NOINLINE bool finished() const noexcept
    {
        for (const reader& each : readers_) {
            if (!each.finished()) {
                return false;
            }
        }
        return true;
    }

    std::shared_ptr<state_type> state_;
    const consumer_options options_;
    group_type* group_ = nullptr;
    fixed_array<reader> readers_;
    reader* dirty_ = nullptr; // a list through `next_dirty`
    std::size_t next_ = 0;
    offset_t last_count_ = 0; // of the last batch with records
    bool keeps_up_ = false;   // the last poll found a few records, and did not have to wait
    bool closed_ = false;
    const int exceptions_ = std::uncaught_exceptions();

    // Written by other threads, seldom.
    alignas(cache_line_bytes) ring::signal<env> wakeup_;
    ring::sole_user<env> user_; // written in checked builds only
};

} // namespace gregor::inline GREGOR_ABI
