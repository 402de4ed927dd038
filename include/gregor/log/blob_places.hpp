// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/log/blobs.hpp"
#include "gregor/log/partition_files.hpp"

// Where the blobs of a partition lie that was opened and mapped; nowhere, where it has none.

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

template <class Files>
[[nodiscard]] mapped_blobs places_of_blobs(const partition_files<Files>& files) noexcept
{
    if (!files.format().has_blobs()) {
        return {};
    }
    const window<Files>& all = files.blobs().mapped();
    return {static_cast<std::byte*>(all.begin()), all.segments() * files.blobs().chunk_bytes() - 1};
}

/// The first position that the next one may have, at a multiple of `granule`.
template <class Files>
[[nodiscard]] std::uint64_t next_blob(const partition_files<Files>& files,
                                      std::size_t granule) noexcept
{
    return (files.blobs_end() + granule - 1) / granule * granule;
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
