// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "model/checker/atomic.hpp"
#include "model/checker/engine.hpp"

namespace gregor::model {

/// std::mutex, as the checker has it.
class mutex {
public:
    constexpr mutex() noexcept = default;
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;

    void lock(place from = place::here()) { engine::running()->lock(state_, from); }
    [[nodiscard]] bool try_lock(place from = place::here())
    {
        return engine::running()->try_lock(state_, from);
    }
    void unlock(place from = place::here()) { engine::running()->unlock(state_, from); }

private:
    mutex_state state_;
};

/// What code under test takes instead of `gregor::ring::std_env`.
struct env {
    template <class T>
    using atomic = model::atomic<T>;
    using mutex = model::mutex;

    static void fence(place from = place::here()) noexcept
    {
        engine::running()->fence(std::memory_order_seq_cst, from);
    }
    static void light(place from = place::here()) noexcept { engine::running()->light(from); }
    static void heavy(place from = place::here()) noexcept { engine::running()->heavy(from); }
    static void pause(place from = place::here()) noexcept { engine::running()->pause(from); }
    static void back_off(unsigned /*pauses*/) noexcept {} // others may run at any point anyway
    static void yield(place from = place::here()) noexcept { engine::running()->pause(from); }

    static bool wait(const atomic<std::uint32_t>& word, std::uint32_t expected,
                     std::chrono::nanoseconds timeout, place from = place::here()) noexcept
    {
        return engine::running()->wait(word.here(), expected, timeout, from);
    }
    static void wake_all(atomic<std::uint32_t>& word, place from = place::here()) noexcept
    {
        engine::running()->wake_all(word.here(), from);
    }
};

} // namespace gregor::model
