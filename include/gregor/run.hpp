// SPDX-License-Identifier: MIT
#pragma once

// Handlers, for those who want push. With maintainer.hpp the only header of the library that starts
// threads, and the only one that needs moodycamel's queue.

#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/stop.hpp"

#if GREGOR_STOP_TOKEN

#    if GREGOR_TSAN
#        include <condition_variable>
#        include <deque>
#        include <mutex>
#    else
#        include <blockingconcurrentqueue.h>
#    endif

#    include "gregor/handlers/attending.hpp"
#    include "gregor/handlers/crew.hpp"
#    include "gregor/handlers/dead_letter.hpp"
#    include "gregor/handlers/keyed.hpp"
#    include "gregor/handlers/options.hpp"
#    include "gregor/handlers/runner.hpp"

namespace gregor::inline GREGOR_ABI {

/// Calls the handler for what comes, from threads of its own, each a member of the group:
///
///     auto work = gregor::run(trades, "risk", [](const auto& record) { use(record.value()); });
///
/// A handler that takes a `const record<Topic>&` is called for each record; one that takes a
/// `const batch<Topic>&`, for each batch. It is shared by the threads, and called by several at
/// once where there are several. What it returned from is committed: record by record, or a whole
/// batch.
///
/// Where it throws, `options.retry` says how often and when it is called again, and then
/// `options.failure` what becomes of the record. With `dead_letters`, a letter with the reason is
/// sent there, before the record is committed; one that cannot be written stops the runner with
/// that error, and the record is not committed. For a handler of batches all this is about the
/// batch as a whole: one letter for each of its records.
///
/// A record of a log on disk that is not what was written stops the runner with errc::corrupt. It
/// stands where the group's committed offset is then, and stays in the way until somebody commits
/// one more.
///
/// A handler that is at one record for longer than `max_poll_interval`, retries included, is
/// fenced: its record is delivered to another member, too.
///
/// Errors  gregor::error, and nothing runs: an impossible option, a group that cannot be joined, a
///         thread that cannot be had
template <class Topic, class Handler, class Sink = no_dead_letters>
[[nodiscard]] runner run(Topic& topic, std::string_view group, Handler handler,
                         const run_options& options = {}, Sink dead_letters = {})
{
    using crew_type = attending_crew<Topic, Handler, Sink>;
    return start_runner<crew_type>(topic, group, std::move(handler), options,
                                   std::move(dead_letters));
}

/// What a member of `run_keyed` hands its records to a worker through.
///
/// Threads   put: one at a time; take: one
/// Progress  put: lock-free; take: waits
#    if GREGOR_TSAN
// ThreadSanitizer sees no fences, so it takes what moodycamel's queue orders by them for a race.
template <class T>
class handover_queue {
public:
    [[nodiscard]] bool put(T&& item)
    {
        {
            const std::lock_guard lock{mutex_};
            queue_.push_back(std::move(item));
        }
        filled_.notify_one();
        return true;
    }
    void take(T& item)
    {
        std::unique_lock lock{mutex_};
        filled_.wait(lock, [this] { return !queue_.empty(); });
        item = std::move(queue_.front());
        queue_.pop_front();
    }

private:
    std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<T> queue_;
};
#    else
template <class T>
class handover_queue {
public:
    handover_queue()
    {
        if (!token_.valid()) {
            throw std::bad_alloc{};
        }
    }

    /// False when there is no memory for it.
    [[nodiscard]] bool put(T&& item) { return queue_.enqueue(token_, std::move(item)); }
    /// Waits until there is one.
    void take(T& item) { queue_.wait_dequeue(item); }

private:
    moodycamel::BlockingConcurrentQueue<T> queue_{1};
    moodycamel::ProducerToken token_{queue_};
};
#    endif

/// As `run` with a handler of records, for more threads than partitions: each member hands its
/// records over to `options.workers` threads, which handle those of one key in order, and those of
/// different keys at once.
///
/// What is committed is everything before the first record that is not done. So a slow key stops
/// neither the others nor, up to `options.window_records` in its partition, what comes behind it;
/// and a stop or a death brings back no more than the window. A partition that goes to another
/// member is finished first, so that the order of its keys holds, and nothing is handled twice.
///
/// Keys share workers, by their hash: a key waits for those of its worker, their retries included.
/// Records without a key have no order. The handler is given copies, and is called by
/// `members * workers` threads at once.
template <class Topic, class Handler, class Sink = no_dead_letters>
[[nodiscard]] runner run_keyed(Topic& topic, std::string_view group, Handler handler,
                               const run_options& options = {}, Sink dead_letters = {})
{
    using crew_type = keyed_crew<Topic, Handler, Sink, handover_queue<errand<Topic>>>;
    return start_runner<crew_type>(topic, group, std::move(handler), options,
                                   std::move(dead_letters));
}

} // namespace gregor::inline GREGOR_ABI

#endif
