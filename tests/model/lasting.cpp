// SPDX-License-Identifier: MIT
// Records are made lasting: by who waits for his own, and for those of others at once.

#include <array>
#include <memory>
#include <mutex>
#include <string>

#include "model/exploring.hpp"
#include "model/small_segments.hpp"

namespace {

namespace model = gregor::model;
namespace ring = gregor::ring;
using model::check;
using model::explored;
using seq = std::uint8_t;
using small_log = model::small_segments<>;

constexpr seq start = 254;

struct scene {
    explicit scene(bool shared) : log(start, start, 4)
    {
        if (shared) {
            log.protocol.share();
        }
        first = second = log.protocol.open_lane();
    }

    /// Sends records, waits until they are lasting, and looks.
    void send(small_log::lane& lane, int sender, seq count)
    {
        seq at = 0;
        check(log.try_send(lane, sender, sender * 10, count, &at) == ring::claiming::granted,
              "there is room");
        log.wait_lasting(ring::plus(at, count));
        for (seq i = 0; i < count; ++i) {
            check(log.on_disk(ring::plus(at, i)) == sender * 10 + i, "what lasts is what was sent");
        }
    }

    small_log log;
    small_log::lane first;
    small_log::lane second;
};

} // namespace

TEST_CASE("senders that wait at once share what makes their records lasting", "[model]")
{
    explored("lasting: two senders", {.preemptions = 3}, [](model::run& run) {
        auto here = std::make_shared<scene>(true);
        run.thread([=] { here->send(here->first, 1, 1); });
        run.thread([=] { here->send(here->second, 2, 1); });
    });
    explored("lasting: a batch, a record and one that is given up", model::by_chance(30'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene>(true);
                 run.thread([=] { here->send(here->first, 1, 2); });
                 run.thread([=] { here->send(here->second, 2, 1); });
                 run.thread([=] {
                     small_log::lane third = here->log.join_producers();
                     const auto got = here->log.hold(third, 1);
                     check(got.outcome == ring::claiming::granted, "there is room");
                     here->log.settle(third, got.first, 1, 0);
                 });
             });
}

TEST_CASE("a second producer comes while the first one waits for his record", "[model]")
{
    explored("lasting: revoked after a claim that was built in part", model::by_chance(20'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene>(false);
                 run.thread([=] {
                     const auto got = here->log.hold(here->first, 2);
                     check(got.outcome == ring::claiming::granted, "there is room");
                     here->log.fill(got.first, 1, 10);
                     here->log.settle(here->first, got.first, 2, 1);
                     here->log.wait_lasting(ring::plus(got.first, 1));
                     check(here->log.on_disk(got.first) == 10, "what lasts is what was built");
                 });
                 run.thread([=] {
                     here->second = here->log.join_producers();
                     here->send(here->second, 2, 1);
                 });
             });
    explored("lasting: revoked meanwhile", model::by_chance(30'000), [](model::run& run) {
        auto here = std::make_shared<scene>(false);
        run.thread([=] { here->send(here->first, 1, 2); });
        run.thread([=] {
            here->second = here->log.join_producers();
            here->send(here->second, 2, 1);
        });
    });
}

TEST_CASE("who reads only what lasts finds it on the disk", "[model]")
{
    for (const bool shared : {false, true}) {
        explored(std::string("lasting: looked at, ") + (shared ? "shared" : "sole"), {},
                 [=](model::run& run) {
                     auto here = std::make_shared<scene>(shared);
                     run.thread([=] { here->send(here->first, 1, 2); });
                     run.thread([=] {
                         const seq end = here->log.durable.value();
                         for (seq at = start; ring::before(at, end); at = ring::plus(at, 1)) {
                             check(here->log.on_disk(at) == 10 + ring::minus(at, start), "whole");
                         }
                     });
                 });
    }
}
