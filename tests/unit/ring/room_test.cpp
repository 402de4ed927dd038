// SPDX-License-Identifier: MIT
#include <gregor/ring/lane.hpp>
#include <gregor/ring/room.hpp>

#include <cstdint>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "unit/ring/hooked_env.hpp"

namespace ring = gregor::ring;
using gate8 = ring::gate<std::uint8_t, hooked_env>;
using room8 = ring::room<std::uint8_t, hooked_env>;
using place8 = gate8::place;
using ring::extension;

namespace {

/// Notes what is retired.
struct note {
    static constexpr bool needed = true;
    std::vector<std::pair<int, int>>& ranges;

    void operator()(std::uint8_t from, std::uint8_t to) const { ranges.emplace_back(from, to); }
};

struct ignore {
    static constexpr bool needed = false;
    void operator()(std::uint8_t, std::uint8_t) const {}
};

/// For the claim of `count` from `first` on, where everything before it is published.
template <class Retire>
extension extend(room8& room, std::uint8_t first, std::uint8_t count, const gate8& gate,
                 Retire retire)
{
    return room.extend(
        first, count, gate, [](std::uint8_t, std::uint8_t to) { return to; }, retire);
}

} // namespace

TEST_CASE("a new room is as large as its ring", "[ring][room]")
{
    const room8 room{250, 16};
    CHECK(room.capacity() == 16);
    CHECK(room.limit() == static_cast<std::uint8_t>(250 + 16));
    CHECK(room.log_start() == 250);
}

TEST_CASE("what fits already is granted, and nothing changes", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 16};
    const gate8 gate;
    CHECK(extend(room, 15, 1, gate, ignore{}) == extension::granted);
    CHECK(room.limit() == 16);
    CHECK(room.log_start() == 0);
}

TEST_CASE("without readers the room grows by a sixteenth, or by what is needed", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 64};
    const gate8 gate;
    std::vector<std::pair<int, int>> gone;
    CHECK(extend(room, 64, 1, gate, note{gone}) == extension::granted);
    CHECK(room.limit() == 68);
    CHECK(room.log_start() == 4);
    CHECK(extend(room, 68, 22, gate, note{gone}) == extension::granted);
    CHECK(room.limit() == 90);
    CHECK(room.log_start() == 26);
    CHECK(gone == std::vector<std::pair<int, int>>{{0, 4}, {4, 26}});
}

TEST_CASE("a room of two grows by one", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 2};
    const gate8 gate;
    CHECK(extend(room, 2, 1, gate, ignore{}) == extension::granted);
    CHECK(room.limit() == 3);
}

TEST_CASE("a room is full exactly where a protection ends it", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 16};
    gate8 gate;
    place8& cursor = gate.cursor("slow");
    cursor.set(0, place8::holds);
    std::vector<std::pair<int, int>> gone;
    CHECK(extend(room, 16, 1, gate, note{gone}) == extension::full);
    CHECK(room.limit() == 16);
    CHECK(room.log_start() == 0);
    cursor.set(1, place8::holds);
    CHECK(extend(room, 16, 2, gate, note{gone}) == extension::full);
    CHECK(gone.empty());
    CHECK(extend(room, 16, 1, gate, note{gone}) == extension::granted);
    CHECK(room.limit() == 17);
    CHECK(gone == std::vector<std::pair<int, int>>{{0, 1}});
}

TEST_CASE("a room grows less than a step where a protection stands in the step", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 64};
    gate8 gate;
    gate.cursor("slow").set(2, place8::holds);
    CHECK(extend(room, 64, 1, gate, ignore{}) == extension::granted);
    CHECK(room.limit() == 66);
    CHECK(room.log_start() == 2);
}

TEST_CASE("a reader that arrives during an extension is seen by its second look", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 16};
    gate8 gate;
    std::vector<std::pair<int, int>> gone;
    place8& late = gate.cursor("late");
    // between reservation and grant
    hooked_env::at_fence = [&] { late.set(0, place8::holds); };
    CHECK(extend(room, 16, 1, gate, note{gone}) == extension::full);
    CHECK(gone.empty());
    CHECK(room.limit() == 16);
    // but it is reserved: the reader, when it looks, starts no lower
    CHECK(room.log_start() == 1);
    late.set(room.log_start(), place8::holds);
    CHECK(extend(room, 16, 1, gate, note{gone}) == extension::granted);
    CHECK(gone == std::vector<std::pair<int, int>>{{0, 1}});
}

TEST_CASE("a lossy reader is expected behind a heavy fence", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 16};
    gate8 gate;
    int fences = 0;
    int heavies = 0;
    hooked_env::at_heavy = [&] { ++heavies; };
    room.expect_light_readers();
    CHECK(heavies == 1);
    hooked_env::at_fence = [&] { ++fences; };
    hooked_env::at_heavy = [&] { ++heavies; };
    CHECK(extend(room, 16, 1, gate, ignore{}) == extension::granted);
    CHECK(heavies == 2);
    CHECK(fences == 0);
    hooked_env::reset();
}

