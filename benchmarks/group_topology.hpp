// SPDX-License-Identifier: MIT
#pragma once

#include "back_off.hpp"
#include "channel.hpp"
#include "payload.hpp"
#include "registry.hpp"
#include "threads.hpp"
#include "ticks.hpp"
#include "topology.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace benchmarks {

/// A queue that several receivers share: each record goes to one of them.
template <template <class> class Queue, class T, std::size_t Batch, std::size_t Producers,
          std::size_t Readers>
class work_queue_channel : public queue_channel<Queue, T, Batch, Producers, 1> {
public:
    static constexpr std::size_t readers = Readers;

    auto reader(std::size_t /*index*/)
    {
        return queue_channel<Queue, T, Batch, Producers, 1>::reader(0);
    }
};

/// Sees to it that every record arrives once and whole, whoever reads it: by how many there were,
/// the sum of their tags and that of the squares. In which order they came is left to the tests.
class once_check {
public:
    template <std::size_t Bytes>
    GREGOR_BENCH_INLINE void operator()(const payload<Bytes>& record) noexcept
    {
        torn_ |= record.torn();
        add(record.tag());
    }

    /// What should arrive of a producer that sent so many.
    void add_sent(std::uint64_t producer, std::uint64_t records) noexcept
    {
        for (std::uint64_t id = 0; id < records; ++id)
            add(producer << 56 | id);
    }

    void merge(const once_check& other) noexcept
    {
        count_ += other.count_;
        sum_ += other.sum_;
        squares_ += other.squares_;
        torn_ |= other.torn_;
    }

    /// Empty when all went well; else a sentence.
    std::string failure(const once_check& sent) const
    {
        if (torn_ != 0)
            return "a record was torn";
        if (count_ != sent.count_)
            return "sent " + std::to_string(sent.count_) + " records, read " +
                   std::to_string(count_);
        if (sum_ != sent.sum_ || squares_ != sent.squares_)
            return "a record was lost and another one repeated";
        return {};
    }

private:
    GREGOR_BENCH_INLINE void add(std::uint64_t tag) noexcept
    {
        ++count_;
        sum_ += tag;
        squares_ += tag * tag;
    }

    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t squares_ = 0;
    std::uint64_t torn_ = 0;
};

/// How far those who share a stream are together. Each writes a line of its own; who finds nothing
/// to read looks at all of them.
class shared_progress {
public:
    shared_progress(std::size_t producers, std::size_t readers)
        : producers_{producers}, sent_(producers), read_(readers)
    {
    }

    void note_sent(std::size_t producer, std::uint64_t records)
    {
        sent_[producer].records = records;
        // release: what was sent is known to who sees that the producer is done
        finished_.fetch_add(1, std::memory_order_release);
    }
    void note_read(std::size_t reader, std::uint64_t records)
    {
        // relaxed: only the number counts
        read_[reader].read.store(records, std::memory_order_relaxed);
    }
    std::uint64_t sent_by(std::size_t producer) const { return sent_[producer].records; }

    /// All producers have ended part 1 (or 2) of the round, and nothing is left of it.
    bool all_read(std::size_t part) const
    {
        if (finished_.load(std::memory_order_acquire) < part * producers_)
            return false;
        std::uint64_t left = 0;
        for (const line& each : sent_)
            left += each.records;
        for (const line& each : read_)
            left -= each.read.load(std::memory_order_relaxed);
        return left == 0;
    }

private:
    struct alignas(64) line {
        std::uint64_t records = 0;
        std::atomic<std::uint64_t> read{0};
    };

    std::size_t producers_;
    std::vector<line> sent_;
    std::vector<line> read_;
    alignas(64) std::atomic<std::size_t> finished_{0};
};

/// One of those who share a stream: reads until all of it is read, by whomever.
struct shared_reader {
    shared_progress& progress;
    std::size_t index;
    std::uint64_t seen = 0;
    once_check check{};

    static constexpr std::chrono::microseconds patience{100};

    template <class Reader>
    GREGOR_BENCH_INLINE std::uint64_t read_once(Reader& reader, once_check& local)
    {
        std::uint64_t count = 0;
        if constexpr (requires { reader.read_within(local, patience); })
            count = reader.read_within(local, patience); // who sleeps for ever misses the end
        else
            count = reader.read(local);
        if (count != 0)
            progress.note_read(index, seen += count);
        return count;
    }

