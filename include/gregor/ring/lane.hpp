// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/ring/sequence.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// What a producer keeps to itself about one ring: no other thread reads it.
template <class Seq>
struct lane {
    /// A copy of the limit, refreshed when it is reached. While the lane lies idle the ring may go
    /// on, but not by half the range of a sequence: 2^61 records on 64 bits.
    Seq limit{};
    bool shared = false; ///< the ring is shared, as far as this producer has noticed
    /// How long a claim that loses against another one keeps away from it, in pauses.
    unsigned courtesy = 0;
};

/// Producers that meet at every record take the lines of claims, stamps and slots from each other
/// at every record. Who loses keeps away, up to about 4 us where they meet all the time, so that
/// the other gets on by a run of records: together they are twice as fast.
template <class Env, class Seq>
GREGOR_NOINLINE void give_way(lane<Seq>& mine) noexcept
{
    constexpr unsigned least = 16;
    constexpr unsigned most = 256;
    mine.courtesy = mine.courtesy * 2 + least < most ? mine.courtesy * 2 + least : most;
    Env::back_off(mine.courtesy);
}

/// What a reader keeps to itself about one ring.
template <class Seq>
struct sight {
    Seq known{};         ///< all below it is published; shared: all from `since` on
    bool shared = false; ///< the ring is shared, as far as this reader has noticed
    Seq since{};         ///< of a shared ring
    Seq told{};          ///< of a shared ring: what was known when others were told last

    /// A look at a shared ring found that all from `from` up to `end` is published. True when so
    /// much is known that others should be told again.
    [[nodiscard]] bool saw(Seq from, Seq end, Seq much) noexcept
    {
        if (before(from, since) || before(known, from)) {
            since = told = from; // what lies between was not looked at
        }
        known = end;
        if (minus(end, told) < much) [[likely]] {
            return false;
        }
        told = end;
        return true;
    }
};

enum class claiming : std::uint8_t { granted, full, closed, busy, failed };

/// What a claim came to, and the first sequence of it.
template <class Seq>
struct claimed {
    claiming outcome;
    Seq first{};
};

/// A run of published records.
template <class Seq>
struct run {
    Seq first{};
    Seq count{};
};

} // namespace gregor::inline GREGOR_ABI::ring
