// SPDX-License-Identifier: MIT
// What the model checker finds besides weak memory: programs with a known fault, and the same
// without.

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "model/checker/model.hpp"
#include "support/catch.hpp"

namespace {

namespace model = gregor::model;
using env = model::env;
using model::cell;
using model::check;
using model::explore;
using model::options;
using model::result;
using model::run;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto for_ever = std::chrono::nanoseconds::max();

void require_passes(const result& found)
{
    INFO(found.report());
    CHECK(found.passed());
    CHECK(found.exhausted);
}

void require_fails(const result& found, const std::string& because)
{
    INFO(found.report());
    REQUIRE_FALSE(found.passed());
    CHECK(found.failure.find(because) != std::string::npos);
    CHECK_FALSE(found.replay.empty());
}

/// One thread writes a cell and says so; the other one waits for it, and reads.
template <class Say, class Await>
model::engine::program hand_over(Say say, Await await)
{
    return [=](run& here) {
        struct state {
            env::atomic<int> said{0};
            cell<int> value;
        };
        auto shared = std::make_shared<state>();
        here.thread([=] {
            shared->value.set(5);
            say(shared->said);
        });
        here.thread([=] {
            if (await(shared->said)) {
                check(shared->value.get() == 5, "the value is the one that was written");
            }
        });
    };
}

/// An event count, with or without each of its parts.
struct event_count_parts {
    bool announces = true;
    bool looks_again = true;
    bool notifier_fences = true;
};

model::engine::program sleep_and_wake(event_count_parts parts, std::chrono::nanoseconds timeout)
{
    return [=](run& here) {
        struct state {
            env::atomic<int> ready{0};
            env::atomic<std::uint32_t> word{0};
        };
        auto shared = std::make_shared<state>();
        here.thread([=] {
            while (shared->ready.load(acquire) == 0) {
                std::uint32_t ticket = shared->word.load(relaxed);
                if (parts.announces) {
                    ticket = shared->word.fetch_or(1, relaxed) | 1U;
                    env::heavy();
                }
                if (parts.looks_again && shared->ready.load(acquire) != 0) {
                    return;
                }
                env::wait(shared->word, ticket, timeout);
            }
        });
        here.thread([=] {
            shared->ready.store(1, release);
            if (parts.notifier_fences) {
                env::light();
            }
            if ((shared->word.load(relaxed) & 1U) != 0) {
                shared->word.fetch_add(1, relaxed);
                env::wake_all(shared->word);
            }
        });
    };
}

} // namespace

// --- data races and lifetimes
// -----------------------------------------------------------------------

TEST_CASE("a value handed over by release and acquire is no race", "[model]")
{
    require_passes(explore({}, hand_over([](auto& said) { said.store(1, release); },
                                         [](auto& said) {
                                             while (said.load(acquire) == 0) {
                                                 env::pause();
                                             }
                                             return true;
                                         })));
}

TEST_CASE("a value handed over by a relaxed store is a race", "[model]")
{
    require_fails(explore({}, hand_over([](auto& said) { said.store(1, relaxed); },
                                        [](auto& said) { return said.load(acquire) == 1; })),
                  "data race");
}

TEST_CASE(
    "a data race is not hidden by a heavy fence, nor by full ones without a reader of the store",
    "[model]")
{
    require_fails(explore({}, hand_over(
                                  [](auto& said) {
                                      env::heavy();
                                      said.store(1, relaxed);
                                  },
                                  [](auto& said) {
                                      const bool ready = said.load(relaxed) == 1;
                                      env::heavy();
                                      return ready;
                                  })),
                  "data race");
    require_fails(explore({}, hand_over([](auto&) { env::fence(); },
                                        [](auto&) {
                                            env::fence();
                                            return true;
                                        })),
                  "data race");
}

TEST_CASE("a value handed over between two full fences is no race", "[model]")
{
    require_passes(explore({}, hand_over(
                                   [](auto& said) {
                                       env::fence();
                                       said.store(1, relaxed);
                                   },
                                   [](auto& said) {
                                       const bool ready = said.load(relaxed) == 1;
                                       env::fence();
                                       return ready;
                                   })));
}

