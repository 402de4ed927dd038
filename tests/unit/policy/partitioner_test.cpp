// SPDX-License-Identifier: MIT
#include <gregor/policy/partitioner.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using gregor::partition_id;

namespace {

std::span<const std::byte> as_key(std::string_view text)
{
    return std::as_bytes(std::span<const char>{text.data(), text.size()});
}

/// What a partitioner is told, from the test.
struct request {
    std::uint32_t count = 1;
    std::vector<std::uint64_t> queues = {};
    std::string_view text = {};
    bool keyed = false;
    std::uint64_t random = 0;

    [[nodiscard]] std::uint32_t partitions() const { return count; }
    [[nodiscard]] bool has_key() const { return keyed; }
    [[nodiscard]] std::span<const std::byte> key_bytes() const { return as_key(text); }
    [[nodiscard]] std::uint64_t queued(partition_id p) const
    {
        return p.value < queues.size() ? queues[p.value] : 0;
    }
    [[nodiscard]] std::uint64_t seed() const { return random; }
};

/// How often each partition is chosen when the random number goes once round the sum of weights.
std::vector<int> frequencies(const std::vector<std::uint64_t>& queues, std::uint64_t cycle)
{
    std::vector<int> chosen(queues.size());
    const request loads{static_cast<std::uint32_t>(queues.size()), queues};
    for (std::uint64_t random = 0; random != cycle; ++random) {
        ++chosen[gregor::partitioner::kafka::weighted(loads, random)];
    }
    return chosen;
}

} // namespace

TEST_CASE("murmur2 is Kafka's", "[policy][partitioner]")
{
    const std::pair<std::string_view, std::uint32_t> known[] = {
        {"21", static_cast<std::uint32_t>(-973932308)},
        {"foobar", static_cast<std::uint32_t>(-790332482)},
        {"a-little-bit-long-string", static_cast<std::uint32_t>(-985981536)},
        {"a-little-bit-longer-string", static_cast<std::uint32_t>(-1486304829)},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", static_cast<std::uint32_t>(-58897971)},
        {"abc", 479470107},
        {"", 0x106e08d9},
        {"kafka", 0xd067cf64},
        {"giberish123456789", 0x8f552b0c},
        {"1234", 0x9fc97b14},
        {"234", 0xe7c009ca},
        {"34", 0x873930da},
        {"4", 0x5a4b5ca1},
        {"PreAmbleWillBeRemoved,ThePrePartThatIs", 0x78424f1c},
    };
    for (const auto& [text, hash] : known) {
        INFO(text);
        CHECK(gregor::murmur2(as_key(text)) == hash);
    }
}

