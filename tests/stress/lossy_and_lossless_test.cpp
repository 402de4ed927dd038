// SPDX-License-Identifier: MIT
#include <cstdint>
#include <thread>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

namespace {

/// Every offset is either seen, whole, or counted as missed.
template <class Topic>
void watch_screen(Topic& topic, std::uint64_t seed, std::uint64_t& accounted,
                  support::findings& wrong)
{
    using payload = support::payload<typename Topic::value_type>;
    support::dice dice{seed};
    gregor::consumer in{topic, {.lossy = true, .max_poll_records = 1 + dice.below(16)}};
    in.assign_all();
    accounted = in.position(gregor::partition_id{0}); // who comes late starts at what there is
    for (;;) {
        const auto batch = in.poll(std::chrono::seconds{60});
        if (batch.status() == gregor::poll_status::closed) {
            return;
        }
        accounted += batch.missed() + batch.size();
        stress::stumble(dice);
        wrong.expect(batch.next_offset() == accounted, "an offset neither seen nor missed");
        for (const auto& record : batch) {
            wrong.expect(payload::read(record.value()).intact, "a torn record");
        }
        if (dice.one_in(8)) { // slow, with the batch in hand: it must stay whole
            std::this_thread::sleep_for(std::chrono::microseconds{dice.below(100)});
            for (const auto& record : batch) {
                wrong.expect(payload::read(record.value()).intact, "overwritten in hand");
            }
        }
    }
}

template <class T, class... Policies>
void run(bool with_lossless)
{
    const support::fresh_seed seed;
    INFO(seed);
    gregor::topic<T, Policies...> topic{"t", {.capacity_records = 32}};
    support::findings wrong;
    const stress::stopwatch watch;
    std::uint64_t sent = 0;
    std::uint64_t seen_lossless = 0;
    std::uint64_t accounted = 0;

    std::thread screen{[&] { watch_screen(topic, seed, accounted, wrong); }};
    std::thread risk;
    if (with_lossless) {
        gregor::consumer in{topic, "risk"};
        risk = std::thread{[&, in = std::move(in)]() mutable {
            for (;;) {
                const auto batch = in.poll(std::chrono::seconds{60});
                if (batch.status() == gregor::poll_status::closed) {
                    return;
                }
                for (const auto& record : batch) {
                    const auto from = support::payload<T>::read(record.value());
                    wrong.expect(from.intact && from.number == seen_lossless, "a lossless gap");
                    ++seen_lossless;
                }
            }
        }};
    }
    std::thread sender{[&] {
        support::dice dice{seed + 1};
        gregor::producer out{topic};
        while (!watch.over()) {
            stress::stumble(dice);
            for (int i = 0; i != 100; ++i) {
                out.send(support::payload<T>::make(0, sent));
                ++sent;
            }
        }
    }};
    sender.join();
    topic.close();
    screen.join();
    if (risk.joinable()) {
        risk.join();
        CHECK(seen_lossless == sent);
    }
    CHECK(accounted == sent);
    stress::tell_checked(accounted + seen_lossless, "offsets");
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("a lossy reader accounts for every offset, and its batch is never overwritten",
          "[stress]")
{
    run<support::plain>(false);
    run<std::string>(false);
    run<support::plain, gregor::producers::single>(false);
}

TEST_CASE("a lossy and a lossless reader on one feed", "[stress]")
{
    run<support::plain>(true);
    run<std::string>(true);
}
