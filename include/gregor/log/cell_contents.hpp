// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/crc32c.hpp"
#include "gregor/log/format.hpp"

namespace gregor::inline GREGOR_ABI::disk {

inline constexpr std::string_view offsets_magic = "gregorOF";
inline constexpr std::string_view offsets_state_magic = "gregorOS";
inline constexpr std::string_view group_magic = "gregorGR";

inline constexpr std::size_t cell_bytes = page_bytes;
inline constexpr std::size_t most_cells = std::size_t{1} << 16U;
inline constexpr std::size_t longest_group_name = 255;
inline constexpr std::size_t longest_note = 1000;

struct offsets_header {
    char magic[8];
    little32 version;
    little32 cell_bytes;
    little32 partition;
    little32 reserved;
    little64 log;
    unsigned char zero[464];
    little64 salt;
    little32 reserved_too;
    little32 crc;
};

struct offsets_state {
    char magic[8];
    little64 sequence;
    little64 epoch;
    little64 cells;
    unsigned char zero[476];
    little32 crc;
};

struct group_block {
    char magic[8];
    little64 sequence;
    little64 salt;
    little32 flags;
    little32 name_bytes;
    char name[256];
    unsigned char zero[220];
    little32 crc;
};

struct offset_copy {
    little64 word;
    little64 sequence;
    little32 crc;
    little32 whole;
};

struct note_block {
    little64 sequence;
    little64 of;
    little32 text_bytes;
    char text[longest_note];
    little32 crc;
};

/// Where they lie: the state in the first page, the rest in a cell.
inline constexpr std::size_t states_at[] = {1024, 1536};
inline constexpr std::size_t groups_at[] = {0, 512};
inline constexpr std::size_t offsets_at[] = {1024, 1536};
inline constexpr std::size_t notes_at[] = {2048, 3072};

static_assert(sizeof(offsets_header) == block_bytes && offsetof(offsets_header, salt) == 496);
static_assert(sizeof(offsets_state) == block_bytes && offsetof(offsets_state, cells) == 24);
static_assert(sizeof(group_block) == block_bytes && offsetof(group_block, name) == 32);
static_assert(sizeof(offset_copy) == 24 && offsetof(offset_copy, whole) == 20);
static_assert(sizeof(note_block) == 1024 && offsetof(note_block, crc) == 1020);

/// No writer comes to this number.
inline constexpr std::uint64_t most_sequences = std::uint64_t{1} << 63U;

/// Of a group that never holds producers back.
inline constexpr std::uint32_t lossy_group = 1;

/// What a cell turns out to hold.
struct cell_contents {
    /// Of the group, the later of two that are whole; without a name where the cell is free.
    group_block group{};
    /// What it committed last: an offset and two flags, as a protection has them.
    std::optional<std::uint64_t> word;
    std::uint64_t word_sequence = 0;
    /// What it may fall back to if that is damaged.
    std::optional<std::uint64_t> word_before;
    /// What was said with the word, and where that lies.
    std::optional<std::string> note;
    std::size_t note_place = 0;
    std::uint64_t note_sequence = 0; ///< the highest there is

    bool group_settled = false; ///< its two blocks are the same
    std::size_t torn = 0;       ///< blocks and copies that are not whole, where there is something
    bool lost_group = false;    ///< there was one: nothing says which
    bool lost_word = false;     ///< neither of its copies is whole

