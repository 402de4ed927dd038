// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "word.hpp"

namespace word_count {

/// How often each word was seen. A table with open addressing: short words lie in it, so most
/// additions touch one place in memory, where std::unordered_map touches three.
class word_counts {
public:
    /// `hash` is hash_of(word).
    void add(std::string_view word, std::uint32_t hash, std::uint64_t times = 1)
    {
        if (2 * distinct_ >= entries_.size()) {
            grow();
        }
        entry& place = entries_[place_of(entries_, word, hash)];
        if (place.count == 0) {
            place.hash = hash;
            place.word = word;
            ++distinct_;
        }
        place.count += times;
    }

    [[nodiscard]] std::size_t distinct() const noexcept { return distinct_; }

    /// How often this word was seen.
    [[nodiscard]] std::uint64_t count(std::string_view word) const
    {
        return entries_.empty() ? 0 : entries_[place_of(entries_, word, hash_of(word))].count;
    }

    /// Calls `take(word, count)` for each word, in no order.
    template <class Take>
    void for_each(Take&& take) const
    {
        for (const entry& each : entries_) {
            if (each.count != 0) {
                take(std::string_view{each.word}, each.count);
            }
        }
    }

private:
    struct entry {
        std::uint64_t count = 0; // 0: nobody is here
        std::uint32_t hash = 0;
        std::string word;
    };

    static std::size_t place_of(const std::vector<entry>& entries, std::string_view word,
                                std::uint32_t hash)
    {
        // the words of a partition have the lowest bits in common
        const std::size_t mask = entries.size() - 1;
        std::size_t i = (hash * std::uint64_t{0x9e3779b97f4a7c15} >> 32U) & mask;
        while (entries[i].count != 0 && (entries[i].hash != hash || entries[i].word != word)) {
            i = (i + 1) & mask;
        }
        return i;
    }

    void grow()
    {
        std::vector<entry> larger(entries_.empty() ? 256 : 2 * entries_.size());
        for (entry& each : entries_) {
            if (each.count != 0) {
                larger[place_of(larger, each.word, each.hash)] = std::move(each);
            }
        }
        entries_.swap(larger);
    }

    std::vector<entry> entries_; // a power of two of them, at most half of them in use
    std::size_t distinct_ = 0;
};

} // namespace word_count
