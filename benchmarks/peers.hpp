// SPDX-License-Identifier: MIT
#pragma once

// The peers whose calls return at once. Each is written as its documentation advises: tokens where
// there are tokens, bulk calls for batches where there are bulk calls. A queue that could grow is
// held to the size of the ring.

#include "back_off.hpp"
#include "registry.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
#    include <concurrentqueue.h>
#endif
#if defined(GREGOR_BENCH_HAVE_READERWRITERQUEUE)
#    include <readerwriterqueue.h>
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
#    include <boost/lockfree/queue.hpp>
#    include <boost/lockfree/spsc_queue.hpp>
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
#    include <oneapi/tbb/concurrent_queue.h>
#endif

namespace benchmarks {

/// For a queue that takes a batch one record at a time.
template <class Sender, class T>
void push_each(Sender& sender, std::span<const T> records)
{
    for (const T& record : records)
        sender.push(record);
}

#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)

/// moodycamel::ConcurrentQueue. It grows without end, so the sender asks for its size whenever it
/// may have used up its share of the room it saw last: once in a ring's worth of records while the
/// consumer keeps up, and nothing on the consumer's side.
template <class T, std::size_t ReadAtOnce>
class concurrent_queue_base {
    using queue_type = moodycamel::ConcurrentQueue<T>;

public:
    class sender {
    public:
        sender(concurrent_queue_base& queue, std::size_t producers)
            : queue_{&queue.queue_}, token_{queue.queue_}, producers_{producers}
        {
        }

        GREGOR_BENCH_INLINE void push(const T& record)
        {
            wait_for_room(1);
            queue_->enqueue(token_, record);
        }

        GREGOR_BENCH_INLINE void push(std::span<const T> records)
        {
            wait_for_room(records.size());
            // Never so, but without it gcc warns of what would happen then.
            if (!token_.valid())
                throw std::bad_alloc{};
            queue_->enqueue_bulk(token_, records.data(), records.size());
        }

    private:
        GREGOR_BENCH_INLINE void wait_for_room(std::size_t count)
        {
            patient_back_off waiting;
            while (room_ < count) {
                room_ = (ring_records - std::min(ring_records, queue_->size_approx())) / producers_;
                if (room_ < count)
                    waiting.wait();
            }
            room_ -= count;
        }

        queue_type* queue_;
        moodycamel::ProducerToken token_;
        std::size_t producers_;
        std::size_t room_ = 0;
    };

    class receiver {
    public:
        explicit receiver(concurrent_queue_base& queue)
            : queue_{&queue.queue_}, token_{queue.queue_}
        {
        }

        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read(Visit& visit)
        {
            if constexpr (ReadAtOnce == 1) {
                T record;
                if (!queue_->try_dequeue(token_, record))
                    return 0;
                visit(record);
                return 1;
            } else {
                std::array<T, ReadAtOnce> records;
                const std::size_t count =
                    queue_->try_dequeue_bulk(token_, records.begin(), ReadAtOnce);
                for (std::size_t i = 0; i < count; ++i)
                    visit(records[i]);
                return count;
            }
        }

    private:
        queue_type* queue_;
        moodycamel::ConsumerToken token_;
    };

private:
    queue_type queue_{ring_records};
};

template <class T>
using concurrent_queue = concurrent_queue_base<T, 1>;
template <class T>
using concurrent_queue_bulk = concurrent_queue_base<T, 64>;

#endif
#if defined(GREGOR_BENCH_HAVE_READERWRITERQUEUE)

/// moodycamel::ReaderWriterQueue; `try_enqueue` keeps it at the size it was made with. It has no
/// calls for batches.
template <class T>
class reader_writer_queue {
public:
    class sender {
    public:
        sender(reader_writer_queue& queue, std::size_t) : queue_{&queue.queue_} {}

        GREGOR_BENCH_INLINE void push(const T& record)
        {
            patient_back_off waiting;
            while (!queue_->try_enqueue(record))
                waiting.wait();
        }
        GREGOR_BENCH_INLINE void push(std::span<const T> records) { push_each(*this, records); }

    private:
        moodycamel::ReaderWriterQueue<T>* queue_;
    };

