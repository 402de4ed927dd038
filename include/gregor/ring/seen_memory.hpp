// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "gregor/base/config.hpp"

// Memory that is made ready for stamps while others look there already for one that is to come.

namespace gregor::inline GREGOR_ABI::ring {

/// Whatever was stamped there is not any more. One writer.
inline void clear_stamp(void* at) noexcept
{
    // relaxed: who looks finds this, or what lay there; neither is the stamp that he waits for
    static_cast<std::atomic<std::uint64_t>*>(at)->store(0, std::memory_order_relaxed);
}

/// Stores a byte as it is: its page is in memory then, and was written. One writer.
inline void touch(void* at) noexcept
{
    auto* const byte = static_cast<volatile std::atomic<unsigned char>*>(at);
    // relaxed: nothing changes
    byte->store(byte->load(std::memory_order_relaxed), std::memory_order_relaxed);
}

} // namespace gregor::inline GREGOR_ABI::ring
