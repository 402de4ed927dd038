// SPDX-License-Identifier: MIT

// wake_up: a consumer has slept for three milliseconds when a record is sent; ns from just before
// the send to when the consumer, on another core, has the record. The figure of a round is the
// median of its wake-ups, with the worst one and what the waking send took beside it.
//
// Most of it is the kernel's and the idle core's own time to wake. Left out: consumers that spin;
// what they gain is in ping_pong, and what it costs in idle_cost.

#include "sleepers.hpp"
#include "statistics.hpp"
#include "threads.hpp"
#include "ticks.hpp"

#include <memory>
#include <thread>

namespace benchmarks {
namespace {

const std::string scenario = "wake_up";

template <class Sleeper>
outcome wake_ups(const std::string& what, std::uint64_t times)
{
    using clock = std::chrono::steady_clock;
    using namespace std::chrono_literals;
    const auto sleeper = std::make_unique<Sleeper>();
    meeting_point meeting{2};
    std::vector<clock::time_point> sent(times);
    std::vector<clock::time_point> received(times);
    std::vector<double> send_ns(times);
    outcome result;

    const auto wake = [&] {
        auto writer = sleeper->writer();
        meeting.arrive_and_wait();
        for (std::uint64_t id = 0; id < times; ++id) {
            std::this_thread::sleep_for(3ms);
            const auto record = sleeper_record::make(0, id);
            sent[id] = clock::now();
            writer.send(record);
            send_ns[id] = seconds_between(sent[id], clock::now()) * 1e9;
        }
        meeting.arrive_and_wait();
    };
    const auto sleep = [&] {
        auto reader = sleeper->reader();
        sequence_check<1> check;
        meeting.arrive_and_wait();
        for (std::uint64_t id = 0; id < times; ++id) {
            const sleeper_record record = reader.receive();
            received[id] = clock::now();
            check(record);
        }
        meeting.arrive_and_wait();
        result.failure = check.failure(times);
    };
    run_pinned(what, {{core_list::get().first(), wake}, {core_list::get().other(0), sleep}});

    std::vector<double> latency_ns;
    for (std::uint64_t id = 0; id < times; ++id)
        latency_ns.push_back(seconds_between(sent[id], received[id]) * 1e9);
    result.seconds = seconds_between(sent.front(), received.back());
    result.value = quantile(latency_ns, 0.5);
    result.extras = {{"worst_ns", quantile(latency_ns, 1.0)}, {"send_ns", quantile(send_ns, 0.5)}};
    return result;
}

} // namespace

void add_wake_up(registry& all)
{
    for_each_sleeper([&]<class Sleeper>(const std::string& subject) {
        all.push_back({.scenario = scenario,
                       .subject = subject,
                       .payload_bytes = sleeper_record::bytes,
                       .batch = 1,
                       .unit = "ns, median from send to receipt",
                       .direction = better::lower,
                       .round = [what = scenario + " " + subject](
                                    std::uint64_t times) { return wake_ups<Sleeper>(what, times); },
                       .fixed_work = 40});
    });
}

} // namespace benchmarks
