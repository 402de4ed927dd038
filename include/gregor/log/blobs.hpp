// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// Of a log whose records lie in their slots, all of them.
struct no_blobs {};

/// Where the blobs of a partition lie: its chunks side by side in a window.
struct mapped_blobs {
    std::byte* begin = nullptr; ///< of position 0, and of every whole turn
    std::uint64_t mask = 0;

    [[nodiscard]] std::byte* at(std::uint64_t position) const noexcept
    {
        return begin + static_cast<std::size_t>(position & mask);
    }
};

} // namespace gregor::inline GREGOR_ABI
