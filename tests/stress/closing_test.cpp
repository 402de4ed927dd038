// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

namespace {

/// A topic is closed, or destroyed, while producers send and consumers wait: nobody hangs, and what
/// was taken is read.
template <class... Policies>
void race(std::uint32_t producers, std::uint64_t seed, support::findings& wrong)
{
    using value = support::plain;
    support::dice dice{seed};
    auto topic = std::make_unique<gregor::topic<value, Policies...>>(
        "t", gregor::topic_options{.capacity_records = 8, .groups = {"g"}});
    gregor::consumer in{*topic, "g"};
    std::atomic<std::uint64_t> taken{0};
    std::atomic<std::uint32_t> ready{0};

    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != producers; ++p) {
        senders.emplace_back([&, p, out = gregor::producer{*topic}]() mutable {
            support::dice mine{seed + 1 + p};
            ++ready;
            for (std::uint64_t number = 0;; ++number) {
                stress::stumble(mine);
                const auto sent = out.send(support::payload<value>::make(p, number));
                if (!sent) {
                    wrong.expect(sent.status() == gregor::send_status::closed,
                                 "refused, not closed");
                    return;
                }
                ++taken;
            }
        });
    }
    std::uint64_t seen = 0;
    std::thread reader{[&] {
        for (;;) {
            const auto batch = in.poll(std::chrono::seconds{60});
            if (batch.status() == gregor::poll_status::closed) {
                return;
            }
            if (!wrong.expect(batch.status() == gregor::poll_status::records, "a reader hangs")) {
                return;
            }
            seen += batch.size();
        }
    }};
    while (ready != producers) {
        std::this_thread::yield();
    }
    // by the clock: a yield costs nothing, or milliseconds where others want this core
    std::this_thread::sleep_for(std::chrono::microseconds{dice.below(200)});
    if (dice.one_in(2)) {
        topic->close();
        wrong.expect(topic->wait_drained(std::chrono::seconds{60}), "never drained");
    }
    topic.reset();
    for (std::thread& each : senders) {
        each.join();
    }
    reader.join();
    wrong.expect(seen == taken, "records taken and never read");
}

} // namespace

TEST_CASE("closing races with sends and polls, and nobody hangs", "[stress]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::findings wrong;
    const stress::stopwatch watch;
    std::uint64_t round = 0;
    while (!watch.over() && wrong.none()) {
        race<>(1, seed + round++, wrong);
        race<>(2, seed + round++, wrong);
        race<gregor::producers::single>(1, seed + round++, wrong);
        race<gregor::wait::sleep>(2, seed + round++, wrong);
    }
    stress::tell_checked(round, "closings");
    INFO(wrong.text());
    CHECK(wrong.none());
}

TEST_CASE("every wake-up ends a poll, and a sleeping consumer misses no record", "[stress]")
{
    const support::fresh_seed seed;
    INFO(seed);
    gregor::topic<std::uint64_t, gregor::wait::sleep> topic{"t", {.capacity_records = 4}};
    support::findings wrong;
    const stress::stopwatch watch;
    gregor::consumer in{topic, "g"};
    std::uint64_t sent = 0;
    std::uint64_t next = 0;
    std::thread reader{[&] {
        support::dice dice{seed};
        for (;;) {
            const auto batch = in.poll(std::chrono::seconds{60});
            if (batch.status() == gregor::poll_status::closed) {
                return;
            }
            stress::stumble(dice);
            wrong.expect(batch.status() != gregor::poll_status::timed_out, "a lost wake-up");
            for (const std::uint64_t value : batch.values()) {
                wrong.expect(value == next++, "out of order");
            }
        }
    }};
    std::thread sender{[&] {
        support::dice dice{seed + 1};
        gregor::producer out{topic};
        while (!watch.over()) {
            stress::stumble(dice);
            out.send(sent++);
            if (dice.one_in(7)) {
                in.wakeup();
            }
        }
    }};
    sender.join();
    topic.close();
    reader.join();
    CHECK(next == sent);
    stress::tell_checked(next);
    INFO(wrong.text());
    CHECK(wrong.none());
}
