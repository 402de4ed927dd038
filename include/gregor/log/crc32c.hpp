// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gregor/base/config.hpp"

#if defined(__ARM_FEATURE_CRC32)
#    include <arm_acle.h>
#endif

/// 1 where this file has code for an instruction that computes it; whether the processor has it, a
/// look at run time says.
#if (defined(__x86_64__) && defined(__GNUC__)) || defined(__ARM_FEATURE_CRC32)
#    define GREGOR_CRC_INSTRUCTION 1
#else
#    define GREGOR_CRC_INSTRUCTION 0
#endif

/// CRC-32C (Castagnoli), the checksum of iSCSI, ext4 and most logs: processors have an instruction
/// for it. `extend(extend(0, a), b)` is the checksum of `a` followed by `b`.
///
/// Threads   any
/// Cost      8 bytes take about 3 cycles with the instruction, one where 240 bytes follow or
///           several checksums are taken at once, and about 10 without it
namespace gregor::inline GREGOR_ABI::crc32c {

/// What each byte value comes to when 0 to 7 bytes follow it.
inline constexpr auto tables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> made{};
    for (std::uint32_t value = 0; value != 256; ++value) {
        std::uint32_t crc = value;
        for (int bit = 0; bit != 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
        }
        made[0][value] = crc;
    }
    for (std::size_t behind = 1; behind != made.size(); ++behind) {
        for (std::size_t value = 0; value != 256; ++value) {
            const std::uint32_t crc = made[behind - 1][value];
            made[behind][value] = (crc >> 8U) ^ made[0][crc & 0xffU];
        }
    }
    return made;
}();

/// The same on any machine, eight bytes at a time.
[[nodiscard]] GREGOR_NOINLINE inline std::uint32_t
extend_portably(std::uint32_t crc, const void* bytes, std::size_t count) noexcept
{
    const auto* at = static_cast<const unsigned char*>(bytes);
    crc = ~crc;
    for (; count >= 8; count -= 8, at += 8) {
        crc = tables[7][(crc ^ at[0]) & 0xffU] ^ tables[6][((crc >> 8U) ^ at[1]) & 0xffU] ^
              tables[5][((crc >> 16U) ^ at[2]) & 0xffU] ^ tables[4][(crc >> 24U) ^ at[3]] ^
              tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
    }
    for (; count != 0; --count, ++at) {
        crc = (crc >> 8U) ^ tables[0][(crc ^ *at) & 0xffU];
    }
    return ~crc;
}

#if GREGOR_CRC_INSTRUCTION
#    if defined(__ARM_FEATURE_CRC32)
inline constexpr bool has_instruction = true;
/// Before a function that executes it: to be called only where the processor has it.
#        define GREGOR_CRC_TARGET
#        define GREGOR_CRC_8(crc, word) __crc32cd(static_cast<std::uint32_t>(crc), word)
#        define GREGOR_CRC_4(crc, word) __crc32cw(static_cast<std::uint32_t>(crc), word)
#        define GREGOR_CRC_1(crc, byte) __crc32cb(static_cast<std::uint32_t>(crc), byte)
#    else
#        if defined(__SSE4_2__) && defined(__PCLMUL__)
inline constexpr bool has_instruction = true;
#        else
/// Before it is looked at, as false as true: both ways lead to the same. (There was one processor
/// with the first and without the second, of 2008.)
inline const bool has_instruction = (__builtin_cpu_init(), __builtin_cpu_supports("sse4.2") != 0) &&
                                    __builtin_cpu_supports("pclmul") != 0;
#        endif
#        define GREGOR_CRC_TARGET [[gnu::target("sse4.2,pclmul")]]
#        define GREGOR_CRC_8(crc, word) __builtin_ia32_crc32di(crc, word)
#        define GREGOR_CRC_4(crc, word)                                                            \
            __builtin_ia32_crc32si(static_cast<std::uint32_t>(crc), word)
#        define GREGOR_CRC_1(crc, byte)                                                            \
            __builtin_ia32_crc32qi(static_cast<std::uint32_t>(crc), byte)
#    endif

/// The state of a checksum, which is that with every bit turned, once these bytes came too.
GREGOR_CRC_TARGET [[nodiscard]] inline std::uint64_t with(std::uint64_t state,
                                                          std::uint64_t word) noexcept
{
    return GREGOR_CRC_8(state, word);
}
GREGOR_CRC_TARGET [[nodiscard]] inline std::uint64_t with(std::uint64_t state,
                                                          std::uint32_t word) noexcept
{
    return GREGOR_CRC_4(state, word);
}

