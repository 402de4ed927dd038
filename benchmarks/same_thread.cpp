// SPDX-License-Identifier: MIT

// same_thread: one thread sends a record (or 16 at a time) and reads it back, over and over; ns a
// record, sent and read. Nothing is contended and every line stays in the cache: what is left is
// the number of instructions, and the ones among them that wait for the store buffer.
//
// Left out: everything that two cores do to each other.

#include "channel.hpp"
#include "gregor_channels.hpp"
#include "limits.hpp"
#include "locked_deque.hpp"
#include "peers.hpp"
#include "topology.hpp"

namespace benchmarks {
namespace {

const std::string scenario = "same_thread";

template <class Writer, class Reader, class Check>
[[gnu::noinline]] void send_and_read(Writer& writer, Reader& reader, Check& check,
                                     std::uint64_t from, std::uint64_t to, std::size_t batch)
{
    Check local = check;
    for (std::uint64_t id = from; id < to; id += batch) {
        writer.write(id);
        for (std::uint64_t seen = 0; seen < batch;)
            seen += reader.read(local);
    }
    check = local;
}

template <class Channel>
outcome pairs(const std::string& what, std::uint64_t records)
{
    const auto channel = std::make_unique<Channel>();
    records = round_up(records, Channel::batch);
    outcome result;
    const auto body = [&] {
        auto reader = channel->reader(0);
        auto writer = channel->writer(0);
        sequence_check<1> check;
        send_and_read(writer, reader, check, 0, ring_records, Channel::batch);
        const auto began = std::chrono::steady_clock::now();
        send_and_read(writer, reader, check, ring_records, ring_records + records, Channel::batch);
        result.seconds = seconds_between(began, std::chrono::steady_clock::now());
        result.failure = check.failure(ring_records + records);
    };
    run_pinned(what, {{core_list::get().first(), body}});
    result.value = result.seconds * 1e9 / static_cast<double>(records);
    return result;
}

template <class Channel>
void add(registry& all, const std::string& subject)
{
    all.push_back({.scenario = scenario,
                   .subject = subject,
                   .payload_bytes = Channel::value_type::bytes,
                   .batch = Channel::batch,
                   .unit = "ns a record",
                   .direction = better::lower,
                   .round = [what = scenario + " " + subject](std::uint64_t records) {
                       return pairs<Channel>(what, records);
                   }});
}

template <class T>
void add_single_records(registry& all)
{
    constexpr std::size_t b1 = 1;
    add<gregor_single<T, b1>>(all, "gregor/single");
    add<gregor_default<T, b1>>(all, "gregor/default");
    add<gregor_default<T, b1, sharing>>(all, "gregor/multi_shared");
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add<queue_channel<concurrent_queue, T, b1>>(all, "moodycamel/concurrent_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_READERWRITERQUEUE)
    add<queue_channel<reader_writer_queue, T, b1>>(all, "moodycamel/reader_writer_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
    add<queue_channel<boost_spsc_in_place, T, b1>>(all, "boost/spsc_queue_consume_all");
    add<queue_channel<boost_queue, T, b1>>(all, "boost/queue");
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
    add<queue_channel<tbb_bounded_queue, T, b1>>(all, "tbb/concurrent_bounded_queue");
#endif
    add<queue_channel<locked_deque, T, b1>>(all, "std/deque_mutex");
    add<queue_channel<bare_cursor_ring, T, b1>>(all, "limit/bare_cursor");
}

template <class T>
void add_batches(registry& all)
{
    constexpr std::size_t b16 = 16;
    add<gregor_single<T, b16>>(all, "gregor/single");
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

} // namespace

void add_same_thread(registry& all)
{
    add_single_records<payload<8>>(all);
    add_batches<payload<8>>(all);
    add_single_records<payload<64>>(all);
    add_batches<payload<64>>(all);
    add_single_records<payload<256>>(all);
    add_batches<payload<256>>(all);
}

} // namespace benchmarks
