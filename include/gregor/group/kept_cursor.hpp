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
class kept_cursor {
public:
    using place = typename Log::place;
    using owned_place = typename Log::owned_place;
    using kept_offset = typename Log::kept_offset;

    kept_cursor(owned_place cursor, kept_offset kept) noexcept
        : cursor_(static_cast<owned_place&&>(cursor)), kept_(kept)
    {
    }

    [[nodiscard]] place& operator*() const noexcept { return *cursor_; }
    [[nodiscard]] place* operator->() const noexcept { return cursor_.get(); }

    /// Forward. What is kept moves first: see `group_state::share::move`.
    void move(offset_t to, unsigned flags) noexcept
    {
        kept_.set(ring::pack(to, flags));
        cursor_->set(to, flags);
    }
    /// To anywhere, as `hold_from`; returns where.
    offset_t hold(Log& log, offset_t wanted, unsigned flags) noexcept
    {
        const offset_t at = hold_from(log, *cursor_, wanted, flags);
        keep();
        return at;
    }
    /// The cursor has been moved in another way.
    void keep() noexcept
    {
        if constexpr (kept_offset::kept) {
            kept_.set(cursor_->get());
        }
    }

private:
    owned_place cursor_;
    GREGOR_NO_UNIQUE_ADDRESS kept_offset kept_;
};

} // namespace gregor::inline GREGOR_ABI
