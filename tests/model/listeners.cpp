// SPDX-License-Identifier: MIT
// Who does not sleep on an event, but is called by it: called for each change that he could not
// see, and never after he was removed.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gregor/multi_topic_consumer.hpp"
#include "gregor/ring/event_count.hpp"
#include "model/exploring.hpp"
#include "model/small_topic.hpp"

namespace {

namespace model = gregor::model;
namespace ring = gregor::ring;
using model::check;
using model::explored;

using gregor::poll_status;
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

/// A consumer, of one topic or several, in a loop that waits for its bell, and for nothing else.
template <class Consumer>
class bell_loop {
public:
    template <class Topics>
    bell_loop(Topics&& topics, const gregor::consumer_options& options)
        : in(std::forward<Topics>(topics), "group", options)
    {
        in.on_ready([this]() noexcept { doorbell::press(&bell); });
    }

    /// Until a poll says so, or has brought so many records.
    void run_until(gregor::poll_status last, int records = 1)
    {
        for (;;) {
            bell.take();
            for (;;) {
                const auto batch = in.try_poll();
                seen += static_cast<int>(batch.size());
                if (batch.status() == last && (last != poll_status::records || seen == records)) {
                    return;
                }
                if (batch.status() == poll_status::timed_out) {
                    break;
                }
            }
        }
    }

    doorbell bell;
    Consumer in;
    int seen = 0;
};

struct small {
    model::small_topic topic{2};
    gregor::producer<model::small_topic> out{topic};
};
struct loop : small, bell_loop<gregor::consumer<model::small_topic>> {
    explicit loop(const gregor::consumer_options& options = model::tireless)
        : bell_loop(topic, options)
    {
    }
};

struct two_small {
    model::small_topic topics[2]{model::small_topic{2, {}, "one"},
                                 model::small_topic{2, {}, "two"}};
    gregor::producer<model::small_topic> out[2]{gregor::producer<model::small_topic>{topics[0]},
                                                gregor::producer<model::small_topic>{topics[1]}};
};
struct loop_of_two : two_small, bell_loop<gregor::multi_topic_consumer<model::small_topic>> {
    loop_of_two() : bell_loop(std::array{&topics[0], &topics[1]}, model::tireless) {}

