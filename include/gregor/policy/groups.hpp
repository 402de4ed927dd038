// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI::groups {

/// Any number of groups, each of which reads everything. Records are read in place, as const.
struct many {
    using policy_kind = kind::groups;
    static constexpr bool takes = false;
};

/// A work queue: one group only, and `record.take()` moves the value out. A record that was taken
/// is not delivered again, whatever was committed. One flag in each slot.
struct one {
    using policy_kind = kind::groups;
    static constexpr bool takes = true;
};

} // namespace gregor::inline GREGOR_ABI::groups
