// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/ring/env.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

/// A machine that calls the test at each fence, and counts wake-ups: what another thread might do
/// at that very moment, the test does there.
struct hooked_env : gregor::ring::std_env {
    static inline std::function<void()> at_fence;
    static inline std::function<void()> at_light;
    static inline std::function<void()> at_heavy;
    static inline int woken = 0;

    static void reset()
    {
        at_fence = nullptr;
        at_light = nullptr;
        at_heavy = nullptr;
        woken = 0;
    }

    static void fence() { call(at_fence); }
    static void light() { call(at_light); }
    static void heavy() { call(at_heavy); }
    static void wake_all(gregor::ring::atomic<std::uint32_t>&) { ++woken; }

private:
    /// Once: what it does may come by here again.
    static void call(std::function<void()>& hook)
    {
        if (hook) {
            std::exchange(hook, nullptr)();
        }
    }
};
