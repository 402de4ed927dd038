// SPDX-License-Identifier: MIT
#include <gregor/group/rotation.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <vector>

#include "support/catch.hpp"
#include "support/random.hpp"

using gregor::rotation;
using gregor::sighting;

namespace {

/// Has so many records, and knows how often it was asked.
struct reader {
    rotation<reader>::seat seat;
    int records = 0;
    int asked = 0;
};

struct scene {
    explicit scene(std::size_t count) : readers(count)
    {
        for (reader& each : readers) {
            all.push_back(&each);
            turns.enter(each);
        }
    }

    /// Who has something: its number, or -1.
    int turn()
    {
        int left = -1;
        const auto ask = [](reader& r, int& answer) {
            ++r.asked;
            if (r.records == 0) {
                return sighting::nothing;
            }
            answer = --r.records;
            return sighting::run;
        };
        const auto [who, what] = turns.turn(all, ask, left);
        for (std::size_t i = 0; i != all.size(); ++i) {
            if (who == all[i]) {
                CHECK(what == sighting::run);
                CHECK(left == all[i]->records);
                return static_cast<int>(i);
            }
        }
        CHECK(what == sighting::nothing);
        return -1;
    }

    /// How many looks the next turns take.
    int looks(int turns_to_take)
    {
        const auto sum = [&] {
            int asked = 0;
            for (const reader& each : readers) {
                asked += each.asked;
            }
            return asked;
        };
        const int before = sum();
        for (int i = 0; i != turns_to_take; ++i) {
            REQUIRE(turn() >= 0);
        }
        return sum() - before;
    }

    void enter_anew()
    {
        turns.restart();
        for (reader* const each : all) {
            turns.enter(*each);
        }
    }

    std::deque<reader> readers;
    std::vector<reader*> all;
    rotation<reader> turns;
};

} // namespace

TEST_CASE("nobody has no turn", "[rotation]")
{
    scene none{0};
    CHECK(none.turn() == -1);
}

TEST_CASE("a turn in vain has asked everybody", "[rotation]")
{
    for (const std::size_t count : {1U, 2U, 7U}) {
        scene s{count};
        for (int round = 0; round != 100; ++round) {
            if (round == 10) {
                for (reader& each : s.readers) {
                    each.records = 1; // everybody is active
                }
                s.looks(static_cast<int>(count));
                CHECK(s.turns.active() == count);
            }
            for (reader& each : s.readers) {
                each.asked = 0;
            }
            REQUIRE(s.turn() == -1);
            for (const reader& each : s.readers) {
                REQUIRE(each.asked >= 1);
            }
        }
        CHECK(s.turns.active() <= 1); // the last one stays
    }
}

TEST_CASE("who is busy is asked in turn", "[rotation]")
{
    scene s{5};
    for (reader& each : s.readers) {
        each.records = 100;
    }
    for (int round = 0; round != 20; ++round) {
        std::vector<int> had(5);
        for (int i = 0; i != 5; ++i) {
            ++had[static_cast<std::size_t>(s.turn())];
        }
        REQUIRE(had == std::vector<int>(5, 1));
    }
}

TEST_CASE("one that is busy costs one look, and one at who rests", "[rotation]")
{
    scene alone{1};
    alone.readers[0].records = 1000;
    CHECK(alone.looks(100) == 100);
    scene s{1000};
    s.readers[333].records = 5000;
    static_cast<void>(s.turn());
    const int looks = s.looks(3000);
    CHECK(looks <= 6000);
    CHECK(looks >= 5990); // but where it was its own turn
}

TEST_CASE("who rests is seen within as many turns as there are", "[rotation]")
{
    scene s{50};
    s.readers[0].records = 1'000'000;
    s.readers[1].records = 1'000'000;
    s.looks(10);
    for (std::size_t slow = 2; slow != 50; ++slow) {
        s.readers[slow].records = 1;
        int turns = 0;
        while (s.turn() != static_cast<int>(slow)) {
            REQUIRE(++turns < 50);
        }
        s.looks(7);
    }
}

TEST_CASE("who was asked in vain for long rests again", "[rotation]")
{
    scene s{4};
    for (reader& each : s.readers) {
        each.records = 1;
    }
    s.readers[2].records = 1000;
    s.looks(4);
    CHECK(s.turns.active() == 4);
    s.looks(40);
    CHECK(s.turns.active() == 1);
    CHECK(s.looks(100) <= 200);
}

TEST_CASE("who is paused is not asked", "[rotation]")
{
    scene s{4};
    for (reader& each : s.readers) {
        each.records = 100;
    }
    s.turns.pause(s.readers[3]); // one that rests
    s.looks(6);
    for (const std::size_t p : {1U, 0U, 2U}) {
        s.turns.pause(s.readers[p]); // one that is active
        s.turns.pause(s.readers[p]);
        CHECK(rotation<reader>::paused(s.readers[p]));
        s.readers[p].asked = 0;
        for (int i = 0; i != 10; ++i) {
            static_cast<void>(s.turn());
        }
        CHECK(s.readers[p].asked == 0);
    }
    CHECK(s.readers[3].asked == 0);
    CHECK(s.turns.active() == 0);
    CHECK(s.turn() == -1);
    s.enter_anew(); // a pause outlives the coming and going of others
    CHECK(s.turn() == -1);
    s.turns.resume(s.readers[3]);
    s.turns.resume(s.readers[3]);
    CHECK(s.turn() == 3);
    s.turns.resume(s.readers[0]);
    CHECK(s.turn() == 0);
    CHECK(s.turn() == 3);
}

TEST_CASE("who is out of range ends the turn, and is not active for that", "[rotation]")
{
    scene s{3};
    std::vector<int> answers(3);
    int none = 0;
    for (int i = 0; i != 9; ++i) {
        const auto [who, what] =
            s.turns.turn(s.all, [](reader&, int&) { return sighting::out_of_range; }, none);
        CHECK(what == sighting::out_of_range);
        ++answers[static_cast<std::size_t>(std::find(s.all.begin(), s.all.end(), who) -
                                           s.all.begin())];
    }
    CHECK(answers == std::vector<int>{3, 3, 3});
    CHECK(s.turns.active() == 0);
}

TEST_CASE("whatever comes, nothing is forgotten", "[rotation][random]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice random{seed};
    for (int round = 0; round != 200; ++round) {
        const std::size_t count = static_cast<std::size_t>(1 + random.below(9));
        scene s{count};
        std::vector<bool> paused(count);
        for (int step = 0; step != 300; ++step) {
            const auto p = static_cast<std::size_t>(random.below(count));
            switch (random.below(8)) {
            case 0:
                s.turns.pause(s.readers[p]);
                paused[p] = true;
                break;
            case 1:
                s.turns.resume(s.readers[p]);
                paused[p] = false;
                break;
            case 2: s.enter_anew(); break;
            case 3:
            case 4: s.readers[p].records += static_cast<int>(random.below(30)); break;
            default: {
                bool any = false;
                for (std::size_t i = 0; i != count; ++i) {
                    any = any || (!paused[i] && s.readers[i].records != 0);
                }
                const int who = s.turn();
                REQUIRE((who >= 0) == any);
                REQUIRE((who < 0 || !paused[static_cast<std::size_t>(who)]));
            }
            }
        }
    }
}
