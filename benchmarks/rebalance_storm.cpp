// SPDX-License-Identifier: MIT

// rebalance_storm: what partitioned_2p4 measures, M records/s, while a third member joins and
// leaves a hundred times a second each; beside it the same without that. Every record must be read
// once, by whichever member.
//
// The guest shares the core of the first producer where there are two, and reads like the others
// while it is there. The rate that was reached is given, too: on a busy machine it is lower.
// Left out: members that die, whose partitions wait for `max_poll_interval`.

#include "channel.hpp"
#include "gregor_channels.hpp"
#include "group_topology.hpp"

#include <atomic>
#include <thread>

namespace benchmarks {
namespace {

const std::string scenario = "rebalance_storm";
constexpr std::chrono::milliseconds stay{5}; // and as long away: a hundred joins a second

template <class T, std::size_t Batch>
using channel =
    gregor_default<T, Batch, usage{.producers = 2, .readers = 2, .members = true, .partitions = 4}>;

/// Joins and leaves until the time is over; or only lets it pass, so that both are measured alike.
template <class Channel>
void come_and_go(Channel& all, shared_reader& self, std::chrono::steady_clock::time_point end,
                 std::uint64_t& joins)
{
    using clock = std::chrono::steady_clock;
    while (clock::now() < end) {
        {
            auto reader = all.reader(self.index);
            ++joins;
            const auto leaves = clock::now() + stay;
            while (clock::now() < leaves)
                self.read_once(reader, self.check);
        } // leaves, and hands over what it has read
        std::this_thread::sleep_for(stay);
    }
}

template <class Channel>
outcome storm(const std::string& what, std::uint64_t milliseconds, bool stormy)
{
    std::atomic<bool> over{false};
    std::uint64_t joins = 0;
    const auto produce_until_over = [&](auto& writer, std::uint64_t from) {
        constexpr std::uint64_t step = 64 * Channel::batch;
        std::uint64_t sent = 0;
        while (!over.load(std::memory_order_relaxed)) { // relaxed: carries nothing
            produce(writer, from + sent, from + sent + step, Channel::batch);
            sent += step;
        }
        return sent;
    };
    const auto guest = [&](Channel& all, shared_reader& self) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{milliseconds};
        if (stormy)
            come_and_go(all, self, end, joins);
        else
            std::this_thread::sleep_until(end);
        over.store(true, std::memory_order_relaxed);
    };
    outcome result = shared_round<Channel>(what, produce_until_over, guest);
    if (stormy)
        result.extras = {{"joins_a_second", static_cast<double>(joins) / result.seconds}};
    return result;
}

template <class Channel>
void add(registry& all, const std::string& subject, bool stormy)
{
    const auto round = [what = scenario + " " + subject, stormy](std::uint64_t milliseconds) {
        return storm<Channel>(what, milliseconds, stormy);
    };
    all.push_back({.scenario = scenario,
                   .subject = subject,
                   .payload_bytes = Channel::value_type::bytes,
                   .batch = Channel::batch,
                   .unit = "M records/s",
                   .direction = better::higher,
                   .round = round,
                   .fixed_work = 300});
}

} // namespace

void add_rebalance_storm(registry& all)
{
    add<channel<payload<64>, 16>>(all, "gregor/calm", false);
    add<channel<payload<64>, 16>>(all, "gregor/storm", true);
}

} // namespace benchmarks
