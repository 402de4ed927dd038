// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/group_offsets.hpp"
#include "gregor/options.hpp"
#include "gregor/refusal.hpp"
#include "gregor/ring/env.hpp"
#include "gregor/ring/sequence.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

/// Where a reader starts in one partition, and what it lost on the way there.
struct starting_point {
    offset_t position = 0;
    std::uint64_t missed = 0;
    bool valid = true; ///< false: no offset, and auto_offset_reset::none
};

/// Puts a cursor where nothing below it can be overwritten from now on, `wanted` or the log start,
/// whichever is later; returns where.
///
/// The order is what makes it safe: publish, fence, and only then look at the log start. An
/// extension of the room that did not see the cursor has reserved before, and shows in the log
/// start.
template <class Log>
offset_t hold_from(Log& log, typename Log::place& cursor, offset_t wanted, unsigned flags)
{
    using place = typename Log::place;
    cursor.enter(wanted, flags | place::holds);
    Log::env::heavy();
    const offset_t oldest = log.begin_offset();
    if (wanted >= oldest) {
        return wanted;
    }
    cursor.set(oldest, flags | place::holds);
    return oldest;
}

/// The offset that `auto_offset_reset` names, for a reader that has none (or one that is gone).
template <class Log>
[[nodiscard]] std::optional<offset_t> reset_offset(const Log& log, auto_offset_reset reset)
{
    switch (reset) {
    case auto_offset_reset::earliest: return log.begin_offset();
    case auto_offset_reset::latest: return log.end_offset();
    case auto_offset_reset::none: break;
    }
    return std::nullopt;
}

/// Starts a reader at a cursor that says where it was, if anywhere. Under the topic's mutex.
template <class Log>
starting_point start_reader(Log& log, typename Log::place& cursor, const consumer_options& options)
{
    using place = typename Log::place;
    const auto word = cursor.get();
    const auto before = ring::sequence_in<offset_t>(word);
    const bool committed = (ring::flags_in(word) & place::committed) != 0;
    if ((ring::flags_in(word) & place::holds) != 0) {
        return {before, 0, true}; // it has held its place all the time
    }
    std::optional<offset_t> wanted = committed ? before : reset_offset(log, options.reset);
    std::uint64_t missed = 0;
    if (committed && before < log.begin_offset()) {
        wanted = reset_offset(log, options.reset);
        missed = wanted ? *wanted - before : 0;
    }
    if (!wanted) {
        return {0, 0, false};
    }
    const unsigned flags = committed ? place::committed : 0U;
    if (options.lossy) {
        return {*wanted, missed, true};
    }
    const offset_t start = hold_from(log, cursor, *wanted, flags);
    return {start, committed ? missed + (start - *wanted) : 0, true};
}

/// The group of this name, made if need be and joined, or why it cannot be joined. Under the
/// topic's mutex. In this version a group has one member, which owns all partitions.
template <class Topic>
result<typename Topic::state_type::group_type*> join_group(typename Topic::state_type& state,
                                                           std::string_view name,
                                                           const consumer_options& options)
{
    for (auto& group : state.groups) {
        if (group.name != name) {
            if (Topic::layout::takes) {
                return refusal::second_group(state.name, name, group.name);
            }
            continue;
        }
        if (group.has_member) {
            return refusal::second_member(state.name, name);
        }
        if (group.lossy != options.lossy) {
            return refusal::other_loss(state.name, name, group.lossy);
        }
        group.has_member = true;
        return &group;
    }
    auto& group = state.groups.emplace_back(state.new_group(std::string{name}));
    group.lossy = options.lossy;
    group.has_member = true;
    return &group;
}

/// The member goes. An undeclared group then holds nobody back; its committed offsets are kept.
/// Under the topic's mutex; the caller wakes the producers.
template <class State>
void leave_group(State& state, typename State::group_type& group) noexcept
{
    group.has_member = false;
    if (group.declared) {
        return;
    }
    if (!group.joined) {
        state.groups.remove_if([&](const auto& each) { return &each == &group; });
        return;
    }
    for (const auto& cursor : group.cursors) {
        const auto word = cursor->get();
        cursor->set(ring::sequence_in<offset_t>(word),
                    ring::flags_in(word) & State::place::committed);
    }
}

} // namespace gregor::inline GREGOR_ABI