    [[nodiscard]] std::string_view name() const noexcept
    {
        return {group.name, std::size_t{group.name_bytes}};
    }
};

namespace cell {

/// The bytes of a `little64`, to be stored as one.
[[nodiscard]] inline std::uint64_t as_it_lies(std::uint64_t value) noexcept
{
    if (native_byte_order() == 1) {
        return value;
    }
    little64 lying{};
    lying = value;
    std::memcpy(&value, &lying, sizeof value);
    return value;
}

/// How a part of a cell is found.
enum class state : std::uint8_t { whole, blank, broken };

template <class Part>
[[nodiscard]] Part part_at(const unsigned char* at, std::size_t place) noexcept
{
    Part part;
    std::memcpy(&part, at + place, sizeof part);
    return part;
}

template <class Part>
[[nodiscard]] state judge(const Part& part, bool whole) noexcept
{
    const Part blank{};
    return whole                                          ? state::whole
           : std::memcmp(&part, &blank, sizeof part) == 0 ? state::blank
                                                          : state::broken;
}

[[nodiscard]] inline state look(const group_block& block, std::uint64_t salt) noexcept
{
    return judge(block, is_block(block, group_magic, salt) && block.sequence < most_sequences &&
                            block.name_bytes <= longest_group_name);
}

[[nodiscard]] inline state look(const offset_copy& copy, std::size_t place,
                                std::uint32_t salted) noexcept
{
    constexpr std::size_t checked = offsetof(offset_copy, crc);
    return judge(copy, copy.whole == 1 && copy.crc == crc32c::extend(salted, &copy, checked) &&
                           copy.sequence % 2 == place && copy.sequence < most_sequences);
}

[[nodiscard]] inline state look(const note_block& note, std::uint32_t salted) noexcept
{
    constexpr std::size_t checked = offsetof(note_block, crc);
    return judge(note, note.crc == crc32c::extend(salted, &note, checked) &&
                           note.sequence < most_sequences && note.text_bytes <= longest_note);
}

inline void look_at_group(const unsigned char* at, std::uint64_t salt, cell_contents& found)
{
    std::size_t whole = 0;
    std::size_t broken = 0;
    for (const std::size_t place : groups_at) {
        const auto block = part_at<group_block>(at, place);
        const state its = look(block, salt);
        broken += its == state::broken ? 1U : 0U;
        if (its == state::whole && (whole++ == 0 || block.sequence > found.group.sequence)) {
            found.group = block;
        }
    }
    found.torn += broken;
    found.lost_group = broken == 2; // where one is blank, the group was not finished coming
    found.group_settled =
        whole == 2 && std::memcmp(at + groups_at[0], at + groups_at[1], block_bytes) == 0;
}

inline void look_at_word(const unsigned char* at, std::uint32_t salted, cell_contents& found)
{
    std::size_t broken = 0;
    for (std::size_t i = 0; i != 2; ++i) {
        const auto copy = part_at<offset_copy>(at, offsets_at[i]);
        const state its = look(copy, i, salted);
        broken += its == state::broken ? 1U : 0U;
        if (its != state::whole) {
            continue;
        }
        if (!found.word || copy.sequence > found.word_sequence) {
            found.word_before = found.word;
            found.word = copy.word;
            found.word_sequence = copy.sequence;
        } else {
            found.word_before = copy.word;
        }
    }
    found.torn += broken;
    found.lost_word = broken == 2;
}

inline void look_at_notes(const unsigned char* at, std::uint32_t salted, cell_contents& found)
{
    std::uint64_t latest = 0; // of those that belong to the word
    for (std::size_t i = 0; i != 2; ++i) {
        const auto note = part_at<note_block>(at, notes_at[i]);
        const state its = look(note, salted);
        found.torn += its == state::broken ? 1U : 0U;
        if (its != state::whole) {
            continue;
        }
        if (note.sequence > found.note_sequence) {
            found.note_sequence = note.sequence;
        }
        if (found.word && note.of == *found.word >> 2U && note.sequence > latest) {
            latest = note.sequence;
            found.note.emplace(note.text, std::size_t{note.text_bytes});
            found.note_place = i;
        }
    }
}

} // namespace cell

/// Looks at a cell of a file with this salt.
[[nodiscard]] inline cell_contents look_at_cell(const unsigned char* at, std::uint64_t salt)
{
    cell_contents found;
    cell::look_at_group(at, salt, found);
    if (found.group.name_bytes != 0) {
        const std::uint32_t begun = salted(found.group.salt);
        cell::look_at_word(at, begun, found);
        cell::look_at_notes(at, begun, found);
    }
    return found;
}

} // namespace gregor::inline GREGOR_ABI::disk
