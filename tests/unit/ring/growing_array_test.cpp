// SPDX-License-Identifier: MIT
#include <gregor/ring/env.hpp>
#include <gregor/ring/growing_array.hpp>

#include <cstddef>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/nth_failure.hpp"

using support::fail_each;
using support::failing;
using support::failing_run;

namespace {

/// Cannot be moved or copied.
struct element {
    explicit element(std::size_t number) : at(number) {}
    element(const element&) = delete;
    element& operator=(const element&) = delete;
    ~element() = default;

    std::size_t at;
};

using elements = gregor::ring::growing_array<element, gregor::ring::std_env>;

constexpr auto numbered = [](std::size_t i) { return element{i}; };

std::vector<std::size_t> all_of(const elements& them)
{
    std::vector<std::size_t> numbers;
    for (const element& each : them) {
        numbers.push_back(each.at);
    }
    return numbers;
}

/// Of which every one that was built is there to be counted, and may fail to be.
using fragile_elements = gregor::ring::growing_array<support::fragile, gregor::ring::std_env>;

} // namespace

TEST_CASE("a growing array begins with as many elements as it is made with", "[ring]")
{
    const elements none;
    CHECK(none.size() == 0);
    CHECK(all_of(none).empty());
    const elements three{3, numbered};
    CHECK(all_of(three) == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("what is appended is found by its number, and counts when it is published", "[ring]")
{
    elements some{1, numbered};
    CHECK(some.append(numbered).at == 1);
    some.append(numbered);
    CHECK(some.size() == 1);
    CHECK(some[2].at == 2);
    some.publish();
    CHECK(all_of(some) == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("what is withdrawn is gone, and what is appended next takes its place", "[ring]")
{
    elements some{2, numbered};
    for (int i = 0; i < 100; ++i) {
        some.append(numbered);
    }
    some.withdraw();
    CHECK(all_of(some) == std::vector<std::size_t>{0, 1});
    CHECK(some.append(numbered).at == 2);
    some.publish();
    CHECK(all_of(some) == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("the elements of a growing array stay where they are", "[ring]")
{
    constexpr std::size_t many = 3000;
    elements some{1, numbered};
    std::vector<const element*> places{&some[0]};
    while (places.size() != many) {
        places.push_back(&some.append(numbered));
    }
    some.publish();
    for (std::size_t i = 0; i != many; ++i) {
        REQUIRE(&some[i] == places[i]);
        REQUIRE(some[i].at == i);
    }
}

TEST_CASE("a walk over a growing array ends where its end was when it began", "[ring]")
{
    elements some{2, numbered};
    std::size_t seen = 0;
    for (const element& each : some) {
        CHECK(each.at == seen++);
        some.append(numbered);
        some.publish();
    }
    CHECK(seen == 2);
    CHECK(some.size() == 4);
}

TEST_CASE("where an element cannot be built, or its memory not be had, none is appended",
          "[ring][nth_failure]")
{
    for (const failing what : {failing::allocation, failing::user_code}) {
        const long steps = fail_each(what, [](failing_run& run) {
            const auto make = [](std::size_t i) { return support::fragile{i}; };
            fragile_elements some{2, make};
            run.gets_through([&] {
                for (int i = 0; i < 6; ++i) {
                    some.append(make);
                }
                some.publish();
            });
            run.expect(some.size() == (run.failed() ? 2U : 8U), "all of them count, or none");
            some.withdraw();
            run.expect(&some.append(make) == &some[run.failed() ? 2 : 8], "it goes on from there");
        });
        CHECK(steps > 1);
    }
}
