// SPDX-License-Identifier: MIT

// fan_in_2p1c: two producers, one consumer, one queue or partition; M records/s of both together.
// Each producer's records must arrive in its order.
//
// The producers run on different cores, the consumer on a third one; with two cores it shares that
// of the first producer.
// Left out: what throughput_1p1c leaves out, and queues for one producer only.

#include "channel.hpp"
#include "gregor_channels.hpp"
#include "shared_queues.hpp"
#include "topology.hpp"

namespace benchmarks {
namespace {

constexpr usage two_producers{.producers = 2};
constexpr usage two_producers_try_polling{.producers = 2, .try_poll = true};
constexpr usage two_producers_claiming{.producers = 2, .claim = true};

template <class Channel>
void add(registry& all, const std::string& subject)
{
    add_stream<Channel>(all, "fan_in_2p1c", subject);
}

template <class T, std::size_t Batch>
void add_queues(registry& all)
{
    for_each_shared_queue<Batch>([&]<template <class> class Queue>(const std::string& subject) {
        add<queue_channel<Queue, T, Batch, 2, 1>>(all, subject);
    });
}

template <class T>
void add_single_records(registry& all)
{
    constexpr std::size_t b1 = 1;
    add<gregor_default<T, b1, two_producers>>(all, "gregor/default");
    add<gregor_default<T, b1, two_producers_try_polling>>(all, "gregor/default_try_poll");
    add_queues<T, b1>(all);
}

template <class T>
void add_batches(registry& all)
{
    constexpr std::size_t b16 = 16;
    add<gregor_default<T, b16, two_producers>>(all, "gregor/default");
    add<gregor_default<T, b16, two_producers_claiming>>(all, "gregor/default_claim");
    add_queues<T, b16>(all);
}

} // namespace

void add_fan_in_2p1c(registry& all)
{
    add_single_records<payload<8>>(all);
    add_batches<payload<8>>(all);
    add_single_records<payload<64>>(all);
    add_batches<payload<64>>(all);
    add_single_records<payload<256>>(all);
    add_batches<payload<256>>(all);
}

} // namespace benchmarks
