// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/partition.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace support {

/// A machine on which one thread runs, and nothing waits: each wait there would be is counted.
struct watched_env : gregor::ring::std_env {
    static inline int locks = 0;  ///< of a topic's mutex
    static inline int sleeps = 0; ///< until something is notified
    static inline int yields = 0; ///< in a loop that waits for another thread

    struct mutex {
        static void lock() noexcept { ++locks; }
        static void unlock() noexcept {}
    };
    static void yield() noexcept { ++yields; }
    static bool wait(const gregor::ring::atomic<std::uint32_t>&, std::uint32_t,
                     std::chrono::nanoseconds) noexcept
    {
        ++sleeps;
        return true;
    }

    [[nodiscard]] static int waits() noexcept { return locks + sleeps + yields; }
};

/// Records in memory, as `storage::in_memory`, on the watched machine.
struct watched_storage {
    using policy_kind = gregor::kind::storage;
};

} // namespace support

template <class Slot, bool Many>
struct gregor::log_of<support::watched_storage, Slot, Many> {
    using type = memory_log<Slot, Many, support::watched_env>;
};
