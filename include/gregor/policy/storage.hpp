// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI::storage {

/// Records live in a ring in memory and die with the process. Nothing is faster.
struct in_memory {
    using policy_kind = kind::storage;
};

/// Records live in mapped files, as they lie in memory, and outlive the process: whatever ends it,
/// what was sent is there when the topic is opened again. A send costs its checksum more, and
/// reading nothing. For trivially copyable records; include <gregor/mmap_log.hpp>.
struct mmap_log {
    using policy_kind = kind::storage;
};

} // namespace gregor::inline GREGOR_ABI::storage
