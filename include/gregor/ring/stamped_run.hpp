// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/base/config.hpp"
#include "gregor/ring/lane.hpp"
#include "gregor/ring/sequence.hpp"

// What is done with the stamps of several sequences, wherever they lie.

namespace gregor::inline GREGOR_ABI::ring {

/// Publishes the first `built` of `count` sequences as records, and the rest as skipped. From last
/// to first: a reader that finds the first stamp finds the whole batch. What is to outlive the
/// process goes from first to last.
template <class Stamps, class Seq>
void stamp_run(Stamps& stamps, Seq first, Seq count, Seq built) noexcept
{
    for (Seq done = 0; done != count; ++done) {
        const Seq i = Stamps::always ? done : static_cast<Seq>(count - done - 1);
        stamps.publish(plus(first, i), i < built ? Stamps::record : Stamps::skipped);
    }
}

/// The next run of records at or after `from`, `most` at the most; what is skipped before it is
/// passed over.
template <class Stamps, class Seq>
[[nodiscard]] GREGOR_NOINLINE run<Seq> stamped_run(const Stamps& stamps, Seq from,
                                                   Seq most) noexcept
{
    unsigned what = stamps.look(from);
    while (what == Stamps::skipped) {
        from = plus(from, 1);
        what = stamps.look(from);
    }
    Seq count = 0;
    while (what == Stamps::record && ++count != most) {
        what = stamps.look(plus(from, count));
    }
    return {from, count};
}

/// The same for who reads a shared ring run by run: now and then it tells who makes room there up
/// to where all is published.
template <class Stamps, class Room, class Seq>
[[nodiscard]] GREGOR_NOINLINE run<Seq> followed_run(const Stamps& stamps, const Room& room,
                                                    sight<Seq>& mine, Seq from, Seq most) noexcept
{
    const run<Seq> found = stamped_run(stamps, from, most);
    if constexpr (!Stamps::always) {
        const Seq end = plus(found.first, found.count);
        if (mine.saw(from, end, room.step()) && room.tell_settled(mine.since, end)) {
            mine.since = end;
        }
    }
    return found;
}

/// The same, of what stands before `end`: true when that comes to `most` records at `from`, or to a
/// place that says nothing; else `from` is `end`.
template <class Stamps, class Seq>
[[nodiscard]] bool stamped_before(const Stamps& stamps, Seq end, Seq& from, Seq& most) noexcept
{
    const run<Seq> found = stamped_run(stamps, from, most);
    const bool any = before(found.first, end);
    from = earlier(found.first, end);
    most = any ? earlier(minus(end, from), found.count) : most;
    return any;
}

/// How far from `from` on, up to `to`, everything is published.
template <class Stamps, class Seq>
[[nodiscard]] Seq stamped_end(const Stamps& stamps, Seq from, Seq to) noexcept
{
    while (before(from, to) && stamps.look(from) != Stamps::nothing) {
        from = plus(from, 1);
    }
    return earlier(from, to);
}

/// The same for who makes room: others are told of it.
template <class Stamps, class Room, class Seq>
[[nodiscard]] Seq settled_end(const Stamps& stamps, const Room& room, Seq from, Seq to) noexcept
{
    to = stamped_end(stamps, from, to);
    if constexpr (!Stamps::always) {
        room.tell_settled(from, to);
    }
    return to;
}

} // namespace gregor::inline GREGOR_ABI::ring
