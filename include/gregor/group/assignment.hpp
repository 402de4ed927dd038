// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/short_list.hpp"
#include "gregor/base/types.hpp"
#include "gregor/group/membership.hpp"
#include "gregor/group/reader_list.hpp"
#include "gregor/group/rebalance_listener.hpp"
#include "gregor/group/returned.hpp"
#include "gregor/log/group_state.hpp"
#include "gregor/options.hpp"
#include "gregor/partition_reader.hpp"

namespace gregor::inline GREGOR_ABI {

/// The partitions that a consumer reads: how they come and go, and what of them is to be committed.
///
/// A member of a group gives what it is to give as soon as it is in one of its calls, after it has
/// committed what it returned and its listener was told; and takes what is free.
///
/// Threads   the consumer's
template <class Topic>
class assignment {
public:
    using state_type = typename Topic::state_type;
    using reader = partition_reader<Topic>;
    using place = typename reader::place;
    using group_type = typename state_type::group_type;
    using inside = typename membership<Topic>::inside;
    using owned_place = typename reader::owned_place;

    assignment(state_type& state, const consumer_terms& options) : state_(state), options_(options)
    {
    }
    assignment(const assignment&) = delete;
    assignment& operator=(const assignment&) = delete;
    ~assignment()
    {
        const std::lock_guard lock{state_.mutex};
        drop_all();
        in_hand_ = {};
    }

    /// Reads these from now on, and none of those that it read before; where memory is short it
    /// throws, and reads on as before. Without a group.
    void read(const needed_by<std::vector<partition_id>, Topic>& wanted)
    {
        // what was given up holds nobody back any more, even what was given up for want of memory
        struct wake_producers {
            state_type& state;
            ~wake_producers() { state.room_made.notify(); }
        } const at_the_end{state_};
        const std::lock_guard lock{state_.mutex};
        reader_list<reader> fresh;
        fresh.reserve(wanted.size());
        for (const partition_id p : wanted) {
            constexpr std::string_view label = "(no group)";
            auto& log = state_.at(p).log;
            auto& gate = log.protocol().gate();
            fresh.append(new reader(p, log, gate.own(gate.cursor(label)), {},
                                    gate.own(gate.lease(label)), state_.time, options_, {}));
        }
        drop_all();
        in_hand_ = {};
        readers_.swap(fresh);
    }

    /// Becomes a member of the group, and takes what is free. Under the topic's mutex; the caller
    /// wakes both sides.
    void join(group_type& group)
    {
        member_.join(state_, group, options_);
        const inside now{member_};
#if GREGOR_EXCEPTIONS
        try {
            take_what_is_free();
        } catch (...) {
            member_.leave();
            drop_all();
            member_.forget();
            throw;
        }
#else
        take_what_is_free();
#endif
        group.joined = true;
        in_hand_ = {};
        if ((!readers_.all().empty() && options_.listener != nullptr) || group.stale) {
            unfinished_ = true; // it is told, or shares out, in the first poll
        } else {
            member_.acknowledge();
        }
    }

    [[nodiscard]] membership<Topic>& member() noexcept { return member_; }
    [[nodiscard]] bool has_group() const noexcept { return static_cast<bool>(member_); }
    [[nodiscard]] reader_list<reader>& readers() noexcept { return readers_; }
    [[nodiscard]] const reader_list<reader>& readers() const noexcept { return readers_; }

    // --- what was returned, and not committed ----------------------------------------------------

    void touch(reader& r) noexcept { returned_.add(r); }
    [[nodiscard]] bool has_returned() const noexcept { return !returned_.empty(); }

    GREGOR_NOINLINE void commit_returned() noexcept
    {
        while (!returned_.empty()) {
            if (reader& r = returned_.take(); r.committable()) {
                commit(r, r.position());
            }
        }
    }
    /// The same before a look at this one, which is as usual. If it was all, it stays listed, for
    /// mostly more of it is returned at once: else `forget_committed` follows.
    GREGOR_INLINE void commit_returned(reader& next, offset_t position) noexcept
    {
        if (returned_.is_just(next)) [[likely]] {
            next.hold_committed(position);
            tell_of_commit(next, position);
        } else if (!returned_.empty()) [[unlikely]] {
            commit_returned();
        }
    }
    void forget_committed(const reader& r) noexcept { returned_.remove_first(r); }
    void commit(reader& r, offset_t next) noexcept
    {
        r.commit(next);
        tell_of_commit(r, next);
    }

