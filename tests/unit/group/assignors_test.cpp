// SPDX-License-Identifier: MIT
#include <gregor/group/assignors.hpp>
#include <gregor/options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"
#include "support/random.hpp"

using gregor::assignment_member;
using gregor::partition_id;

namespace {

using owners = std::vector<std::size_t>;

/// Members that own what `before` says (an index that is no member's: nobody).
owners assigned(gregor::assignor how, std::uint32_t partitions, std::size_t members,
                const owners& before = {})
{
    std::vector<std::vector<partition_id>> owned(members);
    for (std::uint32_t p = 0; p != before.size(); ++p) {
        if (before[p] < members) {
            owned[before[p]].push_back({p});
        }
    }
    std::vector<assignment_member> all;
    for (std::size_t m = 0; m != members; ++m) {
        all.push_back({m, {}, owned[m]});
    }
    return how({partitions, all});
}

std::vector<std::size_t> shares(const owners& of, std::size_t members)
{
    std::vector<std::size_t> count(members, 0);
    for (const std::size_t m : of) {
        ++count[m];
    }
    return count;
}

std::size_t moves(const owners& before, const owners& after)
{
    std::size_t moved = 0;
    for (std::size_t p = 0; p != before.size() && p != after.size(); ++p) {
        moved += before[p] != after[p] ? 1 : 0;
    }
    return moved;
}

} // namespace

TEST_CASE("range gives neighbours, the first members one more", "[group][assignors]")
{
    CHECK(assigned(gregor::assignors::range, 3, 2) == owners{0, 0, 1});
    CHECK(assigned(gregor::assignors::range, 6, 3) == owners{0, 0, 1, 1, 2, 2});
    CHECK(assigned(gregor::assignors::range, 7, 3) == owners{0, 0, 0, 1, 1, 2, 2});
    CHECK(assigned(gregor::assignors::range, 2, 3) == owners{0, 1});
    CHECK(assigned(gregor::assignors::range, 1, 1) == owners{0});
}

TEST_CASE("round robin deals in a circle", "[group][assignors]")
{
    CHECK(assigned(gregor::assignors::round_robin, 5, 2) == owners{0, 1, 0, 1, 0});
    CHECK(assigned(gregor::assignors::round_robin, 2, 3) == owners{0, 1});
}

TEST_CASE("sticky keeps what is owned, up to the share", "[group][assignors]")
{
    const gregor::assignor sticky = gregor::assignors::sticky;
    CHECK(assigned(sticky, 4, 1) == owners{0, 0, 0, 0});
    // a second member comes: two move, two stay
    CHECK(shares(assigned(sticky, 4, 2, {0, 0, 0, 0}), 2) == owners{2, 2});
    CHECK(moves({0, 0, 0, 0}, assigned(sticky, 4, 2, {0, 0, 0, 0})) == 2);
    // the owner of 1 and 3 has gone: what is left stays where it is
    const owners after = assigned(sticky, 4, 1, {0, 9, 0, 9});
    CHECK(after == owners{0, 0, 0, 0});
    // even already: nothing moves
    CHECK(assigned(sticky, 5, 2, {1, 0, 1, 0, 1}) == owners{1, 0, 1, 0, 1});
}

TEST_CASE("sticky is even within one, and moves no more than it must", "[group][assignors][random]")
{
    const std::uint64_t seed = support::fresh_seed();
    INFO("seed " << seed);
    support::dice random{seed};
    for (int round = 0; round != 20000; ++round) {
        const auto partitions = static_cast<std::uint32_t>(1 + random.below(24));
        const std::size_t members = 1 + random.below(9);
        const std::size_t strangers = members + random.below(3); // those beyond have left
        owners before(partitions);
        for (std::size_t& each : before) {
            each = random.below(strangers + 1);
        }
        const owners after = assigned(gregor::assignors::sticky, partitions, members, before);
        REQUIRE(after.size() == partitions);
        REQUIRE(*std::max_element(after.begin(), after.end()) < members);
        const owners have = shares(after, members);
        const auto [least, most] = std::minmax_element(have.begin(), have.end());
        REQUIRE(*most - *least <= 1);

        // the fewest moves: everybody keeps its share, and so many may keep one more
        owners had(members, 0);
        for (const std::size_t m : before) {
            had[m < members ? m : 0] += m < members ? 1 : 0;
        }
        const std::size_t floor = partitions / members;
        std::size_t ceilings = partitions % members;
        std::size_t kept = 0;
        for (const std::size_t m : had) {
            kept += std::min(m, floor);
            if (m > floor && ceilings != 0) {
                ++kept;
                --ceilings;
            }
        }
        REQUIRE(moves(before, after) == partitions - kept);
    }
}
