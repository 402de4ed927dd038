// SPDX-License-Identifier: MIT
#include <gregor/log/crc32c.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/random.hpp"

namespace crc = gregor::crc32c;

namespace {

/// Bit by bit, from the definition.
std::uint32_t by_definition(const unsigned char* bytes, std::size_t count)
{
    std::uint32_t state = 0xffffffffU;
    for (std::size_t i = 0; i != count; ++i) {
        state ^= bytes[i];
        for (int bit = 0; bit != 8; ++bit) {
            state = (state >> 1U) ^ ((state & 1U) != 0 ? 0x82f63b78U : 0U);
        }
    }
    return ~state;
}

std::uint32_t of(std::string_view text)
{
    CHECK(crc::extend_portably(0, text.data(), text.size()) == crc::of(text.data(), text.size()));
    return crc::of(text.data(), text.size());
}

} // namespace

TEST_CASE("the checksum is CRC-32C", "[log][crc]")
{
    CHECK(of("") == 0);
    CHECK(of("123456789") == 0xe3069283U);
    CHECK(of("The quick brown fox jumps over the lazy dog") == 0x22620404U);

    // RFC 3720, B.4
    std::array<unsigned char, 32> bytes{};
    CHECK(crc::of(bytes.data(), bytes.size()) == 0x8a9136aaU);
    bytes.fill(0xff);
    CHECK(crc::of(bytes.data(), bytes.size()) == 0x62a8ab43U);
    for (std::size_t i = 0; i != bytes.size(); ++i) {
        bytes[i] = static_cast<unsigned char>(i);
    }
    CHECK(crc::of(bytes.data(), bytes.size()) == 0x46dd794eU);
    for (std::size_t i = 0; i != bytes.size(); ++i) {
        bytes[i] = static_cast<unsigned char>(31 - i);
    }
    CHECK(crc::of(bytes.data(), bytes.size()) == 0x113fdb5cU);
}

TEST_CASE("table and instruction give the same checksum, in parts and at every alignment",
          "[log][crc]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    std::vector<unsigned char> bytes(4000);
    for (int round = 0; round != 1000; ++round) {
        for (unsigned char& byte : bytes) {
            byte = static_cast<unsigned char>(dice.below(256));
        }
        const std::size_t from = dice.below(17);
        const std::size_t count = dice.below(bytes.size() - from);
        const std::size_t part = dice.below(count + 1);
        const unsigned char* const at = bytes.data() + from;
        const std::uint32_t expected = by_definition(at, count);
        REQUIRE(crc::extend_portably(crc::extend_portably(0, at, part), at + part, count - part) ==
                expected);
        REQUIRE(crc::extend(crc::extend(0, at, part), at + part, count - part) == expected);
#if GREGOR_CRC_INSTRUCTION
        if (crc::has_instruction) {
            REQUIRE(crc::extend_by_instruction(0, at, count) == expected);
        }
#endif
    }
}
