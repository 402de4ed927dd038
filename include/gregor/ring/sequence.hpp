// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

// Sequences are unsigned and wrap; they are compared by their distance, which the protocols keep
// below half their range. A word is a sequence with two flag bits below it, stored and compared as
// one. Production runs on 64 bits (so 62 of them count); tests run the same code on 8, to meet the
// wrap.

template <class Seq>
struct word_of;
template <>
struct word_of<std::uint8_t> {
    using type = std::uint16_t;
};
template <>
struct word_of<std::uint16_t> {
    using type = std::uint32_t;
};
template <>
struct word_of<std::uint32_t> {
    using type = std::uint64_t;
};
template <>
struct word_of<std::uint64_t> {
    using type = std::uint64_t;
};

template <class Seq>
using word_t = typename word_of<Seq>::type;

template <class Seq>
[[nodiscard]] constexpr word_t<Seq> pack(Seq sequence, unsigned flags) noexcept
{
    using word = word_t<Seq>;
    return static_cast<word>(static_cast<word>(static_cast<word>(sequence) << 2U) |
                             static_cast<word>(flags));
}

template <class Seq>
[[nodiscard]] constexpr Seq sequence_in(word_t<Seq> word) noexcept
{
    return static_cast<Seq>(word >> 2U);
}

template <class Word>
[[nodiscard]] constexpr unsigned flags_in(Word word) noexcept
{
    return static_cast<unsigned>(word & 3U);
}

template <class Seq>
[[nodiscard]] constexpr Seq plus(Seq sequence, std::type_identity_t<Seq> count) noexcept
{
    return static_cast<Seq>(sequence + count);
}

template <class Seq>
[[nodiscard]] constexpr Seq minus(Seq sequence, std::type_identity_t<Seq> count) noexcept
{
    return static_cast<Seq>(sequence - count);
}

/// a stands before b.
template <class Seq>
[[nodiscard]] constexpr bool before(Seq a, std::type_identity_t<Seq> b) noexcept
{
    return static_cast<std::make_signed_t<Seq>>(static_cast<Seq>(a - b)) < 0;
}

template <class Seq>
[[nodiscard]] constexpr Seq earlier(Seq a, std::type_identity_t<Seq> b) noexcept
{
    return before(b, a) ? b : a;
}

} // namespace gregor::inline GREGOR_ABI::ring
