// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace benchmarks {

/// A text whose words are as frequent as those of a language: the n-th most frequent is there 1/n
/// times as often as the first. 100,000 words, of which 13,000 are different, 4 to 5 letters on
/// average; lines of 64 bytes and more, with punctuation and capitals. The same one every time.
class made_text {
public:
    static constexpr std::size_t words = 100'000;

    static const std::string& get()
    {
        static const std::string text = made_text{}.make();
        return text;
    }

private:
    static constexpr std::size_t vocabulary = 20'000;
    static constexpr std::size_t line_bytes = 64;

    std::string make();
    std::string a_word(std::size_t rank);
    std::uint64_t below(std::uint64_t end) noexcept;

    std::uint64_t state_ = 1;
};

} // namespace benchmarks
