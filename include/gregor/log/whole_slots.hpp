// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/crc32c.hpp"
#include "gregor/log/format.hpp"

// Slots that are all as they should be, checked at the speed of memory. `look_at_slot` says of one
// slot what it is; where records are read back, nearly every slot is a whole one, and the question
// is only where that ends.

namespace gregor::inline GREGOR_ABI::disk {

/// It says that it is a record of this offset, or a void.
[[nodiscard]] inline bool is_stamped(const slot_head& head, offset_t offset) noexcept
{
    return (head.stamp == stamp_of(offset, slot_kind::record) ||
            head.stamp == stamp_of(offset, slot_kind::skipped)) &&
           head.reserved == 0;
}

/// And it is, every byte of it.
[[nodiscard]] inline bool is_whole_slot(std::uint32_t salted, offset_t offset, const void* slot,
                                        std::size_t slot_bytes) noexcept
{
    slot_head head;
    std::memcpy(&head, slot, sizeof head);
    return is_stamped(head, offset) && head.crc == slot_crc(salted, head.stamp, slot, slot_bytes);
}

/// What a slot is that was found whole.
[[nodiscard]] inline slot_state state_of_whole_slot(const void* slot) noexcept
{
    std::uint64_t stamp = 0;
    std::memcpy(&stamp, slot, sizeof stamp);
    return (stamp & 3U) == static_cast<std::uint64_t>(slot_kind::record) ? slot_state::record
                                                                         : slot_state::skipped;
}

/// Asks for these bytes, mapped or not, that they are in a cache of the processor soon.
inline void ask_for(const unsigned char* bytes, std::size_t count) noexcept
{
    for (std::size_t at = 0; at < count; at += cache_line_bytes) {
        GREGOR_PREFETCH(bytes + at); // no access, no fault
    }
}

#if GREGOR_CRC_INSTRUCTION
/// Asks for a line of memory, mapped or not, to be in the second cache soon: it drives nothing out
/// of the first one.
inline void bring_near(const unsigned char* line) noexcept
{
    __builtin_prefetch(line, 0, 2); // no access, no fault
}

/// So many of them are, side by side. Their checksums are taken at once: an instruction waits for
/// the one before it only where both are of one checksum.
template <std::size_t Many>
GREGOR_CRC_TARGET [[nodiscard]] inline bool
are_whole(std::uint32_t salted, offset_t first, const unsigned char* bytes, std::size_t slot_bytes,
          std::size_t ahead) noexcept
{
    slot_head heads[Many];
    std::uint64_t states[Many];
    for (std::size_t i = 0; i != Many; ++i) {
        std::memcpy(&heads[i], bytes + i * slot_bytes, sizeof heads[i]);
        if (!is_stamped(heads[i], first + i)) {
            return false;
        }
        states[i] = crc32c::with(crc32c::with(~salted, heads[i].stamp), heads[i].reserved);
    }
    const unsigned char* line = bytes + ahead;
    bring_near(line);
    for (std::size_t at = sizeof(slot_head); at != slot_bytes; at += 8) {
        line += 8 * Many; // some lines are asked for twice: that takes no longer than to avoid it
        bring_near(line);
        for (std::size_t i = 0; i != Many; ++i) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes + i * slot_bytes + at, sizeof word);
            states[i] = crc32c::with(states[i], word);
        }
    }
    bool whole = true;
    for (std::size_t i = 0; i != Many; ++i) {
        whole = whole && heads[i].crc == ~static_cast<std::uint32_t>(states[i]);
    }
    return whole;
}

/// How many of `count` slots, by groups of so many, are whole, where the first `known` are.
template <std::size_t Many>
GREGOR_CRC_TARGET [[nodiscard]] inline std::size_t
count_whole_groups(std::size_t known, std::uint32_t salted, offset_t first,
                   const unsigned char* bytes, std::size_t slot_bytes, std::size_t count,
                   std::size_t ahead) noexcept
{
    while (count - known >= Many &&
           are_whole<Many>(salted, first + known, bytes + known * slot_bytes, slot_bytes, ahead)) {
        known += Many;
    }
    return known;
}
#endif

/// How many of these slots, from the first one on, are whole before one that is not. While one is
/// looked at, what lies `ahead` of it is brought near: what the processor asks for by itself ends
/// with the page. Who comes back to slots that were whole, to read them, wants it as far ahead as
/// he goes at once.
///
/// Cost  8 bytes a cycle; a pass over memory that is in no cache costs as much as copying it
[[nodiscard]] GREGOR_NOINLINE inline std::size_t
count_whole_slots(std::uint32_t salted, offset_t first, const unsigned char* bytes,
                  std::size_t slot_bytes, std::size_t count,
                  std::size_t ahead = page_bytes) noexcept
{
    std::size_t whole = 0;
#if GREGOR_CRC_INSTRUCTION
    if (crc32c::has_instruction && slot_bytes % 8 == 0) [[likely]] {
        whole = count_whole_groups<4>(0, salted, first, bytes, slot_bytes, count, ahead);
        whole = count_whole_groups<2>(whole, salted, first, bytes, slot_bytes, count, ahead);
    }
#endif
    static_cast<void>(ahead);
    while (whole != count &&
           is_whole_slot(salted, first + whole, bytes + whole * slot_bytes, slot_bytes)) {
        ++whole;
    }
    return whole;
}

} // namespace gregor::inline GREGOR_ABI::disk
