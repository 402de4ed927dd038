// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/group_state.hpp"
#include "gregor/options.hpp"
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
offset_t hold_from(Log& log, typename Log::place& cursor, offset_t wanted, unsigned flags) noexcept
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

// --- by time -------------------------------------------------------------------------------------

/// Where the first record of a time or later is; where there is none, the end of what can be read.
struct time_found {
    offset_t at = 0;
    bool any = false;
};

/// Looks at the records from the log start to where the end is now, in order: their times need not
/// be. Of a log on disk it passes over segments that are older as a whole. What is not looked at
/// yet is held by `lease`, which is free before and after; the caller then tells the producers.
template <class Log>
time_found find_time(Log& log, typename Log::place& lease, timestamp_t since)
{
    using place = typename Log::place;
    struct letting_go {
        place& lease;
        ~letting_go() { lease.set(0, 0); }
    } const at_the_end{lease};
    constexpr offset_t most = 256; // at once: producers do not wait for the whole of it
    typename Log::sight sight = {};
    offset_t at = hold_from(log, lease, log.begin_offset(), 0);
    const offset_t end = log.end_offset();
    offset_t asked = at; // what is before it was asked for its newest record
    while (at < end) {
        if constexpr (Log::durable) {
            if (at >= asked) {
                at = log.past_older(at, since);
                asked = at - at % log.capacity() + log.capacity();
                lease.set(at, place::holds);
                continue;
            }
        }
        const auto run = log.protocol().available(sight, at, most);
        if (run.count == 0 && run.first == at) {
            break; // a claim that is not published yet
        }
        for (at = run.first; at != run.first + run.count; ++at) {
            if (log.slot(at)->timestamp >= since) {
                return {at, true};
            }
        }
        lease.set(at, place::holds);
    }
    return {at, false};
}

/// As above, of any partition. Takes the topic's mutex, and memory where nobody has left any.
template <class State>
time_found find_time(State& state, partition_id p, timestamp_t since)
{
    using owned_place = typename State::log_type::owned_place;
    auto& log = state.at(p).log;
    struct lending {
        State& state;
        owned_place lease = {};
        ~lending()
        {
            {
                const std::lock_guard lock{state.mutex};
                lease = {};
            }
            state.room_made.notify();
        }
    } lent{state};
    {
        const std::lock_guard lock{state.mutex};
        auto& gate = log.protocol().gate();
        lent.lease = gate.own(gate.lease("(a look for a time)"));
    }
    return find_time(log, *lent.lease, since);
}

/// So long ago by this clock, or as long as it can tell.
template <class Clock>
[[nodiscard]] timestamp_t ago(const Clock& clock, std::chrono::nanoseconds duration)
{
    const timestamp_t now = clock.system_now();
    const auto back = std::chrono::duration_cast<timestamp_t::duration>(duration);
    return now < (timestamp_t::min)() + back ? (timestamp_t::min)() : now - back;
}

// --- where to start ------------------------------------------------------------------------------

/// The offset that `auto_offset_reset` names, if any, for a reader that has none (or one that is
/// gone). It may look for it under `lease`, which is free. Throws what the clock throws.
template <class Topic>
[[nodiscard]] offset_t
reset_offset(const typename Topic::clock& clock, typename Topic::state_type::log_type& log,
             typename Topic::state_type::place& lease,
             const consumer_terms& options) noexcept(!Topic::layout::has_timestamp)
{
    switch (options.reset) {
    case auto_offset_reset::earliest: return log.begin_offset();
    case auto_offset_reset::latest: return log.end_offset();
    case auto_offset_reset::by_duration:
        if constexpr (Topic::layout::has_timestamp) {
            return find_time(log, lease, ago(clock, options.reset_duration)).at;
        }
        break;
    case auto_offset_reset::none: break;
    }
    static_cast<void>(lease);
    static_cast<void>(clock);
    return no_such_offset;
}

/// Starts a reader at a cursor that says where it was, if anywhere; else where the last one was,
/// else where the options say. Under the topic's mutex. What the last one was not told is this
/// one's to be told, where it goes on from there.
template <class Topic>
starting_point start_reader(const typename Topic::clock& clock,
                            typename Topic::state_type::log_type& log,
                            typename Topic::state_type::place& cursor,
                            typename Topic::state_type::place& lease, const consumer_terms& options,
                            const left_behind& last) noexcept(!Topic::layout::has_timestamp)
{
    using place = typename Topic::state_type::place;
    const auto word = cursor.get();
    const auto before = ring::sequence_in<offset_t>(word);
    const unsigned flags = ring::flags_in(word);
    starting_point start;
    start.position = flags != 0 ? before : last.resume;
    start.missed = start.position == last.loss.before ? last.loss.missed : 0;
    if ((flags & place::holds) != 0) {
        return start; // it has held its place all the time
    }
    const bool gone = flags == place::committed && before < log.begin_offset();
    if (gone || start.position == no_such_offset) {
        start.position = reset_offset<Topic>(clock, log, lease, options);
        if (start.position == no_such_offset) {
            return {0, 0, false};
        }
        start.missed += gone ? start.position - before : 0;
    }
    if (!options.lossy) {
        const offset_t held = hold_from(log, cursor, start.position, flags);
        start.missed += flags == place::committed ? held - start.position : 0;
        start.position = held;
    }
    return start;
}

} // namespace gregor::inline GREGOR_ABI
