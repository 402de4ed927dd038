// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a look at one partition came to.
enum class sighting : std::uint8_t {
    nothing,      ///< no record yet
    run,          ///< a run of records, leased
    out_of_range, ///< the position has no record, and the options do not say where to go
    corrupt,      ///< what stands there is not what was written
    unclear,      ///< a closer look is needed
};

/// Whose turn it is among a consumer's partitions: a poll costs what those with records cost, not
/// what all that are assigned would.
///
/// Who had records lately is *active*; the others *rest*, or are paused. A turn asks one of those
/// that rest, the next one each time, so that nobody waits for longer than there are partitions
/// (or twice as long, while turns are over soon: every second one does); then the active ones,
/// from the one after the last that had something; and, where these have nothing, all that rest.
/// So a turn in vain has asked everybody: who sleeps after it misses nothing.
///
/// A `Reader` has a `seat`, which is the rotation's.
///
/// Threads   the consumer's
/// Cost      no allocation; a turn with one active partition: one look, and one at one that rests
///           or, while turns have few records, half of one
template <class Reader>
class rotation {
public:
    /// A reader's part of it.
    struct seat {
        enum class standing : std::uint8_t { resting, active, paused };

        Reader* next = nullptr; // the active ones, in a ring
        std::uint32_t in_vain = 0;
        standing is = standing::resting;
    };

    /// How a turn ended, and with whom.
    struct outcome {
        Reader* who = nullptr;
        sighting what = sighting::nothing;
    };

    /// Who is asked first in a turn: one that rests, or, where that was done, the next active one;
    /// or, where that one had nothing, the others.
    enum class beginning : std::uint8_t { one_that_rests, next, others };

    /// One turn, or the rest of it. `ask(reader, answer)` says what it has; all but `nothing` ends
    /// the turn.
    template <class All, class Ask, class Answer>
    outcome turn(const All& all, Ask ask, Answer& answer,
                 beginning from = beginning::one_that_rests)
    {
        if (from != beginning::others) {
            if (from == beginning::one_that_rests && resting_ != 0) {
                const outcome one = ask_one_that_rests(all, ask, answer);
                if (one.who != nullptr) [[unlikely]] {
                    return one;
                }
            }
            if (last_ != nullptr) [[likely]] {
                Reader& next = *last_->seat.next;
                const sighting what = ask(next, answer);
                if (what != sighting::nothing) [[likely]] {
                    return had(next, what);
                }
            }
        }
        if (active_ == 1 && resting_ == 0) [[likely]] {
            return {};
        }
        return ask_all_others(all, ask, answer);
    }

    // --- a turn in steps, for who wants to have them in registers -------------------------------

    /// A turn may be had in steps: not after any change, until a whole one has ended with one that
    /// is active.
    [[nodiscard]] bool may_step() const noexcept { return straight_; }
    /// A whole turn comes first.
    void expect_change() noexcept { straight_ = false; }
    /// Before `next` is asked, one that rests is, by `ask_one_that_rests`. Where all of them were
    /// asked in vain, and the last turn had so few records that asking is much of what it costs,
    /// that is in every second turn.
    [[nodiscard]] bool one_that_rests_is_due(std::uint64_t had_last) noexcept
    {
        if (resting_ == 0) [[likely]] {
            return false;
        }
        passed_over_ = !passed_over_ && had_last < few && rest_in_vain_ > resting_ + active_;
        return !passed_over_;
    }
    /// Who of the active ones is asked first.
    [[nodiscard]] Reader& next() const noexcept { return *last_->seat.next; }
    /// It had something.
    void next_had(Reader& next) noexcept
    {
        next.seat.in_vain = 0;
        last_ = &next;
    }

    template <class All, class Ask, class Answer>
    outcome ask_one_that_rests(const All& all, Ask ask, Answer& answer)
    {
        Reader& one = *all[step(all.size())];
        ++rest_in_vain_;
        if (one.seat.is == standing::resting) {
            if (const sighting what = ask(one, answer); what != sighting::nothing) [[unlikely]] {
                return ended(one, what);
            }
        }
        return {};
    }

