// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

namespace {

/// Two producers that claim and drop claims, and nobody but lossy readers: nothing holds the
/// producers back but what they have not published themselves.
template <class T, class... Policies>
void run(std::size_t capacity)
{
    using topic_type = gregor::topic<T, Policies...>;
    const support::fresh_seed seed;
    INFO(seed);
    topic_type topic{"t", {.capacity_records = capacity}};
    support::findings wrong;
    const stress::stopwatch watch;
    std::vector<std::thread> threads;
    std::vector<gregor::consumer<topic_type>> screens;
    for (int i = 0; i != 2; ++i) {
        screens.emplace_back(topic, gregor::consumer_options{.lossy = true});
        screens.back().assign_all();
    }
    std::atomic<std::uint64_t> checked{0};
    for (auto& in : screens) {
        threads.emplace_back([&, mine = seed + 2 + threads.size()] {
            support::dice dice{mine};
            std::array<std::uint64_t, 2> next{};
            gregor::offset_t at = 0;
            for (;;) {
                const auto batch = in.poll(std::chrono::seconds{60});
                if (batch.status() != gregor::poll_status::records) {
                    wrong.expect(batch.status() == gregor::poll_status::closed, "a reader hangs");
                    return;
                }
                // what lies between was dropped by its producer
                wrong.expect(batch.begin_offset() >= at + batch.missed(), "missed too much");
                at = batch.next_offset();
                checked += batch.size();
                stress::stumble(dice);
                for (const auto& record : batch) {
                    const auto from = support::payload<T>::read(record.value());
                    if (wrong.expect(from.intact && from.producer < 2, "a torn record")) {
                        wrong.expect(from.number >= next[from.producer], "out of order");
                        next[from.producer] = from.number + 1;
                    }
                }
            }
        });
    }
    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != 2; ++p) {
        senders.emplace_back([&, p] {
            support::dice dice{seed + p};
            gregor::producer out{topic};
            std::uint64_t number = 0;
            while (!watch.over()) {
                stress::stumble(dice);
                auto claim = out.claim(1 + dice.below(capacity / 2));
                for (std::uint64_t i = dice.below(claim.size() + 1); i != 0; --i) {
                    claim.emplace(support::payload<T>::make(p, number++));
                }
                if (!dice.one_in(3)) {
                    claim.publish();
                }
            }
        });
    }
    for (auto& each : senders) {
        each.join();
    }
    topic.close();
    for (auto& each : threads) {
        each.join();
    }
    stress::tell_checked(checked);
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("claims of two producers are not overwritten, though only lossy readers read", "[stress]")
{
    run<support::plain>(4);
    run<std::string>(4);
    run<std::string, gregor::wait::sleep>(16);
}
