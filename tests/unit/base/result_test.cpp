// SPDX-License-Identifier: MIT
#include <gregor/base/result.hpp>

#include <memory>
#include <utility>

#include "support/catch.hpp"
#include "support/death.hpp"

using gregor::errc;
using gregor::error;
using gregor::result;

namespace {

error some_error()
{
    return {errc::invalid_option, "it", "this", "that"};
}

} // namespace

TEST_CASE("a result holds a value", "[base]")
{
    result<int> seven{7};
    CHECK(seven.has_value());
    CHECK(static_cast<bool>(seven));
    CHECK(seven.value() == 7);
    CHECK(*seven == 7);
    *seven = 8;
    CHECK(seven.value() == 8);
}

TEST_CASE("a result holds an error, and raises it where its value is asked for", "[base]")
{
    result<int> none{some_error()};
    CHECK_FALSE(none.has_value());
    CHECK_FALSE(static_cast<bool>(none));
    CHECK(none.error().code() == errc::invalid_option);
    CHECK(none.error().found() == "that");
    CHECK_THROWS_AS(none.value(), error);
    CHECK_THROWS_AS(*none, error);
    CHECK_THROWS_AS(*std::move(none), error);
}

TEST_CASE("a result gives away a value that can only be moved", "[base]")
{
    result<std::unique_ptr<int>> held{std::make_unique<int>(5)};
    CHECK(*held->get() == 5);
    const std::unique_ptr<int> mine = *std::move(held);
    CHECK(*mine == 5);
}

TEST_CASE("asking a result with a value for its error ends the process", "[base]")
{
    CHECK(support::dies_saying("result::error() was called on a result that holds a value", [] {
        const result<int> seven{7};
        static_cast<void>(seven.error());
    }));
}
