// SPDX-License-Identifier: MIT
#pragma once

#include "support/failing_files.hpp"
#include "support/storage_by.hpp"

#if GREGOR_FILES

namespace support {

/// Records on disk, as `storage::mmap_log`, where the n-th call to the system fails.
using failing_storage = storage_by<failing_files>;

} // namespace support

#endif
