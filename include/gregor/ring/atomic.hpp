// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

#if defined(__GNUC__)

/// A member that keeps an aggregate from being copied.
struct stays {
    stays() = default;
    stays(const stays&) = delete;
    stays& operator=(const stays&) = delete;
};

/// What the protocols use of a `std::atomic`, by the compiler's own operations: those of the
/// standard library are forced inline where nothing is optimised, with three checks of the order
/// each, and were 6 % of the code of a program of ten lines. Optimised, both are the same. An
/// aggregate, initialised by braces, as there are many: no constructor is called for each.
///
/// Threads   any
template <class T>
class atomic {
public:
    // NOLINTBEGIN(bugprone-sizeof-expression): where T is a pointer, that is what lies here
    static_assert(sizeof(T) <= sizeof(long long) && __atomic_always_lock_free(sizeof(T), nullptr),
                  "an atomic of the protocols is a word that the machine moves as one");
    // NOLINTEND(bugprone-sizeof-expression)

    [[nodiscard]] T load(std::memory_order order) const noexcept
    {
        return __atomic_load_n(&value_, static_cast<int>(order));
    }
    void store(T value, std::memory_order order) noexcept
    {
        __atomic_store_n(&value_, value, static_cast<int>(order));
    }
    T exchange(T value, std::memory_order order) noexcept
    {
        return __atomic_exchange_n(&value_, value, static_cast<int>(order));
    }
    /// May fail though the value is as expected.
    bool compare_exchange_weak(T& expected, T value, std::memory_order success,
                               std::memory_order failure) noexcept
    {
        return __atomic_compare_exchange_n(&value_, &expected, value, true,
                                           static_cast<int>(success), static_cast<int>(failure));
    }
    bool compare_exchange_strong(T& expected, T value, std::memory_order success,
                                 std::memory_order failure) noexcept
    {
        return __atomic_compare_exchange_n(&value_, &expected, value, false,
                                           static_cast<int>(success), static_cast<int>(failure));
    }
    T fetch_add(T value, std::memory_order order) noexcept
    {
        return __atomic_fetch_add(&value_, value, static_cast<int>(order));
    }
    T fetch_sub(T value, std::memory_order order) noexcept
    {
        return __atomic_fetch_sub(&value_, value, static_cast<int>(order));
    }
    T fetch_or(T value, std::memory_order order) noexcept
    {
        return __atomic_fetch_or(&value_, value, static_cast<int>(order));
    }

    // NOLINTNEXTLINE(bugprone-sizeof-expression): on i686, 8 bytes would else be aligned as 4
    alignas(sizeof(T)) T value_{};
    GREGOR_NO_UNIQUE_ADDRESS stays stays_{};
};

#else

template <class T>
using atomic = std::atomic<T>;

#endif

} // namespace gregor::inline GREGOR_ABI::ring
