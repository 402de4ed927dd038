// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace word_count {

struct progress {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;

    progress& operator+=(const progress& more) noexcept
    {
        records += more.records;
        bytes += more.bytes;
        return *this;
    }
};

/// What was done so far, by one thread at a time; any thread may look. On a line of its own, as its
/// neighbours are other threads' tallies.
class alignas(64) tally {
public:
    void add(std::uint64_t records, std::uint64_t bytes) noexcept
    {
        // relaxed: one writer, and a number for people
        records_.store(records_.load(std::memory_order_relaxed) + records,
                       std::memory_order_relaxed);
        bytes_.store(bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
    }

    [[nodiscard]] progress get() const noexcept
    {
        // relaxed: see `add`
        return {records_.load(std::memory_order_relaxed), bytes_.load(std::memory_order_relaxed)};
    }

private:
    std::atomic<std::uint64_t> records_{0};
    std::atomic<std::uint64_t> bytes_{0};
};

[[nodiscard]] inline progress sum(const std::vector<tally>& tallies) noexcept
{
    progress all;
    for (const tally& each : tallies) {
        all += each.get();
    }
    return all;
}

} // namespace word_count
