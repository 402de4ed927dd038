// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/run.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/reading.hpp"

namespace support {

/// What handlers have seen, in the order they saw it.
template <class T>
class notebook {
public:
    void write(T what)
    {
        const std::lock_guard lock{mutex_};
        lines_.push_back(std::move(what));
    }
    [[nodiscard]] std::vector<T> lines() const
    {
        const std::lock_guard lock{mutex_};
        return lines_;
    }
    [[nodiscard]] std::size_t size() const { return lines().size(); }

private:
    mutable std::mutex mutex_;
    std::vector<T> lines_;
};

/// A door that handlers wait at until it is opened.
class door {
public:
    void open() { set(true); }
    void close() { set(false); }
    void pass()
    {
        static_cast<void>(eventually([this] {
            const std::lock_guard lock{mutex_};
            return open_;
        }));
    }

private:
    void set(bool open)
    {
        const std::lock_guard lock{mutex_};
        open_ = open;
    }

    std::mutex mutex_;
    bool open_ = false;
};

/// What it says; empty where it is null.
[[nodiscard]] inline std::string said_by(const std::exception_ptr& why)
{
    return why == nullptr ? std::string{} : gregor::reason_of(why);
}

/// The group's committed offset; only where the group has a member's consumer, which this one is
/// for a moment.
template <class Topic>
[[nodiscard]] gregor::offset_t committed_by(Topic& topic, const std::string& group,
                                            gregor::partition_id p = {0})
{
    gregor::consumer<Topic> in{topic, group, {.auto_commit = false}};
    static_cast<void>(in.try_poll());
    return in.committed(p).value_or(0);
}

} // namespace support
