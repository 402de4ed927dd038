// SPDX-License-Identifier: MIT
#pragma once

#include "back_off.hpp"
#include "payload.hpp"
#include "registry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace benchmarks {

// What the scenarios ask of a subject, a *channel*:
//
//     Channel::value_type, Channel::batch            what a record is; how many are published at
//     once Channel::producers, Channel::readers           how many handles of each kind are used
//     Channel channel;
//     auto writer = channel.writer(producer);        on any thread, then used by one
//     writer.write(id);                              sends records id ... id + batch - 1; waits for
//     room auto reader = channel.reader(index);           likewise; every reader gets every record
//     std::uint64_t n = reader.read(visit);          visit(record) for the n records that were
//     there;
//                                                    0: nothing came, the caller waits
//
// What the peers offer, a *queue*:
//
//     Queue<T> queue;                                bounded to ring_records, or bounds itself
//     typename Queue<T>::sender sender{queue, producers};
//     sender.push(record);  sender.push(span);       waits for room
//     typename Queue<T>::receiver receiver{queue};
//     receiver.read(visit);                          as above

/// A queue as a channel. It hands each record to one receiver only; so for several readers there
/// are as many queues, and the writer pushes into each of them.
template <template <class> class Queue, class T, std::size_t Batch, std::size_t Producers = 1,
          std::size_t Readers = 1>
class queue_channel {
    using queue = Queue<T>;

public:
    using value_type = T;
    static constexpr std::size_t batch = Batch;
    static constexpr std::size_t producers = Producers;
    static constexpr std::size_t readers = Readers;

    class writer_type {
    public:
        writer_type(queue_channel& channel, std::uint64_t producer)
            : senders_{make_senders(channel, std::make_index_sequence<Readers>{})},
              producer_{producer}
        {
        }

        GREGOR_BENCH_INLINE void write(std::uint64_t id)
        {
            if constexpr (Batch == 1) {
                const T record = T::make(producer_, id);
                for (auto& sender : senders_)
                    sender.push(record);
            } else {
                std::array<T, Batch> records;
                for (std::size_t i = 0; i < Batch; ++i)
                    records[i] = T::make(producer_, id + i);
                for (auto& sender : senders_)
                    sender.push(std::span<const T>{records});
            }
        }

    private:
        template <std::size_t... Index>
        static std::array<typename queue::sender, Readers>
        make_senders(queue_channel& channel, std::index_sequence<Index...>)
        {
            return {typename queue::sender{*channel.queues_[Index], Producers}...};
        }

        std::array<typename queue::sender, Readers> senders_;
        std::uint64_t producer_;
    };

    queue_channel()
    {
        for (auto& queue_pointer : queues_)
            queue_pointer = std::make_unique<queue>();
    }

    writer_type writer(std::size_t producer) { return writer_type{*this, producer}; }
    auto reader(std::size_t index) { return typename queue::receiver{*queues_[index]}; }

private:
    std::array<std::unique_ptr<queue>, Readers> queues_;
};

} // namespace benchmarks
