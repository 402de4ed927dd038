// SPDX-License-Identifier: MIT
#include <string>
#include <thread>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

namespace {

/// So many producers and lossless groups on one partition, for a moment: every group sees every
/// record of every producer once, in order and whole.
template <class T, class... Policies>
void run(std::uint32_t producers, std::uint32_t groups, std::size_t capacity)
{
    using topic_type = gregor::topic<T, Policies...>;
    const support::fresh_seed seed;
    INFO(seed);

    std::vector<std::string> names;
    for (std::uint32_t g = 0; g != groups; ++g) {
        names.push_back("group " + std::to_string(g));
    }
    topic_type topic{"t", {.capacity_records = capacity, .groups = names}};
    support::findings wrong;
    const stress::stopwatch watch;

    std::vector<std::uint64_t> sent(producers);
    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != producers; ++p) {
        senders.emplace_back(
            [&, p] { sent[p] = stress::send_numbers(topic, p, watch, seed, wrong); });
    }
    std::vector<stress::ledger> seen(groups);
    std::vector<std::thread> readers;
    for (std::uint32_t g = 0; g != groups; ++g) {
        readers.emplace_back([&, g] {
            gregor::consumer in{topic, names[g]};
            seen[g] = stress::read_all(in, seed + 100 + g, wrong);
        });
    }
    for (std::thread& each : senders) {
        each.join();
    }
    topic.close();
    for (std::thread& each : readers) {
        each.join();
    }

    std::uint64_t checked = 0;
    for (std::uint32_t g = 0; g != groups; ++g) {
        checked += seen[g].total();
        for (std::uint32_t p = 0; p != producers; ++p) {
            CHECK(seen[g].seen_of(p) == sent[p]);
        }
    }
    stress::tell_checked(checked);
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("1p1c: one producer, one group", "[stress]")
{
    run<support::plain, gregor::producers::single>(1, 1, 64);
    run<support::plain>(1, 1, 64);
    run<support::plain, gregor::wait::sleep>(1, 1, 8);
    run<std::string>(1, 1, 16);
}

TEST_CASE("1p3c: one producer, three groups", "[stress]")
{
    run<support::plain>(1, 3, 32);
    run<std::string, gregor::producers::single, gregor::wait::yield>(1, 3, 32);
}

TEST_CASE("2p1c: two producers, one group", "[stress]")
{
    run<support::plain>(2, 1, 64);
    run<std::string>(2, 1, 16);
    run<support::plain, gregor::wait::sleep>(2, 1, 8);
}

TEST_CASE("4p1c: four producers, one group", "[stress]")
{
    run<support::plain>(4, 1, 64);
    run<std::string, gregor::wait::yield>(4, 1, 16);
}

TEST_CASE("4p2c: four producers, two groups", "[stress]")
{
    run<std::string>(4, 2, 32);
}
