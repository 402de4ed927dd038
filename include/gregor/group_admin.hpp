// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/group/reset_to.hpp"
#include "gregor/group/starting_point.hpp"
#include "gregor/group_description.hpp"
#include "gregor/refusal.hpp"
#include "gregor/ring/sequence.hpp"
#include "gregor/stats.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

/// Looks after the groups of a topic: who is in them, how far they are, and where they go on.
///
///     gregor::group_admin admin{trades};
///     for (const auto& group : admin.list()) ...
///     if (auto risk = admin.describe("risk")) ... risk->lag
///     if (auto why = admin.reset("risk", gregor::reset_to::beginning())) ... why->what()
///
/// Threads   all members, from any thread
/// Progress  blocks while others join, leave or look
/// Errors    gregor::error as a value; nothing has changed then
/// Cost      the topic's mutex, and a few loads a partition
/// Lifetime  may outlive the topic; to a broker it counts as a user of it
template <class Topic>
class group_admin {
public:
    using state_type = typename Topic::state_type;

    explicit group_admin(const Topic& topic) noexcept : state_(topic.state()) {}

    /// All groups, those without members too, in the order in which they came.
    [[nodiscard]] std::vector<group_listing> list() const;

    [[nodiscard]] result<group_description> describe(std::string_view group) const;

    /// How far a group is, and how fast: a snapshot; of two the difference tells the rate.
    [[nodiscard]] result<group_stats> stats(std::string_view group) const;

    /// Puts a group elsewhere, in one partition or in all: that is what is committed from now on.
    /// Refused while the group has members, one that is away included (see `maintain`), or a fenced
    /// one may still be in a call of its own. A group that holds producers back without members
    /// does so from there on; one that does not finds what is left when its next member comes. A
    /// record that was taken out of a work queue does not come again.
    [[nodiscard]] std::optional<error> reset(std::string_view group, reset_to where,
                                             partition_id only = any_partition)
    {
        return reset_each(group, only, [where](partition_id) { return where; });
    }
    /// To the first record of this time or later in each partition; where there is none, to its
    /// end. Looks at one record after the other.
    [[nodiscard]] std::optional<error> reset(std::string_view group, timestamp_t since,
                                             partition_id only = any_partition)
        requires(Topic::layout::has_timestamp);

    /// Forgets a group: its offsets are gone, and producers do not wait for it any more, even where
    /// it was declared. Who joins a group of this name later makes a new one, which is not
    /// declared. Refused while the group has members, one that is away included, or one was fenced
    /// that has not polled since: it would come back.
    [[nodiscard]] std::optional<error> remove(std::string_view group);

private:
    using group_type = typename state_type::group_type;
    using share_type = typename group_type::share;
    using place = typename group_type::place;

    [[nodiscard]] static group_status status_of(const group_type& group) noexcept;
    /// A snapshot of one partition; what the first reader would start from goes into `from`.
    [[nodiscard]] static group_partition look(const typename state_type::partition_type& partition,
                                              const share_type& share, offset_t& from) noexcept;

    /// `where(p)` says where each partition goes, under the mutex.
    template <class Where>
    [[nodiscard]] std::optional<error> reset_each(std::string_view group, partition_id only,
                                                  Where&& where);
    /// Why that cannot be done now.
    [[nodiscard]] std::optional<error> refused(std::string_view group, partition_id only) const;
    static void put(const typename state_type::partition_type& partition, share_type& share,
                    reset_to where) noexcept;
    [[nodiscard]] group_type* find(std::string_view name) const noexcept;
    [[nodiscard]] error unknown(std::string_view name) const;
    /// Why nobody may change it now.
    [[nodiscard]] std::optional<error> in_use(const group_type& group, bool to_remove) const;

    template <class Attempt>
    [[nodiscard]] auto unless_out_of_memory(std::string_view group, Attempt&& attempt) const
        -> decltype(attempt());

    ring::shared<state_type> state_;
};

template <class Topic>
group_admin(const Topic&) -> group_admin<Topic>;

namespace refusal {

[[nodiscard]] inline std::string in_topic(std::string_view topic, std::string_view group)
{
    return text({quoted("group", group), " of ", quoted("topic", topic)});
}

} // namespace refusal

template <class Topic>
std::vector<group_listing> group_admin<Topic>::list() const
{
    std::vector<group_listing> all;
    const std::lock_guard lock{state_->mutex};
    for (auto* each = state_->groups.first(); each != nullptr; each = each->next) {
        all.push_back({std::string{each->name}, status_of(*each), each->members.size()});
    }
    return all;
}

