// SPDX-License-Identifier: MIT
#include "model/checker/decisions.hpp"

namespace gregor::model {

void decisions::rewind()
{
    next_ = 0;
    if (source_ == source::random) {
        taken_.clear();
    }
}

bool decisions::advance()
{
    taken_.resize(next_);
    while (!taken_.empty() && taken_.back().chosen + 1 >= taken_.back().count) {
        taken_.pop_back();
    }
    if (taken_.empty()) {
        return false;
    }
    ++taken_.back().chosen;
    return true;
}

// One character a choice, 0-9 and a-z; larger ones as (number); a run of zeros as ~number~. Zeros
// at the end are left out.

std::string decisions::encode() const
{
    constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string text;
    std::size_t zeros = 0;
    for (std::size_t i = 0; i < next_; ++i) {
        const std::uint32_t chosen = taken_[i].chosen;
        if (chosen == 0) {
            ++zeros;
            continue;
        }
        text += zeros < 4 ? std::string(zeros, '0') : "~" + std::to_string(zeros) + "~";
        zeros = 0;
        text += chosen < digits.size() ? std::string(1, digits[chosen])
                                       : "(" + std::to_string(chosen) + ")";
    }
    return text;
}

bool decisions::decode(std::string_view text)
{
    taken_.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '~' || c == '(') {
            const std::size_t end = text.find(c == '~' ? '~' : ')', i + 1);
            std::uint32_t number = 0;
            for (++i; i < end; ++i) {
                if (end == text.npos || text[i] < '0' || text[i] > '9' || number > 100'000) {
                    return false;
                }
                number = number * 10 + static_cast<std::uint32_t>(text[i] - '0');
            }
            taken_.insert(taken_.end(), c == '~' ? number : 1, {c == '~' ? 0 : number, 0});
        } else if (c >= '0' && c <= '9') {
            taken_.push_back({static_cast<std::uint32_t>(c - '0'), 0});
        } else if (c >= 'a' && c <= 'z') {
            taken_.push_back({static_cast<std::uint32_t>(c - 'a' + 10), 0});
        } else {
            return false;
        }
    }
    return true;
}

} // namespace gregor::model
