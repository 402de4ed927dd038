// SPDX-License-Identifier: MIT
#include <gregor/log/mapped_slot.hpp>
#include <gregor/log/whole_slots.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "support/catch.hpp"
#include "support/random.hpp"

namespace disk = gregor::disk;

using disk::slot_kind;
using disk::slot_state;
using gregor::offset_t;

namespace {

const std::uint32_t salted = disk::salted(0x1122334455667788U);

/// Slots of consecutive offsets, each of which can be made something else.
struct run {
    offset_t first;
    std::size_t slot_bytes;
    std::vector<unsigned char> bytes;

    run(offset_t from, std::size_t slot_length, std::size_t count)
        : first(from), slot_bytes(slot_length), bytes(slot_length * count)
    {
        for (std::size_t i = 0; i != bytes.size(); ++i) {
            bytes[i] = static_cast<unsigned char>(i * 7);
        }
        for (std::size_t i = 0; i != count; ++i) {
            finish(i, i % 3 == 1 ? slot_kind::skipped : slot_kind::record);
        }
    }
    unsigned char* slot(std::size_t i) { return bytes.data() + i * slot_bytes; }
    void finish(std::size_t i, slot_kind kind)
    {
        disk::finish_slot(salted, first + i, kind, slot(i), slot_bytes);
    }
    std::size_t whole(std::size_t count) const
    {
        return disk::count_whole_slots(salted, first, bytes.data(), slot_bytes, count);
    }
    /// One by one, as look_at_slot sees them.
    std::size_t expected(std::size_t count)
    {
        std::size_t whole = 0;
        while (whole != count) {
            const slot_state state =
                disk::look_at_slot(salted, first + whole, false, slot(whole), slot_bytes);
            if (state != slot_state::record && state != slot_state::skipped) {
                break;
            }
            CHECK(disk::state_of_whole_slot(slot(whole)) == state);
            ++whole;
        }
        return whole;
    }
};

/// As a log writes it whose slots are all so long, and in general.
template <std::size_t SlotBytes>
void compare_checksums(support::dice& dice)
{
    unsigned char slot[SlotBytes] = {}; // nothing in what is reserved
    for (std::size_t i = disk::slot_head_bytes; i != SlotBytes; ++i) {
        slot[i] = static_cast<unsigned char>(dice.below(256));
    }
    const std::uint64_t stamp = disk::stamp_of(dice.below(1000), slot_kind::record);
    CHECK(disk::fixed_slot_crc<SlotBytes>(salted, stamp, slot) ==
          disk::slot_crc(salted, stamp, slot, SlotBytes));
}

} // namespace

TEST_CASE("a slot has the same checksum where the compiler knows its length", "[log][format]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    for (int round = 0; round != 10; ++round) {
        compare_checksums<24>(dice);
        compare_checksums<80>(dice);
        compare_checksums<232>(dice);
        compare_checksums<240>(dice);
        compare_checksums<248>(dice);
        compare_checksums<1040>(dice);
    }
}

TEST_CASE("as many slots are whole as there are before the first that is not", "[log][format]")
{
    // those of 28 bytes, which no log has, are looked at one by one
    for (const std::size_t slot_bytes : {24U, 28U, 32U, 80U, 88U, 1040U}) {
        for (std::size_t count = 0; count != 13; ++count) {
            run slots{5, slot_bytes, count};
            for (std::size_t fewer = 0; fewer != count + 1; ++fewer) {
                CHECK(slots.whole(fewer) == fewer);
            }
            for (std::size_t broken = 0; broken != count; ++broken) {
                for (const std::size_t byte : {std::size_t{0}, std::size_t{8}, slot_bytes - 1}) {
                    slots.slot(broken)[byte] ^= 0x10;
                    CHECK(slots.whole(count) == broken);
                    slots.slot(broken)[byte] ^= 0x10;
                }
            }
        }
    }
}

#if GREGOR_CRC_INSTRUCTION
TEST_CASE("four slots are found whole at once where the processor helps", "[log][format]")
{
    if (!gregor::crc32c::has_instruction) {
        return;
    }
    for (const std::size_t slot_bytes : {24U, 80U, 1040U}) {
        const run slots{5, slot_bytes, 11};
        const auto groups = [&](std::size_t count) {
            return disk::count_whole_groups<4>(0, salted, slots.first, slots.bytes.data(),
                                               slot_bytes, count, disk::page_bytes);
        };
        CHECK(groups(11) == 8);
        CHECK(groups(8) == 8);
        CHECK(groups(3) == 0);
    }
}
#endif

TEST_CASE("no flipped bit of a slot goes unseen beside others that are whole", "[log][format]")
{
    run slots{(offset_t{1} << 40U) - 2, 32, 11}; // twice four, two, and one
    for (std::size_t bit = 0; bit != slots.bytes.size() * 8; ++bit) {
        slots.bytes[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
        INFO("bit " << bit);
        CHECK(slots.whole(11) == bit / 8 / 32);
        slots.bytes[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
    }
}

TEST_CASE("slots are found whole in a run that are so one by one", "[log][format]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    for (int round = 0; round != 3000; ++round) {
        const std::size_t count = dice.below(20);
        run slots{dice.below(1000), 24 + 8 * dice.below(12), count};
        for (std::size_t changes = dice.below(3); changes != 0 && count != 0; --changes) {
            const std::size_t which = dice.below(count);
            unsigned char* const slot = slots.slot(which);
            switch (dice.below(5)) {
            case 0: std::memset(slot, 0, slots.slot_bytes); break;
            case 1: std::memset(slot, 0, 8); break;
            case 2: // whole, of another offset
                disk::finish_slot(salted, dice.below(1000), slot_kind::record, slot,
                                  slots.slot_bytes);
                break;
            case 3: slot[12] = 1; break; // what is reserved, with its checksum
            default: slot[dice.below(slots.slot_bytes)] ^= 0x40; break;
            }
            if (slot[12] == 1) {
                disk::slot_head head;
                std::memcpy(&head, slot, sizeof head);
                head.crc = disk::slot_crc(salted, head.stamp, slot, slots.slot_bytes);
                std::memcpy(slot, &head, sizeof head);
            }
        }
        REQUIRE(slots.whole(count) == slots.expected(count));
    }
}
