// SPDX-License-Identifier: MIT

// ping_pong: two threads on two cores and two queues (or topics), one for each direction; ns from
// sending a record to having read the answer. The figure of a round is the median of its trips,
// with p99 and p99.9 beside it. The clock is read once a trip.
//
// The limit is one cache line in each direction, which carries a number and no record.
// Left out: sleeping. Everyone spins here, except subjects that cannot (std/deque_mutex); a wait
// that ends in sleep is what wake_up measures.

#include "channel.hpp"
#include "gregor_channels.hpp"
#include "limits.hpp"
#include "locked_deque.hpp"
#include "peers.hpp"
#include "statistics.hpp"
#include "topology.hpp"

namespace benchmarks {
namespace {

const std::string scenario = "ping_pong";
/// A lap: the first one meets the page faults.
constexpr std::uint64_t warm_up = ring_records;

template <class Reader, class Check>
void receive(Reader& reader, Check& check)
{
    eager_back_off waiting;
    while (reader.read(check) == 0)
        waiting.wait();
}

template <class Channel>
outcome round_trips(const std::string& what, std::uint64_t trips)
{
    const auto there = std::make_unique<Channel>();
    const auto back = std::make_unique<Channel>();
    meeting_point meeting{2};
    std::vector<std::uint64_t> ticks(trips);
    std::string failure;
    outcome result;

    const auto ask = [&] {
        auto writer = there->writer(0);
        auto reader = back->reader(0);
        sequence_check<1> check;
        meeting.arrive_and_wait();
        for (std::uint64_t id = 0; id < warm_up; ++id) {
            writer.write(id);
            receive(reader, check);
        }
        const auto began = std::chrono::steady_clock::now();
        std::uint64_t before = now_ticks();
        for (std::uint64_t id = 0; id < trips; ++id) {
            writer.write(warm_up + id);
            receive(reader, check);
            const std::uint64_t after = now_ticks();
            ticks[id] = after - before;
            before = after;
        }
        result.seconds = seconds_between(began, std::chrono::steady_clock::now());
        meeting.arrive_and_wait();
        result.failure = check.failure(warm_up + trips);
    };
    const auto answer = [&] {
        auto writer = back->writer(0);
        auto reader = there->reader(0);
        sequence_check<1> check;
        meeting.arrive_and_wait();
        for (std::uint64_t id = 0; id < warm_up + trips; ++id) {
            receive(reader, check);
            writer.write(id);
        }
        meeting.arrive_and_wait();
        failure = check.failure(warm_up + trips);
    };
    run_pinned(what, {{core_list::get().first(), ask}, {core_list::get().other(0), answer}});

    const double scale = nanoseconds_a_tick();
    const auto nanoseconds = [&](double fraction) {
        return static_cast<double>(quantile(ticks, fraction)) * scale;
    };
    result.value = nanoseconds(0.5);
    result.extras = {{"p99_ns", nanoseconds(0.99)}, {"p999_ns", nanoseconds(0.999)}};
    if (!failure.empty())
        result.failure = failure;
    return result;
}

template <class Channel>
void add(registry& all, const std::string& subject)
{
    all.push_back({.scenario = scenario,
                   .subject = subject,
                   .payload_bytes = Channel::value_type::bytes,
                   .batch = 1,
                   .unit = "ns, median round trip",
                   .direction = better::lower,
                   .round = [what = scenario + " " + subject](std::uint64_t trips) {
                       return round_trips<Channel>(what, trips);
                   }});
}

template <class T>
void add_payload(registry& all)
{
    constexpr std::size_t b1 = 1;
    using gregor::wait::spin;
    add<gregor_single<T, b1, usage{}, spin>>(all, "gregor/single_spin");
    add<gregor_single<T, b1>>(all, "gregor/single");
    add<gregor_single<T, b1, try_polling>>(all, "gregor/single_try_poll");
    add<gregor_default<T, b1, usage{}, spin>>(all, "gregor/default_spin");
    add<gregor_default<T, b1>>(all, "gregor/default");
    add<gregor_default<T, b1, sharing, spin>>(all, "gregor/multi_shared_spin");
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
    add<cache_line<T>>(all, "limit/cache_line");
}

} // namespace

void add_ping_pong(registry& all)
{
    add_payload<payload<8>>(all);
    add_payload<payload<64>>(all);
    add_payload<payload<256>>(all);
}

} // namespace benchmarks
