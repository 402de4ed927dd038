// SPDX-License-Identifier: MIT
// Who does not sleep on an event, but is called by it: called for each change that he could not
// see, and never after he was removed.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "gregor/ring/event_count.hpp"
#include "model/exploring.hpp"

namespace {

namespace model = gregor::model;
namespace ring = gregor::ring;
using model::check;
using model::explored;

using event = ring::event_count<model::env>;

/// Something that threads wait for elsewhere than on the event: it remembers that it was told.
class doorbell {
public:
    static void press(void* self) noexcept
    {
        auto& bell = *static_cast<doorbell*>(self);
        bell.pressed_.store(1, std::memory_order_release);
        model::env::wake_all(bell.pressed_);
    }

    /// Waits for ever, if need be.
    void take()
    {
        while (pressed_.exchange(0, std::memory_order_acquire) == 0) {
            model::env::wait(pressed_, 0, std::chrono::nanoseconds::max());
        }
    }

private:
    model::atomic<std::uint32_t> pressed_{0};
};

struct scene {
    /// As an event loop does: arms, looks, and waits for the bell.
    void wait_for(int changes)
    {
        while (changed.load(std::memory_order_acquire) < changes) {
            here.arm(ear);
            if (changed.load(std::memory_order_acquire) < changes) {
                bell.take();
            }
        }
    }

    void change()
    {
        changed.fetch_add(1, std::memory_order_acq_rel);
        here.notify();
    }

    model::atomic<int> changed{0};
    event here;
    doorbell bell;
    event::listener ear{&doorbell::press, &bell};
};

/// What a call touches, and what is gone after the listener was removed.
struct owner {
    explicit owner(event& of) : here(of) { here.add(ear); }
    owner(const owner&) = delete;
    owner& operator=(const owner&) = delete;
    ~owner() { here.remove(ear); }

    static void call(void* self) noexcept
    {
        auto& note = static_cast<owner*>(self)->calls;
        note.set(note.get() + 1);
    }

    event& here;
    model::cell<int> calls{0};
    event::listener ear{&owner::call, this};
};

} // namespace

TEST_CASE("a listener is called for each change that it could not see", "[model]")
{
    explored("listeners: one change", {}, [](model::run& run) {
        auto now = std::make_shared<scene>();
        now->here.add(now->ear);
        run.thread([=] { now->wait_for(1); });
        run.thread([=] { now->change(); });
    });
    explored("listeners: one comes, then one change", {}, [](model::run& run) {
        auto now = std::make_shared<scene>();
        run.thread([=] {
            now->here.add(now->ear);
            now->wait_for(1);
            now->here.remove(now->ear);
        });
        run.thread([=] { now->change(); });
    });
    explored("listeners: two changes, by two", {.preemptions = 3}, [](model::run& run) {
        auto now = std::make_shared<scene>();
        now->here.add(now->ear);
        run.thread([=] { now->wait_for(2); });
        for (int i = 0; i != 2; ++i) {
            run.thread([=] { now->change(); });
        }
    });
    explored("listeners: two changes, by one", {}, [](model::run& run) {
        auto now = std::make_shared<scene>();
        now->here.add(now->ear);
        run.thread([=] { now->wait_for(2); });
        run.thread([=] {
            now->change();
            now->change();
        });
    });
    explored("listeners: one beside a sleeper", {.preemptions = 3}, [](model::run& run) {
        auto now = std::make_shared<scene>();
        now->here.add(now->ear);
        run.thread([=] { now->wait_for(1); });
        run.thread([=] {
            while (now->changed.load(std::memory_order_acquire) == 0) {
                const auto ticket = now->here.announce();
                if (now->changed.load(std::memory_order_acquire) == 0) {
                    now->here.sleep(ticket, std::chrono::nanoseconds::max());
                }
            }
        });
        run.thread([=] { now->change(); });
    });
}

TEST_CASE("a listener that was removed is not called, and what it touched may go", "[model]")
{
    explored("listeners: removed against a change", {.nothing_stays = true}, [](model::run& run) {
        struct state {
            event here;
            std::optional<owner> first;
        };
        auto now = std::make_shared<state>();
        now->first.emplace(now->here);
        run.thread([=] {
            now->here.arm(now->first->ear);
            now->first.reset();
        });
        run.thread([=] { now->here.notify(); });
    });
    explored("listeners: one removed, the other one called",
             {.preemptions = 3, .nothing_stays = true}, [](model::run& run) {
                 struct state {
                     scene other;
                     std::optional<owner> first;
                 };
                 auto now = std::make_shared<state>();
                 now->other.here.add(now->other.ear);
                 now->first.emplace(now->other.here);
                 run.thread([=] {
                     now->other.here.arm(now->first->ear);
                     now->first.reset();
                 });
                 run.thread([=] { now->other.wait_for(1); });
                 run.thread([=] { now->other.change(); });
             });
    explored("listeners: armed and called again and again, then removed",
             {.preemptions = 3, .nothing_stays = true}, [](model::run& run) {
                 struct state {
                     event here;
                     std::optional<owner> first;
                 };
                 auto now = std::make_shared<state>();
                 now->first.emplace(now->here);
                 run.thread([=] {
                     now->here.arm(now->first->ear);
                     now->here.arm(now->first->ear);
                     now->first.reset();
                 });
                 for (int i = 0; i != 2; ++i) {
                     run.thread([=] { now->here.notify(); });
                 }
             });
}
