// SPDX-License-Identifier: MIT
#include "check.hpp"

#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include "words.hpp"

namespace word_count {

plain_count count_plainly(std::vector<input>& texts)
{
    const auto start = std::chrono::steady_clock::now();
    plain_count plain;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) {
            ++plain.counts[word];
            word.clear();
        }
    };
    for (input& text : texts) {
        text.read([&](std::string_view block) {
            for (const char byte : block) {
                if (letter(byte) == 0 || word.size() == longest_word) {
                    end_word();
                }
                if (letter(byte) != 0) {
                    word += letter(byte);
                }
            }
        });
        end_word();
    }
    plain.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return plain;
}

std::vector<std::string> differences(const std::vector<word_counts>& found,
                                     const plain_count& expected, std::uint32_t repeat)
{
    constexpr std::size_t enough = 5;
    std::vector<std::string> sentences;
    std::size_t distinct = 0;
    for (const word_counts& part : found) {
        distinct += part.distinct();
        part.for_each([&](std::string_view word, std::uint64_t count) {
            const auto at = expected.counts.find(std::string{word});
            const std::uint64_t should_be = at == expected.counts.end() ? 0 : at->second * repeat;
            if (count != should_be && sentences.size() != enough) {
                sentences.push_back(fmt::format("'{}' was counted {} times, and is there {} times",
                                                word, count, should_be));
            }
        });
    }
    if (distinct != expected.counts.size()) {
        sentences.push_back(fmt::format("{} different words were counted, and {} are there",
                                        distinct, expected.counts.size()));
    }
    return sentences;
}

} // namespace word_count
