// SPDX-License-Identifier: MIT
#include <gregor/ring/sequence.hpp>

#include <cstdint>

#include "support/catch.hpp"

namespace ring = gregor::ring;
using seq8 = std::uint8_t;

TEST_CASE("8-bit sequences are ordered by their distance, across the wrap", "[ring]")
{
    unsigned wrong = 0;
    for (unsigned at = 0; at != 256; ++at) {
        for (unsigned distance = 1; distance != 128; ++distance) {
            const auto a = static_cast<seq8>(at);
            const auto b = static_cast<seq8>(at + distance);
            wrong += ring::before<seq8>(a, b) ? 0 : 1;
            wrong += ring::before<seq8>(b, a) ? 1 : 0;
            wrong += ring::earlier<seq8>(a, b) == a && ring::earlier<seq8>(b, a) == a ? 0 : 1;
        }
        wrong += ring::before<seq8>(static_cast<seq8>(at), static_cast<seq8>(at)) ? 1 : 0;
    }
    CHECK(wrong == 0);
    CHECK(ring::before<seq8>(250, 3));
    CHECK_FALSE(ring::before<seq8>(3, 250));
}

TEST_CASE("sequences are added to and taken from without leaving their type", "[ring]")
{
    CHECK(ring::plus<seq8>(250, 10) == 4);
    CHECK(ring::minus<seq8>(4, 10) == 250);
    CHECK(ring::plus<std::uint64_t>(~std::uint64_t{0}, 1) == 0);
}

namespace {

template <class Seq>
unsigned broken_words()
{
    unsigned wrong = 0;
    for (unsigned at = 0; at != 256; ++at) {
        for (unsigned flags = 0; flags != 4; ++flags) {
            const auto low = static_cast<Seq>(at);
            const auto high = static_cast<Seq>(static_cast<Seq>(-1) - low);
            for (const Seq each : {low, high}) {
                // of 64 bits 62 count
                const Seq kept = sizeof(Seq) == 8 ? static_cast<Seq>(each << 2U) >> 2U : each;
                const auto word = ring::pack(each, flags);
                wrong += ring::sequence_in<Seq>(word) == kept ? 0 : 1;
                wrong += ring::flags_in(word) == flags ? 0 : 1;
            }
        }
    }
    return wrong;
}

} // namespace

TEST_CASE("a word gives back the sequence and the flags that were packed", "[ring]")
{
    CHECK(broken_words<std::uint8_t>() == 0);
    CHECK(broken_words<std::uint16_t>() == 0);
    CHECK(broken_words<std::uint32_t>() == 0);
    CHECK(broken_words<std::uint64_t>() == 0);
    STATIC_REQUIRE(sizeof(ring::word_t<std::uint8_t>) == 2);
    STATIC_REQUIRE(sizeof(ring::word_t<std::uint64_t>) == 8);
}
