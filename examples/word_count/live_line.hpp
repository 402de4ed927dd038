// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "pipeline.hpp"

namespace word_count {

/// Whether somebody watches: standard error is a terminal.
bool is_watched();

/// A line on the terminal that shows how the pipeline gets on, as long as the object lives.
class live_line {
public:
    /// `total_bytes` is how much there is to read, 0 if nobody knows.
    live_line(const pipeline& shown, std::uint64_t total_bytes);
    live_line(const live_line&) = delete;
    live_line& operator=(const live_line&) = delete;
    ~live_line();

private:
    void draw_until_done();
    void draw(double seconds) const;

    const pipeline& shown_;
    const std::uint64_t total_bytes_;
    std::mutex mutex_;
    std::condition_variable done_changed_;
    bool done_ = false;
    std::thread thread_; // last: it uses all of the above
};

} // namespace word_count
