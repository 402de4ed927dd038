// SPDX-License-Identifier: MIT
#include <gregor/base/chain.hpp>

#include <vector>

#include "support/catch.hpp"

namespace {

struct element {
    explicit element(int its, int& count) : value(its), alive(count) { ++alive; }
    element(const element&) = delete;
    element& operator=(const element&) = delete;
    ~element() { --alive; }

    int value;
    int& alive;
    element* next = nullptr;
};

std::vector<int> values(const gregor::chain<element>& all)
{
    std::vector<int> found;
    for (const element* each = all.first(); each != nullptr; each = each->next) {
        found.push_back(each->value);
    }
    return found;
}

} // namespace

TEST_CASE("a chain keeps its elements in order, and destroys them", "[base]")
{
    int alive = 0;
    {
        gregor::chain<element> all;
        CHECK(all.empty());
        element& one = all.append(new element{1, alive});
        element& two = all.append(new element{2, alive});
        element& three = all.append(new element{3, alive});
        CHECK(values(all) == std::vector<int>{1, 2, 3});

        all.remove(two);
        CHECK(alive == 2);
        CHECK(values(all) == std::vector<int>{1, 3});
        CHECK(&all.front() == &one);
        all.remove(three);
        all.append(new element{4, alive});
        CHECK(values(all) == std::vector<int>{1, 4});
        all.remove(one);
        CHECK(values(all) == std::vector<int>{4});
        CHECK(alive == 1);
    }
    CHECK(alive == 0);
}