    class receiver {
    public:
        explicit receiver(reader_writer_queue& queue) : queue_{&queue.queue_} {}

        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read(Visit& visit)
        {
            T record;
            if (!queue_->try_dequeue(record))
                return 0;
            visit(record);
            return 1;
        }

    private:
        moodycamel::ReaderWriterQueue<T>* queue_;
    };

private:
    moodycamel::ReaderWriterQueue<T> queue_{ring_records};
};

#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)

/// boost::lockfree::spsc_queue, read by `pop` into a record of the reader's own or in place by
/// `consume_all`.
template <class T, bool InPlace>
class boost_spsc_base {
    using queue_type = boost::lockfree::spsc_queue<T, boost::lockfree::capacity<ring_records>>;

public:
    class sender {
    public:
        sender(boost_spsc_base& queue, std::size_t) : queue_{&queue.queue_} {}

        GREGOR_BENCH_INLINE void push(const T& record)
        {
            patient_back_off waiting;
            while (!queue_->push(record))
                waiting.wait();
        }

        GREGOR_BENCH_INLINE void push(std::span<const T> records)
        {
            patient_back_off waiting;
            for (auto next = records.begin();;) {
                next = queue_->push(next, records.end());
                if (next == records.end())
                    return;
                waiting.wait();
            }
        }

    private:
        queue_type* queue_;
    };

    class receiver {
    public:
        static constexpr bool drains = InPlace;

        explicit receiver(boost_spsc_base& queue) : queue_{&queue.queue_} {}

        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read(Visit& visit)
        {
            if constexpr (InPlace) {
                return queue_->consume_all(visit);
            } else {
                T record;
                if (!queue_->pop(record))
                    return 0;
                visit(record);
                return 1;
            }
        }

    private:
        queue_type* queue_;
    };

private:
    alignas(64) queue_type queue_;
};

template <class T>
using boost_spsc = boost_spsc_base<T, false>;
template <class T>
using boost_spsc_in_place = boost_spsc_base<T, true>;

/// boost::lockfree::queue with its nodes allocated beforehand and never more than those.
template <class T>
class boost_queue {
public:
    class sender {
    public:
        sender(boost_queue& queue, std::size_t) : queue_{&queue.queue_} {}

        GREGOR_BENCH_INLINE void push(const T& record)
        {
            patient_back_off waiting;
            while (!queue_->bounded_push(record))
                waiting.wait();
        }
        GREGOR_BENCH_INLINE void push(std::span<const T> records) { push_each(*this, records); }

    private:
        boost::lockfree::queue<T>* queue_;
    };

    class receiver {
    public:
        explicit receiver(boost_queue& queue) : queue_{&queue.queue_} {}

        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read(Visit& visit)
        {
            T record;
            if (!queue_->pop(record))
                return 0;
            visit(record);
            return 1;
        }

    private:
        boost::lockfree::queue<T>* queue_;
    };

private:
    boost::lockfree::queue<T> queue_{ring_records};
};

#endif
#if defined(GREGOR_BENCH_HAVE_TBB)

/// oneTBB concurrent_bounded_queue by its calls that do not sleep.
template <class T>
class tbb_bounded_queue {
public:
    tbb_bounded_queue() { queue_.set_capacity(static_cast<std::ptrdiff_t>(ring_records)); }

    class sender {
    public:
        sender(tbb_bounded_queue& queue, std::size_t) : queue_{&queue.queue_} {}

        GREGOR_BENCH_INLINE void push(const T& record)
        {
            patient_back_off waiting;
            while (!queue_->try_push(record))
                waiting.wait();
        }
        GREGOR_BENCH_INLINE void push(std::span<const T> records) { push_each(*this, records); }

    private:
        tbb::concurrent_bounded_queue<T>* queue_;
    };

    class receiver {
    public:
        explicit receiver(tbb_bounded_queue& queue) : queue_{&queue.queue_} {}

        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read(Visit& visit)
        {
            if (!queue_->try_pop(record_))
                return 0;
            visit(record_);
            return 1;
        }

    private:
        tbb::concurrent_bounded_queue<T>* queue_;
        T record_{};
    };

private:
    tbb::concurrent_bounded_queue<T> queue_;
};

#endif

} // namespace benchmarks
