// SPDX-License-Identifier: MIT
// One producer, one reader: claim, publish, read, and the room that the reader makes.

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

/// A ring with one producer and one reader, its first sequence just before the numbers wrap.
template <class Log>
struct scene {
    explicit scene(std::uint8_t start = 254)
        : log(start), out(log.protocol.open_lane()), in(log, start)
    {
    }

    Log log;
    typename Log::lane out;
    model::small_reader<Log> in;
};

/// Records by ones, as many as asked, through the ring.
template <class Log>
void one_by_one(model::run& run, int records, std::uint8_t start)
{
    auto here = std::make_shared<scene<Log>>(start);
    run.thread([=] {
        for (int i = 0; i < records; ++i) {
            check(here->log.send(here->out, 1, i) == Log::claiming::granted, "the ring is open");
        }
    });
    run.thread([=] { here->in.take_all(records, 2); });
}

} // namespace

TEST_CASE("what a sole producer sends comes out, once and in order", "[model]")
{
    for (const seq start : {seq{0}, seq{126}, seq{254}}) {
        explored("sole: 3 sends through a ring of 2, from " + std::to_string(start), {},
                 [=](model::run& run) { one_by_one<model::small_log<2>>(run, 3, start); });
    }
}

TEST_CASE("a ring for one producer only does as well", "[model]")
{
    explored("sole, single: 3 sends through a ring of 2", {},
             [](model::run& run) { one_by_one<model::small_log<2, false>>(run, 3, 254); });
}

TEST_CASE("readers that fence lightly change nothing for one that does not", "[model]")
{
    explored("sole, lossy readers expected: 3 sends through a ring of 2", {}, [](model::run& run) {
        using log = model::small_log<2>;
        auto here = std::make_shared<scene<log>>();
        here->log.protocol.room().expect_light_readers();
        run.thread([=] {
            for (int i = 0; i < 3; ++i) {
                (void)here->log.send(here->out, 1, i);
            }
        });
        run.thread([=] { here->in.take_all(3, 2); });
    });
}

TEST_CASE("records that are overwritten are destroyed once, when nobody reads them", "[model]")
{
    explored("sole, destroying: 3 sends through a ring of 2", {.nothing_stays = true},
             [](model::run& run) { one_by_one<model::small_log<2, true, true>>(run, 3, 254); });
}

TEST_CASE("a batch of a sole producer is seen whole or not at all", "[model]")
{
    explored("sole: batches of 2 through a ring of 4, and a watcher", {}, [](model::run& run) {
        using log = model::small_log<4>;
        auto here = std::make_shared<scene<log>>();
        run.thread([=] {
            (void)here->log.try_send(here->out, 1, 0, 2);
            (void)here->log.try_send(here->out, 1, 2, 2);
        });
        run.thread([=] {
            log::extent got;
            for (int i = 0; i < 2; ++i) {
                if (here->in.look(got, 4)) {
                    check(got.count % 2 == 0, "batches are seen whole");
                    here->in.read(got);
                    here->in.let_go();
                    here->in.commit();
                }
            }
        });
    });
    explored("sole: batches of 2 through a ring of 2", {}, [](model::run& run) {
        using log = model::small_log<2>;
        auto here = std::make_shared<scene<log>>();
        run.thread([=] {
            (void)here->log.send(here->out, 1, 0, 2);
            (void)here->log.send(here->out, 1, 2, 2);
        });
        run.thread([=] { here->in.take_all(4, 2); });
    });
}

TEST_CASE("the first of a hold are published, and the rest taken back", "[model]")
{
    explored("sole: a hold of 2, of which 0 to 2 are built", {}, [](model::run& run) {
        using log = model::small_log<2>;
        auto here = std::make_shared<scene<log>>();
        const auto built = static_cast<std::uint8_t>(model::choose(3));
        run.thread([=] {
            const auto got = here->log.hold(here->out, 2);
            check(got.outcome == log::claiming::granted && got.first == 254,
                  "there is room for it");
            for (std::uint8_t i = 0; i < built; ++i) {
                here->log.fill(ring::plus(got.first, i), 1, i);
            }
            here->log.settle(here->out, got.first, 2, built);
            (void)here->log.send(here->out, 1, built);
        });
        run.thread([=] { here->in.take_all(built + 1, 2); });
    });
}

TEST_CASE("the log starts no later than it ends, whoever looks", "[model]")
{
    explored("sole: start and end, looked at from outside", {}, [](model::run& run) {
        using log = model::small_log<2>;
        auto here = std::make_shared<scene<log>>();
        run.thread([=] {
            for (int i = 0; i < 3; ++i) {
                (void)here->log.try_send(here->out, 1, i);
            }
        });
        run.thread([=] {
            const auto start = here->log.protocol.room().log_start();
            const auto end = here->log.protocol.end();
            check(!ring::before(end, start), "the log starts no later than it ends");
        });
        run.thread([=] {
            log::extent got;
            if (here->in.look(got, 2)) {
                here->in.read(got);
                here->in.let_go();
                here->in.commit();
            }
        });
    });
}
