// SPDX-License-Identifier: MIT
// Two producers share a ring: claims, batches, claims given up, and records that are overwritten.

#include <memory>
#include <string>

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
    explicit scene(seq start)
        : log(start), first(shared_lane()), second(log.protocol.open_lane()), in(log, start)
    {
    }
    typename Log::lane shared_lane()
    {
        log.protocol.share();
        return log.protocol.open_lane();
    }

    Log log;
    typename Log::lane first;
    typename Log::lane second;
    model::small_reader<Log> in;
};

/// A ring of two producers that nobody reads: what is old goes.
template <class Log>
struct unread {
    unread() : log(seq{254})
    {
        log.protocol.share();
        first = second = log.protocol.open_lane();
    }

    Log log;
    typename Log::lane first;
    typename Log::lane second;
    /// Of one that looks, and keeps nobody from overwriting.
    typename Log::sight sight{seq{254}, false};
};

} // namespace

TEST_CASE("two producers and a reader: everything comes once, in each one's order", "[model]")
{
    using log = model::small_log<2>;
    explored("shared: 2 and 1 sends through a ring of 2, read", model::by_chance(50'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene<log>>(seq{254});
                 run.thread([=] {
                     (void)here->log.send(here->first, 1, 0);
                     (void)here->log.send(here->first, 1, 1);
                 });
                 run.thread([=] { (void)here->log.send(here->second, 2, 0); });
                 run.thread([=] { here->in.take_all(3, 2); });
             });
    explored("shared: 1 and 1 sends, and two looks", {}, [](model::run& run) {
        auto here = std::make_shared<scene<log>>(seq{255});
        run.thread([=] { (void)here->log.try_send(here->first, 1, 0); });
        run.thread([=] { (void)here->log.try_send(here->second, 2, 0); });
        run.thread([=] { here->in.drain(); });
        run.after([=] {
            here->in.drain();
            check(here->in.total() == 2, "everything arrived");
        });
    });
}

TEST_CASE("a batch of one of several producers is seen whole or not at all", "[model]")
{
    using log = model::small_log<4>;
    explored("shared: a batch of 2 beside a send, and a watcher", {}, [](model::run& run) {
        auto here = std::make_shared<scene<log>>(seq{254});
        run.thread([=] { (void)here->log.try_send(here->first, 1, 0, 2); });
        run.thread([=] { (void)here->log.try_send(here->second, 2, 0); });
        run.thread([=] {
            log::extent got;
            if (here->in.look(got, 4)) {
                here->in.read(got);
                check(here->in.seen(1) % 2 == 0, "batches are seen whole");
            }
        });
    });
}

