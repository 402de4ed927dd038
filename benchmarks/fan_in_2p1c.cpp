// SPDX-License-Identifier: MIT

// fan_in_2p1c: two producers, one consumer, one queue or partition; M records/s of both together.
// Each producer's records must arrive in its order.
//
// The producers run on different cores, the consumer on a third one; with two cores it shares that
// of the first producer.
// Left out: what throughput_1p1c leaves out, and queues for one producer only.

#include "channel.hpp"
#include "gregor_channels.hpp"
#include "locked_deque.hpp"
#include "peers.hpp"
#include "topology.hpp"

namespace benchmarks {
namespace {

constexpr usage two_producers{.producers = 2};
constexpr usage two_producers_try_polling{.producers = 2, .try_poll = true};
constexpr usage two_producers_claiming{.producers = 2, .claim = true};

template <template <class> class Queue, class T, std::size_t Batch>
using shared_queue = queue_channel<Queue, T, Batch, 2, 1>;

template <class Channel>
void add(registry& all, const std::string& subject)
{
    add_stream<Channel>(all, "fan_in_2p1c", subject);
}

template <class T>
void add_single_records(registry& all)
{
    constexpr std::size_t b1 = 1;
    add<gregor_default<T, b1, two_producers>>(all, "gregor/default");
    add<gregor_default<T, b1, two_producers_try_polling>>(all, "gregor/default_try_poll");
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add<shared_queue<concurrent_queue, T, b1>>(all, "moodycamel/concurrent_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
    add<shared_queue<boost_queue, T, b1>>(all, "boost/queue");
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
    add<shared_queue<tbb_bounded_queue, T, b1>>(all, "tbb/concurrent_bounded_queue");
#endif
    add<shared_queue<locked_deque, T, b1>>(all, "std/deque_mutex");
}

template <class T>
void add_batches(registry& all)
{
    constexpr std::size_t b16 = 16;
    add<gregor_default<T, b16, two_producers>>(all, "gregor/default");
    add<gregor_default<T, b16, two_producers_claiming>>(all, "gregor/default_claim");
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add<shared_queue<concurrent_queue_bulk, T, b16>>(all, "moodycamel/concurrent_queue");
#endif
    add<shared_queue<locked_deque_swapped, T, b16>>(all, "std/deque_mutex_swapped");
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
