// SPDX-License-Identifier: MIT

// poll_cost: what a poll of one record costs a member that is assigned 1, 10, 100 or 1000
// partitions of which one is active; ns a poll.
//
//     N_partitions            the active partition holds many records, and each poll returns one
//     N_partitions_caught_up  a record is sent, and polled, over and over: ns for both
//
// One thread does it all. Before the polls, everything was in use once.
// Left out: partitions that become active in turn, and everything that two cores do to each other.

#include "payload.hpp"
#include "registry.hpp"
#include "threads.hpp"
#include "ticks.hpp"

#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace benchmarks {
namespace {

const std::string scenario = "poll_cost";
constexpr std::uint64_t lap = 4096;

using record_type = payload<8>;
using topic_type = gregor::topic<record_type>;

/// The numbers of the records go on from lap to lap.
class one_active {
public:
    explicit one_active(std::uint32_t partitions)
        : topic_{"bench", {.partitions = partitions, .capacity_records = lap, .groups = {"g"}}},
          in_{topic_, "g", {.max_poll_records = 1}}, out_{topic_}, active_{partitions / 2}
    {
    }

    void send(std::uint64_t count)
    {
        for (std::uint64_t i = 0; i < count; ++i)
            static_cast<void>(out_.try_send(record_type::make(0, sent_++), {.partition = active_}));
    }

    /// False when one of them found nothing.
    [[gnu::noinline]] bool poll(std::uint64_t count)
    {
        std::uint64_t found = 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto batch = in_.try_poll();
            for (const record_type& record : batch.values()) {
                check_(record);
                ++found;
            }
        }
        return found == count;
    }

    [[gnu::noinline]] bool send_and_poll(std::uint64_t count)
    {
        bool all = true;
        for (std::uint64_t i = 0; i < count; ++i) {
            send(1);
            all &= poll(1);
        }
        return all;
    }

    void commit() { in_.commit(); }
    std::string failure() const { return check_.failure(sent_); }

private:
    topic_type topic_;
    gregor::consumer<topic_type> in_;
    gregor::producer<topic_type> out_;
    gregor::partition_id active_;
    sequence_check<1> check_;
    std::uint64_t sent_ = 0;
};

outcome polls(std::uint32_t partitions, bool caught_up, std::uint64_t times)
{
    using clock = std::chrono::steady_clock;
    one_active topic{partitions};
    bool all = topic.send_and_poll(lap);
    topic.commit();
    outcome result;
    std::uint64_t done = 0;
    for (; done < times; done += lap) {
        if (!caught_up)
            topic.send(lap);
        const auto began = clock::now();
        all &= caught_up ? topic.send_and_poll(lap) : topic.poll(lap);
        result.seconds += seconds_between(began, clock::now());
        topic.commit(); // the last one too, so that there is room for all of the next lap
    }
    result.value = result.seconds * 1e9 / static_cast<double>(done);
    result.failure = all ? topic.failure() : "a poll found nothing, though there was something";
    return result;
}

void add(registry& all, std::uint32_t partitions, bool caught_up)
{
    const std::string subject =
        "gregor/" + std::to_string(partitions) + "_partitions" + (caught_up ? "_caught_up" : "");
    const auto round = [=, what = scenario + " " + subject](std::uint64_t times) {
        outcome result;
        run_pinned(what, {{core_list::get().first(),
                           [&] { result = polls(partitions, caught_up, times); }}});
        return result;
    };
    all.push_back({.scenario = scenario,
                   .subject = subject,
                   .payload_bytes = record_type::bytes,
                   .unit = "ns a poll",
                   .direction = better::lower,
                   .round = round});
}

} // namespace

void add_poll_cost(registry& all)
{
    for (const bool caught_up : {false, true})
        for (const std::uint32_t partitions : {1U, 10U, 100U, 1000U})
            add(all, partitions, caught_up);
}

} // namespace benchmarks
