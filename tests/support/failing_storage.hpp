// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include "support/failing_files.hpp"

namespace support {

/// Records on disk, as `storage::mmap_log`, where the n-th call to the system fails.
struct failing_storage {
    using policy_kind = gregor::kind::storage;
};

} // namespace support

template <class Record, bool Many>
struct gregor::log_of<support::failing_storage, Record, Many> {
    using type = gregor::mapped_log<Record, Many, gregor::ring::std_env, support::failing_files>;
};

#endif
