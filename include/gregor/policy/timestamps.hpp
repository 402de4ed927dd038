// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/base/types.hpp"
#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI {

/// Records carry no time. The default: a look at the clock costs more than a send.
struct no_timestamps {
    using policy_kind = kind::timestamps;
    static constexpr bool stored = false;
};

/// Each record carries when it was sent, or the time that the sender gave: 8 bytes, and a look at
/// the topic's wall clock (about 40 ns) where none was given.
struct timestamps {
    using policy_kind = kind::timestamps;
    static constexpr bool stored = true;
};

} // namespace gregor::inline GREGOR_ABI
