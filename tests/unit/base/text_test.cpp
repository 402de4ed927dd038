// SPDX-License-Identifier: MIT
#include <gregor/base/text.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using gregor::digits;
using gregor::order_of_texts;
using gregor::same_text;
using gregor::text;

TEST_CASE("a text is its parts, one after the other", "[base]")
{
    CHECK(text({}).empty());
    CHECK(text({"one", "", " and ", std::string{"two"}}) == "one and two");
}

TEST_CASE("digits are a number as std::to_string writes it", "[base]")
{
    constexpr std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)();
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{10},
                                       std::uint64_t{65536}, most - 1, most}) {
        CHECK(text({digits{number}}) == std::to_string(number));
    }
}

TEST_CASE("texts come in the order of their bytes, the shorter first", "[base]")
{
    CHECK(order_of_texts("", "") == 0);
    CHECK(order_of_texts("", "a") < 0);
    CHECK(order_of_texts("a", "") > 0);
    CHECK(order_of_texts("ab", "ac") < 0);
    CHECK(order_of_texts("b", "abc") > 0);
    CHECK(order_of_texts("ab", "abc") < 0);
    CHECK(order_of_texts("abc", "ab") > 0);
    CHECK(order_of_texts("\x7f", "\x80") < 0); // as unsigned bytes
    CHECK(same_text("abc", std::string{"abc"}));
    CHECK_FALSE(same_text("abc", "abd"));
    CHECK_FALSE(same_text("abc", "ab"));
    CHECK_FALSE(same_text(std::string_view{"a\0b", 3}, std::string_view{"a\0c", 3}));
}
