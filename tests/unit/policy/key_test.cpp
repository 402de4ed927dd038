// SPDX-License-Identifier: MIT
#include <gregor/policy/key.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

template <class K>
std::vector<int> bytes_of(const K& key)
{
    const auto kept = gregor::key_bytes<K>::of(key);
    const std::span<const std::byte> bytes = kept;
    std::vector<int> numbers;
    for (const std::byte b : bytes) {
        numbers.push_back(std::to_integer<int>(b));
    }
    return numbers;
}

using bytes = std::vector<int>;

enum class side : std::uint16_t { buy = 0x0102, sell = 0xfffe };
enum plain_enum : std::int32_t { minus_two = -2 };

struct point {
    int x;
    int y;
    [[nodiscard]] int sum() const { return x + y; }
};

constexpr auto x_times_two = [](const point& p) { return p.x * 2; };

struct no_bytes {};

} // namespace

/// A key type of the user's own.
template <>
struct gregor::key_bytes<point> {
    static auto of(const point& p) { return gregor::key_bytes<int>::of(p.x); }
};

TEST_CASE("integers and enumerations are keys in big-endian bytes, at their width", "[policy][key]")
{
    CHECK(bytes_of(std::int64_t{1}) == bytes{0, 0, 0, 0, 0, 0, 0, 1});
    CHECK(bytes_of(std::int32_t{0x01020304}) == bytes{1, 2, 3, 4});
    CHECK(bytes_of(std::int32_t{-1}) == bytes{255, 255, 255, 255});
    CHECK(bytes_of(std::int16_t{-2}) == bytes{255, 254});
    CHECK(bytes_of(std::uint64_t{0x0102030405060708}) == bytes{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(bytes_of(std::uint8_t{200}) == bytes{200});
    CHECK(bytes_of('a') == bytes{97});
    CHECK(bytes_of(true) == bytes{1});
    CHECK(bytes_of(side::buy) == bytes{1, 2});
    CHECK(bytes_of(side::sell) == bytes{255, 254});
    CHECK(bytes_of(minus_two) == bytes{255, 255, 255, 254});
}

TEST_CASE("strings are keys as they are", "[policy][key]")
{
    CHECK(bytes_of(std::string{"abc"}) == bytes{97, 98, 99});
    CHECK(bytes_of(std::string{}) == bytes{});
    CHECK(bytes_of(std::string{"a\0b", 3}) == bytes{97, 0, 98});
    CHECK(bytes_of(std::string_view{"\xc3\xa9"}) == bytes{0xc3, 0xa9});
    CHECK(bytes_of<const char*>("abc") == bytes{97, 98, 99});
}

TEST_CASE("arrays of characters and bytes are keys in full, zeros too", "[policy][key]")
{
    CHECK(bytes_of(std::array<char, 4>{'a', 'b'}) == bytes{97, 98, 0, 0});
    CHECK(bytes_of(std::array<std::byte, 2>{std::byte{7}, std::byte{255}}) == bytes{7, 255});
    CHECK(bytes_of(std::array<std::uint8_t, 3>{1, 2, 3}) == bytes{1, 2, 3});
}

TEST_CASE("a type of one's own is given its key bytes, or has none", "[policy][key]")
{
    CHECK(bytes_of(point{258, 7}) == bytes{0, 0, 1, 2});
    STATIC_REQUIRE(gregor::keyable<point>);
    STATIC_REQUIRE_FALSE(gregor::keyable<no_bytes>);
    STATIC_REQUIRE_FALSE(gregor::keyable<double>);
    STATIC_REQUIRE_FALSE(gregor::keyable<std::array<int, 2>>);
}

TEST_CASE("keyed_by takes a member, a member function or a callable", "[policy][key]")
{
    const point p{3, 4};
    CHECK(gregor::keyed_by<&point::y>::of(p) == 4);
    CHECK(gregor::keyed_by<&point::sum>::of(p) == 7);
    CHECK(gregor::keyed_by<x_times_two>::of(p) == 6);
    // a member comes as a reference: no copy
    CHECK(&gregor::keyed_by<&point::y>::of(p) == &p.y);
    STATIC_REQUIRE(gregor::keyed_by<&point::x>::applies_to<point>);
    STATIC_REQUIRE_FALSE(gregor::keyed_by<&point::x>::applies_to<no_bytes>);
}