#    if defined(__x86_64__)
/// What a state is multiplied by to come `count` bytes further (8 or more), but for the 33 bits
/// that the multiplication and the instruction behind it bring along: x to the power of
/// 8 * count - 33.
[[nodiscard]] constexpr std::uint32_t further(std::size_t count) noexcept
{
    std::uint32_t power = 0x80000000U;
    for (std::size_t bit = 33; bit != 8 * count; ++bit) {
        power = (power >> 1U) ^ ((power & 1U) != 0 ? 0x82f63b78U : 0U);
    }
    return power;
}

/// The product of two polynomials, of which no bit is carried.
GREGOR_CRC_TARGET [[nodiscard]] inline std::uint64_t multiplied(std::uint64_t one,
                                                                std::uint64_t other) noexcept
{
    using pair = long long __attribute__((vector_size(16)));
    const pair left = {static_cast<long long>(one), 0};
    const pair right = {static_cast<long long>(other), 0};
    return static_cast<std::uint64_t>(__builtin_ia32_pclmulqdq128(left, right, 0)[0]);
}

/// The state that 3 * Third bytes (a multiple of 8) come to, taken as three: an instruction waits
/// for the one before it only where both are of one third. The first two are then moved to where
/// the last one ends.
template <std::size_t Third>
GREGOR_CRC_TARGET [[nodiscard]] inline std::uint64_t extend_thirds(std::uint64_t state,
                                                                   const unsigned char* at) noexcept
{
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const unsigned char* const end = at + Third; at != end; at += 8) {
        std::uint64_t words[3] = {};
        std::memcpy(&words[0], at, 8);
        std::memcpy(&words[1], at + Third, 8);
        std::memcpy(&words[2], at + 2 * Third, 8);
        state = GREGOR_CRC_8(state, words[0]);
        second = GREGOR_CRC_8(second, words[1]);
        third = GREGOR_CRC_8(third, words[2]);
    }
    constexpr std::uint64_t by_two = further(2 * Third);
    constexpr std::uint64_t by_one = further(Third);
    const std::uint64_t moved = multiplied(state, by_two) ^ multiplied(second, by_one);
    return GREGOR_CRC_8(std::uint64_t{0}, moved) ^ third;
}

/// As much as can be taken in thirds; `at` and `count` say what is left.
GREGOR_CRC_TARGET [[nodiscard]] inline std::uint64_t
extend_in_thirds(std::uint64_t state, const unsigned char*& at, std::size_t& count) noexcept
{
    constexpr std::size_t longer = 336;
    constexpr std::size_t shorter = 80;
    for (; count >= 3 * longer; count -= 3 * longer, at += 3 * longer) {
        state = extend_thirds<longer>(state, at);
    }
    for (; count >= 3 * shorter; count -= 3 * shorter, at += 3 * shorter) {
        state = extend_thirds<shorter>(state, at);
    }
    return state;
}
#    endif

/// By the processor's instruction; only where it has one. The odd bytes come first: there are four
/// of them in a slot, and what follows is aligned.
GREGOR_CRC_TARGET [[nodiscard]] inline std::uint32_t
extend_by_instruction(std::uint32_t crc, const void* bytes, std::size_t count) noexcept
{
    const auto* at = static_cast<const unsigned char*>(bytes);
    std::uint64_t state = ~crc;
    for (; count % 4 != 0; --count, ++at) {
        state = GREGOR_CRC_1(state, *at);
    }
    if (count % 8 != 0) {
        std::uint32_t word = 0;
        std::memcpy(&word, at, sizeof word);
        state = GREGOR_CRC_4(state, word);
        count -= sizeof word;
        at += sizeof word;
    }
#    if defined(__x86_64__)
    state = extend_in_thirds(state, at, count);
#    endif
    for (; count != 0; count -= 8, at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        state = GREGOR_CRC_8(state, word);
    }
    return ~static_cast<std::uint32_t>(state);
}

#    undef GREGOR_CRC_8
#    undef GREGOR_CRC_4
#    undef GREGOR_CRC_1
#endif

/// The checksum `crc` of what came before, with these bytes behind it; 0 before anything came.
[[nodiscard]] inline std::uint32_t extend(std::uint32_t crc, const void* bytes,
                                          std::size_t count) noexcept
{
#if GREGOR_CRC_INSTRUCTION
    if (has_instruction) [[likely]] {
        return extend_by_instruction(crc, bytes, count);
    }
#endif
    return extend_portably(crc, bytes, count);
}

/// Of these bytes alone.
[[nodiscard]] inline std::uint32_t of(const void* bytes, std::size_t count) noexcept
{
    return extend(0, bytes, count);
}

} // namespace gregor::inline GREGOR_ABI::crc32c
