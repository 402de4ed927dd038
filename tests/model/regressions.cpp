// SPDX-License-Identifier: MIT
// Bugs that the checker found in the headers, each as small as it can be shown. Those that a model
// of a protocol shows as well are there:
//   shared.cpp  two producers without a reader never write one slot at once
//   limit.cpp   a lossy reader reads what its lease has kept, or learns that it is gone
//   topic.cpp   a group that joins while its producer waits for room goes on with it;
//               a lossy reader is told what it missed, and never reads what is overwritten
//   bias.cpp    a second producer comes while the first one holds an open claim
//   sole.cpp    the log starts no later than it ends, whoever looks
//   close.cpp   nothing is overwritten for a producer that came too late
//   lifecycle.cpp  a closed topic is drained when everything was committed, and nothing comes
//               after it

#include <memory>

#include "model/exploring.hpp"
#include "model/small_log.hpp"

namespace {

namespace model = gregor::model;
namespace ring = gregor::ring;
using model::check;
using model::explored;
using seq = std::uint8_t;

} // namespace

TEST_CASE("a claim that stalls hides no record that is published after it", "[model]")
{
    explored("regression: a claim stalls while the ring goes round", {}, [](model::run& run) {
        struct state {
            model::small_log<2> log{seq{254}};
            model::small_log<2>::lane first;
            model::small_log<2>::lane second;
            model::small_log<2>::sight sight{seq{254}, false};
        };
        auto here = std::make_shared<state>();
        here->log.protocol.share();
        here->first = here->second = here->log.protocol.open_lane();
        run.thread([=] { (void)here->log.try_send(here->first, 1, 0); });
        run.thread([=] {
            for (int i = 0; i < 3; ++i) {
                (void)here->log.try_send(here->second, 2, i);
            }
        });
        run.after([=] {
            const auto& protocol = here->log.protocol;
            for (seq at = protocol.room().log_start(); at != protocol.end();
                 at = ring::plus(at, 1)) {
                check(protocol.available(here->sight, at, 1).count == 1,
                      "what stands between the start and the end can be read");
            }
        });
    });
}

TEST_CASE("a reader of a shared ring finds its way when the numbers have gone round", "[model]")
{
    explored("regression: 300 records of a shared ring", {}, [](model::run& /*run*/) {
        model::small_log<2> log{seq{254}};
        log.protocol.share();
        auto lane = log.protocol.open_lane();
        model::small_log<2>::sight sight{seq{254}, false};
        seq at = 254;
        for (int i = 0; i < 300; ++i) {
            check(log.try_send(lane, 1, i) == ring::claiming::granted, "there is room");
            const auto got = log.protocol.available(sight, at, 2);
            check(got.count == 1 && got.first == at, "one record is there");
            at = ring::plus(at, 1);
            check(log.protocol.available(sight, at, 2).count == 0, "and no other");
        }
    });
}

TEST_CASE("a claim of the whole ring destroys only what was built", "[model]")
{
    explored("regression: a claim of a whole ring", {.nothing_stays = true},
             [](model::run& /*run*/) {
                 model::small_log<32, true, true> log{seq{240}};
                 auto lane = log.protocol.open_lane();
                 check(log.try_send(lane, 1, 0) == ring::claiming::granted, "there is room");
                 const auto got = log.claim(lane, 32);
                 check(got.outcome == ring::claiming::granted, "nobody reads: there is room");
                 check(!ring::before(log.protocol.end(), log.protocol.room().log_start()),
                       "the log starts no later than it ends");
                 for (seq i = 0; i < 32; ++i) {
                     log.fill(ring::plus(got.first, i), 1, 1 + i);
                 }
                 log.publish(lane, got.first, 32);
             });
}
