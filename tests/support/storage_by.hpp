// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

namespace support {

/// Records on disk, as `storage::mmap_log`, by these calls to the system.
template <class Files>
struct storage_by {
    using policy_kind = gregor::kind::storage;
};

} // namespace support

template <class Files, class Record, bool Many>
struct gregor::log_of<support::storage_by<Files>, Record, Many> {
    using type = gregor::mapped_log<Record, Many, gregor::ring::std_env, Files>;
};

#endif
