// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/gregor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/scratch_directory.hpp"

// Topics with a log on disk, in the small.

namespace support {

/// A record of a few bytes, whose parts belong together.
struct trade {
    std::uint64_t id = 0;
    std::uint64_t price = 0;

    [[nodiscard]] static trade number(std::uint64_t n) { return {n, n * 7 + 1}; }
    [[nodiscard]] bool is_whole() const { return price == id * 7 + 1; }
    friend bool operator==(const trade&, const trade&) = default;
};

/// The fewest records that a segment can have.
inline constexpr std::size_t segment = 512;

/// A topic's options, for a log in this folder.
[[nodiscard]] inline gregor::topic_options log_in(const scratch_directory& folder)
{
    gregor::topic_options options;
    options.log.directory = folder.path();
    options.log.segment_records = segment;
    return options;
}

} // namespace support

template <>
inline constexpr std::string_view gregor::type_name<support::trade> = "trade";
