// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

namespace {

constexpr std::uint32_t partitions = 6;

/// What a group has read of each partition: every record once and in order, whoever reads it.
struct progress {
    std::array<std::atomic<gregor::offset_t>, partitions> next{};
    std::atomic<std::uint64_t> joins{0};
    std::atomic<std::uint64_t> fenced{0};

    template <class Batch>
    void enter(const Batch& batch, bool exactly_once, support::findings& wrong)
    {
        auto& expected = next[batch.partition().value];
        for (const auto& record : batch) {
            const gregor::offset_t due = expected.load();
            if (record.offset() > due) {
                wrong.add("partition " + std::to_string(batch.partition().value) + ": " +
                          std::to_string(due) + " was skipped for " +
                          std::to_string(record.offset()));
            }
            if (exactly_once && record.offset() < due) {
                wrong.add("partition " + std::to_string(batch.partition().value) + ": " +
                          std::to_string(record.offset()) + " came again");
            }
            gregor::offset_t seen = due;
            while (seen <= record.offset() &&
                   !expected.compare_exchange_weak(seen, record.offset() + 1)) {}
        }
    }
};

using stormy = gregor::topic<support::plain>;

/// Sends to all partitions, one by one and in batches, until the time is over.
void send_everywhere(stormy& topic, std::uint32_t who, const stress::stopwatch& watch,
                     std::uint64_t seed, support::findings& wrong)
{
    using payload = support::payload<support::plain>;
    support::dice dice{seed + who};
    gregor::producer out{topic};
    std::uint64_t sent = 0;
    while (!watch.over()) {
        stress::stumble(dice);
        const gregor::partition_id to{static_cast<std::uint32_t>(dice.below(partitions))};
        std::vector<support::plain> some;
        for (std::uint64_t i = 0, count = 1 + dice.below(20); i != count; ++i) {
            some.push_back(payload::make(who, sent++));
        }
        wrong.expect(out.send_batch(some, {.partition = to}).count == some.size(),
                     "a batch that was not sent while the topic was open");
    }
}

/// Joins, reads for a while and leaves, again and again; to the end when the topic is closed.
void come_and_go(stormy& topic, std::uint64_t seed, gregor::consumer_options options,
                 progress& done, bool stalls, support::findings& wrong)
{
    support::dice dice{seed};
    for (bool ended = false; !ended;) {
        options.max_poll_records = 1 + dice.below(64);
        gregor::consumer in{topic, "storm", options};
        ++done.joins;
        const std::uint64_t polls = dice.below(200);
        for (std::uint64_t i = 0; (i != polls || topic.closed()) && !ended; ++i) {
            const auto batch = in.poll(std::chrono::milliseconds{5});
            ended = batch.status() == gregor::poll_status::closed;
            if (batch.status() == gregor::poll_status::fenced) {
                wrong.expect(stalls, "a member was fenced that never stalled");
                ++done.fenced;
            }
            done.enter(batch, !stalls, wrong);
            if (dice.one_in(32) && !batch.empty()) {
                in.commit(batch.back());
            }
            if (stalls && dice.one_in(16)) {
                std::this_thread::sleep_for(std::chrono::milliseconds{dice.below(20)});
            }
            stress::stumble(dice);
        }
    }
}

void storm(bool stalls)
{
    const std::uint64_t seed = support::fresh_seed();
    INFO("seed " << seed);
    stormy topic{"t", {.partitions = partitions, .capacity_records = 1024, .groups = {"storm"}}};
    support::findings wrong;
    progress done;
    const stress::stopwatch watch;

    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != 2; ++p) {
        senders.emplace_back([&, p] { send_everywhere(topic, p, watch, seed, wrong); });
    }
    gregor::consumer_options options;
    if (stalls) {
        options.max_poll_interval = std::chrono::milliseconds{2};
    }
    std::vector<std::thread> members;
    for (std::uint64_t m = 0; m != 4; ++m) {
        members.emplace_back([&, m] {
            gregor::consumer_options mine = options;
            mine.instance_id = m == 3 && !stalls ? "static" : "";
            come_and_go(topic, seed + 100 + m, mine, done, stalls, wrong);
        });
    }
    for (std::thread& each : senders) {
        each.join();
    }
    topic.close();
    for (std::thread& each : members) {
        each.join();
    }
    for (std::uint32_t p = 0; p != partitions; ++p) {
        CHECK(done.next[p].load() == topic.end_offset(gregor::partition_id{p}));
    }
    CHECK(done.joins.load() > 4);
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("members come and go: every record once, in order, whoever reads it", "[stress][groups]")
{
    storm(false);
}

TEST_CASE("members stall and are fenced: every record once or more, none is skipped",
          "[stress][groups]")
{
    storm(true);
}
