// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

// Partitions are added to a topic whose producers and members are at full speed.

namespace {

constexpr std::uint32_t most = 48;

/// What a group has read of each partition: every record once and in order, whoever reads it.
struct progress {
    std::array<std::atomic<gregor::offset_t>, most> next{};

    template <class Batch>
    void enter(const Batch& batch, support::findings& wrong)
    {
        using payload =
            support::payload<typename std::remove_cvref_t<decltype(batch.front().value())>>;
        auto& expected = next[batch.partition().value];
        for (const auto& record : batch) {
            wrong.expect(payload::read(record.value()).intact, "a torn record");
            const gregor::offset_t due = expected.load(std::memory_order_relaxed);
            if (record.offset() != due) {
                wrong.add("partition " + std::to_string(batch.partition().value) + ": expected " +
                          std::to_string(due) + ", found " + std::to_string(record.offset()));
            }
            expected.store(record.offset() + 1, std::memory_order_relaxed);
        }
    }
};

/// Sends where the partitioner says, and to the partition that was added last, until the time is
/// over. Producers come and go, so that partitions are added to one, two and none.
template <class Topic>
void send_and_go(Topic& topic, std::uint32_t who, const stress::stopwatch& watch,
                 std::uint64_t seed, support::findings& wrong)
{
    using payload = support::payload<typename Topic::value_type>;
    support::dice dice{seed + who};
    std::uint64_t sent = 0;
    while (!watch.over()) {
        gregor::producer out{topic};
        for (std::uint64_t i = 0, count = dice.below(3000); i != count && !watch.over(); ++i) {
            stress::stumble(dice);
            switch (dice.below(4)) {
            case 0: {
                std::vector<typename Topic::value_type> some;
                for (std::uint64_t n = 1 + dice.below(20); n != 0; --n) {
                    some.push_back(payload::make(who, sent++));
                }
                wrong.expect(out.send_batch(some).count == some.size(), "a batch was refused");
                break;
            }
            case 1: {
                const gregor::partition_id newest{topic.partitions() - 1};
                wrong.expect(
                    static_cast<bool>(out.send(payload::make(who, sent++), {.partition = newest})),
                    "a record was refused");
                break;
            }
            default:
                wrong.expect(static_cast<bool>(out.send(payload::make(who, sent++))),
                             "a record was refused");
            }
        }
    }
}

/// Reads to the end; now and then it leaves, and joins again.
template <class Topic>
void read_all(Topic& topic, std::uint64_t seed, bool stays, progress& done,
              support::findings& wrong)
{
    support::dice dice{seed};
    const gregor::consumer_options options{.reset = gregor::auto_offset_reset::latest};
    std::optional<gregor::consumer<Topic>> in{std::in_place, topic, "g", options};
    for (;;) {
        stress::stumble(dice);
        {
            const auto batch = in->poll(std::chrono::seconds{60});
            if (batch.status() == gregor::poll_status::closed) {
                return;
            }
            wrong.expect(batch.status() == gregor::poll_status::records, "a member hangs");
            done.enter(batch, wrong);
        }
        if (!stays && dice.one_in(300)) {
            in.reset();
            in.emplace(topic, "g", options);
        }
    }
}

template <class... Policies>
void run()
{
    using topic_type = gregor::topic<support::plain, Policies...>;
    const support::fresh_seed seed;
    INFO(seed);
    topic_type topic{"t", {.partitions = 1, .capacity_records = 64, .groups = {"g"}}};
    support::findings wrong;
    progress done;
    const stress::stopwatch watch;
    std::vector<std::thread> members;
    for (std::uint32_t m = 0; m != 3; ++m) {
        members.emplace_back([&, m] { read_all(topic, seed + m, m == 0, done, wrong); });
    }
    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != 2; ++p) {
        senders.emplace_back([&, p] { send_and_go(topic, p, watch, seed + 10, wrong); });
    }
    support::dice dice{seed + 20};
    while (!watch.over() && topic.partitions() + 3 <= most) {
        std::this_thread::sleep_for(stress::duration() / 20 * dice.below(3));
        wrong.expect(
            topic.add_partitions(1 + static_cast<std::uint32_t>(dice.below(3))).has_value(),
            "partitions were refused");
    }
    for (std::thread& each : senders) {
        each.join();
    }
    topic.close();
    for (std::thread& each : members) {
        each.join();
    }
    std::uint64_t read = 0;
    for (std::uint32_t p = 0; p != topic.partitions(); ++p) {
        CHECK(done.next[p].load() == topic.end_offset(gregor::partition_id{p}));
        read += done.next[p].load();
    }
    CHECK(topic.wait_drained(std::chrono::nanoseconds{0}));
    stress::tell_checked(read);
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("partitions are added under load: every record once, in order, by whoever reads it",
          "[stress][growth]")
{
    run<>();
    run<gregor::keyed_by<&support::plain::number>>();
    run<gregor::partitioner::round_robin, gregor::wait::sleep>();
}
