// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/group/assignors.hpp"
#include "gregor/log/group_state.hpp"
#include "gregor/options.hpp"
#include "gregor/refusal.hpp"
#include "gregor/ring/env.hpp"
#include "gregor/ring/sequence.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

// --- membership: all of it under the topic's mutex ----------------------------------------------

/// Something has changed that all members may have to act upon. The caller wakes them.
template <class Group>
void order_all(const Group& group) noexcept
{
    for (auto* each = group.members.first(); each != nullptr; each = each->next) {
        each->order();
    }
}

/// A group, as an assignor that was named sees it.
template <class Group>
struct group_to_share_out {
    using member = typename Group::member;

    static sharing_out::member member_after(const void* group, const void* before)
    {
        const member* const one = before == nullptr
                                      ? static_cast<const Group*>(group)->members.first()
                                      : static_cast<const member*>(before)->next;
        return {one, one->id, one->instance_id};
    }
    static const void* owner_of(const void* group, std::size_t p)
    {
        return static_cast<const Group*>(group)->shares[p].owner;
    }
    static void give(void* group, std::size_t p, const void* to)
    {
        static_cast<Group*>(group)->shares[p].target = static_cast<const member*>(to);
    }
};

/// Says who is to read what from now on. Nothing moves by that alone: each member gives and takes
/// by itself. Throws what an assignor throws, and std::bad_alloc where one was named, and then has
/// changed nothing.
template <class Group>
void rebalance(Group& group)
{
    if (group.members.empty()) {
        // nobody to give anything
    } else if (group.assign) {
        using as_named = group_to_share_out<Group>;
        group.assign.deal({&group, group.shares.size(), group.members.size(),
                           &as_named::member_after, &as_named::owner_of, &as_named::give});
    } else {
        assignors::deal_sticky(group.members.first(), group.members.size(), group.shares);
    }
    ++group.generation;
    group.stale = false;
    order_all(group);
}

/// As `rebalance`; where that cannot be done, whoever polls next does it.
template <class Group>
void rebalance_or_leave_it(Group& group) noexcept
{
    group.stale = true;
#if GREGOR_EXCEPTIONS
    try {
        rebalance(group);
    } catch (...) {
        order_all(group);
    }
#else
    rebalance(group);
#endif
}

/// Whether the partition can be taken from its owner this instant: it is in none of its calls, has
/// nothing in hand that is not committed, and did not ask to be told first. In a round of looks,
/// through which the mutex is held.
template <class Group>
[[nodiscard]] bool lies_idle(const Group& group, const typename Group::share& share) noexcept
{
    typename Group::member* const owner = share.owner;
    if (owner == nullptr) {
        return true;
    }
    if (owner->fenced || owner->listens || share.position == nullptr ||
        !owner->is_outside(group.rounds)) {
        return false;
    }
    return !share.lease->holding() && *share.position == share.cursor->sequence();
}

/// Nobody is left, and nobody said that the group is to hold producers back without members: it
/// holds nobody back; its committed offsets are kept.
template <class Group>
void rest(Group& group) noexcept
{
    if (group.declared || !group.members.empty()) {
        return;
    }
    for (std::size_t p = group.shares.size(); p-- != 0;) {
        auto& share = group.shares[p];
        const auto word = share.cursor->get();
        share.move(ring::sequence_in<offset_t>(word),
                   ring::flags_in(word) & Group::place::committed);
        share.resume = no_such_offset;
    }
}

/// Takes the member out of the group; what it owned is free. It is in none of its calls. Nobody may
/// hold it after that.
template <class Group>
void take_out(Group& group, typename Group::member& member) noexcept
{
    for (std::size_t p = group.shares.size(); p-- != 0;) {
        auto& share = group.shares[p];
        if (share.owner == &member) {
            share.give_back(share.resume); // where it left the group, if it did
        }
        if (share.target == &member) {
            share.target = nullptr;
        }
    }
    member.fenced = true;
    group.members.remove(member);
}

/// What a member held in one of its calls when it was fenced is free when it is out of that,
/// whether or not it ever calls again; that of `done` is, since it says so. True if there was any.
template <class Group>
bool take_from_fenced(Group& group, const typename Group::member* done = nullptr) noexcept
{
    bool any = false;
    for (std::size_t p = group.shares.size(); p-- != 0;) {
        auto& share = group.shares[p];
        auto* const owner = share.owner;
        if (owner != nullptr && owner->fenced &&
            (owner == done || owner->order_and_see_outside())) {
            share.give_back(no_such_offset);
            any = true;
        }
    }
    if (any) {
        order_all(group);
    }
    return any;
}

