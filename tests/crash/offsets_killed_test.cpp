// SPDX-License-Identifier: MIT
#include <gregor/log/offset_cell.hpp>
#include <gregor/log/os_file.hpp>

#if GREGOR_FILES

#    include <csignal>
#    include <cstdint>
#    include <cstdio>
#    include <cstring>
#    include <optional>
#    include <string>
#    include <vector>

#    include <sys/mman.h>
#    include <sys/ptrace.h>
#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/catch.hpp"

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
    shared_pages()
        : at(static_cast<unsigned char*>(::mmap(nullptr, 2 * disk::cell_bytes,
                                                PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                                -1, 0)))
    {
        REQUIRE(at != MAP_FAILED);
    }
    shared_pages(const shared_pages&) = delete;
    shared_pages& operator=(const shared_pages&) = delete;
    ~shared_pages() { ::munmap(at, 2 * disk::cell_bytes); }

    [[nodiscard]] volatile std::uint64_t& done() const
    {
        return *reinterpret_cast<volatile std::uint64_t*>(at + disk::cell_bytes);
    }

    unsigned char* const at;
};

} // namespace

TEST_CASE("whoever is killed at whatever instruction leaves the old offset or the new one",
          "[crash]")
{
    const auto says = expected();
    const shared_pages pages;
    const pid_t child = ::fork();
    if (child == 0) {
        disk::offset_cell cell{pages.at};
        if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
            ::_exit(1);
        }
        ::raise(SIGSTOP);
        for (std::uint64_t step = 0; step != steps; ++step) {
            take_step(cell, step);
            pages.done() = step + 1;
        }
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) {
        WARN("this system lets no process look at another one");
        return;
    }
    std::uint64_t stops = 0;
    std::string wrong;
    bool was_new = false; // once the new one is there, it stays
    std::uint64_t last = 0;
    while (WIFSTOPPED(status) && wrong.empty()) {
        if (::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0 ||
            ::waitpid(child, &status, 0) != child) {
            WARN("this system makes no single steps");
            break;
        }
        ++stops;
        const std::uint64_t done = pages.done();
        was_new = was_new && done == last;
        last = done;
        const contents now = look(pages.at);
        const bool is_new = done != steps && now == says[done + 1];
        if (!is_new && (was_new || now != says[done])) {
            wrong = "after " + std::to_string(stops) + " instructions, in step " +
                    std::to_string(done) + ": group \"" + now.group + "\", word " +
                    (now.word ? std::to_string(*now.word) : "none") + ", note " +
                    now.note.value_or("none");
        }
        was_new = is_new;
    }
    ::kill(child, SIGKILL);
    if (!WIFEXITED(status)) {
        ::waitpid(child, &status, 0);
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(pages.done() == steps);
    CHECK(stops > 10000);
    std::printf("crash: stopped before each of %llu instructions of %llu commits\n",
                static_cast<unsigned long long>(stops), static_cast<unsigned long long>(steps));
}

#endif
