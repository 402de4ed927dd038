// SPDX-License-Identifier: MIT
#include <gregor/base/short_list.hpp>

#include <cstddef>
#include <vector>

#include "support/catch.hpp"
#include "support/random.hpp"

using gregor::short_list;

TEST_CASE("a short list holds what a vector would", "[base]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice draw{seed};
    short_list<int> list;
    std::vector<int> expected;
    for (int i = 0; i != 1000; ++i) {
        switch (draw.below(8)) {
        case 0:
            if (!expected.empty()) {
                const std::size_t at = draw.below(expected.size());
                list.remove_at(at);
                expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(at));
            }
            break;
        case 1:
            if (!expected.empty()) {
                list.pop_back();
                expected.pop_back();
            }
            break;
        case 2: list.reserve(expected.size() + draw.below(20)); break;
        default: list.push_back(i); expected.push_back(i);
        }
        REQUIRE(std::vector<int>(list.begin(), list.end()) == expected);
        REQUIRE(list.empty() == expected.empty());
    }
    const short_list<int> copy{list};
    list.clear();
    CHECK(list.empty());
    CHECK(std::vector<int>(copy.begin(), copy.end()) == expected);
}

TEST_CASE("what was reserved in a short list stays where it is", "[base]")
{
    short_list<std::size_t> list;
    list.reserve(100);
    list.push_back(0);
    const std::size_t* const first = list.begin();
    for (std::size_t i = 1; i != 100; ++i) {
        list.push_back(i);
    }
    CHECK(list.begin() == first);
    CHECK(list[99] == 99);

    short_list<std::size_t> other;
    other.swap(list);
    CHECK(other.begin() == first);
    CHECK(list.empty());
}