template <class Topic>
group_status group_admin<Topic>::status_of(const group_type& group) noexcept
{
    bool settled = !group.stale;
    bool holding = group.declared;
    for (const share_type& each : group.shares) {
        settled = settled && each.owner == each.target;
        holding = holding || each.cursor->holding();
    }
    if (group.members.empty()) {
        return holding && !group.lossy ? group_status::empty : group_status::dormant;
    }
    return settled ? group_status::stable : group_status::rebalancing;
}

template <class Topic>
group_partition group_admin<Topic>::look(const typename state_type::partition_type& partition,
                                         const share_type& share, offset_t& from) noexcept
{
    group_partition all;
    all.partition = partition.id;
    // committed first, then the end: so the lag is never negative
    const auto word = share.cursor->get();
    const unsigned flags = ring::flags_in(word);
    const auto at = ring::sequence_in<offset_t>(word);
    if ((flags & place::committed) != 0) {
        all.committed = at;
    }
    const bool stands = (flags & (place::committed | place::holds)) != 0;
    from = stands                           ? at
           : share.resume == no_such_offset ? partition.log.begin_offset()
                                            : share.resume;
    all.end = partition.log.end_offset();
    all.lag = all.end > from ? all.end - from : 0;
    return all;
}

template <class Topic>
result<group_description> group_admin<Topic>::describe(std::string_view group) const
{
    return unless_out_of_memory(group, [&]() -> result<group_description> {
        const std::lock_guard lock{state_->mutex};
        const group_type* const found = find(group);
        if (found == nullptr) {
            return unknown(group);
        }
        group_description all;
        all.name = found->name;
        all.status = status_of(*found);
        all.lossy = found->lossy;
        all.declared = found->declared;
        all.generation = found->generation;
        for (std::size_t p = 0; p != found->shares.size(); ++p) {
            offset_t from = 0;
            all.partitions.push_back(look(state_->partitions[p], found->shares[p], from));
            group_partition& each = all.partitions.back();
            all.lag += each.lag;
            if (each.committed == found->shares[p].note.of) {
                each.metadata = found->shares[p].note.text;
            }
        }
        for (auto* each = found->members.first(); each != nullptr; each = each->next) {
            member_description member{each->id, std::string{each->instance_id}, each->away, {}};
            for (std::size_t p = 0; p != found->shares.size(); ++p) {
                if (found->shares[p].owner == each) {
                    all.partitions[p].owner = each->id;
                    member.partitions.push_back(all.partitions[p].partition);
                }
            }
            all.members.push_back(std::move(member));
        }
        return all;
    });
}

template <class Topic>
result<group_stats> group_admin<Topic>::stats(std::string_view group) const
{
    return unless_out_of_memory(group, [&]() -> result<group_stats> {
        const std::lock_guard lock{state_->mutex};
        const group_type* const found = find(group);
        if (found == nullptr) {
            return unknown(group);
        }
        group_stats all;
        for (std::size_t p = 0; p != found->shares.size(); ++p) {
            offset_t from = 0;
            all.lag += look(state_->partitions[p], found->shares[p], from).lag;
            all.records += from;
        }
        all.members = found->members.size();
        all.rebalances = found->generation;
        all.fenced = found->fenced;
        all.time = state_->time.steady_now();
        return all;
    });
}

template <class Topic>
std::optional<error> group_admin<Topic>::refused(std::string_view group, partition_id only) const
{
    const group_type* const found = find(group);
    if (found == nullptr) {
        return unknown(group);
    }
    if (auto why = in_use(*found, false)) {
        return why;
    }
    const std::size_t count = found->shares.size();
    if (only != any_partition && only.value >= count) {
        return error{errc::invalid_option, refusal::in_topic(state_->name, group),
                     text({"a partition below ", std::to_string(count)}),
                     std::to_string(only.value)};
    }
    return std::nullopt;
}

template <class Topic>
template <class Where>
std::optional<error> group_admin<Topic>::reset_each(std::string_view group, partition_id only,
                                                    Where&& where)
{
    return unless_out_of_memory(group, [&]() -> std::optional<error> {
        {
            const std::lock_guard lock{state_->mutex};
            if (auto why = refused(group, only)) {
                return why;
            }
            auto& shares = find(group)->shares;
            for (std::uint32_t p = 0; p != shares.size(); ++p) {
                if (only == any_partition || only.value == p) {
                    put(state_->partitions[p], shares[p], where(partition_id{p}));
                }
            }
        }
        state_->room_made.notify();
        return std::nullopt;
    });
}

