// SPDX-License-Identifier: MIT

// fan_out_1p3g: what fan_out_1p2g measures, with three groups.
// crowd_4p4g: four producers, four groups that each read everything; M records/s sent. Beside it
// two producers and one group of the same topic, to tell whether the rate collapses; and a queue
// for each group, into all of which the producers push.
//
// Threads have cores in turn, so that with two cores each has two producers and two readers.
// Left out: records of other lengths, and what throughput_1p1c leaves out.

#include "channel.hpp"
#include "gregor_channels.hpp"
#include "peers.hpp"
#include "topology.hpp"

namespace benchmarks {
namespace {

const std::string three_groups = "fan_out_1p3g";
const std::string crowd = "crowd_4p4g";

constexpr usage one_to_three{.readers = 3};
constexpr usage two_to_one{.producers = 2};
constexpr usage four_to_four{.producers = 4, .readers = 4};

using record = payload<64>;

template <std::size_t Batch>
void add_three_groups(registry& all)
{
    add_stream<gregor_single<record, Batch, one_to_three>>(all, three_groups, "gregor/single");
    add_stream<gregor_default<record, Batch, one_to_three>>(all, three_groups, "gregor/default");
#if defined(GREGOR_BENCH_HAVE_BOOST)
    add_stream<queue_channel<boost_spsc_in_place, record, Batch, 1, 3>>(
        all, three_groups, "boost/spsc_queue_consume_all");
#endif
}

template <std::size_t Batch>
void add_crowd(registry& all)
{
    add_stream<gregor_default<record, Batch, four_to_four>>(all, crowd, "gregor/default");
    add_stream<gregor_default<record, Batch, two_to_one>>(all, crowd, "gregor/2p1g");
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add_stream<queue_channel<concurrent_queue_bulk, record, Batch, 4, 4>>(
        all, crowd, "moodycamel/concurrent_queue_bulk");
#endif
}

} // namespace

void add_crowds(registry& all)
{
    add_three_groups<1>(all);
    add_three_groups<16>(all);
    add_crowd<1>(all);
    add_crowd<16>(all);
}

} // namespace benchmarks
