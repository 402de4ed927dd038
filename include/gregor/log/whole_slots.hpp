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

/// Three of them, side by side: their checksums are taken at once.
[[nodiscard]] inline bool are_three_whole(std::uint32_t salted, offset_t first,
                                          const unsigned char* bytes,
                                          std::size_t slot_bytes) noexcept
{
    slot_head heads[3];
    for (std::size_t i = 0; i != 3; ++i) {
        std::memcpy(&heads[i], bytes + i * slot_bytes, sizeof heads[i]);
        if (!is_stamped(heads[i], first + i)) {
            return false;
        }
    }
    constexpr std::size_t from = offsetof(slot_head, reserved);
    std::uint32_t crcs[3] = {salted, salted, salted};
    crc32c::extend_three(crcs, bytes, slot_bytes, sizeof heads[0].stamp);
    crc32c::extend_three(crcs, bytes + from, slot_bytes, slot_bytes - from);
    return crcs[0] == heads[0].crc && crcs[1] == heads[1].crc && crcs[2] == heads[2].crc;
}

/// Asks for these bytes, mapped or not, that they are in a cache of the processor soon.
inline void ask_for(const unsigned char* bytes, std::size_t count) noexcept
{
#if defined(__GNUC__)
    for (std::size_t at = 0; at < count; at += cache_line_bytes) {
        __builtin_prefetch(bytes + at); // no access, no fault
    }
#else
    static_cast<void>(bytes);
    static_cast<void>(count);
#endif
}

/// How many of these slots, from the first one on, are whole before one that is not.
///
/// Cost  8 bytes a cycle; a pass over memory that is in no cache costs as much as copying it
[[nodiscard]] inline std::size_t count_whole_slots(std::uint32_t salted, offset_t first,
                                                   const unsigned char* bytes,
                                                   std::size_t slot_bytes,
                                                   std::size_t count) noexcept
{
    std::size_t whole = 0;
    for (; count - whole >= 3; whole += 3) {
        const unsigned char* const three = bytes + whole * slot_bytes;
        // What the processor asks for by itself ends with the page. Of a file that is mapped, and
        // in no cache of the processor, 14 GB/s are checked so, and 9 without.
        ask_for(three + page_bytes, 3 * slot_bytes);
        if (!are_three_whole(salted, first + whole, three, slot_bytes)) {
            break;
        }
    }
    while (whole != count &&
           is_whole_slot(salted, first + whole, bytes + whole * slot_bytes, slot_bytes)) {
        ++whole;
    }
    return whole;
}

} // namespace gregor::inline GREGOR_ABI::disk
