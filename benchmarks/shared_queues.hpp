// SPDX-License-Identifier: MIT
#pragma once

#include "locked_deque.hpp"
#include "peers.hpp"

#include <cstddef>

namespace benchmarks {

/// Calls add.operator()<Queue>(name) for each queue that several threads may push into and several
/// may read, at its best for batches of this size. ConcurrentQueue is also read 64 records at a
/// time where they are pushed one by one: what a batch of `poll` is compared with.
template <std::size_t Batch, class Add>
void for_each_shared_queue(Add add)
{
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add.template operator()<concurrent_queue_bulk>("moodycamel/concurrent_queue_bulk");
#endif
    if constexpr (Batch == 1) {
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
        add.template operator()<concurrent_queue>("moodycamel/concurrent_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
        add.template operator()<boost_queue>("boost/queue");
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
        add.template operator()<tbb_bounded_queue>("tbb/concurrent_bounded_queue");
#endif
        add.template operator()<locked_deque>("std/deque_mutex");
    } else {
        add.template operator()<locked_deque_swapped>("std/deque_mutex_swapped");
    }
}

} // namespace benchmarks