    /// What goes with a committed offset. Takes the topic's mutex.
    void write_note(reader& r, offset_note& note) noexcept
    {
        const std::lock_guard lock{state_.mutex};
        if (has_group()) {
            member_.share(r.id()).kept.write_note(note.of, note.text);
        }
        std::swap(note_of(r), note);
    }
    [[nodiscard]] std::string note(reader& r)
    {
        const std::lock_guard lock{state_.mutex};
        const auto word = r.cursor().get();
        if (member_.has_left() || (ring::flags_in(word) & place::committed) == 0 ||
            ring::sequence_in<offset_t>(word) != note_of(r).of) {
            return {};
        }
        return std::string{note_of(r).text};
    }

    // --- the group's changes, while inside -------------------------------------------------------

    /// There is something that `follow` has to do.
    [[nodiscard]] bool has_news() const noexcept { return member_.has_news() || unfinished_; }

    /// Whether the member, or its partition, is still what it was when it last looked.
    [[nodiscard]] commit_status standing() const { return member_.standing(state_.mutex); }
    [[nodiscard]] commit_status standing(partition_id p) const
    {
        return member_.standing(state_.mutex, &p);
    }

    /// What was committed by hand lies idle, and may be somebody else's by now: it is not to be
    /// committed again. Before `commit_returned`, while inside, where there is news.
    void leave_out_what_was_taken() noexcept
    {
        const std::lock_guard lock{state_.mutex};
        returned_.remove_if(is_not_owned{&member_});
    }

    /// Gives, takes, and tells the listener; true when the member was fenced meanwhile: then it has
    /// lost everything, and takes part again. Throws what the listener or the assignor throws,
    /// after everything is done, and std::bad_alloc.
    GREGOR_COLD bool follow()
    {
        unfinished_ = true; // until the end is reached
        readers_.turns().expect_change();
        bool fenced = false;
        bool gives = false;
        {
            const std::lock_guard lock{state_.mutex};
            fenced = member_.fenced();
            if (fenced) {
                member_.give_back_all();
                if (!readers_.all().empty()) { // else it could not rejoin the last time
                    list(true);
                }
                drop_all();
                member_.rejoin(state_, options_);
            } else {
                member_.settle();
                member_.acknowledge(); // of what this member has just said itself
                drop_if(is_not_owned{&member_});
                for (reader* const each : readers_.all()) {
                    each->going = !member_.keeps(each->id());
                    gives = gives || each->going;
                }
            }
        }
        if (fenced) {
            tell(rebalance_news::lost);
        } else if (gives) {
            give();
        }
        {
            const std::lock_guard lock{state_.mutex};
            take_what_is_free();
        }
        wake_all();
        list(false);
        tell(rebalance_news::assigned);
        unfinished_ = false;
        tell(rebalance_news::all_told);
        return fenced;
    }

    /// Leaves the group, or gives up what it read without one. `commit` also what was returned.
    void leave(bool commit)
    {
        readers_.turns().expect_change();
        {
            const inside now{member_};
            const bool fenced = member_ && has_lost_all();
            if (commit && !fenced) {
                commit_returned();
            }
            list(true); // none without a group
            tell(fenced ? rebalance_news::lost : rebalance_news::revoked);
            const std::lock_guard lock{state_.mutex};
            for (const reader* const each : readers_.all()) {
                if (!member_) {
                    each->cursor().set(0, 0);
                } else if (member_.owns(each->id())) {
                    member_.share(each->id()).resume = each->resume();
                }
            }
            if (member_) {
                member_.leave();
            }
        }
        wake_all();
        tell(rebalance_news::all_told);
    }

    /// After `leave`: as before anything was read. `in_hand` is the lease of a batch that lives on,
    /// if there is one: it is kept until something else is read.
    void forget(const place* in_hand) noexcept
    {
        const std::lock_guard lock{state_.mutex};
        for (reader* const each : readers_.all()) {
            if (&each->lease() == in_hand) {
                in_hand_ = each->hand_over_lease();
            }
        }
        drop_all();
        member_.forget();
        listed_.clear();
        unfinished_ = false;
    }

