// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/crc32c.hpp"
#include "gregor/log/format.hpp"

namespace gregor::inline GREGOR_ABI {

namespace disk {

#if GREGOR_CRC_INSTRUCTION
/// The checksum of longer slots is better taken in thirds.
inline constexpr std::size_t most_bytes_in_one_go = 240;

/// No loop, no length that is looked at: in a short slot these took as long as the checksum.
template <std::size_t SlotBytes>
GREGOR_CRC_TARGET [[nodiscard]] std::uint32_t
slot_crc_in_one_go(std::uint32_t salted, std::uint64_t stamp, const void* slot) noexcept
{
    const auto* const bytes = static_cast<const unsigned char*>(slot);
    std::uint64_t state = crc32c::with(crc32c::with(~salted, stamp), std::uint32_t{0});
    for (std::size_t at = slot_head_bytes; at != SlotBytes; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes + at, sizeof word);
        state = crc32c::with(state, word);
    }
    return ~static_cast<std::uint32_t>(state);
}
#endif

/// As `slot_crc`, of a slot whose length the compiler knows, and whose reserved bytes are zero.
template <std::size_t SlotBytes>
[[nodiscard]] std::uint32_t fixed_slot_crc(std::uint32_t salted, std::uint64_t stamp,
                                           const void* slot) noexcept
{
#if GREGOR_CRC_INSTRUCTION
    if constexpr (SlotBytes <= most_bytes_in_one_go) {
        if (crc32c::has_instruction) [[likely]] {
            return slot_crc_in_one_go<SlotBytes>(salted, stamp, slot);
        }
    }
#endif
    return slot_crc(salted, stamp, slot, SlotBytes);
}

} // namespace disk

/// A slot of a mapped log as it lies in the file (see format.hpp): what comes before the record,
/// and the record. The stamp belongs to the log's protocol, which alone stores it; `finish` writes
/// the rest.
template <class Env>
struct mapped_slot_head {
    typename Env::template atomic<std::uint64_t> stamp;
    std::uint32_t crc;
    std::uint32_t reserved;
};

template <class Record, class Env>
struct mapped_slot : mapped_slot_head<Env>, Record {
    static_assert(sizeof(mapped_slot_head<Env>) == disk::slot_head_bytes,
                  "a stamp takes 8 bytes, on every machine that has files");

    /// All but the stamp, for the kind that it will say. What is no part of the record is zero
    /// then: nothing that lay in memory by chance gets into a file.
    void finish(std::uint32_t salted, offset_t offset, disk::slot_kind kind) noexcept
    {
        auto* const bytes = reinterpret_cast<unsigned char*>(this);
        auto* const record = reinterpret_cast<unsigned char*>(static_cast<Record*>(this));
        const auto zero = [](unsigned char* from, unsigned char* to) {
            std::memset(from, 0, static_cast<std::size_t>(to - from));
        };
        if (kind == disk::slot_kind::skipped) {
            zero(bytes + disk::slot_head_bytes,
                 bytes + sizeof(*this)); // was given up, or never built
        } else {
            zero(bytes + disk::slot_head_bytes, bytes + disk::payload_at_of(alignof(Record)));
            if constexpr (requires(Record& its) { its.clear_unused(); }) {
                static_cast<Record&>(*this).clear_unused();
            }
            zero(record + sizeof(Record), bytes + sizeof(*this));
        }
        this->reserved = 0;
        static_assert(sizeof(*this) % 8 == 0, "a slot is a number of words");
        this->crc = disk::fixed_slot_crc<sizeof(*this)>(salted, disk::stamp_of(offset, kind), this);
    }
};

} // namespace gregor::inline GREGOR_ABI
