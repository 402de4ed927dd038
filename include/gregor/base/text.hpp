// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a text is made of: its parts, one after the other.
using text_parts = std::initializer_list<std::string_view>;

inline void append(std::string& to, text_parts parts)
{
    for (const std::string_view part : parts) {
        to.append(part.data(), part.size());
    }
}

[[nodiscard]] inline std::string text(text_parts parts)
{
    std::string whole;
    append(whole, parts);
    return whole;
}

/// Negative where the first comes first, byte by byte; 0 where they are the same. (Of the
/// comparisons of `std`, each program with a topic would compile a dozen functions.)
[[nodiscard]] inline int order_of_texts(std::string_view a, std::string_view b) noexcept
{
    const std::size_t both = a.size() < b.size() ? a.size() : b.size();
    const int order = both == 0 ? 0 : std::memcmp(a.data(), b.data(), both);
    if (order != 0 || a.size() == b.size()) {
        return order;
    }
    return a.size() < b.size() ? -1 : 1;
}

[[nodiscard]] inline bool same_text(std::string_view a, std::string_view b) noexcept
{
    return order_of_texts(a, b) == 0;
}

/// A number as a part of a text, in no string of its own.
class digits {
public:
    explicit digits(std::uint64_t number) noexcept
    {
        do {
            text_[--first_] = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number != 0);
    }

    // NOLINTNEXTLINE(google-explicit-constructor): a part of a text
    operator std::string_view() const noexcept { return {text_ + first_, most - first_}; }

private:
    static constexpr std::size_t most = 20;

    char text_[most];
    std::size_t first_ = most;
};

} // namespace gregor::inline GREGOR_ABI
