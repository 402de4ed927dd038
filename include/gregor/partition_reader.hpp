// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/group/kept_cursor.hpp"
#include "gregor/group/returned.hpp"
#include "gregor/group/rotation.hpp"
#include "gregor/group/starting_point.hpp"
#include "gregor/log/group_state.hpp"
#include "gregor/options.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

/// One partition, as one consumer reads it: where it is, what keeps its records from being
/// overwritten, and how it finds the next ones.
///
/// A lossless reader at or behind its committed offset needs no care: the cursor keeps everything
/// from there on. Any other (a lossy one, or one that went back) leases the place first, fences,
/// and then looks whether it was still there.
template <class Topic>
class alignas(cache_line_bytes) partition_reader {
public:
    using log_type = typename Topic::state_type::log_type;
    using place = typename log_type::place;
    using owned_place = typename log_type::owned_place;
    using run_type = typename log_type::run;
    using env = typename log_type::env;
    using clock = typename Topic::clock;

    /// At the cursor's place, or where the options say. Under the topic's mutex, as its end.
    /// The clock and the options outlive it.
    partition_reader(partition_id p, log_type& log, owned_place&& cursor,
                     typename log_type::kept_offset kept, owned_place&& lease, const clock& time,
                     const consumer_terms& options, const left_behind& last)
        : id_(p), log_(&log), cursor_{static_cast<owned_place&&>(cursor), kept},
          lease_(static_cast<owned_place&&>(lease)), unusual_(options.lossy ? lossy : 0U),
          most_(options.max_poll_records), time_(&time), options_(&options)
    {
        const starting_point start =
            start_reader<Topic>(time, log, *cursor_.at, *lease_, options, last);
        position_ = held_from_ = start.position;
        miss(start.missed);
        if (!start.valid) {
            unusual_ |= unplaced;
        }
        if (beyond_end()) {
            unusual_ |= sought;
        }
        unusual_ |= another_life_there();
        if (options.lossy) {
            log.protocol().room().expect_light_readers();
            if ((ring::flags_in(cursor_.at->get()) & place::committed) == 0 && start.valid) {
                cursor_.at->set(position_,
                                0); // for the others: there is nothing to commit before it
            }
            held_from_ = cursor_.at->sequence();
        }
        cursor_.keep();
    }

    [[nodiscard]] partition_id id() const noexcept { return id_; }
    [[nodiscard]] offset_t position() const noexcept { return position_; }
    /// For others to look at while the consumer is in none of its calls; where there is one.
    [[nodiscard]] const offset_t* position_place() const noexcept
    {
        return is(unplaced) ? nullptr : &position_;
    }
    [[nodiscard]] const std::uint64_t* missed_place() const noexcept { return &missed_; }
    /// It has a place that the cursor does not know.
    [[nodiscard]] offset_t resume() const noexcept
    {
        return (unusual_ & (unplaced | lossy)) == lossy ? position_ : no_such_offset;
    }
    [[nodiscard]] log_type& log() const noexcept { return *log_; }
    [[nodiscard]] place& cursor() const noexcept { return *cursor_.at; }
    [[nodiscard]] place& lease() const noexcept { return *lease_; }
    /// It does nothing after that but go.
    [[nodiscard]] owned_place hand_over_lease() noexcept { return std::move(lease_); }

    /// Nothing will come any more.
    [[nodiscard]] bool finished() const noexcept { return log_->protocol().finished(position_); }

    /// It stands at its committed offset or beyond, and there is nothing else to think of.
    [[nodiscard]] bool is_as_usual() const noexcept
    {
        return unusual_ == 0 && position_ >= held_from_;
    }

    /// Looks for a run of records, and leases it, where that is all there is to it: else it says
    /// `unclear`, and `look_closely` follows. For who has waited: the way back to the user is long
    /// for a processor that expected to look once more, so the record is on its way meanwhile.
    sighting look(run_type& run)
    {
        const sighting seen = is_as_usual() ? look_as_usual(position_, run) : sighting::unclear;
        if (seen == sighting::run) {
            GREGOR_PREFETCH(log_->slot(run.first));
        }
        return seen;
    }
    /// Of one that is as usual; `from` is its position.
    GREGOR_INLINE sighting look_as_usual(offset_t from, run_type& run)
    {
        const run_type next = available(from);
        if (next.count != 0) [[likely]] {
            // stored before anything after it is committed: the protection moves to the lease
            lease_->set(next.first, place::holds);
            run = next;
            return sighting::run;
        }
        return next.first == from ? sighting::nothing : sighting::unclear;
    }

    GREGOR_NOINLINE sighting look_closely(run_type& run)
    {
        if constexpr (Topic::durable) {
            if (is(another_life)) {
                return look_back(run);
            }
        }
        return look_anyhow(run);
    }

    /// Whether a look would come to anything: a run, or another position. Changes nothing.
    [[nodiscard]] bool would_move()
    {
        if (is(unplaced) || position_ < log_->begin_offset()) [[unlikely]] {
            return true;
        }
        const run_type run = available(position_);
        return run.count != 0 || run.first != position_ || beyond_end();
    }