TEST_CASE("a value that was never written, was moved away, or has ended is not read", "[model]")
{
    require_fails(explore({}, [](run&) { static_cast<void>(cell<int>{}.get()); }), "never written");
    require_fails(explore({},
                          [](run&) {
                              cell<int> from{1};
                              const cell<int> to{std::move(from)};
                              static_cast<void>(from.get());
                          }),
                  "moved away");
    alignas(cell<int>) static unsigned char place[sizeof(cell<int>)];
    const auto at = [] { return reinterpret_cast<cell<int>*>(place); };
    require_fails(explore({}, [=](run&) { static_cast<void>(at()->get()); }), "not alive");
    require_fails(explore({},
                          [=](run&) {
                              new (place) cell<int>{1};
                              new (place) cell<int>{2};
                          }),
                  "over one that is alive");
    require_fails(explore({},
                          [=](run&) {
                              new (place) cell<int>{1};
                              std::destroy_at(at());
                              std::destroy_at(at());
                          }),
                  "not alive");
    require_fails(explore({.nothing_stays = true}, [=](run&) { new (place) cell<int>{1}; }),
                  "never destroyed");
}

TEST_CASE("an atomic object is not used before others know of it, nor after its end", "[model]")
{
    struct state {
        env::atomic<env::atomic<int>*> pointer{nullptr};
    };
    const auto publish = [](std::memory_order order, bool ends) {
        return [=](run& here) {
            auto shared = std::make_shared<state>();
            here.thread([=] {
                auto made = std::make_unique<env::atomic<int>>(1);
                shared->pointer.store(made.get(), order);
                if (!ends) {
                    static_cast<void>(made.release());
                }
            });
            here.thread([=] {
                if (auto* const found = shared->pointer.load(acquire)) {
                    check(found->load(relaxed) == 1, "the object has its first value");
                }
            });
        };
    };
    require_passes(explore({}, publish(release, false)));
    require_fails(explore({}, publish(relaxed, false)), "did not see its initialisation");
    require_fails(explore({}, publish(release, true)), "after its destruction");
}

// --- mutexes, sleep, deadlock
// -----------------------------------------------------------------------

TEST_CASE("a mutex admits one thread at a time and hands over what it did", "[model]")
{
    struct state {
        env::mutex mutex;
        cell<int> count{0};
        int tried = 0;
    };
    for (const unsigned bound : {model::unlimited, 2U}) {
        require_passes(explore({.preemptions = bound}, [](run& here) {
            auto shared = std::make_shared<state>();
            for (int i = 0; i < 3; ++i) {
                here.thread([=] {
                    shared->mutex.lock();
                    shared->count.set(shared->count.get() + 1);
                    shared->mutex.unlock();
                });
            }
            here.after([=] { check(shared->count.get() == 3, "each thread added one"); });
        }));
    }
    const auto tried = explore({}, [](run& here) {
        auto shared = std::make_shared<state>();
        for (int i = 0; i < 2; ++i) {
            here.thread([=] {
                if (shared->mutex.try_lock()) {
                    ++shared->tried;
                    shared->mutex.unlock();
                }
            });
        }
        here.after([=] { model::outcome(shared->tried); });
    });
    require_passes(tried);
    CHECK(tried.seen("1"));
    CHECK(tried.seen("2"));
    CHECK_FALSE(tried.seen("0"));
}

TEST_CASE("two mutexes taken in two orders are a deadlock", "[model]")
{
    const auto lock_both = [](bool turned) {
        return [=](run& here) {
            struct state {
                env::mutex first;
                env::mutex second;
            };
            auto shared = std::make_shared<state>();
            here.thread([=] {
                shared->first.lock();
                shared->second.lock();
                shared->second.unlock();
                shared->first.unlock();
            });
            here.thread([=] {
                env::mutex& first = turned ? shared->second : shared->first;
                env::mutex& second = turned ? shared->first : shared->second;
                first.lock();
                second.lock();
                second.unlock();
                first.unlock();
            });
        };
    };
    require_passes(explore({}, lock_both(false)));
    require_fails(explore({}, lock_both(true)), "deadlock: thread 1 wants a mutex");
    require_fails(explore({.preemptions = 1}, lock_both(true)), "deadlock");
    const auto blocked = explore({.may_block = true}, lock_both(true));
    CHECK(blocked.passed());
    CHECK(blocked.exhausted);
}

TEST_CASE("an event count loses no wake-up, and any of its parts left out loses one", "[model]")
{
    for (const bool everywhere : {false, true}) {
        const options how{.heavy_everywhere = everywhere};
        require_passes(explore(how, sleep_and_wake({}, for_ever)));
        require_fails(explore(how, sleep_and_wake({.announces = false}, for_ever)), "deadlock");
        require_fails(explore(how, sleep_and_wake({.looks_again = false}, for_ever)), "deadlock");
    }
    require_fails(explore({}, sleep_and_wake({.notifier_fences = false}, for_ever)), "deadlock");
    require_passes(explore({.preemptions = 2}, sleep_and_wake({}, for_ever)));
}

