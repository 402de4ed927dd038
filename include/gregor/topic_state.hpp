// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/chain.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/label.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/short_list.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/group_state.hpp"
#include "gregor/log/sender_figures.hpp"
#include "gregor/options.hpp"
#include "gregor/partition.hpp"
#include "gregor/refusal.hpp"
#include "gregor/ring/event_count.hpp"
#include "gregor/ring/growing_array.hpp"
#include "gregor/ring/sequence.hpp"
#include "gregor/ring/shared.hpp"

namespace gregor::inline GREGOR_ABI {

/// Everything that a topic and its handles share; it lives as long as the last of them.
template <class T, class Policies>
struct topic_state {
    using clock = typename Policies::clock;
    using partition_type = partition<T, Policies>;
    using log_type = typename partition_type::log_type;
    using place = typename log_type::place;
    using env = typename log_type::env;
    using event = ring::event_count<env>;
    using kept_offset = typename log_type::kept_offset;
    using group_type = group_state<typename log_type::owned_place, env, kept_offset>;

    using source_type = typename log_type::source;

    topic_state(std::string_view topic_name, clock time_source, source_type&& logs)
        : name(topic_name), time(static_cast<clock&&>(time_source)),
          source(static_cast<source_type&&>(logs)),
          partitions(source.partitions(), new_partition{source})
    {
    }

    [[nodiscard]] partition_type& at(partition_id id) const
    {
        GREGOR_ASSERT(id.value < partitions.size(), "there is no partition of this number");
        return partitions[id.value];
    }

    /// Returns when what was sent below `end` is lasting; false where it cannot be.
    [[nodiscard]] bool wait_lasting(partition_id p, offset_t end) noexcept
    {
        const bool fine = at(p).log.wait_lasting(end);
        records_arrived.notify(); // who reads only what is lasting
        return fine;
    }

    /// Before anybody has a handle: groups that the log knows are there, as they were when it was
    /// written to last, and those that the options declare. Throws std::bad_alloc.
    [[nodiscard]] objection open_groups(const std::vector<std::string>& declared);

    /// Makes a group that has read nothing and holds nobody back; an error where the log cannot
    /// keep it. Throws std::bad_alloc. Under the mutex.
    [[nodiscard]] objection make_group(std::string_view group, bool lossy, group_type*& made);
    /// Its offsets go. Under the mutex.
    void remove_group(group_type& group) noexcept
    {
        forget(group, 0);
        groups.remove(group);
    }

    /// What `topic::maintain` does.
    bool maintain();

    /// Adds so many partitions, and each group's shares of them; returns the first. Throws
    /// std::bad_alloc, and then has added nothing, nor where the log cannot keep them. The source
    /// has them. Under the mutex; the caller wakes both sides.
    [[nodiscard]] result<partition_id> grow(std::uint32_t more);

    ring::holder_count holders;
    const label name;
    GREGOR_NO_UNIQUE_ADDRESS const clock time;
    source_type source; // under the mutex
    // Its size is looked at by every send, and written when the topic grows.
    ring::growing_array<partition_type, env> partitions;

    // Read by every send and poll, written when somebody falls asleep or is woken.
    alignas(cache_line_bytes) event records_arrived;
    event room_made;

    // The cold path: who is there.
    alignas(cache_line_bytes) typename env::mutex mutex;
    std::size_t live_producers = 0;
    all_senders<env> senders;
    bool closed = false;
    chain<group_type> groups;
    /// Looks for members that stay away; true if there were any. Set where groups are known.
    bool (*fence_absent)(topic_state&, std::chrono::nanoseconds now) noexcept = nullptr;

private:
    /// The log keeps nothing of the group's shares any more, from the one of this number on.
    void forget(group_type& group, std::size_t first) noexcept
    {
        if constexpr (log_type::durable) {
            for (std::size_t i = first; i < group.shares.size(); ++i) {
                partitions[i].log.forget_group(std::exchange(group.shares[i].kept, {}));
            }
        }
    }
    /// Those that it does not keep yet, from now on.
    [[nodiscard]] objection keep(group_type& group);
    /// What the log knows of a group only in some partitions: the others came when it was not
    /// looked at, and are read from their beginning on.
    [[nodiscard]] objection complete(group_type& group);
    [[nodiscard]] group_type* find(std::string_view group) noexcept
    {
        group_type* each = groups.first();
        while (each != nullptr && !same_text(each->name, group)) {
            each = each->next;
        }
        return each;
    }
    [[nodiscard]] objection declare(std::string_view group);
    /// One that the log knows.
    [[nodiscard]] objection declare_known(group_type& its);
    group_type& add_group(std::string_view group)
    {
        return groups.append(new group_type{
            .name = label{group}, .shares = {partitions.size(), new_share{*this, group}}});
    }

