// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

/// Where a group's committed offset is kept beside the cursor in memory: nowhere, by a log that
/// goes with the process. What a log on disk has instead is `disk::kept_offset`.
struct kept_nowhere {
    static constexpr bool kept = false;
    static constexpr std::size_t longest_note = ~std::size_t{0};

    static void set(std::uint64_t) noexcept {}
    static void write_note(offset_t, std::string_view) noexcept {}
    static void clear_notes() noexcept {}
};

} // namespace gregor::inline GREGOR_ABI
