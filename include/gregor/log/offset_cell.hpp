// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/cell_contents.hpp"
#include "gregor/log/crc32c.hpp"
#include "gregor/log/format.hpp"

namespace gregor::inline GREGOR_ABI::disk {

/// One group's committed offset in one partition, where the file is mapped. It is there for whoever
/// looks after this process is gone, whatever instruction was its last: the old one or the new one.
///
/// All stores are volatile: none of them moves before another one. No atomic would add to that. The
/// thread that is killed has done all its stores up to some instruction, in the order in which they
/// stand, and the kernel keeps their pages; who reads them is another process. Two copies, written
/// in turn: while one is written, and says so, the other one is whole.
///
/// Threads   set, write_note, clear_notes: who owns the partition; the rest with its file
/// Progress  wait-free
/// Cost      set: four stores and a checksum of 16 bytes; after a sync, a page fault once
/// Lifetime  as its file
class alignas(cache_line_bytes) offset_cell {
public:
    explicit offset_cell(unsigned char* at) noexcept : at_(at) {}
    offset_cell(const offset_cell&) = delete;
    offset_cell& operator=(const offset_cell&) = delete;

    /// What is committed from now on.
    void set(std::uint64_t word) noexcept
    {
        const std::uint64_t sequence = ++sequence_;
        const std::uint64_t checked[] = {cell::as_it_lies(word), cell::as_it_lies(sequence)};
        const std::uint64_t crc = crc32c::extend(salted_, checked, sizeof checked);
        volatile std::uint64_t* const to = words_at(offsets_at[sequence % 2]);
        to[2] = 0; // from here on it is not whole
        to[0] = checked[0];
        to[1] = checked[1];
        to[2] = cell::as_it_lies(std::uint64_t{1} << 32U | crc);
        word_ = word;
    }

    /// What is to be said with this offset, once it is committed: call `set` next. Up to
    /// `longest_note` bytes.
    void write_note(offset_t of, std::string_view text) noexcept;

    /// No offset has a note any more.
    void clear_notes() noexcept
    {
        const note_block blank{};
        for (const std::size_t place : notes_at) {
            put(place, blank);
        }
        note_of_[0] = note_of_[1] = std::nullopt;
    }

    // --- with the file ---------------------------------------------------------------------------

    [[nodiscard]] bool free() const noexcept { return group_.name_bytes == 0; }
    [[nodiscard]] std::string_view name() const noexcept
    {
        return {group_.name, std::size_t{group_.name_bytes}};
    }
    [[nodiscard]] bool lossy() const noexcept { return (group_.flags & lossy_group) != 0; }
    /// Of all that were told of groups in this file, which this one was.
    [[nodiscard]] std::uint64_t number() const noexcept { return group_.sequence; }
    /// What was committed last; nothing where that never happened, or is lost.
    [[nodiscard]] std::optional<std::uint64_t> word() const noexcept { return word_; }
    [[nodiscard]] cell_contents look(std::uint64_t file_salt) const
    {
        return look_at_cell(at_, file_salt);
    }

    /// Goes on from what was found.
    void resume(const cell_contents& found, std::uint64_t file_salt) noexcept;
    /// It is this group's; nothing is committed yet.
    void take(std::uint64_t number, std::uint64_t group_salt, std::string_view name,
              std::uint32_t flags, std::uint64_t file_salt) noexcept;
    /// Nothing in it is beyond `most` any more. Whether what is committed was.
    bool move_back(offset_t most);
    /// It is nobody's.
    void give_up(std::uint64_t number, std::uint64_t file_salt) noexcept
    {
        group_ = {};
        group_.sequence = number;
        write_group(file_salt);
    }

private:
    [[nodiscard]] volatile std::uint64_t* words_at(std::size_t place) const noexcept
    {
        return reinterpret_cast<volatile std::uint64_t*>(at_ + place);
    }

    /// Eight bytes after the other, so that the checksum comes last.
    template <class Part>
    void put(std::size_t place, const Part& part) noexcept
    {
        static_assert(sizeof part % 8 == 0);
        volatile std::uint64_t* const to = words_at(place);
        const auto* const from = reinterpret_cast<const unsigned char*>(&part);
        for (std::size_t i = 0; i != sizeof part / 8; ++i) {
            std::uint64_t word = 0;
            std::memcpy(&word, from + i * 8, sizeof word);
            to[i] = word;
        }
    }

    void write_group(std::uint64_t file_salt) noexcept
    {
        finish_block(group_, group_magic, file_salt);
        for (const std::size_t place : groups_at) {
            put(place, group_);
        }
    }