    struct new_partition {
        source_type& from;

        partition_type operator()(std::size_t i) const { return {from, i}; }
    };
    struct new_share {
        const topic_state& topic;
        std::string_view group;

        typename group_type::share operator()(std::size_t i) const
        {
            auto& gate = topic.partitions[i].log.protocol().gate();
            return {gate.own(gate.cursor(group))};
        }
    };
};

template <class T, class Policies>
objection topic_state<T, Policies>::keep(group_type& group)
{
    for (std::size_t i = 0; i != group.shares.size(); ++i) {
        if (group.shares[i].kept.cell() == nullptr) {
            auto kept = partitions[i].log.keep_group(group.name, group.lossy);
            if (!kept) {
                return kept.error();
            }
            group.shares[i].kept = *kept;
        }
    }
    return {};
}

template <class T, class Policies>
objection topic_state<T, Policies>::complete(group_type& group)
{
    const bool holds = group.holds_producers_back();
    short_list<std::size_t> fresh;
    for (std::size_t i = 0; i != group.shares.size(); ++i) {
        if (group.shares[i].kept.cell() == nullptr) {
            fresh.push_back(i);
        }
    }
    if (objection why = keep(group)) {
        return why;
    }
    for (const std::size_t i : fresh) {
        const offset_t begin = partitions[i].log.begin_offset();
        group.shares[i].resume = begin;
        if (holds) {
            group.shares[i].move(begin, place::holds);
        }
    }
    return {};
}

template <class T, class Policies>
objection topic_state<T, Policies>::make_group(std::string_view group, bool lossy,
                                               group_type*& made)
{
    made = &add_group(group);
    made->lossy = lossy;
    if constexpr (log_type::durable) {
        struct or_there_is_none {
            topic_state& all;
            group_type* group;
            ~or_there_is_none()
            {
                if (group != nullptr) {
                    all.remove_group(*group);
                }
            }
        } whole{*this, made};
        if (objection why = keep(*made)) {
            return why;
        }
        whole.group = nullptr;
    }
    return {};
}

template <class T, class Policies>
objection topic_state<T, Policies>::open_groups(const std::vector<std::string>& declared)
{
    if constexpr (log_type::durable) {
        for (std::size_t p = 0; p != partitions.size(); ++p) {
            auto& log = partitions[p].log;
            log.each_group([&](auto& cell, const auto& note) {
                const std::string its_name{cell.name()};
                group_type* group = find(its_name);
                if (group == nullptr) {
                    group = &add_group(its_name);
                    group->lossy = cell.lossy();
                    group->joined = true;
                }
                auto& share = group->shares[p];
                share.kept = kept_offset{cell};
                const auto word = cell.word().value_or(0);
                const auto at = ring::sequence_in<offset_t>(word);
                // What it held may be gone: then it is told what it missed, as one that was away.
                const unsigned most = at < log.begin_offset() ? place::committed + 0U
                                                              : place::committed | place::holds;
                share.cursor->set(at, ring::flags_in(word) & most);
                share.note = {at, label{note ? std::string_view{*note} : std::string_view{}}};
            });
        }
        for (auto* group = groups.first(); group != nullptr; group = group->next) {
            if (objection why = complete(*group)) {
                return why;
            }
        }
    }
    // NOLINTNEXTLINE(modernize-loop-convert): iterators are functions to compile
    for (std::size_t i = 0; i != declared.size(); ++i) {
        if (objection why = declare(declared[i])) {
            return why;
        }
    }
    return {};
}

template <class T, class Policies>
objection topic_state<T, Policies>::declare(std::string_view group)
{
    if constexpr (log_type::durable) {
        if (group_type* const known = find(group)) {
            return declare_known(*known);
        }
    }
    group_type* its = nullptr;
    if (objection why = make_group(group, false, its)) {
        return why;
    }
    its->declared = true;
    for (std::size_t p = its->shares.size(); p-- != 0;) {
        its->shares[p].move(partitions[p].log.begin_offset(), place::holds);
    }
    return {};
}

template <class T, class Policies>
objection topic_state<T, Policies>::declare_known(group_type& its)
{
    if (its.lossy) {
        return refusal::declared_lossy(name, its.name);
    }
    its.declared = true;
    for (std::size_t p = 0; p != its.shares.size(); ++p) {
        auto& share = its.shares[p];
        const auto word = share.cursor->get();
        const auto at = ring::sequence_in<offset_t>(word);
        const offset_t begin = partitions[p].log.begin_offset();
        if ((ring::flags_in(word) & place::committed) == 0) {
            share.move((std::max)(at, begin), place::holds);
        } else if (at >= begin) {
            share.move(at, place::committed | place::holds);
        } else {
            // What is kept stays where it was: should nobody come in this life of the log, the next
            // one has the same to tell.
            share.cursor->set(begin, place::committed | place::holds);
            share.untold = {begin, begin - at};
        }
    }
    return {};
}

template <class T, class Policies>
result<partition_id> topic_state<T, Policies>::grow(std::uint32_t more)
{
    struct what_is_not_shown_goes {
        topic_state& all;
        ~what_is_not_shown_goes()
        {
            // the shares first: their places are the partitions'
            for (auto* group = all.groups.first(); group != nullptr; group = group->next) {
                group->shares.withdraw();
            }
            all.partitions.withdraw();
        }
    } const at_the_end{*this};
    const std::size_t first = partitions.size();
    for (std::size_t i = first; i != first + more; ++i) {
        partition_type& made = partitions.append(new_partition{source});
        if constexpr (Policies::producers::many) {
            if (live_producers > 1) {
                made.log.protocol().share();
            }
        }
    }
    for (auto* each = groups.first(); each != nullptr; each = each->next) {
        group_type& group = *each;
        // Who reads the topic now reads what is added from its beginning on, whatever its options
        // say: it cannot know of it sooner than a producer.
        const bool holds = group.holds_producers_back();
        const bool reads = !group.members.empty();
        for (std::size_t i = first; i != first + more; ++i) {
            auto& share = group.shares.append(new_share{*this, group.name});
            if constexpr (log_type::durable) {
                auto kept = partitions[i].log.keep_group(group.name, group.lossy);
                if (!kept) {
                    return kept.error();
                }
                share.kept = *kept;
            }
            if (holds) {
                share.move(0, place::holds);
            } else if (reads) {
                share.resume = 0;
            }
        }
    }
    // Nobody sends to a partition that he has not found: the cursors are there before it is.
    for (auto* group = groups.first(); group != nullptr; group = group->next) {
        group->shares.publish();
        group->stale = group->stale || !group->members.empty();
        for (auto* member = group->members.first(); member != nullptr; member = member->next) {
            member->order();
        }
    }
    partitions.publish();
    return partition_id{static_cast<std::uint32_t>(first)};
}

template <class T, class Policies>
bool topic_state<T, Policies>::maintain()
{
    bool any = false;
    const std::chrono::nanoseconds now = time.steady_now();
    {
        const std::lock_guard lock{mutex};
        any = fence_absent != nullptr && fence_absent(*this, now);
    }
    if constexpr (log_type::durable) {
        for (auto& each : partitions) {
            any = each.log.maintain(now, time.system_now()) || any;
        }
    }
    if (any) {
        records_arrived.notify();
        room_made.notify();
    }
    return any;
}

} // namespace gregor::inline GREGOR_ABI
