// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// A sequence up to which something is done; only grows.
///
/// Threads   raise: one at a time; value: any
/// Progress  wait-free
/// Edges     (1) -> (2)  what was done up to it
template <class Seq, class Env>
class watermark {
public:
    explicit watermark(Seq start) noexcept : value_{start} {}

    void raise(Seq to) noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        value_.store(to, std::memory_order_release);
    }

    [[nodiscard]] Seq value() const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return value_.load(std::memory_order_acquire);
    }

private:
    typename Env::template atomic<Seq> value_;
};

} // namespace gregor::inline GREGOR_ABI::ring
