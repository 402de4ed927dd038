// SPDX-License-Identifier: MIT

// fan_out_1p2g: one producer, two groups that each read everything; M records/s sent, each of them
// read twice. A queue hands a record to one consumer only, so for two there are two queues, and
// the producer pushes into both.
//
// The producer has the first core to itself, the consumers share the others: with two cores both
// run on the second one, and who finds nothing gives it to the other.
// Left out: what throughput_1p1c leaves out.

#include "channel.hpp"
#include "gregor_channels.hpp"
#include "locked_deque.hpp"
#include "peers.hpp"
#include "topology.hpp"

namespace benchmarks {
namespace {

constexpr usage two_groups{.readers = 2};
constexpr usage two_groups_sharing{.readers = 2, .shared = true};
constexpr usage two_groups_claiming{.readers = 2, .claim = true};

template <template <class> class Queue, class T, std::size_t Batch>
using two_queues = queue_channel<Queue, T, Batch, 1, 2>;

template <class Channel>
void add(registry& all, const std::string& subject)
{
    add_stream<Channel>(all, "fan_out_1p2g", subject);
}

template <class T>
void add_single_records(registry& all)
{
    constexpr std::size_t b1 = 1;
    add<gregor_single<T, b1, two_groups>>(all, "gregor/single");
    add<gregor_default<T, b1, two_groups>>(all, "gregor/default");
    add<gregor_default<T, b1, two_groups_sharing>>(all, "gregor/multi_shared");
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add<two_queues<concurrent_queue, T, b1>>(all, "moodycamel/concurrent_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_READERWRITERQUEUE)
    add<two_queues<reader_writer_queue, T, b1>>(all, "moodycamel/reader_writer_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
    add<two_queues<boost_spsc_in_place, T, b1>>(all, "boost/spsc_queue_consume_all");
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
    add<two_queues<tbb_bounded_queue, T, b1>>(all, "tbb/concurrent_bounded_queue");
#endif
    add<two_queues<locked_deque, T, b1>>(all, "std/deque_mutex");
}

template <class T>
void add_batches(registry& all)
{
    constexpr std::size_t b16 = 16;
    add<gregor_single<T, b16, two_groups>>(all, "gregor/single");
    add<gregor_single<T, b16, two_groups_claiming>>(all, "gregor/single_claim");
    add<gregor_default<T, b16, two_groups>>(all, "gregor/default");
    add<gregor_default<T, b16, two_groups_sharing>>(all, "gregor/multi_shared");
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add<two_queues<concurrent_queue_bulk, T, b16>>(all, "moodycamel/concurrent_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_READERWRITERQUEUE)
    add<two_queues<reader_writer_queue, T, b16>>(all, "moodycamel/reader_writer_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
    add<two_queues<boost_spsc_in_place, T, b16>>(all, "boost/spsc_queue_consume_all");
#endif
    add<two_queues<locked_deque_swapped, T, b16>>(all, "std/deque_mutex_swapped");
}

} // namespace

void add_fan_out_1p2g(registry& all)
{
    add_single_records<payload<8>>(all);
    add_batches<payload<8>>(all);
    add_single_records<payload<64>>(all);
    add_batches<payload<64>>(all);
    add_single_records<payload<256>>(all);
    add_batches<payload<256>>(all);
}

} // namespace benchmarks
