// SPDX-License-Identifier: MIT
#include <gregor/base/types.hpp>
#include <gregor/ring/event_count.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "unit/ring/hooked_env.hpp"

namespace ring = gregor::ring;
using namespace std::chrono_literals;

TEST_CASE("a notification that nobody waits for makes no system call", "[ring][event_count]")
{
    hooked_env::reset();
    ring::event_count<hooked_env> event;
    for (int i = 0; i != 100; ++i) {
        event.notify();
    }
    CHECK(hooked_env::woken == 0);
}

TEST_CASE("of many notifications one wakes", "[ring][event_count]")
{
    hooked_env::reset();
    ring::event_count<hooked_env> event;
    static_cast<void>(event.announce());
    static_cast<void>(event.announce());
    event.notify();
    event.notify();
    CHECK(hooked_env::woken == 1);
    static_cast<void>(event.announce());
    event.notify();
    CHECK(hooked_env::woken == 2);
}

TEST_CASE("a notification after the announcement is never slept through", "[ring][event_count]")
{
    ring::event_count<ring::std_env> event;
    for (int i = 0; i != 1000; ++i) {
        const auto ticket = event.announce();
        event.notify();
        // would hang
        event.sleep(ticket, gregor::no_timeout);
    }
    SUCCEED();
}

TEST_CASE("a ticket of an earlier epoch does not sleep, even if another one is announced",
          "[ring][event_count]")
{
    ring::event_count<ring::std_env> event;
    const auto old = event.announce();
    event.notify();
    static_cast<void>(event.announce());
    event.sleep(old, gregor::no_timeout);
    SUCCEED();
}

TEST_CASE("a sleep ends when its time is up", "[ring][event_count]")
{
    ring::event_count<ring::std_env> event;
    const auto ticket = event.announce();
    CHECK_FALSE(event.sleep(ticket, 1ms));
    CHECK_FALSE(event.sleep(ticket, 0ns));
}

TEST_CASE("one notification wakes all who sleep", "[ring][event_count]")
{
    ring::event_count<ring::std_env> event;
    std::atomic<bool> done{false};
    std::atomic<int> awake{0};
    std::vector<std::thread> sleepers;
    for (int i = 0; i != 4; ++i) {
        sleepers.emplace_back([&] {
            while (!done.load(std::memory_order_acquire)) {
                const auto ticket = event.announce();
                if (!done.load(std::memory_order_acquire)) {
                    event.sleep(ticket, gregor::no_timeout);
                }
            }
            awake.fetch_add(1, std::memory_order_relaxed);
        });
    }
    std::this_thread::sleep_for(5ms);
    done.store(true, std::memory_order_release);
    event.notify();
    for (auto& each : sleepers) {
        each.join();
    }
    CHECK(awake == 4);
}

TEST_CASE("two threads that wake each other in turn never both sleep", "[ring][event_count]")
{
    ring::event_count<ring::std_env> event;
    std::atomic<int> turn{0};
    constexpr int rounds = 2000;
    const auto play = [&](int me) {
        for (int i = 0; i != rounds; ++i) {
            while (turn.load(std::memory_order_acquire) % 2 != me) {
                const auto ticket = event.announce();
                if (turn.load(std::memory_order_acquire) % 2 != me) {
                    event.sleep(ticket, gregor::no_timeout);
                }
            }
            turn.fetch_add(1, std::memory_order_release);
            event.notify();
        }
    };
    std::thread other{play, 1};
    play(0);
    other.join();
    CHECK(turn == 2 * rounds);
}
