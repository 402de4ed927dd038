// SPDX-License-Identifier: MIT
#pragma once

// What the machine would allow: no queue at all, or the least that could be called one.

#include "back_off.hpp"
#include "registry.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace benchmarks {

/// A ring with one published cursor a side and nothing else: no groups, no close, no sleeping, no
/// second producer. What a partition with one producer would cost if all that cost nothing.
template <class T>
class bare_cursor_ring {
public:
    class sender {
    public:
        sender(bare_cursor_ring& ring, std::size_t) : ring_{&ring} {}

        GREGOR_BENCH_INLINE void push(const T& record)
        {
            wait_for_room(1);
            ring_->slots_[next_ & mask] = record;
            publish(1);
        }

        GREGOR_BENCH_INLINE void push(std::span<const T> records)
        {
            wait_for_room(records.size());
            for (std::size_t i = 0; i < records.size(); ++i)
                ring_->slots_[(next_ + i) & mask] = records[i];
            publish(records.size());
        }

    private:
        GREGOR_BENCH_INLINE void wait_for_room(std::size_t count)
        {
            if (next_ + count <= limit_)
                return;
            patient_back_off waiting;
            for (;;) {
                // acquire: the reader is done with the records before the place it published.
                limit_ = ring_->read_.load(std::memory_order_acquire) + ring_records;
                if (next_ + count <= limit_)
                    return;
                waiting.wait();
            }
        }

        GREGOR_BENCH_INLINE void publish(std::size_t count)
        {
            next_ += count;
            // release: the records are written before the place that covers them.
            ring_->written_.store(next_, std::memory_order_release);
        }

        bare_cursor_ring* ring_;
        std::uint64_t next_ = 0;
        std::uint64_t limit_ = ring_records;
    };

    class receiver {
    public:
        static constexpr bool drains = true;

        explicit receiver(bare_cursor_ring& ring) : ring_{&ring} {}

        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read(Visit& visit)
        {
            // Pairs with publish().
            const std::uint64_t end = ring_->written_.load(std::memory_order_acquire);
            const std::uint64_t count = end - next_;
            for (; next_ != end; ++next_)
                visit(ring_->slots_[next_ & mask]);
            // Pairs with wait_for_room().
            if (count != 0)
                ring_->read_.store(end, std::memory_order_release);
            return count;
        }

    private:
        bare_cursor_ring* ring_;
        std::uint64_t next_ = 0;
    };

private:
    static constexpr std::uint64_t mask = ring_records - 1;

    alignas(64) std::atomic<std::uint64_t> written_{0};
    alignas(64) std::atomic<std::uint64_t> read_{0};
    alignas(64) std::unique_ptr<T[]> slots_ = std::make_unique<T[]>(ring_records);
};

/// One thread that writes records into a ring and never hands them over: the speed of the stores.
template <class T>
class plain_ring {
public:
    GREGOR_BENCH_INLINE void write(std::uint64_t from, std::uint64_t to) noexcept
    {
        T* const slots = slots_.get();
        for (std::uint64_t id = from; id != to; ++id) {
            slots[id & (ring_records - 1)] = T::make(0, id);
            // Keeps the compiler from leaving out the laps that are overwritten.
            std::atomic_signal_fence(std::memory_order_seq_cst);
        }
    }

    const T& operator[](std::uint64_t id) const { return slots_[id & (ring_records - 1)]; }

private:
    std::unique_ptr<T[]> slots_ = std::make_unique<T[]>(ring_records);
};

/// One cache line that goes from a writer to a reader: no ring, room for one record at a time.
/// Only for round trips, where the next record follows the answer to the last.
template <class T>
class cache_line {
public:
    using value_type = T;

    struct writer_type {
        GREGOR_BENCH_INLINE void write(std::uint64_t id) noexcept
        {
            // Nothing is handed over but the number itself.
            line->store(id + 1, std::memory_order_release);
        }
        std::atomic<std::uint64_t>* line;
    };

    struct reader_type {
        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read(Visit& visit)
        {
            if (line->load(std::memory_order_acquire) != next + 1)
                return 0;
            visit(T::make(0, next++));
            return 1;
        }
        std::atomic<std::uint64_t>* line;
        std::uint64_t next = 0;
    };

    writer_type writer(std::size_t) { return {&line_}; }
    reader_type reader(std::size_t) { return {&line_}; }

private:
    alignas(64) std::atomic<std::uint64_t> line_{0};
    char rest_[64 - sizeof(std::uint64_t)];
};

} // namespace benchmarks
