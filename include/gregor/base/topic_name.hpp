// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

inline constexpr std::size_t longest_topic_name = 249;
inline constexpr std::string_view topic_name_rule =
    R"(a name of 1 to 249 of a-z, A-Z, 0-9, '.', '_', '-', and not "." or "..")";

/// Kafka's rules for the names of topics.
[[nodiscard]] constexpr bool is_topic_name(std::string_view name) noexcept
{
    bool allowed =
        !name.empty() && name.size() <= longest_topic_name && name != "." && name != "..";
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        allowed &= letter || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    }
    return allowed;
}

} // namespace gregor::inline GREGOR_ABI
