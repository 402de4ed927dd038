// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include <gregor/gregor.hpp>

namespace word_count {

/// By which a word finds its partition, and then its place in a table: it is made once.
[[nodiscard]] inline std::uint32_t hash_of(std::string_view letters) noexcept
{
    return gregor::murmur2(std::as_bytes(std::span{letters.data(), letters.size()}));
}

/// A word on its way to a counter, with its hash. A small record: as a string it would be half as
/// long again, and it has to get from one core to another. Nearly all words lie in it; a longer one
/// lies in memory of its own.
class word {
public:
    /// So many letters lie in the record.
    static constexpr std::size_t most_inside = 19;

    word() = default; // an empty one

    /// `letters` have to lie where most_inside can be read, however many they are: to copy so many
    /// takes no longer than to copy one, and to copy as many as there are takes five times as long,
    /// since nobody can tell how many that will be.
    word(std::string_view letters, std::uint32_t hash) : hash_{hash}
    {
        if (letters.size() <= most_inside) {
            std::memcpy(inside_.data(), letters.data(), most_inside);
            inside_[most_inside] = static_cast<char>(letters.size());
        } else {
            lay_outside(letters);
        }
    }

    word(word&& other) noexcept : hash_{other.hash_}, inside_{other.inside_}
    {
        other.inside_[most_inside] = 0;
    }
    word& operator=(word&& other) noexcept
    {
        std::swap(hash_, other.hash_);
        std::swap(inside_, other.inside_);
        return *this;
    }
    ~word()
    {
        if (inside_[most_inside] == outside) {
            delete[] elsewhere().letters;
        }
    }

    [[nodiscard]] std::string_view letters() const noexcept
    {
        if (inside_[most_inside] == outside) {
            return {elsewhere().letters, elsewhere().length};
        }
        return {inside_.data(), static_cast<std::size_t>(inside_[most_inside])};
    }
    [[nodiscard]] std::uint32_t hash() const noexcept { return hash_; }

private:
    struct longer {
        char* letters;
        std::size_t length;
    };
    static constexpr char outside = most_inside + 1;

    void lay_outside(std::string_view letters)
    {
        const longer far{new char[letters.size()], letters.size()};
        std::memcpy(far.letters, letters.data(), letters.size());
        std::memcpy(inside_.data(), &far, sizeof far);
        inside_[most_inside] = outside;
    }
    [[nodiscard]] longer elsewhere() const noexcept
    {
        longer far;
        std::memcpy(&far, inside_.data(), sizeof far);
        return far;
    }

    std::uint32_t hash_ = 0;
    std::array<char, most_inside + 1> inside_{}; // the last one says how many, or `outside`
};

static_assert(sizeof(word) == 24);

} // namespace word_count
