// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/catch.hpp"
#include "support/random.hpp"
#include "unit/group/driver/world.hpp"

namespace {

/// How many steps it takes: GREGOR_STEPS, or a million.
std::uint64_t steps_wanted()
{
    const char* const given = std::getenv("GREGOR_STEPS");
    return given == nullptr ? 1'000'000 : std::strtoull(given, nullptr, 10);
}

} // namespace

TEST_CASE("groups do what their model says, whoever comes, goes, stays away or comes back",
          "[groups][random]")
{
    const support::fresh_seed seed;
    const std::uint64_t wanted = steps_wanted();
    std::uint64_t done = 0;
    std::uint64_t episodes = 0;
    for (; done < wanted; ++episodes) {
        support::dice dice{~(seed + episodes)};
        const std::uint64_t steps = 20 + dice.below(400);
        support::counts().reset();
        std::string wrong;
        {
            driver::world here{seed + episodes, false};
            wrong = here.run(steps);
            done += here.steps_done();
        }
        if (!wrong.empty()) {
            driver::world again{seed + episodes, true};
            static_cast<void>(again.run(steps));
            FAIL(again.story() << wrong << "\nagain: GREGOR_SEED=" << seed + episodes
                               << " ./tests/run -R unit/group/group_driver_test -V");
        }
        CHECK(support::counts().alive() == 0);
        CHECK(support::counts().corrupt == 0);
    }
    std::printf("driver: %llu steps in %llu episodes\n", static_cast<unsigned long long>(done),
                static_cast<unsigned long long>(episodes));
}