TEST_CASE("a timed wait ends, early or when nothing else happens", "[model]")
{
    require_passes(explore({}, sleep_and_wake({.looks_again = false}, std::chrono::seconds{1})));
    const auto found = explore({}, [](run& here) {
        struct state {
            env::atomic<std::uint32_t> word{0};
            bool woken = false;
        };
        auto shared = std::make_shared<state>();
        here.thread([=] { shared->woken = env::wait(shared->word, 0, std::chrono::seconds{1}); });
        here.thread([=] {
            shared->word.store(1, relaxed);
            env::wake_all(shared->word);
        });
        here.after([=] { model::outcome(static_cast<int>(shared->woken)); });
    });
    require_passes(found);
    CHECK(found.seen("0"));
    CHECK(found.seen("1"));
}

TEST_CASE("a loop that waits for what nobody does is a deadlock, or never ends", "[model]")
{
    struct state {
        env::atomic<int> flag{0};
        env::atomic<int> other{0};
    };
    const auto await = [](bool pauses, bool set) {
        return [=](run& here) {
            auto shared = std::make_shared<state>();
            here.thread([=] {
                while (shared->flag.load(acquire) == 0) {
                    if (pauses) {
                        env::pause();
                    }
                }
            });
            here.thread([=] { (set ? shared->flag : shared->other).store(1, release); });
        };
    };
    require_passes(explore({}, await(true, true)));
    require_fails(explore({}, await(true, false)), "deadlock: thread 1 waits for a change");
    require_fails(explore({.max_steps = 200}, await(false, false)), "more than 200 steps");
}

TEST_CASE("a loop that counts its rounds comes to its end", "[model]")
{
    require_passes(explore({}, [](run& here) {
        auto flag = std::make_shared<env::atomic<int>>(0);
        here.thread([=] {
            for (int round = 0; round < 3 && flag->load(acquire) == 0; ++round) {
                env::pause();
            }
            flag->store(2, release);
        });
        here.thread([=] {
            while (flag->load(acquire) != 2) {
                env::pause();
            }
        });
    }));
}

TEST_CASE("a loop of failing exchanges goes on without others moving", "[model]")
{
    require_passes(explore({}, [](run& here) {
        auto count = std::make_shared<env::atomic<int>>(0);
        for (int i = 0; i < 2; ++i) {
            here.thread([=] {
                int seen = 0;
                while (!count->compare_exchange_weak(seen, seen + 1, relaxed)) {
                    env::pause();
                }
            });
        }
        here.after([=] { check(count->load(relaxed) == 2, "each thread added one"); });
    }));
}

// --- death and exceptions
// ---------------------------------------------------------------------------

TEST_CASE("a mortal thread dies before each of its steps, and whoever waits for it is stuck",
          "[model]")
{
    struct state {
        env::atomic<int> x{0};
        env::atomic<int> y{0};
    };
    const auto found = explore({}, [](run& here) {
        auto shared = std::make_shared<state>();
        here.mortal_thread([=] {
            shared->x.store(1, release);
            shared->x.store(2, release);
        });
        here.thread([=] { static_cast<void>(shared->x.load(acquire)); });
        here.after(
            [=] { model::outcome(shared->x.load(relaxed), static_cast<int>(model::finished(1))); });
    });
    require_passes(found);
    CHECK(found.outcomes.size() == 3);
    CHECK(found.seen("0 0"));
    CHECK(found.seen("1 0"));
    CHECK(found.seen("2 1"));

    const auto waits_for_the_dead = [](run& here) {
        auto shared = std::make_shared<state>();
        here.thread([=] {
            shared->x.store(1, release);
            model::may_die();
            shared->y.store(1, release);
        });
        here.thread([=] {
            while (shared->y.load(acquire) == 0) {
                env::pause();
            }
        });
    };
    require_fails(explore({}, waits_for_the_dead), "deadlock: thread 1 is dead, thread 2 waits");
    require_passes(explore({.deaths = 0}, waits_for_the_dead));
}