    /// Looks once more, for what has come since the last look.
    sighting look_again(run_type& run)
    {
        sight_ = {};
        return look_closely(run);
    }
    /// A producer may have seen the lease, and sleep because of it.
    void withdraw_lease() noexcept
    {
        lease_->set(0, 0);
        unusual_ |= freed;
    }
    /// Whether it pays no more to wait until a look finds so many: it would, or no more can come
    /// into its run. Takes no lease, so it is a guess.
    [[nodiscard]] bool has(offset_t enough) const noexcept
    {
        if (is(unplaced)) {
            return false;
        }
        typename log_type::sight fresh = {};
        const auto& protocol = log_->protocol();
        const run_type run = protocol.available(fresh, position_, enough);
        if (run.count == 0) {
            return false;
        }
        const offset_t capacity = log_->capacity();
        return run.count >= (std::min<offset_t>)(enough, log_->contiguous(run.first)) ||
               log_->full_since().at() != 0 || protocol.finished(run.first + run.count) ||
               (is(lossy) && log_->end_offset() - position_ >= capacity - capacity / 8);
    }

    /// A commit of all that was returned, or passed over by a seek or a reset, comes to the
    /// position: not where the user has sought what is not there, since a look will still move it.
    [[nodiscard]] bool committable() const noexcept
    {
        return !is(sought) || (position_ >= log_->begin_offset() && !beyond_end());
    }

    /// Of one that is as usual: commits `next`, where that is no step back.
    void hold_committed(offset_t next) noexcept
    {
        cursor_.move(next, place::committed | place::holds);
        held_from_ = next;
    }

    /// The run was given to the user. Then `take_missed`, where it is not as usual.
    void advance(const run_type& run) noexcept { position_ = run.first + run.count; }
    /// How many offsets before the run were lost.
    std::uint64_t take_missed() noexcept
    {
        unusual_ &= ~(sought | missed);
        const std::uint64_t untold = missed_;
        missed_ = 0;
        return untold;
    }

    /// What is told once, by `take`.
    ///
    /// Something moved that held producers back, but by no commit: they want to know. So it is
    /// after the options said where to go.
    static constexpr unsigned freed = 8;
    /// A seek, or the options, moved it beyond what was committed: what it passed over is to be
    /// committed as if it had been returned.
    static constexpr unsigned passed_over = 16;

    [[nodiscard]] bool take(unsigned what) noexcept
    {
        if (!is(what)) [[likely]] {
            return false;
        }
        unusual_ &= ~what;
        return true;
    }

    /// Moves the committed offset: forward, or, when the user says so, back.
    void commit(offset_t next) noexcept
    {
        if (!is(lossy | unplaced) && next >= held_from_) [[likely]] {
            hold_committed(next);
        } else if (is(lossy)) {
            cursor_.move(next, place::committed);
            held_from_ = next;
        } else {
            held_from_ = cursor_.hold(*log_, next, place::committed);
        }
    }

    void seek(offset_t to) noexcept
    {
        if (is(unplaced) && !is(lossy)) {
            // it had no offset, so nothing has been held for it yet
            held_from_ = cursor_.hold(*log_, to, 0);
            unusual_ |= freed; // it may have stood lower for a moment
        }
        position_ = to;
        unusual_ &= ~(unplaced | passed_over | missed);
        unusual_ |= sought | (position_ > held_from_ ? passed_over : 0U) | another_life_there();
        missed_ = 0;
    }

    typename rotation<partition_reader>::seat seat = {};          // when it is asked
    typename returned_list<partition_reader>::mark returned = {}; // and not committed
    offset_note note = {}; // of its own cursor; a group has its own
    bool known = false;    // the consumer's listener was told that it came
    bool going = false;    // to another member, as soon as the listener was told

private:
    /// What makes a look, or what follows it, other than usual.
    static constexpr unsigned lossy = 1;
    static constexpr unsigned unplaced = 2; // there is no position
    static constexpr unsigned sought = 4;   // nothing was returned since the user said where to go
    static constexpr unsigned missed = 32;  // `missed_` is not yet told
    // The position is among the records that another life of the log has left.
    static constexpr unsigned another_life = 64;

    [[nodiscard]] bool is(unsigned what) const noexcept { return (unusual_ & what) != 0; }

    void miss(std::uint64_t count) noexcept
    {
        missed_ += count;
        unusual_ |= count != 0 ? missed : 0U;
    }
    [[nodiscard]] unsigned another_life_there() const noexcept
    {
        if constexpr (Topic::durable) {
            return position_ < log_->recovered_end() ? another_life : 0U;
        } else {
            return 0;
        }
    }

