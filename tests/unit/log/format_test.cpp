// SPDX-License-Identifier: MIT
#include <gregor/log/format.hpp>
#include <gregor/log/offset_cell.hpp>
#include <gregor/log/offsets_page.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace disk = gregor::disk;

using disk::slot_kind;
using disk::slot_state;

namespace {

constexpr std::uint64_t salt = 0x1122334455667788U;

std::vector<unsigned char> example_slot(const disk::segment_format& format)
{
    std::vector<unsigned char> slot(static_cast<std::size_t>(format.slot_bytes()));
    std::memcpy(slot.data() + format.payload_at(), "hello, disk!", 12);
    disk::finish_slot(disk::salted(salt), 5, slot_kind::record, slot.data(), slot.size());
    return slot;
}

disk::segment_format example_format()
{
    return {.type = "greeting", .payload_bytes = 12, .payload_alignment = 4, .slot_count = 8};
}

slot_state look(const std::vector<unsigned char>& slot, gregor::offset_t offset = 5,
                bool recycled = false, std::uint64_t of_salt = salt)
{
    return disk::look_at_slot(disk::salted(of_salt), offset, recycled, slot.data(), slot.size());
}

struct field {
    std::size_t at;
    std::vector<int> bytes;
};

void check_bytes(const unsigned char* bytes, const std::vector<field>& golden)
{
    for (const auto& [at, expected] : golden) {
        for (std::size_t i = 0; i != expected.size(); ++i) {
            INFO("byte " << at + i);
            CHECK(int{bytes[at + i]} == expected[i]);
        }
    }
}

} // namespace

TEST_CASE("a slot lies as the format's example shows it", "[log][format]")
{
    if (disk::native_byte_order() != 1) {
        return; // the example is of a little-endian machine
    }
    constexpr std::array<unsigned char, 32> golden{
        0x19, 0,    0,    0,    0,    0,    0,    0,    0x8c, 0xbb, 0x1f, 0x6e, 0, 0, 0, 0,
        0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x64, 0x69, 0x73, 0x6b, 0x21, 0, 0, 0, 0};
    const auto slot = example_slot(example_format());
    REQUIRE(slot.size() == golden.size());
    for (std::size_t i = 0; i != slot.size(); ++i) {
        INFO("byte " << i);
        CHECK(int{slot[i]} == int{golden[i]});
    }
}

TEST_CASE("a header lies as the format says, on every machine", "[log][format]")
{
    disk::header_page page{};
    page.header.version = 1;
    page.header.header_bytes = 0x1000;
    page.header.byte_order = 1;
    page.header.slot_bytes = 32;
    page.header.payload_at = 16;
    page.header.payload_alignment = 4;
    page.header.payload_bytes = 12;
    page.header.layout = 0x0a0b0c0d;
    page.header.partition = 3;
    page.header.timestamp_at = 0x14;
    page.header.slot_count = 8;
    page.header.base = 0x0102030405060708U;
    page.header.previous_salt = 0x1112131415161718U;
    page.header.created = 0x2122232425262728U;
    page.header.recycled = 1;
    page.header.type_bytes = 8;
    std::memcpy(page.header.type, "greeting", 8);
    page.header.salt = salt;
    page.header.timestamp_tick = 0x3e8;
    disk::finish_block(page.header, disk::header_magic, salt);
    page.identity.device = 0x31;
    page.identity.inode = 0x3132;
    disk::finish_block(page.identity, disk::identity_magic, salt);
    page.seal.end = 0x41;
    page.seal.sealed = 0x4142;
    page.seal.newest = 0x414243;
    disk::finish_block(page.seal, disk::seal_magic, salt);

    const std::vector<field> golden{
        {0, {'g', 'r', 'e', 'g', 'o', 'r', 'L', 'S', 1, 0, 0, 0, 0, 0x10, 0, 0}},
        {16, {1, 0, 0, 0, 32, 0, 0, 0, 16, 0, 0, 0, 4, 0, 0, 0, 12, 0, 0, 0}},
        {36, {0x0d, 0x0c, 0x0b, 0x0a, 3, 0, 0, 0, 0x14, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0}},
        {56, {8, 7, 6, 5, 4, 3, 2, 1, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11}},
        {72, {0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, 1, 0, 0, 0, 8, 0, 0, 0}},
        {88, {'g', 'r', 'e', 'e', 't', 'i', 'n', 'g', 0}},
        {496, {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0xe8, 3, 0, 0}},
        {512, {'g', 'r', 'e', 'g', 'o', 'r', 'I', 'D', 0x31, 0, 0, 0, 0, 0, 0, 0, 0x32, 0x31, 0}},
        {1024, {'g', 'r', 'e', 'g', 'o', 'r', 'S', 'E', 0x41, 0, 0, 0, 0, 0, 0, 0, 0x42, 0x41, 0}},
        {1048, {0x43, 0x42, 0x41, 0, 0, 0, 0, 0, 0}},
        {508, {0xbc, 0xbd, 0x54, 0x8d}},
        {1020, {0xa3, 0xdc, 0xe2, 0x46}},
        {1532, {0xb5, 0xd2, 0xa5, 0xa2}},
    };
    std::array<unsigned char, sizeof page> bytes{};
    std::memcpy(bytes.data(), &page, sizeof page);
    check_bytes(bytes.data(), golden);
}

