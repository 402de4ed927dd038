// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// A number that one thread moves, and any may look at.
///
/// Threads   add: one; value: any
/// Progress  wait-free
/// Cost      a plain load and a plain store
/// Ordering  none: a snapshot
template <class Env>
class counter {
public:
    void add(std::uint64_t n) noexcept
    {
        // relaxed: carries nothing; only this thread writes it
        const std::uint64_t before = value_.load(std::memory_order_relaxed);
        // relaxed: carries nothing, a snapshot is all that is promised
        value_.store(before + n, std::memory_order_relaxed);
    }

    [[nodiscard]] std::uint64_t value() const noexcept
    {
        // relaxed: a snapshot
        return value_.load(std::memory_order_relaxed);
    }

private:
    typename Env::template atomic<std::uint64_t> value_{0};
};

} // namespace gregor::inline GREGOR_ABI::ring