template <class Topic>
std::optional<error> group_admin<Topic>::reset(std::string_view group, timestamp_t since,
                                               partition_id only)
    requires(Topic::layout::has_timestamp)
{
    return unless_out_of_memory(group, [&]() -> std::optional<error> {
        std::size_t count = 0;
        {
            const std::lock_guard lock{state_->mutex};
            if (auto why = refused(group, only)) {
                return why;
            }
            count = state_->partitions.size();
        }
        // not under the mutex, which others want: it may take long
        std::vector<reset_to> found(count, reset_to::end());
        for (std::uint32_t p = 0; p != count; ++p) {
            if (only == any_partition || only.value == p) {
                found[p] = reset_to::offset(find_time(*state_, partition_id{p}, since).at);
            }
        }
        return reset_each(group, only, [&](partition_id p) {
            // what was added meanwhile has nothing that is older
            return p.value < count ? found[p.value] : reset_to::beginning();
        });
    });
}

template <class Topic>
void group_admin<Topic>::put(const typename state_type::partition_type& partition,
                             share_type& share, reset_to where) noexcept
{
    auto& log = partition.log;
    place& cursor = *share.cursor;
    offset_t here = 0;
    const offset_t begin = log.begin_offset();
    const group_partition now = look(partition, share, here);
    const offset_t to = where.in(begin, now.end, here);
    share.resume = no_such_offset;
    share.untold = {};
    share.note.text = {};
    share.kept.clear_notes();
    if (!cursor.holding()) {
        share.move(to, place::committed);
    } else if (to >= here) {
        share.move(to, place::committed | place::holds);
    } else {
        static_cast<void>(hold_from(log, cursor, to, place::committed));
        share.keep();
    }
}

template <class Topic>
std::optional<error> group_admin<Topic>::remove(std::string_view group)
{
    return unless_out_of_memory(group, [&]() -> std::optional<error> {
        {
            const std::lock_guard lock{state_->mutex};
            group_type* const found = find(group);
            if (found == nullptr) {
                return unknown(group);
            }
            if (auto why = in_use(*found, true)) {
                return why;
            }
            state_->remove_group(*found);
        }
        state_->room_made.notify();
        return std::nullopt;
    });
}

template <class Topic>
typename group_admin<Topic>::group_type*
group_admin<Topic>::find(std::string_view name) const noexcept
{
    group_type* each = state_->groups.first();
    while (each != nullptr && each->name != name) {
        each = each->next;
    }
    return each;
}

template <class Topic>
error group_admin<Topic>::unknown(std::string_view name) const
{
    std::string there = "none";
    for (auto* each = state_->groups.first(); each != nullptr; each = each->next) {
        there += text({each == state_->groups.first() ? ", but \"" : ", \"", each->name, "\""});
    }
    return error{errc::unknown_group, refusal::in_topic(state_->name, name), "a group of this name",
                 std::move(there)};
}

template <class Topic>
std::optional<error> group_admin<Topic>::in_use(const group_type& group, bool to_remove) const
{
    std::size_t away = 0;
    for (auto* each = group.members.first(); each != nullptr; each = each->next) {
        away += each->away ? 1 : 0;
    }
    bool owned = false;
    for (const share_type& each : group.shares) {
        owned = owned || each.owner != nullptr;
    }
    const std::size_t members = group.members.size();
    // members that are away have no consumer; a fenced consumer is no member
    const std::size_t fenced = group.users + away - members;
    if (members == 0 && !owned && (fenced == 0 || !to_remove)) {
        return std::nullopt;
    }
    std::string found = text({std::to_string(members), members == 1 ? " member" : " members"});
    if (away != 0) {
        found += text({" (", std::to_string(away), " away)"});
    }
    if (fenced != 0) {
        found += text({" and ", std::to_string(fenced), " fenced, which ",
                       fenced == 1 ? "has" : "have", " not polled since"});
    }
    return error{errc::in_use,
                 text({to_remove ? "removal of " : "reset of ",
                       refusal::in_topic(state_->name, group.name)}),
                 "no members", std::move(found)};
}

template <class Topic>
template <class Attempt>
auto group_admin<Topic>::unless_out_of_memory([[maybe_unused]] std::string_view group,
                                              Attempt&& attempt) const -> decltype(attempt())
{
#if GREGOR_EXCEPTIONS
    try {
        return attempt();
    } catch (const std::bad_alloc&) {
        return error{errc::out_of_memory, refusal::in_topic(state_->name, group),
                     "memory for the answer", "less"};
    }
#else
    return attempt();
#endif
}

} // namespace gregor::inline GREGOR_ABI