TEST_CASE("a checkpoint lies as the format says, on every machine", "[log][format]")
{
    disk::checkpoint_block block{};
    block.sequence = 0x0102;
    block.durable = 0x0304;
    block.epoch = 0x0506;
    block.epoch_start = 0x0708;
    std::memcpy(block.boot_id, "0123456789abcdef", 16);
    block.version = 1;
    block.clean = 1;
    block.log = 0x0a0b0c0d0e0f1011U;
    disk::finish_block(block, disk::checkpoint_magic, 0);
    constexpr std::array<unsigned char, 72> golden{
        'g', 'r', 'e', 'g', 'o',  'r',  'C',  'P',  2,    1,    0,    0,   0,   0,   0,
        0,   4,   3,   0,   0,    0,    0,    0,    0,    6,    5,    0,   0,   0,   0,
        0,   0,   8,   7,   0,    0,    0,    0,    0,    0,    '0',  '1', '2', '3', '4',
        '5', '6', '7', '8', '9',  'a',  'b',  'c',  'd',  'e',  'f',  1,   0,   0,   0,
        1,   0,   0,   0,   0x11, 0x10, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a};
    CHECK(std::memcmp(&block, golden.data(), golden.size()) == 0);
    std::array<unsigned char, 4> crc{};
    std::memcpy(crc.data(), block.crc.bytes, 4);
    CHECK(std::vector<int>(crc.begin(), crc.end()) == std::vector<int>{0x97, 0x78, 0xb7, 0xea});
}

