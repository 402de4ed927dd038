// SPDX-License-Identifier: MIT

// throughput_1p1c: one producer, one consumer, each on a core of its own, through a ring of 65536
// records; M records/s from the first record sent to the last one read.
//
// Batch 16: the producer publishes 16 records at a time, by the bulk call of the subject if it has
// one. The consumer always takes what is there, by the subject's natural call.
// Left out: what the records are used for (a check of every record's number, the same for all),
// the first lap of the ring, making and destroying the queue.

#include "channel.hpp"
#include "gregor_channels.hpp"
#include "limits.hpp"
#include "locked_deque.hpp"
#include "peers.hpp"
#include "topology.hpp"

namespace benchmarks {
namespace {

const std::string scenario = "throughput_1p1c";

template <class T>
[[gnu::noinline]] void fill(plain_ring<T>& ring, std::uint64_t from, std::uint64_t to)
{
    ring.write(from, to);
}

/// The stores alone; nobody reads, so there is only a look at the last lap afterwards.
template <class T>
outcome plain_stores(std::uint64_t records)
{
    outcome result;
    plain_ring<T> ring;
    run_pinned("plain stores", {{core_list::get().first(), [&] {
                                     fill(ring, 0, ring_records);
                                     const auto began = std::chrono::steady_clock::now();
                                     fill(ring, ring_records, ring_records + records);
                                     const auto ended = std::chrono::steady_clock::now();
                                     result.seconds = seconds_between(began, ended);
                                 }}});
    for (std::uint64_t id = records; id < ring_records + records; ++id)
        if (ring[id].tag() != id)
            result.failure = "a record was not stored";
    result.value = static_cast<double>(records) / result.seconds / 1e6;
    return result;
}

template <class Channel>
void add(registry& all, const std::string& subject)
{
    add_stream<Channel>(all, scenario, subject);
}

template <class T>
void add_single_records(registry& all)
{
    constexpr std::size_t b1 = 1;
    add<gregor_single<T, b1>>(all, "gregor/single");
    add<gregor_single<T, b1, try_polling>>(all, "gregor/single_try_poll");
    add<gregor_default<T, b1>>(all, "gregor/default");
    add<gregor_default<T, b1, try_polling>>(all, "gregor/default_try_poll");
    add<gregor_default<T, b1, sharing>>(all, "gregor/multi_shared");
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add<queue_channel<concurrent_queue, T, b1>>(all, "moodycamel/concurrent_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_READERWRITERQUEUE)
    add<queue_channel<reader_writer_queue, T, b1>>(all, "moodycamel/reader_writer_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
    add<queue_channel<boost_spsc, T, b1>>(all, "boost/spsc_queue_pop");
    add<queue_channel<boost_spsc_in_place, T, b1>>(all, "boost/spsc_queue_consume_all");
    add<queue_channel<boost_queue, T, b1>>(all, "boost/queue");
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
    add<queue_channel<tbb_bounded_queue, T, b1>>(all, "tbb/concurrent_bounded_queue");
#endif
    add<queue_channel<locked_deque, T, b1>>(all, "std/deque_mutex");
    add<queue_channel<bare_cursor_ring, T, b1>>(all, "limit/bare_cursor");
    all.push_back({.scenario = scenario,
                   .subject = "limit/plain_stores",
                   .payload_bytes = T::bytes,
                   .batch = b1,
                   .unit = "M records/s",
                   .direction = better::higher,
                   .round = plain_stores<T>});
}

// The queues without a call for batches would repeat what they do with single records; the one
// that comes close to the fastest is here all the same.
template <class T>
void add_batches(registry& all)
{
    constexpr std::size_t b16 = 16;
    add<gregor_single<T, b16>>(all, "gregor/single");
    add<gregor_single<T, b16, try_polling>>(all, "gregor/single_try_poll");
    add<gregor_single<T, b16, claiming>>(all, "gregor/single_claim");
    add<gregor_default<T, b16>>(all, "gregor/default");
    add<gregor_default<T, b16, sharing>>(all, "gregor/multi_shared");
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add<queue_channel<concurrent_queue_bulk, T, b16>>(all, "moodycamel/concurrent_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_READERWRITERQUEUE)
    add<queue_channel<reader_writer_queue, T, b16>>(all, "moodycamel/reader_writer_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
    add<queue_channel<boost_spsc_in_place, T, b16>>(all, "boost/spsc_queue_consume_all");
#endif
    add<queue_channel<locked_deque_swapped, T, b16>>(all, "std/deque_mutex_swapped");
    add<queue_channel<bare_cursor_ring, T, b16>>(all, "limit/bare_cursor");
}

template <class T>
void add_payload(registry& all)
{
    add_single_records<T>(all);
    add_batches<T>(all);
}

} // namespace

void add_throughput_1p1c(registry& all)
{
    add_payload<payload<8>>(all);
    add_payload<payload<64>>(all);
    add_payload<payload<256>>(all);
}

} // namespace benchmarks