/// Takes out who has been away for longer than it may; true if anybody was. Whoever polls next says
/// who is to read what instead. A group whose members were all away goes on holding producers back.
template <class Group>
bool fence_absent(Group& group, std::chrono::nanoseconds now) noexcept
{
    bool any = take_from_fenced(group);
    for (auto* next = group.members.first(); next != nullptr;) {
        auto& member = *next;
        next = member.next;
        // who is away may still be asked for something, and says that it is closed
        const bool away = member.away;
        const std::uint64_t activity = away ? 0 : member.activity();
        if (activity % 2 != 0 || activity != member.seen_activity) {
            member.seen_activity = activity;
            member.seen_at = now;
        } else if (now.count() - member.seen_at.count() >= member.max_poll_interval.count() &&
                   member.order_and_see_outside()) {
            take_out(group, member);
            if (away) {
                rest(group); // it did leave
            } else {
                ++group.fenced;
            }
            any = true;
        }
    }
    if (any) {
        group.stale = true;
        order_all(group);
    }
    return any;
}

/// Finds the group of this name, made if need be; or says why it cannot be joined.
template <class Topic>
objection find_group(typename Topic::state_type& state, std::string_view name, bool lossy,
                     typename Topic::state_type::group_type*& found)
{
    for (auto* group = state.groups.first(); group != nullptr; group = group->next) {
        if (!same_text(group->name, name)) {
            if constexpr (Topic::layout::takes) {
                return refusal::second_group(state.name, name, group->name);
            }
            continue;
        }
        if (group->lossy != lossy) {
            return refusal::other_loss(state.name, name, group->lossy);
        }
        found = group;
        return {};
    }
    return state.make_group(name, lossy, found);
}

/// Takes the place of one that has the same instance id; that one, if it is still there, is fenced,
/// and nobody else is bothered.
template <class Group>
void replace(Group& group, typename Group::member& old, typename Group::member& by) noexcept
{
    const bool gone = old.away || old.order_and_see_outside();
    group.fenced += old.away ? 0 : 1;
    old.fenced = true;
    bool others = false;
    for (std::size_t p = group.shares.size(); p-- != 0;) {
        auto& share = group.shares[p];
        if (share.owner == &old && gone) {
            share.give_back(share.resume);
        }
        if (share.target == &old) {
            share.target = &by;
        } else if (share.owner == nullptr) {
            others = true; // it was somebody else's to be, who came meanwhile
        }
    }
    group.members.remove(old);
    group.members.add(by);
    if (group.stale) {
        rebalance_or_leave_it(group); // partitions came, or members went, meanwhile
    } else if (others) {
        order_all(group);
    }
}

/// A new member of the group, for who lets go of it. One that comes back under the instance id of
/// another finds its partitions.
template <class Group>
typename Group::member* join_group(Group& group, const consumer_terms& options,
                                   std::chrono::nanoseconds now)
{
    auto* const made = new typename Group::member{group.members_ever, options};
    made->seen_at = now;
    if (group.members.empty()) {
        group.assign = options.assign;
    }
    auto* old = group.members.first();
    while (old != nullptr &&
           (old->instance_id.empty() || !same_text(old->instance_id, made->instance_id))) {
        old = old->next;
    }
    if (old != nullptr) {
        replace(group, *old, *made);
    } else {
        group.members.add(*made);
#if GREGOR_EXCEPTIONS
        try {
            rebalance(group);
        } catch (...) {
            group.members.remove(*made);
            throw;
        }
#else
        rebalance(group);
#endif
    }
    ++group.members_ever;
    made->holders.add();
    return made;
}

/// The member goes, and has given back what it had; a static one only says that it is away.
template <class Group>
void leave_group(Group& group, typename Group::member& member) noexcept
{
    if (member.fenced) {
        take_from_fenced(group, &member); // it may have been fenced while it was leaving
        return;
    }
    if (!member.instance_id.empty()) {
        member.away = true;
        for (std::size_t p = group.shares.size(); p-- != 0;) {
            if (group.shares[p].owner == &member) {
                group.shares[p].hide_owner();
            }
        }
        return;
    }
    take_out(group, member);
    if (group.members.empty()) {
        rest(group);
    } else {
        rebalance_or_leave_it(group);
    }
}

} // namespace gregor::inline GREGOR_ABI
