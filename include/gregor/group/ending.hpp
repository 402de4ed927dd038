// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/group/assignment.hpp"

namespace gregor::inline GREGOR_ABI {

/// Whether a consumer is at the end of all that it reads, and nothing is left to take over.
template <class Topic>
[[nodiscard]] GREGOR_NOINLINE bool nothing_will_come(const typename Topic::state_type& state,
                                                     assignment<Topic>& assigned) noexcept
{
    std::size_t open = 0; // partitions that are read to their end, but not committed
    for (const auto* each : assigned.readers().all()) {
        if (!each->finished()) {
            return false;
        }
        open += each->log().protocol().finished(each->cursor().sequence()) ? 0 : 1;
    }
    if (!assigned.has_group()) {
        return true;
    }
    const auto& shares = assigned.member().group().shares;
    // The size is looked at again each time: who has seen a partition closed sees all that were
    // added before. Each has its share by then.
    for (std::size_t p = 0; p != state.partitions.size(); ++p) {
        const offset_t committed = shares[p].cursor->sequence();
        if (state.partitions[p].log.protocol().finished(committed)) {
            continue;
        }
        if (open == 0) {
            return false; // somebody else's, or nobody's: it may still come here
        }
        --open;
    }
    return true;
}

} // namespace gregor::inline GREGOR_ABI
