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

namespace {

/// Counts how often it was called.
struct counting_listener {
    static void call(void* self) noexcept { ++static_cast<counting_listener*>(self)->calls; }

    int calls = 0;
    ring::event_count<hooked_env>::listener ear{&counting_listener::call, this};
};

} // namespace

TEST_CASE("a listener is called once each time that it was armed", "[ring][event_count][listener]")
{
    hooked_env::reset();
    ring::event_count<hooked_env> event;
    counting_listener one;
    event.add(one.ear);
    event.notify();
    CHECK(one.calls == 0);
    event.arm(one.ear);
    CHECK(one.calls == 0);
    event.notify();
    event.notify();
    CHECK(one.calls == 1);
    event.arm(one.ear);
    event.arm(one.ear);
    event.notify();
    CHECK(one.calls == 2);
    // somebody else sleeps: it is not armed, and not called
    static_cast<void>(event.announce());
    event.notify();
    CHECK(one.calls == 2);
    event.remove(one.ear);
}

TEST_CASE("listeners are removed in any order, and the others are still called",
          "[ring][event_count][listener]")
{
    for (int first = 0; first != 3; ++first) {
        hooked_env::reset();
        ring::event_count<hooked_env> event;
        counting_listener all[3];
        for (auto& each : all) {
            event.add(each.ear);
            event.arm(each.ear);
        }
        event.remove(all[first].ear);
        event.notify();
        for (int i = 0; i != 3; ++i) {
            CHECK(all[i].calls == (i == first ? 0 : 1));
        }
        event.add(all[first].ear); // and comes again: who was armed still is
        static_cast<void>(event.announce());
        event.notify();
        CHECK(all[first].calls == 1);
        for (auto& each : all) {
            event.remove(each.ear);
        }
    }
}

TEST_CASE("a change between the announcement of a listener and its owner's look is called for",
          "[ring][event_count][listener]")
{
    hooked_env::reset();
    ring::event_count<hooked_env> event;
    counting_listener one;
    event.add(one.ear);
    hooked_env::at_heavy = [&] { event.notify(); };
    event.arm(one.ear);
    CHECK(one.calls == 1);
    event.remove(one.ear);
}

TEST_CASE("listeners that come and go while others notify are not called after they went",
          "[ring][event_count][listener]")
{
    using event_count = ring::event_count<ring::std_env>;
    event_count event;
    std::atomic<bool> done{false};
    std::vector<std::thread> notifiers;
    for (int i = 0; i != 2; ++i) {
        notifiers.emplace_back([&] {
            while (!done.load(std::memory_order_acquire)) {
                event.notify();
            }
        });
    }
    int calls = 0;
    for (int i = 0; i != 2000; ++i) {
        int mine = 0; // read without an order of its own: `remove` gives it
        event_count::listener ear{[](void* count) noexcept { ++*static_cast<int*>(count); }, &mine};
        event.add(ear);
        event.arm(ear);
        if (i % 16 == 0) {
            std::this_thread::yield();
        }
        event.arm(ear);
        event.remove(ear);
        calls += mine;
        mine = -1;
    }
    done.store(true, std::memory_order_release);
    for (auto& each : notifiers) {
        each.join();
    }
    CHECK(calls <= 4000);
}
