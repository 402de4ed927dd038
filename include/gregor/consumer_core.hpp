// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/consumer_group.hpp"
#include "gregor/options.hpp"
#include "gregor/policy/wait.hpp"
#include "gregor/ring/signal.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

enum class commit_status : std::uint8_t {
    ok,
    not_assigned, ///< the consumer does not own the partition (any more)
    out_of_range, ///< beyond the end of the log
};

/// One partition, as one consumer reads it.
template <class Topic>
struct partition_reader {
    using log_type = typename Topic::state_type::log_type;
    using place = typename log_type::place;

    partition_id id;
    log_type* log = nullptr;
    place* cursor = nullptr; ///< the committed offset; the group's, or the consumer's own
    place* lease = nullptr;  ///< of the batch in hand
    typename log_type::sight sight = {};
    offset_t position = 0;    ///< the next to return
    offset_t held_from = 0;   ///< the cursor keeps everything from here on; lossless only
    std::uint64_t missed = 0; ///< not yet told
    bool valid = true;        ///< there is a position
    bool dirty = false;       ///< something was returned and not committed
    partition_reader* next_dirty = nullptr;
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
    using env = ring::std_env;
    using batch_type = batch<Topic>;

    consumer_core(std::shared_ptr<state_type> state, const consumer_options& options,
                  group_offsets<place>* group)
        : state_(std::move(state)), options_(options), group_(group)
    {
        this->topic = state_.get();
        this->drop = [](lender<Topic>& self) noexcept { delete static_cast<consumer_core*>(&self); };
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

    // --- assignment: under the topic's mutex -------------------------------------------------------

    void add_reader(partition_id p)
    {
        auto& part = state_->at(p);
        auto& gate = part.log.protocol().gate();
        reader r;
        r.id = p;
        r.log = &part.log;
        const std::string label = group_ == nullptr ? "(no group)" : group_->name;
        r.cursor = group_ == nullptr ? &gate.cursor(label) : group_->cursors[p.value];
        r.lease = &gate.lease(label);
        const starting_point start = start_reader(part.log, *r.cursor, options_);
        r.position = start.position;
        r.held_from = start.position;
        r.missed = start.missed;
        r.valid = start.valid;
        readers_.push_back(r);
        if (options_.lossy) {
            part.log.protocol().room().expect_light_readers();
        }
    }

    /// Before another assignment: everything of this one is given up.
    void return_places() noexcept
    {
        for (reader& each : readers_) {
            auto& gate = each.log->protocol().gate();
            gate.give_back(*each.lease);
            if (group_ == nullptr) {
                gate.give_back(*each.cursor);
            }
        }
        readers_.clear();
        dirty_ = nullptr;
        next_ = 0;
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
        if (options_.auto_commit) {
            commit_returned();
        }
        finding found;
        if (look(found)) [[likely]] {
            return give(found);
        }
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
            move_cursor(r, r.position);
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
        if (next > r->log->end_offset()) {
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

    void seek(reader& r, offset_t to) noexcept
    {
        if (!r.valid && !options_.lossy) {
            // it had no offset, so nothing has been held for it yet
            r.held_from = hold_from(*r.log, *r.cursor, to, 0);
        }
        r.position = to;
        r.valid = true;
        r.missed = 0;
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
                leave_group(*group_);
            } else {
                for (reader& each : readers_) {
                    each.cursor->set(0, 0);
                }
            }
        }
        state_->room_made.notify();
    }

    [[nodiscard]] reader* find(partition_id p) noexcept
    {
        if (p.value < readers_.size() && readers_[p.value].id == p) {
            return &readers_[p.value]; // all partitions are assigned
        }
        const auto at = std::find_if(readers_.begin(), readers_.end(),
                                     [p](const reader& r) { return r.id == p; });
        return at == readers_.end() ? nullptr : &*at;
    }

    [[nodiscard]] const std::vector<reader>& readers() const noexcept { return readers_; }
    [[nodiscard]] state_type& state() const noexcept { return *state_; }
    [[nodiscard]] bool has_group() const noexcept { return group_ != nullptr; }

private:
    /// In checked builds: says so when two threads use one consumer at once.
    class guard {
    public:
        explicit guard([[maybe_unused]] consumer_core& core) noexcept
#if GREGOR_CHECKED
            : user_(core.user_)
        {
            GREGOR_ASSERT(user_.enter(), "one consumer is used by two threads at once");
        }
        ~guard() { user_.leave(); }
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;

    private:
        ring::sole_user<env>& user_;
#else
        {
        }
#endif
    };

    /// What a look at the partitions found: records of one, or why there are none.
    struct finding {
        poll_status why = poll_status::timed_out;
        reader* from = nullptr;
        typename log_type::run run = {};
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
            if (look_at(r, found)) [[likely]] {
                return true;
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
        const deadline until{state_->time, timeout};
        const auto ready = [&] {
            return look(found) || (stop.requested() && answer(found, poll_status::stopped));
        };
        if (wait_until<typename policies::wait>(state_->records_arrived, until, ready)) {
            return give(found);
        }
        return batch_type{poll_status::timed_out};
    }

    /// Looks for a run of this partition, and leases it.
    bool look_at(reader& r, finding& found)
    {
        if (!r.valid) [[unlikely]] {
            return answer(found, poll_status::out_of_range);
        }
        if (options_.lossy || r.position < r.held_from) [[unlikely]] {
            return look_unprotected(r, found);
        }
        // The cursor stands at or before the position, so everything from there on is kept.
        const auto run = available(r);
        if (run.count != 0) [[likely]] {
            lease_run(r, run, found);
            return true;
        }
        skip_to(r, run.first);
        return beyond_end(r) && reset(r, found);
    }

    /// The records may be overwritten while they are looked at: lease first, then see what is left.
    GREGOR_NOINLINE bool look_unprotected(reader& r, finding& found)
    {
        for (;;) {
            if (r.position < r.log->begin_offset()) {
                return reset(r, found);
            }
            if (available(r).count == 0 && r.position >= r.log->begin_offset()) {
                return beyond_end(r) && reset(r, found);
            }
            r.lease->set(r.position, place::holds);
            if (options_.lossy) {
                env::light();
            } else {
                env::heavy();
            }
            if (r.position >= r.log->begin_offset()) {
                break;
            }
            r.lease->set(0, 0);
        }
        this->lease_leads = true;
        const auto run = available(r);
        if (run.count == 0) {
            skip_to(r, run.first);
            r.lease->set(0, 0);
            return false;
        }
        lease_run(r, run, found);
        return true;
    }

    void lease_run(reader& r, typename log_type::run run, finding& found)
    {
        // stored before anything after it is committed: the protection moves from cursor to lease
        r.lease->set(run.first, place::holds);
        found = {poll_status::records, &r, run};
    }

    /// The answer, as a batch; records count as returned from here on.
    batch_type give(const finding& found)
    {
        if (found.from == nullptr) [[unlikely]] {
            return batch_type{found.why};
        }
        reader& r = *found.from;
        this->lease = r.lease;
        r.position = found.run.first + found.run.count;
        touch(r);
        return {*this,
                r.log->slot(found.run.first),
                static_cast<std::size_t>(found.run.count),
                found.run.first,
                r.id,
                std::exchange(r.missed, 0)};
    }

    /// There is something to commit.
    void touch(reader& r)
    {
        if (!r.dirty) {
            r.dirty = true;
            r.next_dirty = std::exchange(dirty_, &r);
        }
    }

    /// The next run that lies side by side in the log, and has nothing in it that is not to be returned.
    typename log_type::run available(reader& r)
    {
        const std::size_t most =
            std::min(options_.max_poll_records, r.log->contiguous(r.position));
        auto run = r.log->protocol().available(r.sight, r.position, most);
        if (run.first != r.position) {
            run.count = std::min<offset_t>(run.count, r.log->contiguous(run.first));
        }
        if constexpr (layout::takes) {
            while (run.count != 0 && r.log->slot(run.first)->taken) {
                ++run.first;
                --run.count;
            }
            offset_t kept = 0;
            while (kept != run.count && !r.log->slot(run.first + kept)->taken) {
                ++kept;
            }
            run.count = kept;
        }
        return run;
    }

    /// Records that are not returned count as read.
    void skip_to(reader& r, offset_t first)
    {
        if (first != r.position) [[unlikely]] {
            r.position = first;
            touch(r);
        }
    }

    [[nodiscard]] static bool beyond_end(const reader& r) noexcept
    {
        return r.position > r.log->end_offset();
    }

    /// The position is out of range: goes where the options say. True when there is an answer.
    GREGOR_COLD bool reset(reader& r, finding& found)
    {
        const std::optional<offset_t> to = reset_offset(*r.log, options_.reset);
        if (!to) {
            return answer(found, poll_status::out_of_range);
        }
        r.missed += *to > r.position ? *to - r.position : 0;
        r.position = *to;
        return look_at(r, found);
    }

    /// Moves the committed offset: forward, or, when the user says so, back.
    void move_cursor(reader& r, offset_t next) noexcept
    {
        this->lease_leads |= this->lease == r.lease;
        if (options_.lossy) {
            r.cursor->set(next, place::committed);
        } else if (next >= r.held_from) [[likely]] {
            r.cursor->set(next, place::committed | place::holds);
            r.held_from = next;
        } else {
            hold_back(r, next);
        }
    }

    GREGOR_COLD void hold_back(reader& r, offset_t next) noexcept
    {
        r.held_from = hold_from(*r.log, *r.cursor, next, place::committed);
    }

    /// Nothing will come any more, and nothing is left to take over.
    [[nodiscard]] GREGOR_NOINLINE bool finished() const noexcept
    {
        for (const reader& each : readers_) {
            if (!each.log->protocol().finished(each.position)) {
                return false;
            }
        }
        return !readers_.empty();
    }

    std::shared_ptr<state_type> state_;
    const consumer_options options_;
    group_offsets<place>* const group_;
    std::vector<reader> readers_;
    reader* dirty_ = nullptr; // a list through `next_dirty`
    std::size_t next_ = 0;
    bool closed_ = false;
    const int exceptions_ = std::uncaught_exceptions();

    // Written by other threads, seldom.
    alignas(cache_line_bytes) ring::signal<env> wakeup_;
    ring::sole_user<env> user_; // written in checked builds only
};

} // namespace gregor::inline GREGOR_ABI
