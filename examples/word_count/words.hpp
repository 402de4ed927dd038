// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace word_count {

/// A longer run of letters is cut: input without a single space must not fill the memory.
inline constexpr std::size_t longest_word = 1024;

/// What a byte is in a word: itself, its lower case, or 0 where it belongs to none. Bytes beyond
/// ASCII stay as they are, so words in UTF-8 stay whole in any language.
inline constexpr std::array<char, 256> letter_table = [] {
    std::array<char, 256> table{};
    for (std::size_t byte = 0; byte != table.size(); ++byte) {
        const bool lower = byte >= 'a' && byte <= 'z';
        const bool digit = byte >= '0' && byte <= '9';
        const bool upper = byte >= 'A' && byte <= 'Z';
        if (lower || digit || byte >= 0x80) {
            table[byte] = static_cast<char>(byte);
        } else if (upper) {
            table[byte] = static_cast<char>(byte - 'A' + 'a');
        }
    }
    return table;
}();

constexpr char letter(char byte) noexcept
{
    return letter_table[static_cast<unsigned char>(byte)];
}

/// Calls `take(word)` for each word of the text, in order. The view is valid for the call; it lies
/// at the front of longest_word bytes that can be read.
template <class Take>
void for_each_word(std::string_view text, Take&& take)
{
    std::array<char, longest_word> word;
    std::size_t length = 0;
    for (const char byte : text) {
        const char folded = letter(byte);
        if (folded == 0) {
            if (length != 0) {
                take(std::string_view{word.data(), length});
                length = 0;
            }
            continue;
        }
        if (length == longest_word) {
            take(std::string_view{word.data(), length});
            length = 0;
        }
        word[length++] = folded;
    }
    if (length != 0) {
        take(std::string_view{word.data(), length});
    }
}

} // namespace word_count
