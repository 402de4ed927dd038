// SPDX-License-Identifier: MIT
#pragma once

#include "back_off.hpp"
#include "registry.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>

namespace benchmarks {

/// What most programs have: a std::deque, a mutex and two condition variables. Read one by one, or
/// (Swapped) all that is there under one lock.
template <class T, bool Swapped>
class locked_deque_base {
public:
    class sender {
    public:
        sender(locked_deque_base& queue, std::size_t) : queue_{&queue} {}

        GREGOR_BENCH_INLINE void push(const T& record) { push(std::span<const T>{&record, 1}); }

        GREGOR_BENCH_INLINE void push(std::span<const T> records)
        {
            {
                std::unique_lock lock{queue_->mutex_};
                queue_->not_full_.wait(
                    lock, [&] { return queue_->records_.size() + records.size() <= ring_records; });
                queue_->records_.insert(queue_->records_.end(), records.begin(), records.end());
            }
            queue_->not_empty_.notify_one();
        }

    private:
        locked_deque_base* queue_;
    };

    class receiver {
    public:
        explicit receiver(locked_deque_base& queue) : queue_{&queue} {}

        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read(Visit& visit)
        {
            return read_within(visit, std::chrono::seconds{1});
        }

        template <class Visit>
        std::uint64_t read_within(Visit& visit, std::chrono::nanoseconds timeout)
        {
            std::unique_lock lock{queue_->mutex_};
            if (!queue_->not_empty_.wait_for(lock, timeout,
                                             [&] { return !queue_->records_.empty(); }))
                return 0;
            if constexpr (Swapped) {
                taken_.clear();
                taken_.swap(queue_->records_);
                lock.unlock();
                queue_->not_full_.notify_all();
                for (const T& record : taken_)
                    visit(record);
                return taken_.size();
            } else {
                const T record = queue_->records_.front();
                queue_->records_.pop_front();
                lock.unlock();
                queue_->not_full_.notify_one();
                visit(record);
                return 1;
            }
        }

    private:
        locked_deque_base* queue_;
        std::deque<T> taken_;
    };

private:
    std::mutex mutex_;
    std::condition_variable not_empty_;
    std::condition_variable not_full_;
    std::deque<T> records_;
};

template <class T>
using locked_deque = locked_deque_base<T, false>;
template <class T>
using locked_deque_swapped = locked_deque_base<T, true>;

} // namespace benchmarks
