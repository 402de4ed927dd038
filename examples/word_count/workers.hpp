// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <gregor/gregor.hpp>

namespace word_count {

/// The workers of a stage: threads, each with a consumer in the stage's group. Their number may
/// change at any time, as the group shares out its partitions among those that are there. A
/// partition moves when its owner has done with what it was given, and has committed that; so each
/// record is worked on once, by somebody.
///
/// Threads   one; `size` any
template <class Topic>
class workers {
public:
    using consumer = gregor::consumer<Topic>;

    /// What a worker does: polls, and works, until there is something else than records. That it
    /// returns: `closed`, or `woken`, when it has been sent away.
    using loop = std::function<gregor::poll_status(consumer&)>;

    workers(Topic& topic, std::string group, loop body)
        : topic_(topic), group_(std::move(group)), body_(std::move(body))
    {
    }
    workers(const workers&) = delete;
    workers& operator=(const workers&) = delete;
    ~workers() = default; // the topic has been closed, so that they end

    /// One more. Throws where the system gives no more threads, or no memory.
    void add()
    {
        crew_.push_back(std::make_unique<worker>(*this));
        ++joined_;
        most_ = std::max(most_, static_cast<std::uint32_t>(crew_.size()));
        note_size();
    }

    /// One less: the one that has been there longest. Returns when it has left.
    void send_one_away()
    {
        crew_.front()->in.wakeup();
        crew_.pop_front();
        ++left_;
        note_size();
    }

    /// One more or one less: up to the most, down to one, and up again.
    void change(std::uint32_t most)
    {
        grows_ = crew_.size() == 1 || (grows_ && crew_.size() < most);
        if (grows_) {
            add();
        } else {
            send_one_away();
        }
    }

    /// Waits until there is nothing left to read; calls `meanwhile` each time that `every` has
    /// passed, but never if that is 0.
    template <class Meanwhile>
    void wait_for_end(std::chrono::milliseconds every, Meanwhile meanwhile)
    {
        const auto ended = [this] { return ended_; };
        std::unique_lock lock{mutex_};
        if (every == every.zero()) {
            ended_changed_.wait(lock, ended);
        }
        while (!ended_changed_.wait_for(lock, every, ended)) {
            lock.unlock();
            meanwhile();
            lock.lock();
        }
    }

    /// After the end: all leave.
    void join() { crew_.clear(); }

    /// How many there are now, at most were at once, came in all, and were sent away.
    [[nodiscard]] std::uint32_t size() const noexcept
    {
        return size_.load(std::memory_order_relaxed); // relaxed: a number for people
    }
    [[nodiscard]] std::uint32_t most() const noexcept { return most_; }
    [[nodiscard]] std::uint32_t joined() const noexcept { return joined_; }
    [[nodiscard]] std::uint32_t left() const noexcept { return left_; }

private:
    struct worker {
        consumer in; // a member of the group before its thread starts, and until that has ended
        std::thread thread;

        // Nobody needs to look whether it is still alive: a thread does not die alone. So one that
        // is held up, even for hours, keeps its partitions, and no record is read twice.
        explicit worker(workers& of)
            : in{of.topic_, of.group_, {.max_poll_interval = gregor::no_timeout}},
              thread{[this, &of] {
                  if (of.body_(in) == gregor::poll_status::closed) {
                      of.tell_end();
                  }
                  in.close(); // what it read was committed by the poll that told it to go
              }}
        {
        }
        worker(const worker&) = delete;
        worker& operator=(const worker&) = delete;
        ~worker() { thread.join(); }
    };

    void tell_end()
    {
        {
            const std::lock_guard lock{mutex_};
            ended_ = true;
        }
        ended_changed_.notify_one();
    }

    void note_size() noexcept
    {
        // relaxed: see `size`
        size_.store(static_cast<std::uint32_t>(crew_.size()), std::memory_order_relaxed);
    }

    Topic& topic_;
    const std::string group_;
    const loop body_;
    std::mutex mutex_;
    std::condition_variable ended_changed_;
    bool ended_ = false; // one of them has seen it; so will the others
    std::uint32_t most_ = 0;
    std::uint32_t joined_ = 0;
    std::uint32_t left_ = 0;
    bool grows_ = true;
    std::atomic<std::uint32_t> size_{0};
    std::deque<std::unique_ptr<worker>> crew_; // last: they use all of the above
};

} // namespace word_count