    template <class Reader>
    [[gnu::noinline]] void read_all(Reader& reader, std::size_t part)
    {
        once_check local = check;
        patient_back_off waiting;
        for (;;) {
            if (read_once(reader, local) != 0) {
                waiting.reset();
                continue;
            }
            if (progress.all_read(part))
                break;
            waiting.wait();
        }
        check = local;
    }
};

/// Comes and goes while a stream runs: joins, reads for a while, leaves, stays away for as long.
/// What it reads counts like any other's.
struct no_guest {
    template <class Channel>
    void operator()(Channel& /*channel*/, shared_reader& /*self*/) const
    {
    }
};

/// One round of a stream whose readers share the records. `produce_share(writer, from)` sends the
/// part that is measured, and returns how many records that were; `guest(channel, reader)` runs
/// beside it.
///
/// Measured: from the moment all threads stand ready, after a lap of the ring that is not counted,
/// until nothing is left to read. Left out: making and destroying the channel and its threads.
///
/// Cores: producers on different ones, then the readers likewise, then the guest: with two cores,
/// each has a producer and a reader.
template <class Channel, class Produce, class Guest = no_guest>
outcome shared_round(const std::string& what, Produce produce_share, Guest guest = {})
{
    using clock = std::chrono::steady_clock;
    constexpr std::size_t producers = Channel::producers;
    constexpr std::size_t readers = Channel::readers;
    constexpr std::size_t guests = std::is_same_v<Guest, no_guest> ? 0 : 1;
    constexpr std::uint64_t lap = round_up(ring_records / producers, Channel::batch);

    const auto channel = std::make_unique<Channel>();
    shared_progress progress{producers, readers + guests};
    meeting_point meeting{producers + readers + guests};
    std::vector<shared_reader> selves;
    for (std::size_t index = 0; index < readers + guests; ++index)
        selves.push_back({progress, index});
    std::array<clock::time_point, producers + readers> began;
    std::array<clock::time_point, readers> ended;
    const core_list& cores = core_list::get();
    std::vector<worker> workers;

    for (std::size_t index = 0; index < producers; ++index)
        workers.push_back({cores.in_turn(index), [&, index] {
                               auto writer = channel->writer(index);
                               meeting.arrive_and_wait(); // all handles exist
                               produce(writer, 0, lap, Channel::batch);
                               progress.note_sent(index, lap);
                               meeting.arrive_and_wait(); // the first lap is read
                               began[index] = clock::now();
                               progress.note_sent(index, lap + produce_share(writer, lap));
                               meeting.arrive_and_wait(); // handles outlive the measured part
                           }});
    for (std::size_t index = 0; index < readers; ++index)
        workers.push_back({cores.in_turn(producers + index), [&, index] {
                               auto reader = channel->reader(index);
                               meeting.arrive_and_wait();
                               selves[index].read_all(reader, 1);
                               meeting.arrive_and_wait();
                               began[producers + index] = clock::now();
                               selves[index].read_all(reader, 2);
                               ended[index] = clock::now();
                               meeting.arrive_and_wait();
                           }});
    if constexpr (guests != 0)
        workers.push_back({cores.in_turn(producers + readers), [&] {
                               meeting.arrive_and_wait();
                               meeting.arrive_and_wait();
                               guest(*channel, selves[readers]);
                               meeting.arrive_and_wait();
                           }});
    run_pinned(what, workers);

    outcome result;
    once_check sent;
    once_check read;
    std::uint64_t records = 0;
    for (std::size_t index = 0; index < producers; ++index) {
        sent.add_sent(index, progress.sent_by(index));
        records += progress.sent_by(index) - lap;
    }
    for (const shared_reader& each : selves)
        read.merge(each.check);
    result.failure = read.failure(sent);
    result.seconds = seconds_between(*std::min_element(began.begin(), began.end()),
                                     *std::max_element(ended.begin(), ended.end()));
    result.value = static_cast<double>(records) / result.seconds / 1e6;
    return result;
}

} // namespace benchmarks
