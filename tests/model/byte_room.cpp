// SPDX-License-Identifier: MIT
// Bytes for blobs: several take some while somebody grants more; what slots promise of them.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "model/exploring.hpp"

#include "gregor/ring/byte_room.hpp"

namespace {

namespace model = gregor::model;
using model::check;
using model::env;
using model::explored;
using room_type = gregor::ring::byte_room<env>;

constexpr std::uint64_t block = 4;

/// A stretch of three blocks. A byte is a cell: whoever makes it ready writes 1 to it, who takes it
/// its own number, so that two who have it, or one before it is ready, are found.
struct scene {
    explicit scene(std::uint64_t ready) : room(0, block) { grant(ready); }

    /// Up to there bytes are made ready, and granted then.
    void grant(std::uint64_t to)
    {
        for (; granted != to; ++granted) {
            bytes[granted].set(1);
        }
        room.grant(to);
    }

    std::uint64_t take(std::size_t count, int who)
    {
        const std::uint64_t at = room.take(count);
        if (at != room_type::none) {
            check(at + count <= bytes.size(), "bytes that were granted");
            check(at / block == (at + count - 1) / block, "a piece lies in one block");
            for (std::size_t i = 0; i != count; ++i) {
                check(bytes[at + i].get() == 1, "a byte is ready, and nobody else's");
                bytes[at + i].set(who);
            }
        }
        return at;
    }

    room_type room;
    std::uint64_t granted = 0; ///< by the one who grants
    std::array<model::cell<int>, 3 * block> bytes = {};
    model::atomic<int> slots{0}; ///< how many slots may be claimed
};

/// Two take pieces of these lengths, twice the first, while more is granted block by block.
void two_take(std::size_t first, std::size_t second)
{
    explored("byte room: pieces of " + std::to_string(first) + " and " + std::to_string(second), {},
             [=](model::run& run) {
                 auto here = std::make_shared<scene>(block);
                 run.thread([=] {
                     (void)here->take(first, 2);
                     (void)here->take(first, 2);
                 });
                 run.thread([=] { (void)here->take(second, 3); });
                 run.thread([=] {
                     here->grant(2 * block);
                     here->grant(3 * block);
                 });
             });
}

} // namespace

TEST_CASE("who takes bytes has them alone, in one block, and ready", "[model]")
{
    two_take(1, 1);
    two_take(2, 3);
    two_take(3, 4);
}

TEST_CASE("who lacks bytes gets them when so many were granted as are needed", "[model]")
{
    for (const std::size_t before : {1U, 2U, 4U}) {
        for (const std::size_t count : {2U, 3U, 4U}) {
            explored("byte room: " + std::to_string(count) + " bytes after " +
                         std::to_string(before),
                     {}, [=](model::run& run) {
                         auto here = std::make_shared<scene>(before);
                         check(here->take(before, 2) == 0, "all that was granted");
                         run.thread([=] { (void)here->take(count, 3); }); // there is too little
                         run.after([=] {
                             const std::uint64_t needed = here->room.needed(count);
                             here->grant(needed - 1);
                             check(here->take(count, 3) == room_type::none, "not so early");
                             here->grant(needed);
                             const std::uint64_t at = here->take(count, 3);
                             check(at + count == needed, "and at once then");
                             check(at == before || before + count > block,
                                   "nothing that is long enough is passed over");
                         });
                     });
        }
    }
}

// Where a segment begins, its header says before which position none of its blobs lies.
TEST_CASE("who claims a slot takes no bytes before what was said when it was granted", "[model]")
{
    explored("byte room: a slot, and its bytes", {}, [](model::run& run) {
        auto here = std::make_shared<scene>(2 * block);
        auto said = std::make_shared<model::cell<std::uint64_t>>();
        run.thread([=] { (void)here->take(1, 2); });
        run.thread([=] { // for a slot that was granted long ago
            (void)here->take(3, 3);
        });
        run.thread([=] {
            (void)here->take(2, 4);
            said->set(here->room.taken());
            here->slots.store(1, std::memory_order_release);
        });
        run.thread([=] {
            if (here->slots.load(std::memory_order_acquire) == 1) {
                const std::uint64_t at = here->take(1, 5);
                check(at == room_type::none || at >= said->get(),
                      "a blob of a segment lies where its header says");
            }
        });
    });
}

// So a chunk is made lasting when all that could speak of it is.
TEST_CASE("who sees that bytes were taken sees the claims that they were taken for", "[model]")
{
    explored("byte room: claims, and their bytes", {}, [](model::run& run) {
        auto here = std::make_shared<scene>(block);
        auto claims = std::make_shared<std::array<model::atomic<int>, 2>>();
        for (std::size_t i = 0; i != 2; ++i) {
            run.thread([=] {
                (*claims)[i].store(1, std::memory_order_relaxed);
                (void)here->take(i + 1, 2 + static_cast<int>(i)); // 1 byte, or 2
            });
        }
        run.thread([=] {
            const std::uint64_t taken = here->room.taken();
            for (const std::size_t i : {0U, 1U}) {
                check((taken != i + 1 && taken != 3) ||
                          (*claims)[i].load(std::memory_order_relaxed) == 1,
                      "a claim comes before its bytes");
            }
        });
    });
}
