// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI::storage {

/// Records live in a ring in memory and die with the process. Nothing is faster.
struct in_memory {
    using policy_kind = kind::storage;
};

/// Records live in mapped files and outlive the process: whatever ends it, what was sent is there
/// when the topic is opened again. A send costs its checksum more, and reading nothing. What is
/// trivially copyable lies there as in memory; other values, keys and headers by `serde<T>`, which
/// costs a copy more and, to read, a checksum. Include <gregor/mmap_log.hpp>.
struct mmap_log {
    using policy_kind = kind::storage;
};

} // namespace gregor::inline GREGOR_ABI::storage