TEST_CASE("an offsets file lies as the format says, on every machine", "[log][format]")
{
    const disk::offsets_header header =
        disk::make_offsets_header({.log = 0x0102030405060708U, .partition = 3}, salt);
    disk::offsets_state state{};
    state.sequence = 0x0102;
    state.epoch = 0x0304;
    state.cells = 0x0506;
    disk::finish_block(state, disk::offsets_state_magic, salt);
    std::array<unsigned char, disk::page_bytes> first{};
    std::memcpy(first.data(), &header, sizeof header);
    std::memcpy(first.data() + disk::states_at[0], &state, sizeof state);
    check_bytes(
        first.data(),
        {{0, {'g', 'r', 'e', 'g', 'o', 'r', 'O', 'F', 1, 0, 0, 0, 0, 0x10, 0, 0, 3, 0, 0, 0}},
         {20, {0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
         {496,
          {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0, 0x88, 0x52, 0x7f, 0xf2}},
         {1024, {'g', 'r', 'e', 'g', 'o', 'r', 'O', 'S', 2, 1, 0, 0, 0, 0, 0, 0, 4, 3, 0}},
         {1048, {6, 5, 0, 0, 0, 0, 0, 0, 0}},
         {1532, {0x9a, 0x4c, 0x56, 0xf4}}});

    alignas(8) std::array<unsigned char, disk::cell_bytes> cell{};
    disk::offset_cell risk{cell.data()};
    risk.take(0x0708, 0x2122232425262728U, "risk", disk::lossy_group, salt);
    risk.set(0x090a0b0c0d0e0f02U); // the first one, in the second place
    risk.set(0x191a1b1c1d1e1f03U);
    risk.write_note(0x191a1b1c1d1e1f03U >> 2U, "hello");
    check_bytes(cell.data(),
                {{0, {'g', 'r', 'e', 'g', 'o', 'r', 'G', 'R', 8, 7, 0, 0, 0, 0, 0, 0}},
                 {16, {0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, 1, 0, 0, 0, 4, 0, 0, 0}},
                 {32, {'r', 'i', 's', 'k', 0, 0}},
                 {508, {0xc0, 0xe5, 0xe5, 0x9c}},
                 {1024, {3, 0x1f, 0x1e, 0x1d, 0x1c, 0x1b, 0x1a, 0x19, 2, 0, 0, 0, 0, 0, 0, 0}},
                 {1040, {0x9c, 0xcc, 0x6e, 0x62, 1, 0, 0, 0, 0}},
                 {1536, {2, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 1, 0, 0, 0, 0, 0, 0, 0}},
                 {1552, {0x92, 0x64, 0x98, 0xc2, 1, 0, 0, 0, 0}},
                 {3072, {1, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0x87, 0x47, 0x07, 0xc7, 0x86, 0x46, 0x06}},
                 {3088, {5, 0, 0, 0, 'h', 'e', 'l', 'l', 'o', 0, 0}},
                 {4092, {0x60, 0x02, 0x7c, 0xfd}}});
    CHECK(std::memcmp(cell.data(), cell.data() + disk::groups_at[1], disk::block_bytes) == 0);
}

TEST_CASE("numbers in files are little-endian", "[log][format]")
{
    disk::little64 number{};
    number = 0x0102030405060708U;
    CHECK(number.bytes[0] == 8);
    CHECK(number.bytes[7] == 1);
    CHECK(std::uint64_t{number} == 0x0102030405060708U);
    CHECK(alignof(disk::little64) == 1);
}

TEST_CASE("a format knows where its slots and payloads lie", "[log][format]")
{
    disk::segment_format format = example_format();
    CHECK(format.possible());
    CHECK(format.payload_at() == 16);
    CHECK(format.slot_bytes() == 32);
    CHECK(format.slot_at(3) == 4096 + 96);
    CHECK(format.file_bytes() == 8192);

    format.payload_bytes = 64;
    format.payload_alignment = 64;
    CHECK(format.payload_at() == 64);
    CHECK(format.slot_bytes() == 128);

    const auto refused = [](auto&& change) {
        disk::segment_format changed = example_format();
        change(changed);
        return !changed.possible();
    };
    CHECK(refused([](auto& f) { f.type.clear(); }));
    CHECK(refused([](auto& f) { f.type.assign(256, 'x'); }));
    CHECK(refused([](auto& f) { f.payload_bytes = 0; }));
    CHECK(refused([](auto& f) { f.payload_bytes = 0xffffffffU; }));
    CHECK(refused([](auto& f) { f.payload_alignment = 0; }));
    CHECK(refused([](auto& f) { f.payload_alignment = 3; }));
    CHECK(refused([](auto& f) { f.payload_alignment = 8192; }));
    CHECK(refused([](auto& f) { f.slot_count = 0; }));
    CHECK(refused([](auto& f) { f.slot_count = 6; }));
    CHECK(refused([](auto& f) { f.slot_count = std::uint64_t{1} << 32U; }));
}

TEST_CASE("a slot is a record, void, or empty; every flipped bit of it is damage", "[log][format]")
{
    const auto format = example_format();
    auto slot = example_slot(format);
    CHECK(look(slot) == slot_state::record);
    CHECK(look(slot, 13) == slot_state::damaged);
    CHECK(look(slot, 13, true) == slot_state::empty); // left by another segment
    CHECK(look(slot, 5, false, salt + 1) == slot_state::damaged);

    for (const slot_kind kind : {slot_kind::record, slot_kind::skipped}) {
        disk::finish_slot(disk::salted(salt), 5, kind, slot.data(), slot.size());
        const slot_state whole = look(slot);
        CHECK(whole == (kind == slot_kind::record ? slot_state::record : slot_state::skipped));
        for (std::size_t bit = 0; bit != slot.size() * 8; ++bit) {
            for (const bool recycled : {false, true}) {
                slot[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
                INFO("bit " << bit);
                CHECK(look(slot, 5, recycled) == slot_state::damaged);
                slot[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
            }
        }
    }

    // who dies before the stamp leaves nothing that counts
    std::memset(slot.data(), 0, 8);
    CHECK(look(slot) == slot_state::empty);
    CHECK(look(slot, 5, true) == slot_state::empty);
    CHECK(look(std::vector<unsigned char>(32)) == slot_state::empty);
}

TEST_CASE("no flipped bit of a block goes unseen, nor one of another salt", "[log][format]")
{
    disk::seal_block block{};
    block.end = 8;
    disk::finish_block(block, disk::seal_magic, salt);
    CHECK(disk::is_block(block, disk::seal_magic, salt));
    CHECK_FALSE(disk::is_block(block, disk::seal_magic, salt + 1));
    CHECK_FALSE(disk::is_block(block, disk::identity_magic, salt));
    CHECK_FALSE(disk::is_block(disk::seal_block{}, disk::seal_magic, salt));
    auto* const bytes = reinterpret_cast<unsigned char*>(&block);
    for (std::size_t bit = 0; bit != sizeof block * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
        INFO("bit " << bit);
        CHECK_FALSE(disk::is_block(block, disk::seal_magic, salt));
        bytes[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
    }
}
