// SPDX-License-Identifier: MIT
#include <gregor/base/types.hpp>
#include <gregor/version.hpp>

#include <type_traits>

#include "support/catch.hpp"

TEST_CASE("a partition number is no offset and no key", "[base]")
{
    STATIC_REQUIRE_FALSE(std::is_convertible_v<int, gregor::partition_id>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<gregor::offset_t, gregor::partition_id>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<gregor::partition_id, gregor::offset_t>);
    CHECK(gregor::partition_id{} == gregor::partition_id{0});
    CHECK(gregor::partition_id{1} < gregor::partition_id{2});
    CHECK(gregor::any_partition != gregor::partition_id{0});
}

TEST_CASE("the version is three numbers", "[base]")
{
    STATIC_REQUIRE(GREGOR_VERSION_MAJOR >= 0);
    STATIC_REQUIRE(GREGOR_VERSION_MINOR >= 0);
    STATIC_REQUIRE(GREGOR_VERSION_PATCH >= 0);
}