    void send(int where) { (void)out[where].try_send(model::number{0}); }
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

/// Nobody calls it any more when it is gone.
template <class Consumer>
void have_a_hook_for_one_poll(Consumer& in)
{
    model::cell<int> calls{0};
    in.on_ready([&calls]() noexcept { calls.set(calls.get() + 1); });
    (void)in.try_poll();
    in.on_ready(gregor::no_hook);
    calls.set(0);
}

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
    explored("listeners: called by who was on his way before it was armed", {.nothing_stays = true},
             [](model::run& run) {
                 struct state {
                     event here;
                     std::optional<owner> first;
                 };
                 auto now = std::make_shared<state>();
                 static_cast<void>(now->here.announce()); // there is a sleeper
                 now->first.emplace(now->here);
                 run.thread([=] {
                     now->first->calls.set(7); // it is not called before it is armed
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

TEST_CASE("a consumer's hook is called for all that its polls could not see", "[model]")
{
    for (const int records : {1, 2}) {
        explored("listeners: a hook, records: " + std::to_string(records), {.preemptions = 3},
                 [=](model::run& run) {
                     auto now = std::make_shared<loop>();
                     run.thread([=] { now->run_until(poll_status::records, records); });
                     run.thread([=] {
                         for (int i = 0; i != records; ++i) {
                             check(now->out.try_send(model::number{i}).status() ==
                                       gregor::send_status::ok,
                                   "there is room");
                         }
                     });
                 });
    }
    explored("listeners: a hook, wakeup", {.preemptions = 4}, [](model::run& run) {
        auto now = std::make_shared<loop>();
        run.thread([=] { now->run_until(poll_status::woken); });
        run.thread([=] { now->in.wakeup(); });
    });
    explored("listeners: a hook, the end", {.preemptions = 4}, [](model::run& run) {
        auto now = std::make_shared<loop>();
        run.thread([=] { now->run_until(poll_status::closed); });
        run.thread([=] { now->topic.close(); });
    });
    explored("listeners: a hook, another member leaves its partition", {.preemptions = 2},
             [](model::run& run) {
                 struct state {
                     model::small_topic topic{2};
                     gregor::producer<model::small_topic> out{topic};
                     std::optional<gregor::consumer<model::small_topic>> first;
                     std::optional<gregor::consumer<model::small_topic>> second;
                     doorbell bell;
                 };
                 auto now = std::make_shared<state>();
                 now->first.emplace(now->topic, "group", model::tireless);
                 now->second.emplace(now->topic, "group", model::tireless);
                 now->second->on_ready([bell = &now->bell]() noexcept { doorbell::press(bell); });
                 (void)now->out.send(model::number{0});
                 run.thread([=] { now->first.reset(); });
                 run.thread([=] {
                     for (bool read = false; !read;) {
                         now->bell.take();
                         poll_status last = poll_status::records;
                         while (last == poll_status::records) {
                             last = now->second->try_poll().status();
                             read |= last == poll_status::records;
                         }
                     }
                 });
             });
}

TEST_CASE("a hook goes while its topic is used", "[model]")
{
    explored("listeners: a hook is removed against a send", {.preemptions = 4},
             [](model::run& run) {
                 struct state {
                     model::small_topic topic{2};
                     gregor::producer<model::small_topic> out{topic};
                     gregor::consumer<model::small_topic> in{topic, "group"};
                 };
                 auto now = std::make_shared<state>();
                 run.thread([=] { have_a_hook_for_one_poll(now->in); });
                 run.thread([=] { (void)now->out.try_send(model::number{0}); });
             });
    explored("listeners: a consumer goes against a send", {.preemptions = 4}, [](model::run& run) {
        struct state {
            model::small_topic topic{2};
            gregor::producer<model::small_topic> out{topic};
            std::optional<gregor::consumer<model::small_topic>> in;
        };
        auto now = std::make_shared<state>();
        now->in.emplace(now->topic, "group");
        run.thread([=] {
            model::cell<int> calls{0};
            now->in->on_ready([&calls]() noexcept { calls.set(calls.get() + 1); });
            (void)now->in->try_poll();
            now->in.reset();
            calls.set(0);
        });
        run.thread([=] { (void)now->out.try_send(model::number{0}); });
    });
}

TEST_CASE("the hook of a consumer of several topics is called for each of them", "[model]")
{
    explored("listeners: two topics, a record in one", {.preemptions = 3}, [](model::run& run) {
        auto now = std::make_shared<loop_of_two>();
        run.thread([=] { now->run_until(poll_status::records); });
        run.thread([=] { now->send(1); });
    });
    explored("listeners: two topics, a record in each", model::by_chance(20'000),
             [](model::run& run) {
                 auto now = std::make_shared<loop_of_two>();
                 run.thread([=] { now->run_until(poll_status::records, 2); });
                 run.thread([=] { now->send(0); });
                 run.thread([=] { now->send(1); });
             });
    explored("listeners: two topics, two records in one", {.preemptions = 2}, [](model::run& run) {
        auto now = std::make_shared<loop_of_two>();
        run.thread([=] { now->run_until(poll_status::records, 2); });
        run.thread([=] {
            now->send(1);
            now->send(1);
        });
    });
    explored("listeners: two topics, a wakeup", {.preemptions = 3}, [](model::run& run) {
        auto now = std::make_shared<loop_of_two>();
        run.thread([=] { now->run_until(poll_status::woken); });
        run.thread([=] { now->in.wakeup(); });
    });
    explored("listeners: two topics that close", model::by_chance(20'000), [](model::run& run) {
        auto now = std::make_shared<loop_of_two>();
        run.thread([=] {
            now->run_until(poll_status::closed);
            check(now->seen == 1, "nothing is lost");
        });
        run.thread([=] {
            now->send(0);
            now->topics[0].close();
        });
        run.thread([=] { now->topics[1].close(); });
    });
    explored("listeners: the hook of two topics goes against a send", {.preemptions = 3},
             [](model::run& run) {
                 auto now = std::make_shared<loop_of_two>();
                 run.thread([=] { have_a_hook_for_one_poll(now->in); });
                 run.thread([=] { now->send(1); });
             });
}