    // --- who there is ----------------------------------------------------------------------------

    /// One that rests, or is paused still.
    void enter(Reader& reader) noexcept
    {
        if (reader.seat.is != standing::paused) {
            reader.seat = {};
            ++resting_;
            expect_change();
        }
    }

    /// As before anybody entered: who stays enters anew.
    void restart() noexcept { *this = {}; }

    /// Leaves it out, or lets it take part again.
    void pause(Reader& reader) noexcept
    {
        if (reader.seat.is == standing::paused) {
            return;
        }
        if (reader.seat.is == standing::active) {
            Reader* before = last_;
            while (before->seat.next != &reader) {
                before = before->seat.next;
            }
            rest_after(*before);
        }
        --resting_;
        reader.seat.is = standing::paused;
        expect_change();
    }
    void resume(Reader& reader) noexcept
    {
        if (reader.seat.is == standing::paused) {
            reader.seat.is = standing::resting;
            enter(reader);
        }
    }
    [[nodiscard]] static bool paused(const Reader& reader) noexcept
    {
        return reader.seat.is == standing::paused;
    }

    /// How many had records lately.
    [[nodiscard]] std::size_t active() const noexcept { return active_; }

private:
    using standing = typename seat::standing;

    static constexpr std::uint64_t few = 32;

    /// So many looks in vain, one after the other, while others may have had records.
    static constexpr std::uint32_t patience = 16;

    [[nodiscard]] std::size_t step(std::size_t count) noexcept
    {
        const std::size_t at = next_ < count ? next_ : 0;
        next_ = at + 1;
        return at;
    }

    void in_vain(Reader& one) noexcept
    {
        if (active_ == 1 || ++one.seat.in_vain < patience) {
            last_ = &one; // the last one stays: it is as good as any
        } else {
            rest_after(*last_);
        }
    }

    GREGOR_NOINLINE void rest_after(Reader& before) noexcept
    {
        Reader& one = *before.seat.next;
        before.seat.next = one.seat.next;
        if (last_ == &one) {
            last_ = &before;
        }
        one.seat = {};
        ++resting_;
        if (--active_ == 0) {
            last_ = nullptr;
            expect_change();
        }
    }

    template <class All, class Ask, class Answer>
    GREGOR_NOINLINE outcome ask_all_others(const All& all, Ask ask, Answer& answer)
    {
        for (std::size_t left = active_; left != 0;) {
            in_vain(*last_->seat.next);
            if (--left != 0) {
                Reader& next = *last_->seat.next;
                if (const sighting what = ask(next, answer); what != sighting::nothing) {
                    return had(next, what);
                }
            }
        }
        for (std::size_t left = resting_ != 0 ? all.size() : 0; left != 0; --left) {
            const outcome one = ask_one_that_rests(all, ask, answer);
            if (one.who != nullptr) {
                return one;
            }
        }
        return {};
    }

    outcome had(Reader& active, sighting what) noexcept
    {
        next_had(active);
        straight_ = true;
        return {&active, what};
    }

    /// One that rests has something to say; with records it is active, and comes last.
    outcome ended(Reader& one, sighting what) noexcept
    {
        rest_in_vain_ = 0;
        if (what == sighting::run) {
            one.seat.is = standing::active;
            one.seat.in_vain = 0;
            one.seat.next = last_ != nullptr ? last_->seat.next : &one;
            if (last_ != nullptr) {
                last_->seat.next = &one;
            }
            last_ = &one;
            ++active_;
            --resting_;
            straight_ = true;
        }
        return {&one, what};
    }

    Reader* last_ = nullptr;       // the last active one that was asked
    std::size_t active_ = 0;       // in the ring
    std::size_t resting_ = 0;      // neither active nor paused
    std::size_t next_ = 0;         // of all: which one to look at next
    std::size_t rest_in_vain_ = 0; // asked, since one of them had something
    bool straight_ = false;    // the last turn ended with an active one, and all is as it was then
    bool passed_over_ = false; // the last turn asked none that rests
};

} // namespace gregor::inline GREGOR_ABI
