// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI::overflow {

/// `send` waits for room: a slow lossless group slows its producers down. Nothing is lost.
struct block {
    using policy_kind = kind::overflow;
    static constexpr bool waits = true;
};

/// `send` answers `full` at once: the producer decides what to do. It never waits.
struct reject {
    using policy_kind = kind::overflow;
    static constexpr bool waits = false;
};

} // namespace gregor::inline GREGOR_ABI::overflow
