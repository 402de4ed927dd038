// SPDX-License-Identifier: MIT
#include "live_line.hpp"

#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#ifdef _WIN32
#    include <io.h>
#else
#    include <unistd.h>
#endif

namespace word_count {

bool is_watched()
{
#ifdef _WIN32
    return _isatty(_fileno(stderr)) != 0;
#else
    return isatty(STDERR_FILENO) != 0;
#endif
}

live_line::live_line(const pipeline& shown, std::uint64_t total_bytes)
    : shown_(shown), total_bytes_(total_bytes), thread_([this] { draw_until_done(); })
{
}

live_line::~live_line()
{
    {
        const std::lock_guard lock{mutex_};
        done_ = true;
    }
    done_changed_.notify_one();
    thread_.join();
}

void live_line::draw_until_done()
{
    const auto start = std::chrono::steady_clock::now();
    std::unique_lock lock{mutex_};
    while (
        !done_changed_.wait_for(lock, std::chrono::milliseconds{100}, [this] { return done_; })) {
        draw(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    fmt::print(stderr, "\r\x1b[K"); // whatever comes next finds a clean line
}

void live_line::draw(double seconds) const
{
    const snapshot now = shown_.look();
    const double mega = static_cast<double>(now.read.bytes) / 1e6;
    fmt::print(stderr, "\r\x1b[Kread {:.1f} MB", mega);
    if (total_bytes_ != 0) {
        fmt::print(stderr, " ({:.0f} %)", 1e8 * mega / static_cast<double>(total_bytes_));
    }
    fmt::print(stderr, ", {:.1f} MB/s | lag: {} lines, {} words | {}+{} workers", mega / seconds,
               now.lines_lag, now.words_lag, now.tokenizers, now.counters);
    std::fflush(stderr);
}

} // namespace word_count
