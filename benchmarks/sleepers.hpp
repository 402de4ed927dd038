// SPDX-License-Identifier: MIT
#pragma once

// Subjects whose consumer waits by itself, asleep in the end:
//
//     Sleeper sleeper;
//     auto writer = sleeper.writer();   writer.send(record);
//     auto reader = sleeper.reader();   T record = reader.receive();     sleeps until one comes

#include "gregor_channels.hpp"
#include "locked_deque.hpp"
#include "payload.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
#    include <blockingconcurrentqueue.h>
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
#    include <oneapi/tbb/concurrent_queue.h>
#endif
#if defined(__linux__)
#    include <linux/futex.h>
#    include <sys/syscall.h>
#    include <unistd.h>
#endif

namespace benchmarks {

using sleeper_record = payload<64>;

/// A topic whose consumer polls in a loop, 100 ms at a time, as Kafka's do.
template <class... Policies>
class gregor_sleeper {
    using topic_type = gregor::topic<sleeper_record, Policies...>;

public:
    struct writer_type {
        void send(const sleeper_record& record) { static_cast<void>(out.send(record)); }
        gregor::producer<topic_type> out;
    };

    struct reader_type {
        sleeper_record receive()
        {
            for (;;) {
                const auto batch = in.poll(std::chrono::milliseconds{100});
                if (!batch.empty())
                    return batch.front().value();
            }
        }
        gregor::consumer<topic_type> in;
    };

    writer_type writer() { return {gregor::producer<topic_type>{topic_}}; }
    reader_type reader()
    {
        return {gregor::consumer<topic_type>{topic_, "group", {.max_poll_records = 1}}};
    }

private:
    topic_type topic_{"bench", {.groups = {"group"}}};
};

/// std::condition_variable.
class deque_sleeper {
    using queue = locked_deque<sleeper_record>;

public:
    struct writer_type {
        void send(const sleeper_record& record) { sender.push(record); }
        queue::sender sender;
    };

    struct reader_type {
        sleeper_record receive()
        {
            sleeper_record result{};
            const auto keep = [&](const sleeper_record& record) { result = record; };
            while (receiver.read_within(keep, std::chrono::milliseconds{100}) == 0) {}
            return result;
        }
        queue::receiver receiver;
    };

    writer_type writer() { return {queue::sender{queue_, 1}}; }
    reader_type reader() { return {queue::receiver{queue_}}; }

private:
    queue queue_;
};

#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)

/// moodycamel::BlockingConcurrentQueue: spins ten thousand times, then sleeps on a semaphore.
class blocking_queue_sleeper {
    using queue = moodycamel::BlockingConcurrentQueue<sleeper_record>;

public:
    struct writer_type {
        void send(const sleeper_record& record) { queue_pointer->enqueue(token, record); }
        queue* queue_pointer;
        moodycamel::ProducerToken token;
    };

    struct reader_type {
        sleeper_record receive()
        {
            sleeper_record result;
            while (!queue_pointer->wait_dequeue_timed(token, result,
                                                      std::chrono::milliseconds{100})) {}
            return result;
        }
        queue* queue_pointer;
        moodycamel::ConsumerToken token;
    };

    writer_type writer() { return {&queue_, moodycamel::ProducerToken{queue_}}; }
    reader_type reader() { return {&queue_, moodycamel::ConsumerToken{queue_}}; }

private:
    queue queue_;
};

#endif
#if defined(GREGOR_BENCH_HAVE_TBB)

/// oneTBB concurrent_bounded_queue::pop, which takes no time limit.
class tbb_sleeper {
    using queue = tbb::concurrent_bounded_queue<sleeper_record>;

public:
    struct writer_type {
        void send(const sleeper_record& record) { queue_pointer->push(record); }
        queue* queue_pointer;
    };

    struct reader_type {
        sleeper_record receive()
        {
            sleeper_record result;
            queue_pointer->pop(result);
            return result;
        }
        queue* queue_pointer;
    };

    writer_type writer() { return {&queue_}; }
    reader_type reader() { return {&queue_}; }

private:
    queue queue_;
};

#endif

#if defined(__linux__)

/// The limit: records beside a number that the kernel waits for. No room is waited for: a reader is
/// never that far behind who sleeps between two records.
class futex_sleeper {
public:
    struct writer_type {
        void send(const sleeper_record& record)
        {
            to->slots_[next++ % slot_count] = record;
            // release: with the record
            to->sent_.store(next, std::memory_order_release);
            call(to->sent_, FUTEX_WAKE_PRIVATE, 1);
        }
        futex_sleeper* to;
        std::uint32_t next = 0;
    };

    struct reader_type {
        sleeper_record receive()
        {
            // Pairs with send().
            while (from->sent_.load(std::memory_order_acquire) == next)
                call(from->sent_, FUTEX_WAIT_PRIVATE, next);
            return from->slots_[next++ % slot_count];
        }
        futex_sleeper* from;
        std::uint32_t next = 0;
    };

    writer_type writer() { return {this}; }
    reader_type reader() { return {this}; }

private:
    using number = std::atomic<std::uint32_t>;
    static_assert(sizeof(number) == sizeof(std::uint32_t) && number::is_always_lock_free);
    static constexpr std::uint32_t slot_count = 64;

    static void call(number& at, int what, std::uint32_t value)
    {
        ::syscall(SYS_futex, &at, what, value, nullptr, nullptr, 0);
    }

    number sent_{0};
    std::array<sleeper_record, slot_count> slots_{};
};

#endif

/// Calls add.operator()<Sleeper>(name) for each of them.
template <class Add>
void for_each_sleeper(Add add)
{
    add.template operator()<gregor_sleeper<>>("gregor/default");
    add.template operator()<gregor_sleeper<gregor::wait::sleep>>("gregor/sleep");
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    add.template operator()<blocking_queue_sleeper>("moodycamel/blocking_concurrent_queue");
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
    add.template operator()<tbb_sleeper>("tbb/concurrent_bounded_queue");
#endif
    add.template operator()<deque_sleeper>("std/deque_mutex");
#if defined(__linux__)
    add.template operator()<futex_sleeper>("limit/futex");
#endif
}

} // namespace benchmarks
