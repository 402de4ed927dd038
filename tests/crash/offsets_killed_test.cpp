// SPDX-License-Identifier: MIT
#include <gregor/log/offset_cell.hpp>
#include <gregor/log/os_file.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstdio>
#    include <cstring>
#    include <optional>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/stepped_process.hpp"

// A process that commits is stopped before each of its instructions, and what would be there if it
// were killed is looked at: the old offset or the new one, with its own note.

namespace disk = gregor::disk;

namespace {

constexpr std::uint64_t salt = 7;

/// What a cell says.
struct contents {
    std::string group;
    std::optional<std::uint64_t> word;
    std::optional<std::string> note;

    friend bool operator==(const contents&, const contents&) = default;
};

constexpr std::uint64_t word_of(std::uint64_t step)
{
    return (step * 0x0001000100010001U) << 2U | 2U;
}

constexpr std::uint64_t steps = 120; ///< of which each changes what the cell says

/// Every tenth takes the cell, every tenth after that gives it up; between them some commit, with
/// a note or without.
void take_step(disk::offset_cell& cell, std::uint64_t step) noexcept
{
    const char digits[] = {static_cast<char>('a' + step / 10 % 26),
                           static_cast<char>('0' + step % 10), 0};
    if (step % 10 == 0) {
        cell.take(step, step + 100, digits, 0, salt);
    } else if (step % 10 == 9) {
        cell.give_up(step, salt);
    } else {
        if (step % 3 == 0) {
            cell.write_note(word_of(step) >> 2U, digits);
        }
        cell.set(word_of(step));
    }
}

/// What it says after so many steps.
std::vector<contents> expected()
{
    std::vector<contents> all{{}};
    for (std::uint64_t step = 0; step != steps; ++step) {
        const std::string name{static_cast<char>('a' + step / 10 % 26),
                               static_cast<char>('0' + step % 10)};
        contents next = all.back();
        if (step % 10 == 0) {
            next = {name, std::nullopt, std::nullopt};
        } else if (step % 10 == 9) {
            next = {};
        } else {
            next.word = word_of(step);
            next.note = step % 3 == 0 ? std::optional{name} : std::nullopt;
        }
        all.push_back(next);
    }
    return all;
}

contents look(const unsigned char* page)
{
    unsigned char copy[disk::cell_bytes];
    std::memcpy(copy, page, sizeof copy);
    const disk::cell_contents found = disk::look_at_cell(copy, salt);
    return {std::string{found.name()}, found.word, found.note};
}

/// A page that the child writes to, and beside it how many steps it has done.
struct shared_pages {
    alignas(disk::cell_bytes) unsigned char cell[disk::cell_bytes];
    volatile std::uint64_t done = 0;
};

} // namespace

TEST_CASE("whoever is killed at whatever instruction leaves the old offset or the new one",
          "[crash]")
{
    const auto says = expected();
    const support::shared_with_child<shared_pages> pages;
    support::stepped_process child{[&](support::stepped_process::wish& wish) {
        disk::offset_cell cell{pages->cell};
        wish.step();
        for (std::uint64_t step = 0; step != steps; ++step) {
            take_step(cell, step);
            pages->done = step + 1;
        }
    }};
    if (!child.possible()) {
        return;
    }
    std::string wrong;
    bool was_new = false; // once the new one is there, it stays
    std::uint64_t last = 0;
    while (wrong.empty() && child.next()) {
        const std::uint64_t done = pages->done;
        was_new = was_new && done == last;
        last = done;
        const contents now = look(pages->cell);
        const bool is_new = done != steps && now == says[done + 1];
        if (!is_new && (was_new || now != says[done])) {
            wrong = "after " + std::to_string(child.points()) + " instructions, in step " +
                    std::to_string(done) + ": group \"" + now.group + "\", word " +
                    (now.word ? std::to_string(*now.word) : "none") + ", note " +
                    now.note.value_or("none");
        }
        was_new = is_new;
    }
    INFO(wrong);
    REQUIRE(wrong.empty());
    CHECK(child.trouble().empty());
    CHECK(pages->done == steps);
    CHECK(child.points() > 10000);
    std::printf("crash: %llu commits: %llu points\n", static_cast<unsigned long long>(steps),
                static_cast<unsigned long long>(child.points()));
}

#endif
