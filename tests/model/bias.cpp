// SPDX-License-Identifier: MIT
// A second producer appears while the first one, who had the ring to itself, is in the middle of
// something.

#include <memory>
#include <string>
#include <type_traits>

#include "model/exploring.hpp"
#include "model/small_log.hpp"

namespace {

namespace model = gregor::model;
namespace ring = gregor::ring;
using model::check;
using model::explored;
using model::options;
using seq = std::uint8_t;

template <class Log>
struct scene {
    explicit scene(seq start) : log(start), first(log.protocol.open_lane()), in(log, start) {}

    Log log;
    typename Log::lane first;
    typename Log::lane second;
    model::small_reader<Log> in;
};

/// The second producer comes and sends one record; what the first one does meanwhile is the model.
/// In the end the reader has seen `firsts` and one.
template <class Log, class First>
void revoked(model::run& run, int sent_before, int firsts, First first)
{
    auto here = std::make_shared<scene<Log>>(seq{254});
    for (int i = 0; i < sent_before; ++i) {
        (void)here->log.try_send(here->first, 1, i);
    }
    run.thread([=] { first(*here); });
    run.thread([=] {
        here->second = here->log.join_producers();
        check(here->log.send(here->second, 2, 0) == Log::claiming::granted, "the ring is open");
    });
    run.after([=] {
        here->in.drain();
        check(here->in.seen(1) == firsts && here->in.seen(2) == 1, "everything arrived");
    });
}

} // namespace

TEST_CASE("a second producer comes while the first one sends", "[model]")
{
    using log = model::small_log<4>;
    explored("bias: revoked against 2 sends", {}, [](model::run& run) {
        revoked<log>(run, 0, 2, [](auto& here) {
            (void)here.log.try_send(here.first, 1, 0);
            (void)here.log.try_send(here.first, 1, 1);
        });
    });
    explored("bias: revoked against a batch of 3", {}, [](model::run& run) {
        revoked<log>(run, 0, 3, [](auto& here) { (void)here.log.try_send(here.first, 1, 0, 3); });
    });
}

TEST_CASE("a second producer comes while the first one holds an open claim", "[model]")
{
    using log = model::small_log<4>;
    for (const int built : {0, 1, 2}) {
        explored("bias: revoked against a claim of 2, " + std::to_string(built) + " built", {},
                 [=](model::run& run) {
                     revoked<log>(run, 0, built, [=](auto& here) {
                         const auto got = here.log.hold(here.first, 2);
                         check(got.outcome == log::claiming::granted, "there is room");
                         for (int i = 0; i < built; ++i) {
                             here.log.fill(ring::plus(got.first, static_cast<seq>(i)), 1, i);
                         }
                         here.log.settle(here.first, got.first, 2, static_cast<seq>(built));
                     });
                 });
    }
}

TEST_CASE("a second producer comes while a reader reads", "[model]")
{
    using log = model::small_log<2>;
    explored("bias: revoked under a reader, by ones", model::by_chance(50'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene<log>>(seq{254});
                 run.thread([=] { (void)here->log.send(here->first, 1, 0); });
                 run.thread([=] {
                     here->second = here->log.join_producers();
                     (void)here->log.send(here->second, 2, 0);
                 });
                 run.thread([=] { here->in.take_all(2, 2); });
             });
    explored("bias: revoked under a reader, claim given up", model::by_chance(50'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene<log>>(seq{254});
                 run.thread([=] {
                     const auto got = here->log.hold(here->first, 1);
                     here->log.settle(here->first, got.first, 1, 0);
                 });
                 run.thread([=] {
                     here->second = here->log.join_producers();
                     (void)here->log.send(here->second, 2, 0);
                 });
                 run.thread([=] { here->in.take_all(1, 2); });
             });
}

TEST_CASE("a second producer comes while the first one has no room", "[model]")
{
    using log = model::small_log<2>;
    explored("bias: revoked against a producer that waits for room", model::by_chance(50'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene<log>>(seq{254});
                 (void)here->log.try_send(here->first, 1, 0, 2);
                 run.thread([=] { (void)here->log.send(here->first, 1, 2); });
                 run.thread([=] {
                     here->second = here->log.join_producers();
                     (void)here->log.send(here->second, 2, 0);
                 });
                 run.thread([=] { here->in.take_all(4, 1); });
             });
}

TEST_CASE("a second producer comes while the first one extends the room", "[model]")
{
    // the reader has read what there was: both may extend at once
    const auto extends = [](auto kind, model::run& run) {
        using log = typename decltype(kind)::type;
        auto here = std::make_shared<scene<log>>(seq{254});
        (void)here->log.try_send(here->first, 1, 0, 2);
        here->in.drain();
        run.thread([=] { (void)here->log.send(here->first, 1, 2); });
        run.thread([=] {
            here->second = here->log.join_producers();
            (void)here->log.send(here->second, 2, 0);
        });
        run.after([=] {
            here->in.drain();
            check(here->in.seen(1) == 3 && here->in.seen(2) == 1, "everything arrived");
        });
    };
    explored("bias: revoked against an extension", {},
             [=](model::run& run) { extends(std::type_identity<model::small_log<2>>{}, run); });
    explored("bias: revoked against an extension that destroys",
             {.preemptions = 1, .nothing_stays = true}, [=](model::run& run) {
                 extends(std::type_identity<model::small_log<2, true, true>>{}, run);
             });
}

TEST_CASE("a producer that comes after the last one has gone takes over its counter", "[model]")
{
    explored("bias: taken over after a claim was given up", {}, [](model::run& run) {
        using log = model::small_log<2>;
        auto here = std::make_shared<scene<log>>(seq{254});
        run.thread([=] {
            const auto got = here->log.hold(here->first, 2);
            here->log.fill(got.first, 1, 0);
            here->log.settle(here->first, got.first, 2, 1);
            here->log.owner.lock();
            here->second = here->log.protocol.open_lane();
            here->log.owner.unlock();
            (void)here->log.send(here->second, 2, 0);
        });
        run.thread([=] { here->in.take_all(2, 2); });
    });
}
