// SPDX-License-Identifier: MIT
// An offsets file: what is found of groups, that nothing of it is beyond the log, and that what is
// committed next counts.

#include "fuzz/target.hpp"

#include <map>
#include <optional>

#include <gregor/log/offsets_file.hpp>

#include "support/simulated_files.hpp"

namespace {

namespace disk = gregor::disk;
using files = support::simulated_files;
using offsets_file = disk::offsets_file<files>;
using gregor::offset_t;

enum : unsigned char { puts_checksums_right = 1, has_magic = 2, is_cut = 4, is_later = 8 };

constexpr std::size_t cells = 2;

/// The parts of a cell, without the zeros between.
struct compact_cell {
    disk::group_block groups[2];
    disk::offset_copy offsets[2];
    disk::note_block notes[2];
};

disk::offsets_owner owner(bool later)
{
    disk::offsets_owner of{.log = 7, .partition = 1, .epoch = 3, .begin = 100, .end = 1000};
    of.starts = {500};
    of.epoch += later ? 1U : 0U;
    return of;
}

void put_right(compact_cell& cell, std::uint64_t salt)
{
    for (disk::group_block& block : cell.groups) {
        fuzz::put_right(block, salt);
    }
    const std::uint32_t begun = disk::salted(cell.groups[0].salt);
    for (disk::offset_copy& copy : cell.offsets) {
        copy.crc = gregor::crc32c::extend(begun, &copy, offsetof(disk::offset_copy, crc));
    }
    for (disk::note_block& note : cell.notes) {
        note.crc = gregor::crc32c::extend(begun, &note, offsetof(disk::note_block, crc));
    }
}

void put(fuzz::bytes& image, std::size_t at, const void* what, std::size_t count)
{
    std::memcpy(image.data() + at, what, count);
}

struct said {
    std::optional<std::uint64_t> word;
    std::optional<std::string> note;

    friend bool operator==(const said&, const said&) = default;
};

std::map<std::string, said> all_of(const offsets_file& offsets)
{
    std::map<std::string, said> all;
    offsets.each([&](const disk::offset_cell& cell) {
        const bool is_new =
            all.try_emplace(std::string{cell.name()}, said{cell.word(), offsets.note(cell)}).second;
        fuzz::require(is_new, "no two cells are of one group");
        fuzz::require(!cell.name().empty() && cell.name().size() <= disk::longest_group_name,
                      "each group has a name");
    });
    return all;
}

} // namespace

