// SPDX-License-Identifier: MIT
#include <gregor/base/error.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"

using gregor::errc;

TEST_CASE("an error says what was attempted, what is allowed there and what was given", "[base]")
{
    const gregor::error e{errc::invalid_option, "topic \"t\"", "a power of two", "1000"};
    CHECK(e.operation() == "topic \"t\"");
    CHECK(e.expected() == "a power of two");
    CHECK(e.found() == "1000");
    CHECK(std::string_view{e.what()}.find("topic \"t\": expected a power of two, found 1000") !=
          std::string_view::npos);
}

TEST_CASE("the parts of an error may look like what stands between them", "[base]")
{
    const gregor::error e{
        errc::invalid_option, {"a: expected ", "b"}, {", found "}, {"", ": expected ", "c"}};
    CHECK(e.operation() == "a: expected b");
    CHECK(e.expected() == ", found ");
    CHECK(e.found() == ": expected c");
    const gregor::error empty{errc::invalid_option, "", "", ""};
    CHECK(empty.operation().empty());
    CHECK(empty.expected().empty());
    CHECK(empty.found().empty());
}

TEST_CASE("an error's pattern is filled in with the facts as they are", "[base]")
{
    const gregor::error e{
        errc::invalid_option, "topic \"%\" of %|1 to % of it|no%e", {"50%|", "", "7", "n"}};
    CHECK(e.operation() == "topic \"50%|\" of ");
    CHECK(e.expected() == "1 to 7 of it");
    CHECK(e.found() == "none");
    CHECK(std::string{e.what()} ==
          "topic \"50%|\" of : expected 1 to 7 of it, found none: " + e.code().message());
}

TEST_CASE("an error of the system says what it was asked for, and why not", "[base]")
{
    const std::error_code code = std::make_error_code(std::errc::no_space_on_device);
    const gregor::error e{code, "write \"a\""};
    CHECK(e.code() == code);
    CHECK(e.operation() == "write \"a\"");
    CHECK(e.expected() == "the system to do it");
    CHECK(e.found() == code.message());
    CHECK(std::string{e.what()} == "write \"a\": " + code.message());
}

TEST_CASE("a copy of an error says the same, and shares its text", "[base]")
{
    STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<gregor::error>);
    const gregor::error e{errc::invalid_name, "one", "two", "three"};
    const gregor::error copy{e};
    CHECK(copy.what() == e.what());
    CHECK(copy.found() == "three");
}

TEST_CASE("an objection is an error, or none", "[base]")
{
    gregor::objection none;
    CHECK_FALSE(static_cast<bool>(none));
    gregor::objection some{gregor::error{errc::invalid_name, "one", "two", "three"}};
    REQUIRE(static_cast<bool>(some));
    CHECK((*some).found() == "three");
    const gregor::objection taken{std::move(some)};
    CHECK((*taken).operation() == "one");
}

TEST_CASE("an error has a code that compares with errc", "[base]")
{
    const gregor::error e{errc::producer_exists, "a", "b", "c"};
    CHECK(e.code() == errc::producer_exists);
    CHECK(e.code() != errc::out_of_memory);
    CHECK(std::string_view{e.code().category().name()} == "gregor");
    const std::error_code code = errc::group_not_allowed;
    CHECK(&code.category() == &gregor::category());
}

TEST_CASE("each code has a message of its own", "[base]")
{
    const errc all[] = {errc::invalid_option,      errc::invalid_name,      errc::out_of_memory,
                        errc::producer_exists,     errc::group_not_allowed, errc::topic_exists,
                        errc::unknown_topic,       errc::other_type,        errc::in_use,
                        errc::unknown_group,       errc::no_thread,         errc::no_offset,
                        errc::dead_letter_refused, errc::topic_closed};
    for (const errc one : all) {
        const std::string message = gregor::make_error_code(one).message();
        CHECK_FALSE(message.empty());
        CHECK(message != "unknown");
        for (const errc other : all) {
            CHECK((one == other) == (message == gregor::make_error_code(other).message()));
        }
    }
    CHECK(gregor::category().message(999) == "unknown");
}

TEST_CASE("raise throws the error, whole", "[base]")
{
    const gregor::error e{errc::invalid_name, "one", "two", "three"};
    try {
        gregor::raise(e);
        FAIL("it did not throw");
    } catch (const gregor::error& caught) {
        CHECK(caught.code() == errc::invalid_name);
        CHECK(caught.operation() == "one");
        CHECK(caught.expected() == "two");
        CHECK(caught.found() == "three");
    }
}
