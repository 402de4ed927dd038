// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI::storage {

/// Records live in a ring in memory and die with the process. Nothing is faster.
struct in_memory {
    using policy_kind = kind::storage;
};

} // namespace gregor::inline GREGOR_ABI::storage