void fuzz::look(const bytes& input)
{
    pieces from{input};
    const auto mode = from.take<unsigned char>();
    const auto cut = from.take<std::uint16_t>();
    bytes image((1 + cells) * disk::page_bytes);
    auto header = from.take<disk::offsets_header>();
    disk::offsets_state states[2] = {from.take<disk::offsets_state>(),
                                     from.take<disk::offsets_state>()};
    compact_cell cell[cells] = {from.take<compact_cell>(), from.take<compact_cell>()};
    if ((mode & has_magic) != 0) {
        const disk::offsets_owner of = owner(false);
        header = disk::make_offsets_header(of, header.salt);
        for (disk::offsets_state& state : states) {
            std::memcpy(state.magic, disk::offsets_state_magic.data(), sizeof state.magic);
            state.cells = state.cells % (cells + 1);
        }
        for (compact_cell& each : cell) {
            for (disk::group_block& block : each.groups) {
                std::memcpy(block.magic, disk::group_magic.data(), sizeof block.magic);
            }
        }
    }
    if ((mode & puts_checksums_right) != 0) {
        put_right(header, header.salt);
        for (disk::offsets_state& state : states) {
            put_right(state, header.salt);
        }
        for (compact_cell& each : cell) {
            ::put_right(each, header.salt);
        }
    }
    bool few_writes = true; ///< so many as a writer may come to
    const auto count = [&](std::uint64_t sequence) {
        few_writes = few_writes && sequence < (std::uint64_t{1} << 62U);
    };
    put(image, 0, &header, sizeof header);
    for (std::size_t i = 0; i != 2; ++i) {
        count(states[i].sequence);
        put(image, disk::states_at[i], &states[i], sizeof states[i]);
    }
    for (std::size_t c = 0; c != cells; ++c) {
        const std::size_t at = (1 + c) * disk::page_bytes;
        for (std::size_t i = 0; i != 2; ++i) {
            count(cell[c].groups[i].sequence);
            count(cell[c].offsets[i].sequence);
            count(cell[c].notes[i].sequence);
            put(image, at + disk::groups_at[i], &cell[c].groups[i], sizeof cell[c].groups[i]);
            put(image, at + disk::offsets_at[i], &cell[c].offsets[i], sizeof cell[c].offsets[i]);
            put(image, at + disk::notes_at[i], &cell[c].notes[i], sizeof cell[c].notes[i]);
        }
    }
    if ((mode & is_cut) != 0) {
        image.resize(cut % image.size());
    }
    support::simulated_disk memory{1};
    files::disk = &memory;
    memory.files.push_back({image, image});
    memory.files[0].now.reserve(support::simulated_disk::longest);
    memory.names[offsets_file::name] = 0;
    auto in = disk::directory<files>::open("memory");

    const disk::offsets_owner of = owner((mode & is_later) != 0);
    auto opened = offsets_file::open(*in, of);
    if (!opened) {
        require(opened.error().code() == gregor::errc::corrupt ||
                    opened.error().code() == gregor::errc::wrong_format,
                "a refusal says that the file is not right");
        return;
    }
    const auto found = all_of(*opened);
    if (!few_writes) {
        return;
    }
    for (const auto& [name, what] : found) {
        require(what.word.value_or(0) >> 2U <= of.end, "no offset is beyond the log");
        require(!what.note || what.word.has_value(), "a note belongs to an offset");
    }
    require(opened->report().groups == found.size(), "groups are counted");
    auto again = offsets_file::open(*in, of);
    require(again.has_value() && all_of(*again) == found, "it is found the same twice");
    require(again->report().moved_back == 0, "nothing is left to be moved back");

    require(again->find("new") != nullptr || again->add("new", false).has_value(),
            "a group can come");
    for (std::uint64_t at = 1; at != 4; ++at) {
        again->each([&](disk::offset_cell& each) {
            each.write_note(at, "note");
            each.set(at << 2U | 2U);
        });
        auto last = offsets_file::open(*in, of);
        require(last.has_value(), "it can be opened again");
        const auto now = all_of(*last);
        require(now.count("new") == 1 && now.size() >= found.size(), "no group is lost");
        for (const auto& [name, what] : now) {
            require(what == said{at << 2U | 2U, "note"}, "what is committed last counts");
        }
    }
}

std::vector<fuzz::bytes> fuzz::seeds()
{
    std::vector<bytes> all;
    for (const int mode : {0, 1, 3, 7, 11}) {
        bytes input{static_cast<unsigned char>(mode), 0x20, 0x10};
        const disk::offsets_header header = disk::make_offsets_header(owner(false), 23);
        append(input, &header, sizeof header);
        for (const std::uint64_t sequence : {2U, 3U}) {
            disk::offsets_state state{};
            state.sequence = sequence;
            state.epoch = 3;
            state.cells = cells;
            disk::finish_block(state, disk::offsets_state_magic, 23);
            append(input, &state, sizeof state);
        }
        for (std::uint64_t number = 1; number != 1 + cells; ++number) {
            alignas(8) unsigned char bytes_of_cell[disk::cell_bytes] = {};
            disk::offset_cell cell{bytes_of_cell};
            cell.take(number, number + 40, number == 1 ? "risk" : "screen", 0, 23);
            cell.write_note(700, "note");
            cell.set(number << 2U | 2U);
            cell.set(700U << 2U | 3U);
            for (const std::size_t place : disk::groups_at) {
                append(input, bytes_of_cell + place, sizeof(disk::group_block));
            }
            for (const std::size_t place : disk::offsets_at) {
                append(input, bytes_of_cell + place, sizeof(disk::offset_copy));
            }
            for (const std::size_t place : disk::notes_at) {
                append(input, bytes_of_cell + place, sizeof(disk::note_block));
            }
        }
        all.push_back(std::move(input));
    }
    return all;
}
