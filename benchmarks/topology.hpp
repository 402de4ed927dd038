// SPDX-License-Identifier: MIT
#pragma once

#include "back_off.hpp"
#include "payload.hpp"
#include "registry.hpp"
#include "threads.hpp"
#include "ticks.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace benchmarks {

/// One read takes all that is there, so it pays to let some come together.
template <class Reader>
constexpr bool drains = requires { requires Reader::drains; };

// The two loops everything is about. Not inlined, so that every subject is compiled on its own and
// its instructions can be found by name in a disassembly.

template <class Writer>
[[gnu::noinline]] void produce(Writer& writer, std::uint64_t from, std::uint64_t to,
                               std::size_t batch)
{
    for (std::uint64_t id = from; id < to; id += batch)
        writer.write(id);
}

template <class Reader, class Check>
[[gnu::noinline]] void consume(Reader& reader, Check& check, std::uint64_t records)
{
    Check local = check; // a copy of its own may live in registers
    patient_back_off waiting;
    for (std::uint64_t seen = 0; seen < records;) {
        const std::uint64_t count = reader.read(local);
        if (count == 0) {
            waiting.wait();
            continue;
        }
        waiting.reset();
        seen += count;
        // What gregor's `poll` does by itself: whoever has nearly caught up looks less often, and
        // finds more. Queues that are read all at once gain as much by it.
        if constexpr (drains<Reader>) {
            if (count < 32)
                std::this_thread::yield();
        }
    }
    check = local;
}

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step)
{
    return (value + step - 1) / step * step;
}

/// One round of a stream of about `records` records through a fresh channel: every producer sends
/// its share, every reader reads everything.
///
/// Measured: from the moment all threads stand ready, after a lap of the ring that is not counted
/// (it meets the page faults), until the last reader has read the last record. Left out: making
/// and destroying the channel, its handles and the threads.
///
/// Cores: a single producer has the first core to itself and the readers share the others. Several
/// producers run on different cores, so that they do meet, and the reader on the next one: with two
/// cores it shares that of the first producer.
template <class Channel>
outcome stream_round(const std::string& what, std::uint64_t records)
{
    using clock = std::chrono::steady_clock;
    constexpr std::size_t producers = Channel::producers;
    constexpr std::size_t readers = Channel::readers;
    constexpr std::uint64_t lap = ring_records / producers;
    const std::uint64_t share =
        round_up(std::max<std::uint64_t>(records / producers, 1), Channel::batch);

    const auto channel = std::make_unique<Channel>();
    meeting_point meeting{producers + readers};
    std::array<clock::time_point, producers + readers> began;
    std::array<clock::time_point, readers> ended;
    std::array<std::string, readers> failures;
    const core_list& cores = core_list::get();
    std::vector<worker> workers;

    for (std::size_t index = 0; index < producers; ++index)
        workers.push_back({producers == 1 ? cores.first() : cores.in_turn(index), [&, index] {
                               auto writer = channel->writer(index);
                               meeting.arrive_and_wait(); // all handles exist
                               produce(writer, 0, lap, Channel::batch);
                               meeting.arrive_and_wait(); // the first lap is read
                               began[index] = clock::now();
                               produce(writer, lap, lap + share, Channel::batch);
                               meeting.arrive_and_wait(); // handles outlive the measured part
                           }});
    for (std::size_t index = 0; index < readers; ++index)
        workers.push_back(
            {producers == 1 ? cores.other(index) : cores.in_turn(producers + index), [&, index] {
                 auto reader = channel->reader(index);
                 sequence_check<producers> check;
                 meeting.arrive_and_wait();
                 consume(reader, check, lap * producers);
                 meeting.arrive_and_wait();
                 began[producers + index] = clock::now();
                 consume(reader, check, share * producers);
                 ended[index] = clock::now();
                 meeting.arrive_and_wait();
                 failures[index] = check.failure(lap + share);
             }});
    run_pinned(what, workers);

    outcome result;
    result.seconds = seconds_between(*std::min_element(began.begin(), began.end()),
                                     *std::max_element(ended.begin(), ended.end()));
    result.value = static_cast<double>(share * producers) / result.seconds / 1e6;
    for (const std::string& failure : failures)
        if (!failure.empty())
            result.failure = failure;
    return result;
}

/// Adds a subject of a stream scenario.
template <class Channel>
void add_stream(registry& all, const std::string& scenario, const std::string& subject)
{
    all.push_back({.scenario = scenario,
                   .subject = subject,
                   .payload_bytes = Channel::value_type::bytes,
                   .batch = Channel::batch,
                   .unit = "M records/s",
                   .direction = better::higher,
                   .round = [what = scenario + " " + subject](std::uint64_t records) {
                       return stream_round<Channel>(what, records);
                   }});
}

} // namespace benchmarks
