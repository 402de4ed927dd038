// SPDX-License-Identifier: MIT
#include <gregor/base/label.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"

using gregor::label;

TEST_CASE("a label is the text that it was made of, byte by byte", "[base]")
{
    using namespace std::string_view_literals;
    std::string source = "trades";
    const label name{source};
    source = "others";
    CHECK(std::string_view{name} == "trades");
    CHECK_FALSE(name.empty());
    CHECK(std::string_view{label{"a\0b"sv}} == "a\0b"sv);
    CHECK(std::string{label{std::string(1000, 'x')}} == std::string(1000, 'x'));
}

TEST_CASE("a label of nothing is empty", "[base]")
{
    CHECK(label{}.empty());
    CHECK(label{""}.empty());
    CHECK(std::string_view{label{std::string_view{}}}.empty());
}

TEST_CASE("a label goes with its text, and takes another one's", "[base]")
{
    static_assert(std::is_nothrow_move_constructible_v<label> &&
                  std::is_nothrow_move_assignable_v<label> && !std::is_copy_constructible_v<label>);
    label first{"first"};
    label moved{std::move(first)};
    CHECK(std::string_view{moved} == "first");
    moved = label{"second"};
    CHECK(std::string_view{moved} == "second");
    moved = {};
    CHECK(moved.empty());
}

TEST_CASE("room for a label is written by who makes it", "[base]")
{
    const label room{std::size_t{3}};
    for (int i = 0; i != 3; ++i) {
        room.data()[i] = static_cast<char>('a' + i);
    }
    CHECK(std::string_view{room} == "abc");
}
