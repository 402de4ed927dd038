// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <string>

namespace support {

/// What threads have found wrong: they may not use the test framework's assertions, so they write
/// it down here, and the main thread looks at it after the join. Keeps the first ten.
///
/// Threads   any
class findings {
public:
    void add(std::string what)
    {
        const std::lock_guard lock{mutex_};
        if (++count_ <= 10) {
            text_ += std::move(what);
            text_ += '\n';
        }
    }

    /// Adds, unless it is so. True when it is so.
    bool expect(bool so, const char* what)
    {
        if (!so) {
            add(what);
        }
        return so;
    }

    [[nodiscard]] bool none() const
    {
        const std::lock_guard lock{mutex_};
        return count_ == 0;
    }
    [[nodiscard]] std::string text() const
    {
        const std::lock_guard lock{mutex_};
        return count_ > 10 ? text_ + "... " + std::to_string(count_) + " in all\n" : text_;
    }

private:
    mutable std::mutex mutex_;
    std::size_t count_ = 0;
    std::string text_;
};

} // namespace support
