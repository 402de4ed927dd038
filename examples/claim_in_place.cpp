// SPDX-License-Identifier: MIT
// Large records are written where they will be read: claim slots, fill them, publish them together.
// A claim that is dropped instead never happened.

#include <array>
#include <cstddef>
#include <cstdint>
#include <iostream>

#include <gregor/gregor.hpp>

namespace {

// 64 KiB that nobody wants to copy on the way.
struct frame {
    std::uint64_t number;
    std::array<std::uint8_t, 65528> pixels;
};

} // namespace

int main()
{
    constexpr std::uint64_t rounds = 50;
    constexpr std::size_t frames_a_round = 4;

    gregor::topic<frame> frames{"frames", {.capacity_records = 16}};
    gregor::consumer in{frames, "display"};
    gregor::producer camera{frames};

    std::uint64_t taken = 0;
    std::uint64_t shown = 0;
    bool intact = true;
    for (std::uint64_t round = 0; round != rounds; ++round) {
        {
            auto claim = camera.claim(frames_a_round);
            for (std::size_t i = 0; i != claim.size(); ++i) {
                claim[i].number = taken++;
                claim[i].pixels.fill(static_cast<std::uint8_t>(claim[i].number));
            }
            claim.publish();
        }
        {
            auto blurred = camera.claim(1);
            blurred[0].number = 999;
        } // not published: no reader ever sees it

        auto batch = in.try_poll();
        // A slot that holds its value and nothing else: the batch is a span, in the ring itself.
        for (const frame& each : batch.values()) {
            intact = intact && each.number == shown++ &&
                     each.pixels.back() == static_cast<std::uint8_t>(each.number);
        }
    }

    std::cout << "took " << taken << " frames of " << sizeof(frame) / 1024 << " KiB, showed "
              << shown << " of them without a copy\n";
    if (!intact || shown != taken) {
        std::cerr << "claim_in_place: a frame is missing or damaged\n";
        return 1;
    }
}
