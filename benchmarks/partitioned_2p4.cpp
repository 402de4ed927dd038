// SPDX-License-Identifier: MIT

// partitioned_2p4: two producers, four partitions, a group of two members; M records/s. Beside it
// the same through one partition, which one of the members reads while the other one stands by, and
// queues that two consumers share. Every record must be read once, by whichever of them.
//
// The rings of the four partitions are together as large as the one. With two cores, each has a
// producer and a reader.
// Left out: records with keys, which go where the key says, and what throughput_1p1c leaves out.

#include "channel.hpp"
#include "gregor_channels.hpp"
#include "group_topology.hpp"
#include "shared_queues.hpp"

namespace benchmarks {
namespace {

const std::string scenario = "partitioned_2p4";

constexpr usage four_partitions{.producers = 2, .readers = 2, .members = true, .partitions = 4};
constexpr usage four_partitions_claiming{
    .producers = 2, .readers = 2, .claim = true, .members = true, .partitions = 4};
constexpr usage one_partition{.producers = 2, .readers = 2, .members = true};

template <class Channel>
void add(registry& all, const std::string& subject)
{
    const auto round = [what = scenario + " " + subject](std::uint64_t records) {
        const std::uint64_t share = round_up(records / Channel::producers, Channel::batch);
        return shared_round<Channel>(what, [share](auto& writer, std::uint64_t from) {
            produce(writer, from, from + share, Channel::batch);
            return share;
        });
    };
    all.push_back({.scenario = scenario,
                   .subject = subject,
                   .payload_bytes = Channel::value_type::bytes,
                   .batch = Channel::batch,
                   .unit = "M records/s",
                   .direction = better::higher,
                   .round = round});
}

template <class T, std::size_t Batch>
void add_queues(registry& all)
{
    for_each_shared_queue<Batch>([&]<template <class> class Queue>(const std::string& subject) {
        add<work_queue_channel<Queue, T, Batch, 2, 2>>(all, subject);
    });
}

template <class T>
void add_single_records(registry& all)
{
    constexpr std::size_t b1 = 1;
    add<gregor_default<T, b1, four_partitions>>(all, "gregor/default");
    add<gregor_default<T, b1, one_partition>>(all, "gregor/one_partition");
    add_queues<T, b1>(all);
}

template <class T>
void add_batches(registry& all)
{
    constexpr std::size_t b16 = 16;
    add<gregor_default<T, b16, four_partitions>>(all, "gregor/default");
    add<gregor_default<T, b16, four_partitions_claiming>>(all, "gregor/default_claim");
    add<gregor_default<T, b16, one_partition>>(all, "gregor/one_partition");
    add_queues<T, b16>(all);
}

} // namespace

void add_partitioned_2p4(registry& all)
{
    add_single_records<payload<64>>(all);
    add_batches<payload<64>>(all);
}

} // namespace benchmarks
