// SPDX-License-Identifier: MIT
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

namespace {

using job = std::unique_ptr<support::plain>;

/// Workers of one group, one after the other. Some break down in the middle of a batch, before
/// anything of it was committed: the next one gets what was not taken, and nothing that was.
template <class Topic>
std::vector<std::uint64_t> work(Topic& topic, std::uint64_t seed, support::findings& wrong)
{
    support::dice dice{seed};
    std::vector<std::uint64_t> done(2);
    for (;;) {
        gregor::consumer<Topic> in{
            topic, "workers", {.auto_commit = false, .max_poll_records = 1 + dice.below(12)}};
        for (std::uint64_t polls = 1 + dice.below(20); polls != 0; --polls) {
            const auto batch = in.poll(std::chrono::seconds{60});
            if (batch.status() != gregor::poll_status::records) {
                wrong.expect(batch.status() == gregor::poll_status::closed, "a worker hangs");
                return done;
            }
            bool all = true;
            for (const auto& record : batch) {
                if (dice.one_in(64)) {
                    all = false; // it breaks down here, and leaves the rest
                    break;
                }
                const job mine = record.take();
                const support::origin from = support::payload<job>::read(mine);
                if (!wrong.expect(from.intact && from.producer < 2,
                                  "a job that was taken before")) {
                    return done;
                }
                wrong.expect(from.number == done[from.producer], "a job out of order");
                done[from.producer] = from.number + 1;
            }
            if (!all) {
                break;
            }
            in.commit();
            stress::stumble(dice);
        }
    }
}

template <class... Policies>
void run(std::uint32_t producers)
{
    const support::fresh_seed seed;
    INFO(seed);
    gregor::topic<job, gregor::groups::one, Policies...> topic{
        "jobs", {.capacity_records = 32, .groups = {"workers"}}};
    support::findings wrong;
    const stress::stopwatch watch;
    std::vector<std::uint64_t> sent(2);
    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != producers; ++p) {
        senders.emplace_back([&, p] {
            support::dice dice{seed + 1 + p};
            gregor::producer out{topic};
            while (!watch.over() && out.send(support::payload<job>::make(p, sent[p]))) {
                ++sent[p];
                stress::stumble(dice);
            }
        });
    }
    std::vector<std::uint64_t> done;
    std::thread worker{[&] { done = work(topic, seed, wrong); }};
    for (auto& each : senders) {
        each.join();
    }
    topic.close();
    worker.join();
    CHECK(done == sent);
    stress::tell_checked(done[0] + done[1]);
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("each job is taken once, though workers break down", "[stress]")
{
    run<>(1);
    run<>(2);
    run<gregor::wait::sleep>(2);
}
