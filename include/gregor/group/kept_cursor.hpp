// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/group/starting_point.hpp"
#include "gregor/ring/sequence.hpp"

namespace gregor::inline GREGOR_ABI {

/// The cursor of a reader, and where else it is kept: beside the segments, where the log is on disk
/// and the reader in a group.
///
/// Threads   the reader's
template <class Log>
struct kept_cursor {
    using kept_offset = typename Log::kept_offset;

    typename Log::owned_place at;
    GREGOR_NO_UNIQUE_ADDRESS kept_offset kept;

    /// Forward. What is kept moves first: see `group_state::share::move`.
    void move(offset_t to, unsigned flags) noexcept
    {
        kept.set(ring::pack(to, flags));
        at->set(to, flags);
    }
    /// To anywhere, as `hold_from`; returns where.
    offset_t hold(Log& log, offset_t wanted, unsigned flags) noexcept
    {
        const offset_t held = hold_from(log, *at, wanted, flags);
        keep();
        return held;
    }
    /// The cursor has been moved in another way.
    void keep() noexcept
    {
        if constexpr (kept_offset::kept) {
            kept.set(at->get());
        }
    }
};

} // namespace gregor::inline GREGOR_ABI