    unsigned char* const at_;
    std::uint64_t sequence_ = 0; ///< of the copy that was written last
    std::uint32_t salted_ = 0;
    std::optional<std::uint64_t> word_;

    std::uint64_t note_sequence_ = 0;
    std::optional<offset_t> note_of_[2]; ///< to which offset the note in either place belongs
    std::size_t last_note_ = 0;          ///< the place that was written last
    group_block group_{};
};

inline void offset_cell::write_note(offset_t of, std::string_view text) noexcept
{
    GREGOR_ASSERT(text.size() <= longest_note, "a note is longer than its cell has room for");
    note_block note{};
    note.sequence = ++note_sequence_;
    note.of = of;
    note.text_bytes = static_cast<std::uint32_t>(text.size());
    if (!text.empty()) {
        std::memcpy(note.text, text.data(), text.size());
    }
    note.crc = crc32c::extend(salted_, &note, offsetof(note_block, crc));
    // not over the one that belongs to what is committed until now: it counts until then
    const std::size_t other = 1 - last_note_;
    const auto committed = [&](std::size_t at) { return word_ && note_of_[at] == *word_ >> 2U; };
    const std::size_t place = committed(other) && !committed(last_note_) ? last_note_ : other;
    put(notes_at[place], note);
    note_of_[place] = of;
    last_note_ = place;
}

inline void offset_cell::resume(const cell_contents& found, std::uint64_t file_salt) noexcept
{
    group_ = found.group;
    salted_ = salted(group_.salt);
    word_ = found.word;
    sequence_ = found.word_sequence;
    note_sequence_ = found.note_sequence;
    const note_block blank{};
    for (std::size_t i = 0; i != 2; ++i) {
        if (found.note && found.note_place == i) {
            note_of_[i] = *found.word >> 2U;
            last_note_ = i;
        } else if (std::memcmp(at_ + notes_at[i], &blank, sizeof blank) != 0) {
            put(notes_at[i], blank); // else it would come back once its offset is committed
        }
    }
    if (!found.group_settled && (group_.sequence != 0 || found.torn != 0)) {
        write_group(file_salt);
    }
}

inline bool offset_cell::move_back(offset_t most)
{
    cell_contents found;
    cell::look_at_word(at_, salted_, found);
    const auto beyond = [&](const std::optional<std::uint64_t>& word) {
        return word && *word >> 2U > most;
    };
    const bool moves = beyond(found.word);
    if (moves || beyond(found.word_before)) {
        const std::uint64_t word = moves ? most << 2U | (*found.word & 3U) : *found.word;
        // both copies: if one is damaged, the other one must not lead beyond
        set(word);
        set(word);
    }
    if (moves) {
        clear_notes(); // of records that are gone
    }
    return moves;
}

inline void offset_cell::take(std::uint64_t number, std::uint64_t group_salt, std::string_view name,
                              std::uint32_t flags, std::uint64_t file_salt) noexcept
{
    // First what the one before has left; until the name stands there, nobody has the cell.
    for (const std::size_t place : offsets_at) {
        put(place, offset_copy{});
    }
    clear_notes();
    salted_ = salted(group_salt);
    word_ = {};
    sequence_ = 0;
    note_sequence_ = 0;
    group_ = {};
    group_.sequence = number;
    group_.salt = group_salt;
    group_.flags = flags;
    group_.name_bytes = static_cast<std::uint32_t>(name.size());
    std::memcpy(group_.name, name.data(), name.size());
    write_group(file_salt);
}

/// A group's cell, where it has one: a consumer without a group keeps nothing.
///
/// Threads   as its cell
class kept_offset {
public:
    static constexpr bool kept = true;
    static constexpr std::size_t longest_note = disk::longest_note;

    kept_offset() = default;
    explicit kept_offset(offset_cell& in) noexcept : cell_(&in) {}

    [[nodiscard]] offset_cell* cell() const noexcept { return cell_; }

    void set(std::uint64_t word) const noexcept
    {
        if (cell_ != nullptr) [[likely]] {
            cell_->set(word);
        }
    }
    void write_note(offset_t of, std::string_view text) const noexcept
    {
        if (cell_ != nullptr) {
            cell_->write_note(of, text);
        }
    }
    void clear_notes() const noexcept
    {
        if (cell_ != nullptr) {
            cell_->clear_notes();
        }
    }

private:
    offset_cell* cell_ = nullptr;
};

} // namespace gregor::inline GREGOR_ABI::disk