TEST_CASE("while one thread retires records, another is told to look again", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 16};
    gate8 gate;
    std::vector<std::pair<int, int>> gone;
    extension meanwhile = extension::granted;
    extension enough = extension::full;
    hooked_env::at_fence = [&] {
        meanwhile = extend(room, 16, 1, gate, note{gone});
        enough = extend(room, 15, 1, gate, note{gone});
    };
    CHECK(extend(room, 16, 1, gate, note{gone}) == extension::granted);
    CHECK(meanwhile == extension::busy);
    CHECK(enough == extension::granted);
    CHECK(gone.size() == 1);
}

TEST_CASE("an extension that another one overtakes grants no less", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 16};
    gate8 gate;
    hooked_env::at_fence = [&] {
        CHECK(extend(room, 16, 4, gate, ignore{}) == extension::granted);
    };
    CHECK(extend(room, 16, 1, gate, ignore{}) == extension::granted);
    CHECK(room.limit() == 20);
    CHECK(room.log_start() == 4);
}

TEST_CASE("a room grows past no record that does not exist yet", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 64};
    const gate8 gate;
    // a claim of everything: nothing has been written, so nothing may go but what it takes
    CHECK(extend(room, 2, 64, gate, ignore{}) == extension::granted);
    CHECK(room.limit() == 66);
    CHECK(room.log_start() == 2);
}

TEST_CASE("a room grows past no claim that is not published", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 64};
    const gate8 gate;
    std::vector<std::pair<int, int>> gone;
    std::uint8_t published = 0;
    std::vector<std::pair<int, int>> asked;
    const auto settled = [&](std::uint8_t from, std::uint8_t to) {
        asked.emplace_back(from, to);
        return to < published ? to : published;
    };
    CHECK(room.extend(64, 1, gate, settled, note{gone}) == extension::full);
    CHECK(room.limit() == 64);
    CHECK(room.log_start() == 0);
    published = 2;
    CHECK(room.extend(64, 3, gate, settled, note{gone}) == extension::full);
    CHECK(room.extend(64, 2, gate, settled, note{gone}) == extension::granted);
    CHECK(room.limit() == 66);
    CHECK(gone == std::vector<std::pair<int, int>>{{0, 2}});
    CHECK(asked.front() == std::pair<int, int>{0, 4});
}

TEST_CASE("an extension looks only at what nobody has told to be published", "[ring][room]")
{
    hooked_env::reset();
    room8 room{200, 64};
    const gate8 gate;
    std::vector<std::pair<int, int>> asked;
    const auto settled = [&](std::uint8_t from, std::uint8_t to) {
        asked.emplace_back(from, to);
        return to;
    };
    room.settle(200);
    CHECK(room.tell_settled(200, 202));
    CHECK_FALSE(room.tell_settled(203, 207)); // nobody knows of 202
    CHECK(room.extend(8, 1, gate, settled, ignore{}) == extension::granted);
    CHECK(asked == std::vector<std::pair<int, int>>{{202, 204}});

    // what was extended over was published, whoever saw it
    CHECK(room.tell_settled(204, 210));
    CHECK(room.extend(12, 1, gate, settled, ignore{}) == extension::granted);
    CHECK(room.limit() == 16);
    CHECK(asked.size() == 1);
}

TEST_CASE("a reader's sight covers what it has looked at without a gap", "[ring][room]")
{
    ring::sight<std::uint8_t> sight;
    CHECK_FALSE(sight.saw(240, 242, 4));
    CHECK(sight.since == 240);
    CHECK(sight.saw(242, 244, 4));
    CHECK(sight.since == 240);
    CHECK_FALSE(sight.saw(244, 247, 4)); // since it told
    CHECK_FALSE(sight.saw(246, 247, 4)); // once more
    CHECK(sight.since == 240);
    CHECK_FALSE(sight.saw(248, 250, 4)); // 247 was not looked at
    CHECK(sight.since == 248);
    CHECK_FALSE(sight.saw(245, 246, 4)); // back
    CHECK(sight.since == 245);
}

TEST_CASE("a room goes round its sequences many times", "[ring][room]")
{
    hooked_env::reset();
    room8 room{0, 8};
    gate8 gate;
    place8& cursor = gate.cursor("reader");
    std::uint8_t at = 0;
    cursor.set(at, place8::holds);
    std::vector<std::pair<int, int>> gone;
    unsigned wrong = 0;
    for (int i = 0; i != 2000; ++i) {
        const auto end = static_cast<std::uint8_t>(at + 8);
        wrong += extend(room, end, 1, gate, note{gone}) == extension::full ? 0 : 1;
        cursor.set(++at, place8::holds);
        wrong += extend(room, end, 1, gate, note{gone}) == extension::granted ? 0 : 1;
        wrong += room.log_start() == at ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(gone.size() == 2000);
}
