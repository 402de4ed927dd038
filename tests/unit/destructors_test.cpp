// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/random.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using support::counted;
using support::counts;

namespace {

/// Sends, claims, drops, reads and skips at random, and looks whether what was constructed was
/// destroyed, once, and where it was.
template <class Topic>
void live(std::uint64_t seed, bool shared_from_the_start, bool reads)
{
    support::dice dice{seed};
    counts().reset();
    {
        Topic t{"t", {.partitions = 2, .capacity_records = std::size_t{2} << dice.below(5)}};
        std::vector<gregor::producer<Topic>> producers;
        producers.emplace_back(t);
        if (shared_from_the_start) {
            producers.emplace_back(t);
        }
        std::vector<gregor::consumer<Topic>> readers;
        if (reads) {
            readers.emplace_back(t, "g");
        }
        bool intact = true;
        for (int i = 0; i != 300; ++i) {
            auto& out = producers[dice.below(producers.size())];
            switch (dice.below(8)) {
            case 0:
            case 1: static_cast<void>(out.try_send(counted{dice.below(100)})); break;
            case 2: {
                const counted kept{5};
                static_cast<void>(out.try_send(kept));
                break;
            }
            case 3: {
                std::vector<counted> several(1 + dice.below(10));
                static_cast<void>(out.try_send_batch(std::move(several)));
                break;
            }
            case 4: {
                const std::size_t most = t.capacity_records();
                auto claim = out.try_claim(1 + dice.below(most));
                if (claim) {
                    for (std::uint64_t n = dice.below(claim.size() + 1); n != 0; --n) {
                        claim.emplace(n);
                    }
                    if (dice.one_in(2)) {
                        claim.publish();
                    }
                }
                break;
            }
            case 5:
                if (dice.one_in(40) && producers.size() < 3) {
                    producers.emplace_back(t);
                }
                break;
            default:
                for (auto& in : readers) {
                    const auto batch = in.try_poll();
                    for (const auto& record : batch) {
                        intact = intact && record.value().intact();
                    }
                }
                break;
            }
        }
        CHECK(intact);
        // no more alive than the rings hold
        CHECK(counts().alive() <= static_cast<long>(2 * t.capacity_records()));
    }
    CHECK(counts().alive() == 0);
    CHECK(counts().corrupt == 0);
    CHECK(counts().constructed > 0);
}

} // namespace

TEST_CASE("every value is destroyed exactly once, whatever became of it", "[destructors][random]")
{
    const support::fresh_seed seed;
    INFO(seed);
    for (std::uint64_t i = 0; i != 30; ++i) {
        for (const bool shared : {false, true}) {
            for (const bool reads : {false, true}) {
                INFO("world " << i << (shared ? ", shared" : "") << (reads ? ", read" : ""));
                live<gregor::topic<counted>>(seed + i, shared, reads);
                live<gregor::topic<counted, gregor::key<std::string>, gregor::headers>>(
                    seed + i, shared, reads);
            }
        }
    }
}

TEST_CASE("old records are destroyed when they give way, not when the topic goes", "[destructors]")
{
    for (const bool shared : {false, true}) {
        counts().reset();
        gregor::topic<counted> t{"t", {.capacity_records = 4}};
        gregor::producer out{t};
        std::optional<gregor::producer<gregor::topic<counted>>> second;
        if (shared) {
            second.emplace(t);
        }
        for (std::uint64_t i = 0; i != 100; ++i) {
            out.send(counted{i});
            CHECK(counts().alive() == static_cast<long>(i < 4 ? i + 1 : 4));
        }
    }
}

TEST_CASE(
    "what a topic still holds is destroyed with it, also what was published after its closing",
    "[destructors]")
{
    for (const int producers : {1, 2, 3}) {
        counts().reset();
        {
            std::optional<gregor::topic<counted>> t{std::in_place, "t"};
            gregor::producer out{*t};
            std::optional<gregor::producer<gregor::topic<counted>>> second;
            if (producers == 2) {
                second.emplace(*t);
            }
            out.send(counted{1});
            auto claim = out.claim(4);
            claim.emplace(2U);
            claim.emplace(3U);
            if (producers == 3) {
                second.emplace(*t);
            }
            t.reset();
            claim.emplace(4U);
            claim.publish();
            CHECK(counts().alive() == 4);
        }
        CHECK(counts().alive() == 0);
        CHECK(counts().corrupt == 0);
    }
}

TEST_CASE("a value is moved once on its way into the ring", "[destructors]")
{
    gregor::topic<counted> t{"t"};
    gregor::producer out{t};
    const counted kept{1};
    counts().reset();
    out.send(counted{1});
    CHECK(counts().constructed == 2); // the one that was given, and the one in the ring
    counts().reset();
    out.send(kept);
    CHECK(counts().constructed == 2); // a copy, and the one in the ring
    counts().reset();
    auto claim = out.claim(1);
    claim.emplace(2U);
    claim.publish();
    CHECK(counts().constructed == 1);
}
