// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "words.hpp"

namespace word_count {

/// A longer line travels as several records: what the rings hold stays bounded.
inline constexpr std::size_t longest_line = 4 * longest_word;

/// Cuts blocks of text into lines, without their ends. A line may go on from one block to the next.
class line_splitter {
public:
    /// Calls `take(line)` for each line that ends in this block. The view is valid for the call.
    template <class Take>
    void feed(std::string_view block, Take&& take)
    {
        for (std::size_t end = block.find('\n'); end != std::string_view::npos;
             end = block.find('\n')) {
            finish(block.substr(0, end), take);
            block.remove_prefix(end + 1);
        }
        started_ += block;
        cut_started(take);
    }

    /// The text has ended: the last line may have no end of its own.
    template <class Take>
    void finish(Take&& take)
    {
        if (!started_.empty()) {
            finish({}, take);
        }
    }

private:
    template <class Take>
    void finish(std::string_view rest, Take&& take)
    {
        if (started_.empty() && rest.size() <= longest_line) {
            take(rest);
            return;
        }
        started_ += rest;
        cut_started(take);
        take(std::string_view{started_});
        started_.clear();
    }

    /// Passes the front of a line on while it is too long.
    template <class Take>
    void cut_started(Take&& take)
    {
        std::string_view line = started_;
        while (line.size() > longest_line) {
            const std::string_view piece = line.substr(0, cut_of(line));
            take(piece);
            line.remove_prefix(piece.size());
        }
        started_.erase(0, started_.size() - line.size());
    }

    /// Between two words; a word that is longer than a line is cut where it would be cut anyway.
    static std::size_t cut_of(std::string_view line)
    {
        std::size_t cut = longest_line;
        while (cut != 0 && letter(line[cut - 1]) != 0) {
            --cut;
        }
        return cut != 0 ? cut : longest_line;
    }

    std::string started_;
};

} // namespace word_count
