// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#if GREGOR_FILES

#    include <algorithm>
#    include <cstdint>
#    include <filesystem>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/durable.hpp"

// Logs of trades that become logs of quotes.

namespace support {

/// What a trade becomes.
struct quote {
    std::uint64_t id = 0;
    std::uint64_t price = 0;
    std::uint64_t venue = 0;

    [[nodiscard]] static quote number(std::uint64_t n) { return of(trade::number(n)); }
    [[nodiscard]] static quote of(const trade& old) { return {old.id, old.price, old.id % 3}; }
    friend bool operator==(const quote&, const quote&) = default;
};

/// The names in a folder, in order.
[[nodiscard]] inline std::vector<std::string> names_in(const std::string& path)
{
    std::vector<std::string> names;
    for (const auto& each : std::filesystem::directory_iterator(path)) {
        names.push_back(each.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace support

template <>
inline constexpr std::string_view gregor::type_name<support::quote> = "quote";

#endif