    /// The partitions that it reads, in order.
    [[nodiscard]] needed_by<std::vector<partition_id>, Topic> partitions() const
    {
        const bool all = member_.has_left() || !member_.has_news();
        needed_by<std::vector<partition_id>, Topic> mine;
        const std::lock_guard lock{state_.mutex};
        for (const reader* const each : readers_.all()) {
            if (all || member_.owns(each->id())) {
                mine.push_back(each->id());
            }
        }
        return mine;
    }

private:
    GREGOR_INLINE void tell_of_commit(reader& r, offset_t committed) noexcept
    {
        // Either these looks see that the topic is closed, and who sleeps, or he fenced heavily
        // before his last look, and sees the commit.
        reader::env::light();
        if (r.log().protocol().finished(committed)) [[unlikely]] {
            state_.records_arrived.notify(); // other members may wait for the end of them all
        }
        state_.room_made.notify_fenced();
    }

    [[nodiscard]] offset_note& note_of(reader& r) const
    {
        return has_group() ? member_.share(r.id()).note : r.note;
    }

    /// On the way out: whether it was fenced; if not, what it has is its own from here on.
    [[nodiscard]] bool has_lost_all() noexcept
    {
        const std::lock_guard lock{state_.mutex};
        const bool fenced = member_.fenced();
        if (fenced) {
            member_.give_back_all(); // news for ever: its listener commits nothing
        } else {
            member_.acknowledge();
            drop_if(is_not_owned{&member_});
        }
        return fenced;
    }

    /// Lists those that the listener knows of, or does not; each once. There is room.
    void list(bool known, bool only_going = false) noexcept
    {
        listed_.clear();
        for (reader* const each : readers_.all()) {
            if (each->known == known && (each->going || !only_going)) {
                each->known = !known;
                listed_.push_back(each->id());
            }
        }
    }
    /// The listener, of what is listed.
    void tell(rebalance_news what)
    {
        if (options_.listener != nullptr) {
            options_.listener->call_for_group(what, thrown_, listed_);
        }
    }

    /// Gives partitions that somebody else is to read: they are committed as far as they were
    /// returned, as far as auto-commit goes; the listener may commit more.
    void give()
    {
        if (options_.auto_commit) {
            commit_returned();
        }
        list(true, true);
        tell(rebalance_news::revoked);
        const std::lock_guard lock{state_.mutex};
        for (const reader* const each : readers_.all()) {
            if (each->going) {
                // the target may have changed its mind meanwhile: it is taken back like any other
                member_.share(each->id()).give_back(each->resume());
            }
        }
        drop_if(is_not_owned{&member_});
        member_.tell_targets();
    }

    /// Nothing is left of the one that cannot be taken when it throws.
    void take_what_is_free()
    {
        group_type& group = member_.group();
        ++group.rounds;
        const std::size_t count = group.shares.size();
        for (std::uint32_t p = 0; p != count; ++p) {
            auto& share = group.shares[p];
            if (member_.may_take(share)) {
                readers_.reserve(1);
                listed_.reserve(readers_.all().size() + 1);
                auto& log = state_.at({p}).log;
                auto& gate = log.protocol().gate();
                auto* const made = new reader({p}, log, owned_place{share.cursor.get()}, share.kept,
                                              gate.own(gate.lease(group.name)), state_.time,
                                              options_, {member_.left_at(share), share.loss()});
                readers_.insert(made);
                member_.take(share, *made);
            }
        }
    }

    /// Under the mutex: those of somebody else, or, without a member, all.
    struct is_not_owned {
        const membership<Topic>* by = nullptr;

        bool operator()(const reader& r) const noexcept
        {
            return by == nullptr || !by->owns(r.id());
        }
    };
    /// Under the mutex.
    void drop_if(is_not_owned which) noexcept
    {
        returned_.remove_if(which); // what is dropped is not committed any more
        readers_.remove_if(which);
    }
    void drop_all() noexcept { drop_if({}); }

    void wake_all() noexcept
    {
        state_.records_arrived.notify(); // the members that something was given to
        state_.room_made.notify();       // a cursor may have stood lower for a moment
    }

    state_type& state_;
    const consumer_terms& options_;
    membership<Topic> member_;
    reader_list<reader> readers_;
    short_list<partition_id> listed_; // for the listener, with room for all
    std::exception_ptr thrown_;       // what it threw first
    returned_list<reader> returned_;
    owned_place in_hand_; // the lease of a batch that outlives its reader
    bool unfinished_ = false;
};

} // namespace gregor::inline GREGOR_ABI
