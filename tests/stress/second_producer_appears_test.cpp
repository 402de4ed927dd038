// SPDX-License-Identifier: MIT
#include <optional>
#include <thread>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

using stress::stopwatch;

namespace {

/// One producer at work, with or without an open claim, when the second one comes.
template <class T>
void meet(std::uint64_t seed, support::findings& wrong)
{
    using payload = support::payload<T>;
    gregor::topic<T> topic{"t", {.capacity_records = 16, .groups = {"g"}}};
    support::dice dice{seed};
    const std::uint64_t first_sends = 20 + dice.below(200);
    const std::uint64_t second_comes_after = dice.below(first_sends);
    gregor::producer first{topic};

    std::thread reader{[&] {
        gregor::consumer in{topic, "g"};
        const stress::ledger seen = stress::read_all(in, seed + 1, wrong);
        wrong.expect(seen.seen_of(0) == first_sends, "the first producer's records");
        wrong.expect(seen.seen_of(1) == 100, "the second producer's records");
    }};
    std::optional<std::thread> second;
    for (std::uint64_t number = 0; number != first_sends; ++number) {
        if (number == second_comes_after) {
            second.emplace([&] {
                gregor::producer out{topic};
                for (std::uint64_t mine = 0; mine != 100; ++mine) {
                    out.send(payload::make(1, mine));
                }
            });
        }
        if (dice.one_in(3)) {
            auto claim = first.claim(2);
            claim.emplace(payload::make(0, number));
            claim.publish();
        } else {
            first.send(payload::make(0, number));
        }
    }
    second->join();
    topic.close();
    reader.join();
}

} // namespace

TEST_CASE("a second producer appears at any moment, and nothing is lost or doubled", "[stress]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::findings wrong;
    const stopwatch watch;
    std::uint64_t round = 0;
    while (!watch.over() && wrong.none()) {
        meet<support::plain>(seed + round++, wrong);
        meet<std::string>(seed + round++, wrong);
    }
    stress::tell_checked(round, "arrivals");
    INFO(wrong.text());
    CHECK(wrong.none());
}
