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
#include "gregor/base/short_list.hpp"
#include "gregor/base/types.hpp"
#include "gregor/group/assignors.hpp"
#include "gregor/log/group_state.hpp"
#include "gregor/options.hpp"
#include "gregor/refusal.hpp"
#include "gregor/ring/env.hpp"
#include "gregor/ring/sequence.hpp"
#include "gregor/ring/shared.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

// --- membership: all of it under the topic's mutex ----------------------------------------------

/// Something has changed that all members may have to act upon. The caller wakes them.
template <class Group>
void order_all(const Group& group) noexcept
{
    for (const auto& each : group.members) {
        each->order();
    }
}

/// Says who is to read what from now on. Nothing moves by that alone: each member gives and takes
/// by itself. Throws what the assignor throws, and std::bad_alloc, and then has changed nothing.
template <class Group>
void rebalance(Group& group)
{
    if (!group.members.empty()) {
        // what each owns, one after the other in one list
        short_list<partition_id> owned;
        owned.reserve(group.shares.size());
        short_list<sharing_out::member> members;
        for (const auto* member : group.members) {
            const std::size_t before = owned.size();
            for (std::uint32_t p = 0; p != group.shares.size(); ++p) {
                if (group.shares[p].owner == member) {
                    owned.push_back({p});
                }
            }
            members.push_back(
                {member->id, member->instance_id, owned.begin() + before, owned.size() - before});
        }
        const sharing_out what{static_cast<std::uint32_t>(group.shares.size()), members.begin(),
                               members.size()};
        short_list<std::size_t> owners;
        if (group.assign) {
            group.assign.deal(what, owners);
        } else {
            assignors::deal_sticky(what, owners);
        }
        GREGOR_ASSERT(owners.size() == group.shares.size(),
                      "an assignor names one member for each partition");
        for (const std::size_t owner : owners) {
            GREGOR_ASSERT(owner < members.size(), "an assignor named a member that is not there");
        }
        for (std::size_t p = 0; p != owners.size(); ++p) {
            group.shares[p].target = group.members[owners[p]];
        }
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
    if (owner->fenced || owner->listens || owner->away || share.lease == nullptr ||
        share.position == nullptr || !owner->is_outside(group.rounds)) {
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
    for (auto& share : group.shares) {
        const auto word = share.cursor->get();
        share.move(ring::sequence_in<offset_t>(word),
                   ring::flags_in(word) & share.cursor->committed);
        share.resume = no_such_offset;
    }
}

/// What a fenced member still had in the call that it was in when it was fenced is free now.
template <class Group>
void give_back_all(Group& group, const typename Group::member& member) noexcept
{
    bool any = false;
    for (auto& share : group.shares) {
        if (share.owner == &member) {
            share.give_back(no_such_offset);
            any = true;
        }
    }
    if (any) {
        order_all(group);
    }
}

/// Takes the member out of the group; what it owned is free, but for what it holds in one of its
/// calls: that is free as soon as it is out of it.
template <class Group>
void take_out(Group& group, typename Group::member& member, bool outside) noexcept
{
    for (auto& share : group.shares) {
        if (share.owner == &member && outside) {
            share.give_back(share.resume); // where it left the group, if it did
        }
        if (share.target == &member) {
            share.target = nullptr;
        }
    }
    member.fenced = true;
    group.members.remove(member);
}

/// What a member held in one of its calls when another one came under its name is free when it is
/// out of that, whether or not it ever calls again.
template <class Group>
[[nodiscard]] bool take_from_fenced(Group& group) noexcept
{
    bool any = false;
    for (auto& share : group.shares) {
        if (share.owner != nullptr && share.owner->fenced && share.owner->order_and_see_outside()) {
            share.give_back(no_such_offset);
            any = true;
        }
    }
    return any;
}

/// Takes out who has been away for longer than it may; true if anybody was. Whoever polls next says
/// who is to read what instead. A group whose members were all away goes on holding producers back.
template <class Group>
bool fence_absent(Group& group, std::chrono::nanoseconds now) noexcept
{
    bool any = take_from_fenced(group);
    for (std::size_t i = 0; i < group.members.size();) {
        const ring::shared member{group.members[i]}; // its consumer may be gone
        // who is away may still be asked for something, and says that it is closed
        const std::uint64_t activity = member->away ? 0 : member->activity();
        if (activity % 2 != 0 || activity != member->seen_activity) {
            member->seen_activity = activity;
            member->seen_at = now;
        } else if (now.count() - member->seen_at.count() >= member->max_poll_interval.count() &&
                   member->order_and_see_outside()) {
            take_out(group, *member, true);
            group.fenced += member->away ? 0 : 1;
            if (member->away) {
                rest(group); // it did leave
            }
            any = true;
            continue;
        }
        ++i;
    }
    if (any) {
        group.stale = true;
        order_all(group);
    }
    return any;
}

/// The group of this name, made if need be, or why it cannot be joined.
template <class Topic>
result<typename Topic::state_type::group_type*>
find_group(typename Topic::state_type& state, std::string_view name, const consumer_terms& options)
{
    for (auto& group : state.groups) {
        if (!same_text(group.name, name)) {
            if (Topic::layout::takes) {
                return refusal::second_group(state.name, name, group.name);
            }
            continue;
        }
        if (group.lossy != options.lossy) {
            return refusal::other_loss(state.name, name, group.lossy);
        }
        return &group;
    }
    return state.make_group(name, options.lossy);
}

/// A new member of the group. One that comes back under the instance id of another finds its
/// partitions, and nobody else is bothered; the other, if it is still there, is fenced.
template <class Group>
ring::shared<typename Group::member> join_group(Group& group, const consumer_terms& options,
                                                std::chrono::nanoseconds now)
{
    ring::shared member{new typename Group::member{group.members_ever, options}};
    member->seen_at = now;
    if (group.members.empty()) {
        group.assign = options.assign;
    }
    if (!member->instance_id.empty()) {
        for (std::size_t i = 0; i != group.members.size(); ++i) {
            if (same_text(group.members[i]->instance_id, member->instance_id)) {
                const ring::shared old{group.members[i]};
                group.members.replace(i, *member);
                const bool gone = old->away || old->order_and_see_outside();
                group.fenced += old->away ? 0 : 1;
                old->fenced = true;
                bool others = false;
                for (auto& share : group.shares) {
                    if (share.owner == old.get() && gone) {
                        share.give_back(share.resume);
                    }
                    if (share.target == old.get()) {
                        share.target = member.get();
                    } else if (share.owner == nullptr) {
                        others = true; // it was somebody else's to be, who came meanwhile
                    }
                }
                if (group.stale) {
                    rebalance_or_leave_it(group); // partitions came, or members went, meanwhile
                } else if (others) {
                    order_all(group);
                }
                ++group.members_ever;
                return member;
            }
        }
    }
    group.members.add(*member);
#if GREGOR_EXCEPTIONS
    try {
        rebalance(group);
    } catch (...) {
        group.members.remove(*member);
        throw;
    }
#else
    rebalance(group);
#endif
    ++group.members_ever;
    return member;
}

/// The member goes, and has given back what it had; a static one only says that it is away.
template <class Group>
void leave_group(Group& group, typename Group::member& member) noexcept
{
    if (member.fenced) {
        give_back_all(group, member); // it may have been fenced while it was leaving
        return;
    }
    if (!member.instance_id.empty()) {
        member.away = true;
        for (auto& share : group.shares) {
            if (share.owner == &member) {
                share.hide_owner();
            }
        }
        return;
    }
    take_out(group, member, true);
    if (group.members.empty()) {
        rest(group);
    } else {
        rebalance_or_leave_it(group);
    }
}

} // namespace gregor::inline GREGOR_ABI
