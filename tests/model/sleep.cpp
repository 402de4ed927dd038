// SPDX-License-Identifier: MIT
// Who waits sleeps, and whoever changes what he waits for wakes him.

#include <memory>

#include "model/exploring.hpp"
#include "model/small_log.hpp"

namespace {

namespace model = gregor::model;
namespace ring = gregor::ring;
using model::check;
using model::explored;
using seq = std::uint8_t;

template <class Log>
struct scene {
    explicit scene(bool shared) : log(seq{254}), in(log, seq{254})
    {
        log.sleeps = true;
        if (shared) {
            log.protocol.share();
        }
        first = second = log.protocol.open_lane();
    }

    Log log;
    typename Log::lane first;
    typename Log::lane second;
    model::small_reader<Log> in;
};
using ring_of_2 = model::small_log<2>;

} // namespace

TEST_CASE("an event wakes all who announced themselves before it", "[model]")
{
    explored("event: two sleepers, one change", {}, [](model::run& run) {
        struct state {
            model::atomic<int> changed{0};
            ring::event_count<model::env> event;
        };
        auto here = std::make_shared<state>();
        for (int i = 0; i < 2; ++i) {
            run.thread([=] {
                while (here->changed.load(std::memory_order_acquire) == 0) {
                    const auto ticket = here->event.announce();
                    if (here->changed.load(std::memory_order_acquire) == 0) {
                        here->event.sleep(ticket, std::chrono::nanoseconds::max());
                    }
                }
            });
        }
        run.thread([=] {
            here->changed.store(1, std::memory_order_release);
            here->event.notify();
        });
    });
    explored("event: one sleeper, two changes", {}, [](model::run& run) {
        struct state {
            model::atomic<int> changed{0};
            ring::event_count<model::env> event;
        };
        auto here = std::make_shared<state>();
        run.thread([=] {
            while (here->changed.load(std::memory_order_acquire) < 2) {
                const auto ticket = here->event.announce();
                if (here->changed.load(std::memory_order_acquire) < 2) {
                    here->event.sleep(ticket, std::chrono::nanoseconds::max());
                }
            }
        });
        for (int i = 0; i < 2; ++i) {
            run.thread([=] {
                here->changed.fetch_add(1, std::memory_order_acq_rel);
                here->event.notify();
            });
        }
    });
}

TEST_CASE("a reader that sleeps is woken by a record", "[model]")
{
    explored("sleep: reader, sole producer", {}, [](model::run& run) {
        auto here = std::make_shared<scene<ring_of_2>>(false);
        run.thread([=] { (void)here->log.try_send(here->first, 1, 0); });
        run.thread([=] { here->in.take_all(1, 2); });
    });
    explored("sleep: reader, shared producer", {}, [](model::run& run) {
        auto here = std::make_shared<scene<ring_of_2>>(true);
        run.thread([=] { (void)here->log.try_send(here->first, 1, 0); });
        run.thread([=] { here->in.take_all(1, 2); });
    });
    explored("sleep: reader, claim given up and record", {}, [](model::run& run) {
        auto here = std::make_shared<scene<ring_of_2>>(true);
        run.thread([=] {
            const auto got = here->log.hold(here->first, 1);
            here->log.settle(here->first, got.first, 1, 0);
            (void)here->log.try_send(here->first, 1, 0);
        });
        run.thread([=] { here->in.take_all(1, 2); });
    });
    explored("sleep: reader, second producer comes", {.preemptions = 3}, [](model::run& run) {
        auto here = std::make_shared<scene<ring_of_2>>(false);
        run.thread([=] {
            here->second = here->log.join_producers();
            (void)here->log.try_send(here->second, 2, 0);
        });
        run.thread([=] { here->in.take_all(1, 2); });
    });
}

TEST_CASE("a producer that sleeps is woken by a commit", "[model]")
{
    for (const bool shared : {false, true}) {
        explored(shared ? "sleep: shared producer, commit" : "sleep: sole producer, commit", {},
                 [=](model::run& run) {
                     auto here = std::make_shared<scene<ring_of_2>>(shared);
                     (void)here->log.try_send(here->first, 1, 0, 2);
                     run.thread([=] { (void)here->log.send(here->first, 1, 2); });
                     run.thread([=] { here->in.drain(); });
                 });
    }
}

TEST_CASE("a producer that sleeps before an open claim is woken when it is settled", "[model]")
{
    for (const bool built : {false, true}) {
        explored(built ? "sleep: producer, claim published" : "sleep: producer, claim given up",
                 {.preemptions = 3}, [=](model::run& run) {
                     auto here = std::make_shared<scene<ring_of_2>>(true);
                     run.thread([=] {
                         const auto got = here->log.hold(here->first, 2);
                         if (got.outcome == ring::claiming::granted) {
                             here->log.settle(here->first, got.first, 2, 0);
                             here->in.drain();
                         }
                     });
                     run.thread([=] { (void)here->log.send(here->second, 2, 0); });
                     run.after([=] {
                         here->in.drain();
                         check(here->in.total() == 1, "the record arrived");
                     });
                 });
    }
    explored("sleep: producer before another one's send, unread", {.preemptions = 3},
             [](model::run& run) {
                 struct state {
                     ring_of_2 log{seq{254}};
                     ring_of_2::lane first;
                     ring_of_2::lane second;
                 };
                 auto here = std::make_shared<state>();
                 here->log.sleeps = true;
                 here->log.protocol.share();
                 here->first = here->second = here->log.protocol.open_lane();
                 (void)here->log.try_send(here->second, 2, 0);
                 run.thread([=] { (void)here->log.send(here->first, 1, 0); });
                 run.thread([=] { (void)here->log.send(here->second, 2, 1, 2); });
             });
}

TEST_CASE("producer and reader sleep in turn and wake each other", "[model]")
{
    for (const bool shared : {false, true}) {
        explored(shared ? "sleep: 5 records, both sides, shared" : "sleep: 5 records, both sides",
                 model::by_chance(50'000), [=](model::run& run) {
                     auto here = std::make_shared<scene<ring_of_2>>(shared);
                     run.thread([=] {
                         for (int i = 0; i < 5; ++i) {
                             (void)here->log.send(here->first, 1, i);
                         }
                     });
                     run.thread([=] { here->in.take_all(5, 2); });
                 });
    }
    explored("sleep: two producers, a reader", model::by_chance(50'000), [](model::run& run) {
        auto here = std::make_shared<scene<ring_of_2>>(true);
        run.thread([=] {
            (void)here->log.send(here->first, 1, 0);
            (void)here->log.send(here->first, 1, 1, 2);
        });
        run.thread([=] {
            (void)here->log.send(here->second, 2, 0, 2);
            (void)here->log.send(here->second, 2, 2);
        });
        run.thread([=] { here->in.take_all(6, 2); });
    });
}
