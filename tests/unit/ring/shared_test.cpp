// SPDX-License-Identifier: MIT
#include <gregor/ring/shared.hpp>

#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

struct thing {
    explicit thing(int& counter) : alive(counter) { ++alive; }
    thing(const thing&) = delete;
    thing& operator=(const thing&) = delete;
    ~thing() { --alive; }

    gregor::ring::holder_count holders;
    int& alive;
    int written = 0;
};

using shared = gregor::ring::shared<thing>;

} // namespace

TEST_CASE("who holds a thing last destroys it", "[ring]")
{
    int alive = 0;
    shared one{new thing{alive}};
    {
        const shared two = one;
        CHECK(one->holders.value() == 2);
        shared three = std::move(one);
        CHECK(!one); // NOLINT(bugprone-use-after-move): it is empty
        CHECK(two->holders.value() == 2);
        one = three;
        CHECK(two->holders.value() == 3);
        shared& same = one;
        one = same;
        CHECK(two->holders.value() == 3);
    }
    CHECK(alive == 1);
    CHECK(one->holders.value() == 1);
    one = {};
    CHECK(alive == 0);
}

TEST_CASE("a thing that several threads hold is destroyed after all of them", "[ring][threads]")
{
    int alive = 0;
    for (int round = 0; round != 200; ++round) {
        shared one{new thing{alive}};
        std::vector<std::thread> others;
        for (int i = 0; i != 3; ++i) {
            others.emplace_back([mine = one]() mutable {
                const shared again = mine;
                mine = {};
                static_cast<void>(again->holders.value());
            });
        }
        one = {};
        for (auto& each : others) {
            each.join();
        }
        REQUIRE(alive == 0);
    }
}
