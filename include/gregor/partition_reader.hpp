// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/group/returned.hpp"
#include "gregor/group/rotation.hpp"
#include "gregor/group/starting_point.hpp"
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
    partition_reader(partition_id p, log_type& log, owned_place cursor, owned_place lease,
                     const clock& time, const consumer_options& options,
                     std::optional<offset_t> resume)
        : id_(p), log_(&log), cursor_(std::move(cursor)), lease_(std::move(lease)),
          lossy_(options.lossy), most_(options.max_poll_records), time_(&time), options_(&options)
    {
        const starting_point start = start_reader(log, *cursor_, lossy_, resume, [this] {
            return reset_offset<Topic>(*time_, *log_, *lease_, *options_);
        });
        position_ = start.position;
        held_from_ = start.position;
        missed_ = start.missed;
        placed_ = start.valid;
        if (lossy_) {
            log.protocol().room().expect_light_readers();
            if ((ring::flags_in(cursor_->get()) & place::committed) == 0 && placed_) {
                cursor_->set(position_, 0); // for the others: there is nothing to commit before it
            }
            held_from_ = cursor_->sequence();
        }
    }

    [[nodiscard]] partition_id id() const noexcept { return id_; }
    [[nodiscard]] offset_t position() const noexcept { return position_; }
    /// For others to look at while the consumer is in none of its calls; where there is one.
    [[nodiscard]] const offset_t* position_place() const noexcept
    {
        return placed_ ? &position_ : nullptr;
    }
    /// It has a place that the cursor does not know.
    [[nodiscard]] std::optional<offset_t> resume() const noexcept
    {
        return placed_ && lossy_ ? std::optional<offset_t>{position_} : std::nullopt;
    }
    [[nodiscard]] log_type& log() const noexcept { return *log_; }
    [[nodiscard]] place& cursor() const noexcept { return *cursor_; }
    [[nodiscard]] place& lease() const noexcept { return *lease_; }
    /// It does nothing after that but go.
    [[nodiscard]] owned_place hand_over_lease() noexcept { return std::move(lease_); }

    /// Nothing will come any more.
    [[nodiscard]] bool finished() const noexcept { return log_->protocol().finished(position_); }

    /// Looks for a run of records, and leases it.
    sighting look(run_type& run)
    {
        if (!placed_) [[unlikely]] {
            return sighting::out_of_range;
        }
        if (lossy_ || position_ < held_from_) [[unlikely]] {
            return look_unprotected(run);
        }
        do {
            run = available();
            if (run.count != 0) [[likely]] {
                // stored before anything after it is committed: the protection moves to the lease
                lease_->set(run.first, place::holds);
                return sighting::run;
            }
        } while (skip_to(run.first));
        return beyond_end() ? reset(run) : sighting::nothing;
    }

    /// Whether a look would come to anything: a run, or another position. Changes nothing.
    [[nodiscard]] bool would_move()
    {
        if (!placed_ || position_ < log_->begin_offset()) [[unlikely]] {
            return true;
        }
        const run_type run = available();
        return run.count != 0 || run.first != position_ || beyond_end();
    }

    /// Looks once more, for what has come since the last look.
    sighting look_again(run_type& run)
    {
        sight_ = {};
        return look(run);
    }
    /// A producer may have seen the lease, and sleep because of it.
    void withdraw_lease() noexcept
    {
        lease_->set(0, 0);
        freed_ = true;
    }
    /// Whether it pays no more to wait until a look finds so many: it would, or no more can come
    /// into its run. Takes no lease, so it is a guess.
    [[nodiscard]] bool has(offset_t enough) const noexcept
    {
        if (!placed_) {
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
               (lossy_ && log_->end_offset() - position_ >= capacity - capacity / 8);
    }

    /// What a commit of all that was returned, or passed over by a seek or a reset, comes to:
    /// nothing where the user has sought what is not there, since a look will still move it.
    [[nodiscard]] std::optional<offset_t> committable() const noexcept
    {
        const bool there = !sought_ || (position_ >= log_->begin_offset() && !beyond_end());
        return there ? std::optional<offset_t>{position_} : std::nullopt;
    }

    /// The run was given to the user; says how many offsets before it were lost.
    std::uint64_t advance(const run_type& run) noexcept
    {
        position_ = run.first + run.count;
        sought_ = false;
        const std::uint64_t lost = missed_;
        missed_ = 0;
        return lost;
    }

    /// True once after a seek, or its options, moved it beyond what was committed: what it passed
    /// over is to be committed as if it had been returned.
    [[nodiscard]] bool take_passed_over() noexcept
    {
        const bool has = passed_over_;
        passed_over_ = false;
        return has;
    }

    /// True once after something moved that held producers back, but by no commit: they want to
    /// know. So it is after the options said where to go.
    [[nodiscard]] bool take_freed() noexcept
    {
        const bool was = freed_;
        freed_ = false;
        return was;
    }

    /// Moves the committed offset: forward, or, when the user says so, back.
    void commit(offset_t next) noexcept
    {
        if (lossy_) {
            cursor_->set(next, place::committed);
            held_from_ = next;
        } else if (next >= held_from_ && placed_) [[likely]] {
            cursor_->set(next, place::committed | place::holds);
            held_from_ = next;
        } else {
            held_from_ = hold_from(*log_, *cursor_, next, place::committed);
        }
    }

    void seek(offset_t to) noexcept
    {
        if (!placed_ && !lossy_) {
            // it had no offset, so nothing has been held for it yet
            held_from_ = hold_from(*log_, *cursor_, to, 0);
            freed_ = true; // it may have stood lower for a moment
        }
        position_ = to;
        placed_ = true;
        sought_ = true;
        passed_over_ = position_ > held_from_;
        missed_ = 0;
    }

    typename rotation<partition_reader>::seat seat;          // when it is asked
    typename returned_list<partition_reader>::mark returned; // and not committed
    offset_note note; // of its own cursor; a group has its own

private:
    /// The records may be overwritten while they are looked at: lease first, then see what is left.
    GREGOR_NOINLINE sighting look_unprotected(run_type& run)
    {
        for (;;) {
            if (position_ < log_->begin_offset()) {
                return reset(run);
            }
            run = available();
            if (run.count == 0) {
                if (skip_to(run.first) || position_ < log_->begin_offset()) {
                    continue;
                }
                return beyond_end() ? reset(run) : sighting::nothing;
            }
            lease_->set(position_, place::holds);
            if (lossy_) {
                env::light(); // the extension of the room fences heavily
            } else {
                env::heavy();
            }
            if (position_ >= log_->begin_offset()) {
                break;
            }
            withdraw_lease();
        }
        do {
            run = available();
            if (run.count != 0) {
                lease_->set(run.first, place::holds);
                return sighting::run;
            }
        } while (skip_to(run.first));
        withdraw_lease();
        return sighting::nothing;
    }

    /// The next run that lies side by side in the log, and has nothing in it that is not to be
    /// returned.
    [[nodiscard]] run_type available()
    {
        run_type run = log_->protocol().available(sight_, position_,
                                                  (std::min)(most_, log_->contiguous(position_)));
        if (run.first != position_) [[unlikely]] {
            run.count = (std::min<offset_t>)(run.count, log_->contiguous(run.first));
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
            cursor_->set(first, ring::flags_in(cursor_->get()));
            freed_ = true;
        }
        position_ = first;
        return true;
    }

    [[nodiscard]] bool beyond_end() const noexcept { return position_ > log_->end_offset(); }

    /// The position is out of range: goes where the options say.
    GREGOR_COLD sighting reset(run_type& run)
    {
        const std::optional<offset_t> to = reset_offset<Topic>(*time_, *log_, *lease_, *options_);
        freed_ = true; // producers may have seen the lease of a look for a time
        if (!to) {
            return sighting::out_of_range;
        }
        missed_ += *to > position_ ? *to - position_ : 0;
        position_ = *to;
        passed_over_ = position_ > held_from_;
        return look(run);
    }

    partition_id id_;
    log_type* log_;
    owned_place cursor_; // the committed offset: the group's, or the consumer's own
    owned_place lease_;  // of the batch in hand
    typename log_type::sight sight_ = {};
    offset_t position_ = 0;    // the next to return
    offset_t held_from_ = 0;   // where the cursor is: lossless, it keeps everything from here on
    std::uint64_t missed_ = 0; // not yet told
    bool placed_ = true;       // there is a position
    bool freed_ = false;
    bool passed_over_ = false;
    bool sought_ = false;
    bool lossy_;
    std::size_t most_;
    const clock* time_;
    const consumer_options* options_;
};

} // namespace gregor::inline GREGOR_ABI
