// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::disk {

/// What the system calls its start by, in 16 bytes: 32 digits, hexadecimal, whatever stands between
/// them. False where they are not so many.
template <std::size_t Length>
[[nodiscard]] bool read_boot_id(const char (&text)[Length],
                                std::array<unsigned char, 16>& id) noexcept
{
    std::size_t nibble = 0;
    for (const char digit : text) {
        const int value = digit >= '0' && digit <= '9'   ? digit - '0'
                          : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                                         : -1;
        if (value >= 0 && nibble != 2 * id.size()) {
            unsigned char& byte = id[nibble / 2];
            byte = static_cast<unsigned char>((nibble % 2 == 0 ? 0 : byte << 4) | value);
            ++nibble;
        }
    }
    return nibble == 2 * id.size();
}

} // namespace gregor::inline GREGOR_ABI::disk
