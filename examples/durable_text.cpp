// SPDX-License-Identifier: MIT
// Records of any length in a log on disk: a serde says how a note becomes bytes. Who reads is given
// a view of them where they lie in the log, or a note of its own.

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if !GREGOR_FILES
#    include "support/no_files.hpp"
#else
#    include "support/scratch_folder.hpp"

struct note {
    std::uint8_t stars;
    std::string text;
};
/// The same, without a copy: valid as long as the batch is.
struct note_view {
    std::uint8_t stars;
    std::string_view text;
};

template <>
struct gregor::serde<note> {
    static constexpr std::string_view name = "note, version 1"; // another one is not opened

    static std::size_t size(const note& n) noexcept { return 1 + n.text.size(); }
    static void write(const note& n, std::byte* to) noexcept
    {
        to[0] = std::byte{n.stars};
        serde<std::string>::write(n.text, to + 1);
    }
    static note_view view(std::span<const std::byte> from) noexcept
    {
        return {std::to_integer<std::uint8_t>(from[0]), serde<std::string>::view(from.subspan(1))};
    }
    static note read(std::span<const std::byte> from)
    {
        return {view(from).stars, std::string{view(from).text}};
    }
};

/// One life of the program: a note more. Returns the best one that is found then.
static std::string live(const scratch_folder& folder, const note& thought)
{
    gregor::topic<note, gregor::storage::mmap_log> notes{"notes",
                                                         {.log = {.directory = folder.path()}}};
    gregor::producer out{notes};
    if (!out.send(thought)) {
        return {}; // too long, or the disk is full
    }
    note best{};
    gregor::consumer all{notes};
    all.assign_all();
    for (auto batch = all.try_poll(); !batch.empty(); batch = all.try_poll()) {
        for (const auto& record : batch) {
            if (record.value().stars > best.stars) { // viewed: nothing is copied
                best = record.copy();                // outlives the batch
            }
        }
        batch.let_go();
    }
    return best.text;
}

int main()
{
    const scratch_folder folder;
    static_cast<void>(live(folder, {5, "a log remembers what it was told"}));
    const std::string best = live(folder, {3, "what was I told?"});
    std::cout << "the best note: " << best << '\n';
    return best == "a log remembers what it was told" ? 0 : 1;
}
#endif
