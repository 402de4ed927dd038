// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "support/reading.hpp"

namespace support {

/// Counts how often it was called since it was last asked.
class counter {
public:
    [[nodiscard]] auto hook() noexcept
    {
        return [this]() noexcept { ++calls_; };
    }
    [[nodiscard]] int taken() noexcept { return std::exchange(calls_, 0); }

private:
    int calls_ = 0;
};

/// What an eventfd is: a number that waits until it is not 0, and is then taken.
class doorbell {
public:
    void press() noexcept
    {
        {
            const std::lock_guard lock{mutex_};
            pressed_ = true;
        }
        changed_.notify_one();
    }
    /// False when nobody presses it for very long.
    [[nodiscard]] bool take()
    {
        std::unique_lock lock{mutex_};
        const bool came = changed_.wait_for(lock, patience, [this] { return pressed_; });
        pressed_ = false;
        return came;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool pressed_ = false;
};

} // namespace support