TEST_CASE("murmur2 can be had at compile time", "[policy][partitioner]")
{
    constexpr std::array<std::byte, 3> abc{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
    STATIC_REQUIRE(gregor::murmur2(abc) == 479470107);
}

TEST_CASE("a key goes to the partition that Kafka sends it to", "[policy][partitioner]")
{
    constexpr std::uint32_t counts[] = {3, 4, 6, 10, 12, 100};
    const std::map<std::string_view, std::array<std::uint32_t, 6>> known = {
        {"21", {0, 0, 0, 0, 0, 40}}, {"foobar", {0, 2, 0, 6, 6, 66}}, {"abc", {0, 3, 3, 7, 3, 7}}};
    for (const auto& [text, partitions] : known) {
        for (std::size_t i = 0; i != 6; ++i) {
            INFO(text << " of " << counts[i]);
            CHECK(gregor::partition_of(as_key(text), counts[i]).value == partitions[i]);
            gregor::partitioner::kafka choose;
            CHECK(choose(request{.count = counts[i], .text = text, .keyed = true}).value ==
                  partitions[i]);
        }
    }
}

TEST_CASE("an empty key is a key", "[policy][partitioner]")
{
    gregor::partitioner::kafka choose;
    const partition_id expected{0x106e08d9U % 7};
    for (int i = 0; i != 1000; ++i) {
        CHECK(choose(request{.count = 7, .keyed = true}) == expected);
    }
}

TEST_CASE("the next sticky partition is the likelier the shorter its queue",
          "[policy][partitioner]")
{
    CHECK(frequencies({0, 3, 1}, 8) == std::vector<int>{4, 1, 3});
    CHECK(frequencies({5, 0, 3, 0, 1}, 21) == std::vector<int>{1, 6, 3, 6, 5});
    CHECK(frequencies({5, 0, 3, 0, 1}, 42) == std::vector<int>{2, 12, 6, 12, 10});
    CHECK(frequencies({7, 7, 7}, 9) == std::vector<int>{3, 3, 3});
    CHECK(frequencies({0, 0, 0, 0}, 8) == std::vector<int>{2, 2, 2, 2});
    CHECK(frequencies({9}, 5) == std::vector<int>{5});
}

TEST_CASE("the points of the cumulative table are where they should be", "[policy][partitioner]")
{
    // queues {0, 3, 1} -> cumulative {4, 5, 8}
    const request loads{3, {0, 3, 1}};
    const auto at = [&](std::uint64_t random) {
        return gregor::partitioner::kafka::weighted(loads, random);
    };
    CHECK(at(0) == 0);
    CHECK(at(3) == 0);
    CHECK(at(4) == 1);
    CHECK(at(5) == 2);
    CHECK(at(7) == 2);
    CHECK(at(8) == 0);
}

TEST_CASE("records without a key stay on one partition for a while, then on another",
          "[policy][partitioner]")
{
    gregor::partitioner::kafka choose;
    const request four{.count = 4, .random = 12345};
    std::set<std::uint32_t> seen;
    for (int stay = 0; stay != 200; ++stay) {
        const partition_id first = choose(four);
        seen.insert(first.value);
        unsigned elsewhere = 0;
        for (std::uint32_t i = 1; i != gregor::partitioner::kafka::sticky_records; ++i) {
            elsewhere += choose(four) == first ? 0 : 1;
        }
        REQUIRE(elsewhere == 0);
    }
    CHECK(seen.size() == 4);
}

TEST_CASE("records with a key do not count towards the stay of those without",
          "[policy][partitioner]")
{
    gregor::partitioner::kafka choose;
    const request none{.count = 64, .random = 1};
    const request keyed{.count = 64, .text = "abc", .keyed = true};
    const partition_id first = choose(none);
    for (int i = 0; i != 1000; ++i) {
        CHECK(choose(keyed) == gregor::partition_of(as_key("abc"), 64));
    }
    for (std::uint32_t i = 1; i != gregor::partitioner::kafka::sticky_records; ++i) {
        REQUIRE(choose(none) == first);
    }
}

TEST_CASE("the sticky partitioner prefers what is read fast", "[policy][partitioner]")
{
    gregor::partitioner::kafka choose;
    const request slow_first{.count = 2, .queues = {1000000, 0}, .random = 7};
    int fast = 0;
    for (int i = 0; i != 100; ++i) {
        const partition_id p = choose(slow_first);
        for (std::uint32_t j = 1; j != gregor::partitioner::kafka::sticky_records; ++j) {
            static_cast<void>(choose(slow_first));
        }
        fast += p.value == 1 ? 1 : 0;
    }
    CHECK(fast == 100);
}

TEST_CASE("when its partition is full the sticky partitioner moves to the emptiest",
          "[policy][partitioner]")
{
    gregor::partitioner::kafka choose;
    const request three{.count = 3, .queues = {9, 9, 2}, .random = 3};
    static_cast<void>(choose(three));
    CHECK(choose.when_full(three).value == 2);
    CHECK(choose(three).value == 2);
    CHECK(choose.when_full(request{.count = 3, .queues = {4, 4, 4}}).value == 0);
}

TEST_CASE("one partition needs no dice", "[policy][partitioner]")
{
    gregor::partitioner::kafka choose;
    for (int i = 0; i != 600; ++i) {
        REQUIRE(choose(request{.count = 1, .queues = {77}}).value == 0);
    }
}

TEST_CASE("round robin goes from one to the next, keys or not", "[policy][partitioner]")
{
    gregor::partitioner::round_robin choose;
    const request three{.count = 3, .text = "abc", .keyed = true};
    for (std::uint32_t i = 0; i != 9; ++i) {
        CHECK(choose(three).value == i % 3);
    }
    // fewer, all of a sudden
    static_cast<void>(choose(three));
    CHECK(choose(request{.count = 1}).value == 0);
}