TEST_CASE("readers pass over what was claimed and given up", "[model]")
{
    using log = model::small_log<4>;
    for (const int built : {0, 1}) {
        explored("shared: a claim of 2, " + std::to_string(built) + " built, beside a send",
                 model::by_chance(50'000), [=](model::run& run) {
                     auto here = std::make_shared<scene<log>>(seq{254});
                     run.thread([=] {
                         const auto got = here->log.hold(here->first, 2);
                         for (int i = 0; i < built; ++i) {
                             here->log.fill(ring::plus(got.first, static_cast<seq>(i)), 1, i);
                         }
                         here->log.settle(here->first, got.first, 2, static_cast<seq>(built));
                     });
                     run.thread([=] { (void)here->log.try_send(here->second, 2, 0); });
                     run.thread([=] { here->in.take_all(built + 1, 4); });
                 });
    }
    explored("shared: a ring of 2 is full of what was given up", model::by_chance(50'000),
             [](model::run& run) {
                 using small = model::small_log<2>;
                 auto here = std::make_shared<scene<small>>(seq{254});
                 run.thread([=] {
                     const auto got = here->log.hold(here->first, 2);
                     if (got.outcome == small::claiming::granted) {
                         here->log.settle(here->first, got.first, 2, 0);
                     }
                 });
                 run.thread([=] { (void)here->log.send(here->second, 2, 0); });
                 run.thread([=] { here->in.take_all(1, 2); });
             });
}

TEST_CASE("two producers without a reader never write one slot at once", "[model]")
{
    explored("shared: 1 and 3 sends through a ring of 2, unread", {}, [](model::run& run) {
        auto here = std::make_shared<unread<model::small_log<2>>>();
        run.thread([=] { (void)here->log.try_send(here->first, 1, 0); });
        run.thread([=] {
            for (int i = 0; i < 3; ++i) {
                (void)here->log.try_send(here->second, 2, i);
            }
        });
    });
}

TEST_CASE("what a reader tells of lets no producer write over an open claim", "[model]")
{
    using log = model::small_log<2>;
    const auto sending = [](model::run& run, const std::shared_ptr<unread<log>>& here) {
        run.thread([=] { (void)here->log.try_send(here->first, 1, 0); });
        run.thread([=] {
            for (int i = 0; i < 2; ++i) {
                (void)here->log.try_send(here->second, 2, i);
            }
        });
    };
    const auto looks_at = [](const std::shared_ptr<unread<log>>& here, seq at) {
        (void)here->log.protocol.available(here->sight, at, 1);
    };
    explored("shared: 1 and 2 sends through a ring of 2, and who looks at both in turn",
             {.preemptions = 3}, [=](model::run& run) {
                 const auto here = std::make_shared<unread<log>>();
                 sending(run, here);
                 run.thread([=] {
                     looks_at(here, 254);
                     looks_at(here, 255);
                 });
             });
    explored("shared: 1 and 2 sends through a ring of 2, and who begins with the second",
             {.preemptions = 3}, [=](model::run& run) {
                 const auto here = std::make_shared<unread<log>>();
                 sending(run, here);
                 run.thread([=] { looks_at(here, 255); });
             });
    explored("shared: 1, 2 and 1 sends through a ring of 2, and two who look",
             model::by_chance(50'000), [=](model::run& run) {
                 const auto here = std::make_shared<unread<log>>();
                 const auto other = std::make_shared<log::sight>(log::sight{seq{254}, false});
                 const auto third = std::make_shared<log::lane>(here->log.protocol.open_lane());
                 sending(run, here);
                 run.thread([=] { looks_at(here, 254); });
                 run.thread([=] {
                     for (const seq at : {seq{254}, seq{255}}) {
                         (void)here->log.protocol.available(*other, at, 1);
                     }
                     (void)here->log.try_send(*third, 3, 0);
                 });
             });
}

TEST_CASE("what several producers overwrite is destroyed once", "[model]")
{
    explored("shared: 2 and 2 sends through a ring of 2, unread, destroying",
             {.preemptions = 2, .nothing_stays = true}, [](model::run& run) {
                 auto here = std::make_shared<unread<model::small_log<2, true, true>>>();
                 run.thread([=] {
                     (void)here->log.try_send(here->first, 1, 0);
                     (void)here->log.try_send(here->first, 1, 1);
                 });
                 run.thread([=] {
                     (void)here->log.try_send(here->second, 2, 0);
                     (void)here->log.try_send(here->second, 2, 1);
                 });
             });
    explored("shared: overwriting what was given up, destroying",
             {.preemptions = 2, .nothing_stays = true}, [](model::run& run) {
                 auto here = std::make_shared<unread<model::small_log<2, true, true>>>();
                 run.thread([=] {
                     const auto got = here->log.hold(here->first, 1);
                     if (got.outcome == ring::claiming::granted) {
                         here->log.settle(here->first, got.first, 1, 0);
                     }
                     (void)here->log.try_send(here->first, 1, 0);
                 });
                 run.thread([=] {
                     (void)here->log.try_send(here->second, 2, 0);
                     (void)here->log.try_send(here->second, 2, 1);
                 });
             });
}
