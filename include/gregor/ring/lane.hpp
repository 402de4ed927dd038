// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "gregor/base/config.hpp"

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
/// at every record. Who loses keeps away, up to about 2 us where they meet all the time, so that
/// the other gets on by a run of records: together they are twice as fast.
template <class Env, class Seq>
GREGOR_NOINLINE void give_way(lane<Seq>& mine) noexcept
{
    constexpr unsigned least = 16;
    constexpr unsigned most = 128;
    mine.courtesy = mine.courtesy * 2 + least < most ? mine.courtesy * 2 + least : most;
    Env::back_off(mine.courtesy);
}

/// What a reader keeps to itself about one ring.
template <class Seq>
struct sight {
    Seq known{};         ///< not shared: all below it is published
    bool shared = false; ///< the ring is shared, as far as this reader has noticed
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
