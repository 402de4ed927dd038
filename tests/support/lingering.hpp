// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/base/types.hpp>
#include <gregor/batch.hpp>
#include <gregor/consumer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>

namespace support {

/// Polls a consumer, of one topic or of several, for `least` records in a thread, for ever if need
/// be.
template <class Consumer>
class lingering {
public:
    lingering(Consumer& in, std::size_t least, std::chrono::nanoseconds linger = gregor::no_timeout)
        : thread_([this, &in, least, linger] {
              const auto batch = in.poll(least, linger);
              status_ = batch.status();
              count_ = batch.size();
              from_ = batch.partition();
              if constexpr (requires { batch.topic(); }) {
                  topic_ = batch.topic();
              }
              done_.store(true, std::memory_order_release);
          })
    {
    }
    ~lingering() { thread_.join(); }

    [[nodiscard]] bool done() const { return done_.load(std::memory_order_acquire); }

    /// Once it is done: how many there were, and the rest of what is known of them.
    std::size_t count()
    {
        while (!done()) {
            std::this_thread::yield();
        }
        return count_;
    }
    [[nodiscard]] gregor::poll_status status() const { return status_; }
    [[nodiscard]] gregor::partition_id from() const { return from_; }
    [[nodiscard]] const std::string& topic() const { return topic_; }

private:
    std::atomic<bool> done_{false};
    std::size_t count_ = 0;
    gregor::poll_status status_ = gregor::poll_status::timed_out;
    gregor::partition_id from_;
    std::string topic_;
    std::thread thread_;
};

} // namespace support
