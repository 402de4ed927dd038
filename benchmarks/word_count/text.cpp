// SPDX-License-Identifier: MIT
#include "text.hpp"

#include <algorithm>
#include <bit>
#include <cctype>

namespace benchmarks {

std::string made_text::make()
{
    std::vector<std::string> known;
    std::vector<std::uint64_t> up_to; // how often a word of this rank, or one before it, is there
    std::uint64_t all = 0;
    for (std::size_t rank = 1; rank <= vocabulary; ++rank) {
        known.push_back(a_word(rank));
        up_to.push_back(all += 1'000'000'000 / rank);
    }

    std::string text;
    std::size_t line_began = 0;
    bool sentence_begins = true;
    for (std::size_t i = 0; i < words; ++i) {
        const auto at = std::upper_bound(up_to.begin(), up_to.end(), below(all)) - up_to.begin();
        std::string word = known[static_cast<std::size_t>(at)];
        if (sentence_begins)
            word[0] = static_cast<char>(std::toupper(word[0]));
        sentence_begins = below(12) == 0;
        text += word;
        text += sentence_begins ? "." : below(10) == 0 ? "," : "";
        const bool full = text.size() - line_began >= line_bytes;
        text += full || i + 1 == words ? '\n' : ' ';
        if (full)
            line_began = text.size();
    }
    return text;
}

/// Frequent words are short.
std::string made_text::a_word(std::size_t rank)
{
    std::string word;
    for (std::uint64_t left = 1 + std::bit_width(rank) / 3 + below(4); left != 0; --left)
        word += static_cast<char>('a' + below(26));
    return word;
}

/// Knuth's multiplicative congruential generator: good enough, and the same everywhere.
std::uint64_t made_text::below(std::uint64_t end) noexcept
{
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 20) % end;
}

} // namespace benchmarks
