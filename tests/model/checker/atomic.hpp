// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "model/checker/engine.hpp"

namespace gregor::model {

/// std::atomic, as the checker has it. Made outside of an execution (static ones are), it begins
/// each execution with its first value.
template <class T>
class atomic {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t),
                  "the checker keeps values of atomics in 64 bits");

public:
    using value_type = T;
    static constexpr bool is_always_lock_free = true;

    constexpr atomic() noexcept : atomic(T{}) {}
    constexpr atomic(T value) noexcept : value_(value)
    {
        if (!std::is_constant_evaluated() && engine::running() != nullptr) {
            enter(false);
        }
    }
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;
    ~atomic()
    {
        if (engine* const now = engine::running();
            now != nullptr && age_ == now->age() && location_ != nowhere) {
            now->destroy(location_);
        }
    }

    [[nodiscard]] T load(std::memory_order order = std::memory_order_seq_cst,
                         place from = place::here()) const noexcept
    {
        return engine::running() == nullptr ? value_
                                            : decode(engine::running()->load(here(), order, from));
    }

    void store(T value, std::memory_order order = std::memory_order_seq_cst,
               place from = place::here()) noexcept
    {
        if (engine::running() == nullptr) {
            value_ = value;
        } else {
            engine::running()->store(here(), encode(value), order, from);
        }
    }

    T exchange(T value, std::memory_order order = std::memory_order_seq_cst,
               place from = place::here()) noexcept
    {
        return modify([](std::uint64_t, std::uint64_t operand) { return operand; }, value, order,
                      from);
    }

    T fetch_add(T value, std::memory_order order = std::memory_order_seq_cst,
                place from = place::here()) noexcept
        requires std::is_integral_v<T>
    {
        return modify(
            [](std::uint64_t old, std::uint64_t operand) {
                return encode(static_cast<T>(decode(old) + decode(operand)));
            },
            value, order, from);
    }

    T fetch_sub(T value, std::memory_order order = std::memory_order_seq_cst,
                place from = place::here()) noexcept
        requires std::is_integral_v<T>
    {
        return modify(
            [](std::uint64_t old, std::uint64_t operand) {
                return encode(static_cast<T>(decode(old) - decode(operand)));
            },
            value, order, from);
    }

    T fetch_or(T value, std::memory_order order = std::memory_order_seq_cst,
               place from = place::here()) noexcept
        requires std::is_integral_v<T>
    {
        return modify([](std::uint64_t old, std::uint64_t operand) { return old | operand; }, value,
                      order, from);
    }

    T fetch_and(T value, std::memory_order order = std::memory_order_seq_cst,
                place from = place::here()) noexcept
        requires std::is_integral_v<T>
    {
        return modify([](std::uint64_t old, std::uint64_t operand) { return old & operand; }, value,
                      order, from);
    }

    bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                                 std::memory_order failure, place from = place::here()) noexcept
    {
        return compare_exchange(expected, desired, success, failure, false, from);
    }

    bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                               std::memory_order failure, place from = place::here()) noexcept
    {
        return compare_exchange(expected, desired, success, failure, true, from);
    }

    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order order = std::memory_order_seq_cst,
                                 place from = place::here()) noexcept
    {
        return compare_exchange(expected, desired, order, on_failure(order), false, from);
    }

    bool compare_exchange_weak(T& expected, T desired,
                               std::memory_order order = std::memory_order_seq_cst,
                               place from = place::here()) noexcept
    {
        return compare_exchange(expected, desired, order, on_failure(order), true, from);
    }

    /// Where it is in the execution that runs.
    [[nodiscard]] location_id here() const noexcept
    {
        if (age_ != engine::running()->age()) {
            enter(true);
        }
        return location_;
    }

private:
    void enter(bool made_before) const noexcept
    {
        engine& now = *engine::running();
        age_ = static_cast<std::uint32_t>(now.age());
        location_ = now.create(encode(value_), made_before);
    }

    [[nodiscard]] static std::uint64_t encode(T value) noexcept
    {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, &value, sizeof(T));
        return bytes;
    }

    [[nodiscard]] static T decode(std::uint64_t bytes) noexcept
    {
        T value;
        std::memcpy(&value, &bytes, sizeof(T));
        return value;
    }

    [[nodiscard]] static constexpr std::memory_order on_failure(std::memory_order order) noexcept
    {
        return order == std::memory_order_acq_rel   ? std::memory_order_acquire
               : order == std::memory_order_release ? std::memory_order_relaxed
                                                    : order;
    }

    T modify(memory::update next, T operand, std::memory_order order, place from) noexcept
    {
        if (engine* const now = engine::running()) {
            return decode(now->exchange(here(), order, next, encode(operand), from));
        }
        const T old = value_;
        value_ = decode(next(encode(old), encode(operand)));
        return old;
    }

    bool compare_exchange(T& expected, T desired, std::memory_order success,
                          std::memory_order failure, bool weak, place from) noexcept
    {
        std::uint64_t known = encode(expected);
        bool done = false;
        if (engine* const now = engine::running()) {
            done =
                now->compare_exchange(here(), known, encode(desired), success, failure, weak, from);
        } else {
            done = known == encode(value_);
            known = encode(value_);
            value_ = done ? desired : value_;
        }
        if (!done) {
            expected = decode(known);
        }
        return done;
    }

    T value_;
    mutable location_id location_ = nowhere;
    mutable std::uint32_t age_ = 0;
};

/// std::atomic_thread_fence.
inline void fence(std::memory_order order, place from = place::here()) noexcept
{
    if (engine* const now = engine::running()) {
        now->fence(order, from);
    }
}

/// What the story calls it.
template <class T>
void name(const atomic<T>& what, const char* text)
{
    engine::running()->name(what.here(), text);
}

} // namespace gregor::model
