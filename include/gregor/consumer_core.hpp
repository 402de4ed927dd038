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
        dirty_.reserve(readers_.size());
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
        dirty_.clear();
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
        std::optional<batch_type> found;
        if (look(found)) {
            return *std::move(found);
        }
        if (timeout > std::chrono::nanoseconds{0}) {
            [[maybe_unused]] const auto wake_on_stop = stop.on_request([this] { state_->records_arrived.notify(); });
            const deadline until{state_->time, timeout};
            const bool in_time = wait_until<typename policies::wait>(
                state_->records_arrived, until, [&] {
                    if (look(found)) {
                        return true;
                    }
                    if (stop.requested()) {
                        found.emplace(poll_status::stopped);
                        return true;
                    }
                    return false;
                });
            if (in_time) {
                return *std::move(found);
            }
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
        for (reader* r : dirty_) {
            r->dirty = false;
            move_cursor(*r, r->position);
        }
        if (!dirty_.empty()) {
            dirty_.clear();
            state_->room_made.notify();
        }
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

    /// One look at everything: true when there is an answer.
    bool look(std::optional<batch_type>& found)
    {
        if (wakeup_.take()) [[unlikely]] {
            found.emplace(poll_status::woken);
            return true;
        }
        const std::size_t count = readers_.size();
        for (std::size_t i = 0; i != count; ++i) {
            reader& r = readers_[next_];
            next_ = next_ + 1 == count ? 0 : next_ + 1;
            if (hand_out(r, found)) {
                return true;
            }
        }
        if (finished()) [[unlikely]] {
            found.emplace(poll_status::closed);
            return true;
        }
        return false;
    }

    /// A batch of this partition, if there is one.
    bool hand_out(reader& r, std::optional<batch_type>& found)
    {
        if (!r.valid) [[unlikely]] {
            found.emplace(poll_status::out_of_range);
            return true;
        }
        if (options_.lossy || r.position < r.held_from) {
            return hand_out_unprotected(r, found);
        }
        // The cursor stands at or before the position, so everything from there on is kept.
        auto run = available(r);
        skip_to(r, run.first);
        if (run.count == 0) {
            return beyond_end(r) && reset(r, found);
        }
        lend(r, run, found);
        return true;
    }

    /// The records may be overwritten while they are looked at: lease first, then see what is left.
    GREGOR_COLD bool hand_out_unprotected(reader& r, std::optional<batch_type>& found)
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
        const auto run = available(r);
        skip_to(r, run.first);
        if (run.count == 0) {
            r.lease->set(0, 0);
            return false;
        }
        lend(r, run, found);
        return true;
    }

    void lend(reader& r, typename log_type::run run, std::optional<batch_type>& found)
    {
        // stored before anything after it is committed: the protection moves from cursor to lease
        r.lease->set(run.first, place::holds);
        this->lease = r.lease;
        r.position = run.first + run.count;
        found.emplace(*this, r.log->slot(run.first), run.count, run.first, r.id,
                      std::exchange(r.missed, 0));
        if (!r.dirty) {
            r.dirty = true;
            dirty_.push_back(&r);
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
            if (!r.dirty) {
                r.dirty = true;
                dirty_.push_back(&r);
            }
        }
    }

    [[nodiscard]] static bool beyond_end(const reader& r) noexcept
    {
        return r.position > r.log->end_offset();
    }

    /// The position is out of range: goes where the options say. True when there is an answer.
    GREGOR_COLD bool reset(reader& r, std::optional<batch_type>& found)
    {
        const std::optional<offset_t> to = reset_offset(*r.log, options_.reset);
        if (!to) {
            found.emplace(poll_status::out_of_range);
            return true;
        }
        r.missed += *to > r.position ? *to - r.position : 0;
        r.position = *to;
        return hand_out(r, found);
    }

    /// Moves the committed offset: forward, or, when the user says so, back.
    void move_cursor(reader& r, offset_t next) noexcept
    {
        if (options_.lossy) {
            r.cursor->set(next, place::committed);
        } else if (next >= r.held_from) {
            r.cursor->set(next, place::committed | place::holds);
            r.held_from = next;
        } else {
            r.held_from = hold_from(*r.log, *r.cursor, next, place::committed);
        }
    }

    /// Nothing will come any more, and nothing is left to take over.
    [[nodiscard]] bool finished() const noexcept
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
    std::vector<reader*> dirty_;
    std::size_t next_ = 0;
    bool closed_ = false;
    const int exceptions_ = std::uncaught_exceptions();

    // Written by other threads, seldom.
    alignas(cache_line_bytes) ring::signal<env> wakeup_;
    ring::sole_user<env> user_; // written in checked builds only
};

} // namespace gregor::inline GREGOR_ABI
