// SPDX-License-Identifier: MIT
#include <gregor/base/type_name.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace outer {
struct plain {};
struct renamed {};
template <class...>
struct of {};
} // namespace outer

template <>
inline constexpr std::string_view gregor::type_name<outer::renamed> = "renamed/1";

namespace {

struct only_here {};
struct named_here {};

} // namespace

template <>
inline constexpr std::string_view gregor::type_name<named_here> = "named {here}";

using gregor::type_name;

TEST_CASE("a type is called what the compiler calls it, or what it is told", "[base][type_name]")
{
    CHECK(type_name<int> == "int");
    CHECK(type_name<double> == "double");
    CHECK(std::string{type_name<outer::plain>}.ends_with("outer::plain"));
    CHECK(type_name<outer::renamed> == "renamed/1");
    CHECK(type_name<outer::of<std::string_view>> != type_name<outer::of<std::string>>);
    CHECK(type_name<outer::of<int>> != type_name<outer::of<int, int>>);
    CHECK(type_name<const int> != type_name<int>);
    static_assert(!type_name<std::vector<int>>.empty());
}

TEST_CASE("a spelling that may stand for several types is known as such", "[base][type_name]")
{
    struct local {};
    const auto lambda = [] {};
    using gregor::has_its_own_name;
    CHECK(has_its_own_name<int>);
    CHECK(has_its_own_name<unsigned long long>);
    CHECK(has_its_own_name<outer::plain>);
    CHECK(has_its_own_name<outer::of<std::string, outer::of<>, const char*>>);
    CHECK(has_its_own_name<outer::renamed>);
    CHECK_FALSE(has_its_own_name<only_here>);
    CHECK_FALSE(has_its_own_name<outer::of<only_here>>);
    CHECK_FALSE(has_its_own_name<decltype(lambda)>);
    CHECK_FALSE(has_its_own_name<local>);
    CHECK_FALSE(has_its_own_name<outer::of<outer::plain, local>>);
    CHECK(has_its_own_name<named_here>);
}