TEST_CASE("what may throw throws once at each place, and its exceptions stay with their threads",
          "[model]")
{
    const auto found = explore({}, [](run& here) {
        struct state {
            env::atomic<int> turn{0};
            int thrown = 0;
        };
        auto shared = std::make_shared<state>();
        for (int i = 0; i < 2; ++i) {
            here.thread([=] {
                try {
                    model::may_throw();
                    model::may_throw();
                } catch (const model::injected&) {
                    shared->turn.fetch_add(
                        1, relaxed); // another thread runs, in the middle of the handler
                    try {
                        throw;
                    } catch (const model::injected&) {
                        ++shared->thrown;
                    }
                }
                shared->turn.fetch_add(1, relaxed);
            });
        }
        here.after([=] { model::outcome(shared->thrown); });
    });
    require_passes(found);
    CHECK(found.seen("0"));
    CHECK(found.seen("1"));
    CHECK(found.outcomes.size() == 2);
    require_fails(explore({}, [](run& here) { here.thread([] { model::may_throw(); }); }),
                  "ended by an exception: injected");
}

// --- searches
// ---------------------------------------------------------------------------------------

TEST_CASE("a failure is replayed by its text, and is told step by step", "[model]")
{
    const auto program = sleep_and_wake({.looks_again = false}, for_ever);
    for (const options& how :
         {options{}, options{.preemptions = 2}, options{.mode = model::search::random},
          options{.mode = model::search::pct}}) {
        const result found = explore(how, program);
        require_fails(found, "deadlock");
        options again = how;
        again.replay = found.replay;
        const result replayed = explore(again, program);
        CHECK(replayed.failure == found.failure);
        CHECK(replayed.executions == 1);
        CHECK(replayed.story == found.story);
        CHECK(found.story.find("sleeps on") != std::string::npos);
        CHECK(found.story.find("checker.cpp:") != std::string::npos);
    }
    CHECK(explore({.replay = "no replay"}, program).failure == "this is no replay: no replay");
}

TEST_CASE("the same search takes the same way", "[model]")
{
    for (const auto mode : {model::search::exhaustive, model::search::random, model::search::pct}) {
        const options how{.mode = mode, .max_executions = 500, .seed = 7};
        const result first = explore(how, sleep_and_wake({}, for_ever));
        const result second = explore(how, sleep_and_wake({}, for_ever));
        CHECK(first.passed());
        CHECK(first.executions == second.executions);
        CHECK(first.steps == second.steps);
    }
}

TEST_CASE("a fault that takes two interruptions is found with two, and not with one", "[model]")
{
    // the first thread is interrupted between its steps, and the second one between its own
    const auto program = [](run& here) {
        auto shared = std::make_shared<env::atomic<int>>(0);
        here.thread([=] {
            for (int i = 0; i < 2; ++i) {
                shared->fetch_add(1, relaxed);
            }
        });
        here.thread([=] {
            const int first = shared->fetch_add(10, relaxed);
            const int second = shared->fetch_add(10, relaxed);
            check(first != 1 || second != 12, "nobody comes twice in between");
        });
    };
    require_passes(explore({.preemptions = 1}, program));
    require_fails(explore({.preemptions = 2}, program), "twice in between");
    require_fails(explore({}, program), "twice in between");
    require_fails(explore({.mode = model::search::random}, program), "twice in between");
}

TEST_CASE("memory that an execution takes and cannot give back is given back", "[model]")
{
    const auto found = explore({.max_executions = 30'000}, [](run& here) {
        auto shared = std::make_shared<env::atomic<int>>(0);
        for (int i = 0; i < 3; ++i) {
            here.mortal_thread([=] {
                const std::vector<char> held(10'000);
                for (int k = 0; k < 3; ++k) {
                    shared->fetch_add(static_cast<int>(held[0]) + 1, relaxed);
                }
            });
        }
    });
    CHECK(found.passed());
    CHECK(found.executions > 1000);
}

TEST_CASE("orders that nobody can tell apart are explored once", "[model]")
{
    const auto steps_on = [](bool same) {
        return [=](run& here) {
            struct state {
                std::array<env::atomic<int>, 4> counts;
            };
            auto shared = std::make_shared<state>();
            for (std::size_t i = 0; i < 4; ++i) {
                here.thread([=] {
                    shared->counts[same ? 0 : i].fetch_add(1, relaxed);
                    shared->counts[same ? 0 : i].fetch_add(1, relaxed);
                });
            }
        };
    };
    // 8! / 2!^4 orders, and one before it is known that they matter
    CHECK(explore({}, steps_on(true)).executions == 2521);
    CHECK(explore({}, steps_on(false)).executions == 1);
    // three loads of a location see its two stores, or fewer: who goes first adds nothing
    const auto loads = explore({}, [](run& here) {
        auto x = std::make_shared<env::atomic<int>>(0);
        here.thread([=] { x->store(1, relaxed); });
        here.thread([=] { static_cast<void>(x->load(relaxed)); });
        here.thread([=] { static_cast<void>(x->load(relaxed)); });
    });
    CHECK(loads.executions == 4 + 1);
}