    /// Whatever is unusual. What it finds is leased; what nobody is given is passed over.
    sighting look_anyhow(run_type& run)
    {
        if (is(unplaced)) {
            return sighting::out_of_range;
        }
        // What is from the cursor on is held for it. Before that, the records may be overwritten
        // while they are looked at: lease first, then see what is left.
        bool exposed = is(lossy) || position_ < held_from_;
        for (;;) {
            if (exposed && position_ < log_->begin_offset()) {
                return reset(run);
            }
            run = available(position_);
            if (run.count == 0) {
                if (skip_to(run.first) || (exposed && position_ < log_->begin_offset())) {
                    continue;
                }
                if (lease_->holding()) {
                    withdraw_lease();
                }
                return beyond_end() ? reset(run) : sighting::nothing;
            }
            if (!exposed) {
                lease_->set(run.first, place::holds);
                return sighting::run;
            }
            lease_->set(position_, place::holds);
            if (is(lossy)) {
                env::light(); // the extension of the room fences heavily
            } else {
                env::heavy();
            }
            if (position_ >= log_->begin_offset()) {
                exposed = false;
            } else {
                withdraw_lease();
            }
        }
    }

    /// A look at what lay on a disk before this life: whether it is what was written is seen here,
    /// once for each time that it is read, by the checksums of the run.
    sighting look_back(run_type& run)
    {
        const offset_t begin = log_->begin_offset();
        const offset_t from = position_ < begin ? begin : position_;
        const sighting seen = look_anyhow(run);
        const offset_t end = log_->recovered_end();
        if (position_ >= end) {
            unusual_ &= ~another_life;
        }
        const bool waits =
            options_->isolation == isolation::durable && position_ >= log_->durable_offset();
        if (seen == sighting::nothing && position_ < end && !waits) {
            return sighting::corrupt; // all of it was there once
        }
        if (seen != sighting::run || run.first >= end || run.first < from) {
            return seen;
        }
        const offset_t to = (std::min)(run.first + run.count, end);
        const offset_t whole = log_->whole_until(from, to);
        if (whole == to) {
            return seen;
        }
        if (whole > run.first) {
            run.count = whole - run.first;
            return seen;
        }
        withdraw_lease();
        position_ = from;
        return sighting::corrupt;
    }

    /// The next run that lies side by side in the log, and has nothing in it that is not to be
    /// returned.
    [[nodiscard]] GREGOR_INLINE run_type available(offset_t from)
    {
        const offset_t beside = log_->contiguous(from);
        run_type run = log_->protocol().available(sight_, from, most_ < beside ? most_ : beside);
        if (run.first != from) [[unlikely]] {
            const offset_t there = log_->contiguous(run.first);
            run.count = run.count < there ? run.count : there;
        }
        if constexpr (Topic::durable) {
            if (options_->isolation == isolation::durable) [[unlikely]] {
                keep_lasting(run);
            }
        }
        if constexpr (Topic::layout::takes) {
            while (run.count != 0 && log_->slot(run.first)->taken) {
                ++run.first;
                --run.count;
            }
            offset_t kept = 0;
            while (kept != run.count && !log_->slot(run.first + kept)->taken) {
                ++kept;
            }
            run.count = kept;
        }
        return run;
    }

    /// Leaves of a run what is lasting.
    void keep_lasting(run_type& run) const noexcept
    {
        const offset_t end = log_->durable_offset();
        if (run.first >= end) {
            run = {position_, 0};
        } else {
            run.count = (std::min<offset_t>)(run.count, end - run.first);
        }
    }

    /// Passes over what nobody is given. Where all before it was committed, it counts as committed
    /// too: otherwise producers could wait for a reader that waits for them.
    /// True when there was anything to pass over.
    bool skip_to(offset_t first) noexcept
    {
        if (first == position_) [[likely]] {
            return false;
        }
        if (held_from_ == position_) {
            held_from_ = first;
            cursor_.move(first, ring::flags_in(cursor_.at->get()));
            unusual_ |= freed;
        }
        position_ = first;
        return true;
    }

    [[nodiscard]] bool beyond_end() const noexcept { return position_ > log_->end_offset(); }

    /// The position is out of range: goes where the options say.
    GREGOR_COLD sighting reset(run_type& run)
    {
        const offset_t to = reset_offset<Topic>(*time_, *log_, *lease_, *options_);
        unusual_ |= freed; // producers may have seen the lease of a look for a time
        if (to == no_such_offset) {
            return sighting::out_of_range;
        }
        miss(to > position_ ? to - position_ : 0);
        position_ = to;
        unusual_ &= ~passed_over;
        unusual_ |= (position_ > held_from_ ? passed_over : 0U) | another_life_there();
        return look_closely(run);
    }

    partition_id id_;
    log_type* log_;
    kept_cursor<log_type> cursor_; // the committed offset: the group's, or the consumer's own
    owned_place lease_;            // of the batch in hand
    typename log_type::sight sight_ = {};
    offset_t position_ = 0;    // the next to return
    offset_t held_from_ = 0;   // where the cursor is: lossless, it keeps everything from here on
    std::uint64_t missed_ = 0; // not yet told
    unsigned unusual_;         // one word, so that who is as usual asks once
    std::size_t most_;
    const clock* time_;
    const consumer_terms* options_;
};

} // namespace gregor::inline GREGOR_ABI
