// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/log/blob_store.hpp"
#include "gregor/log/checkpoint.hpp"
#include "gregor/log/recovery_report.hpp"
#include "gregor/log/segment.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// A partition that can be gone on with.
template <class Files>
struct recovered {
    recovery_report report;
    checkpoint_file<Files> checkpoint;
    std::vector<segment<Files>> segments; ///< by offset; none where nothing was ever written
    std::optional<blob_store<Files>> blobs;
    std::uint64_t blobs_end = 0; ///< from there on there is nothing that counts
};

} // namespace gregor::inline GREGOR_ABI::disk

#endif
