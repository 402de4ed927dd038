// SPDX-License-Identifier: MIT
// A log of segments that goes on where another life has left it: what is stamped there, what was
// skipped, and what comes behind it; by one producer, by two, and with an end.

#include <memory>
#include <string>
#include <vector>

#include "model/exploring.hpp"
#include "model/small_segments.hpp"

namespace {

namespace model = gregor::model;
namespace ring = gregor::ring;
using model::check;
using model::explored;
using model::options;
using seq = std::uint8_t;
using small_log = model::small_segments<>;

constexpr seq oldest = 250;

/// What another life has left: its records are of sender 0, in order; `s` was skipped, of `?` it
/// said nothing.
struct scene {
    explicit scene(const std::string& left, unsigned segments = 4)
        : log(oldest, ring::plus(oldest, static_cast<seq>(left.size())), segments), in(log, oldest)
    {
        for (std::size_t i = 0; i != left.size(); ++i) {
            const seq at = ring::plus(oldest, static_cast<seq>(i));
            if (left[i] == 'r') {
                log.fill(at, 0, records++);
            }
            if (left[i] != '?') {
                log.slot(at)->stamp.store(ring::pack(ring::plus(at, 1), left[i] == 'r' ? 1 : 2),
                                          std::memory_order_release);
            }
        }
        first = log.protocol.open_lane();
    }

    /// Sends until it is refused.
    void send(small_log::lane& lane, int sender, int count, seq each)
    {
        for (int i = 0; i < count; ++i) {
            const auto got = log.send(lane, sender, accepted[sender], each);
            if (got != small_log::claiming::granted) {
                check(got == small_log::claiming::closed,
                      "a send that waits is refused at the end");
                return;
            }
            accepted[sender] += each;
        }
    }

    void hold(small_log::lane& lane, int sender, seq built)
    {
        const auto got = log.hold(lane, 2);
        if (got.outcome != small_log::claiming::granted) {
            return;
        }
        for (seq i = 0; i < built; ++i) {
            log.fill(ring::plus(got.first, i), sender, i);
        }
        log.settle(lane, got.first, 2, built);
        accepted[sender] += built;
    }

    /// Looks, reads what there is, and looks whether that was within the log.
    void read_some(int looks)
    {
        for (int i = 0; i < looks; ++i) {
            small_log::extent got;
            if (in.look(got, 2)) {
                in.read(got);
                in.let_go();
                in.commit();
            }
            check(!ring::before(log.protocol.end(), in.position()), "nobody reads beyond the end");
        }
    }

    void check_all()
    {
        in.drain();
        check(in.seen(0) == records && in.seen(1) == accepted[1] && in.seen(2) == accepted[2],
              "what stood there and what was accepted was read, no more and no less");
    }

    small_log log;
    small_log::lane first;
    small_log::lane second;
    model::small_reader<small_log> in;
    int records = 0;
    int accepted[3] = {}; // by sender; each written by its own thread
};

/// What a log may have been left as.
const std::vector<std::string> lives = {"rr", "rs", "ss", "srrs", "rsr"};

} // namespace

TEST_CASE("what another life has left is read, and then what comes", "[model]")
{
    for (const std::string& left : lives) {
        explored("reopened: " + left + ", then one producer", {}, [=](model::run& run) {
            auto here = std::make_shared<scene>(left);
            run.thread([=] { here->send(here->first, 1, 1, 2); });
            run.thread([=] { here->read_some(3); });
            run.after([=] { here->check_all(); });
        });
        explored("reopened: " + left + ", then a claim, in part", {}, [=](model::run& run) {
            auto here = std::make_shared<scene>(left);
            run.thread([=] { here->hold(here->first, 1, 1); });
            run.thread([=] { here->read_some(3); });
            run.after([=] { here->check_all(); });
        });
        explored("reopened: " + left + ", then two producers", model::by_chance(10'000),
                 [=](model::run& run) {
                     auto here = std::make_shared<scene>(left);
                     run.thread([=] { here->send(here->first, 1, 2, 1); });
                     run.thread([=] {
                         here->second = here->log.join_producers();
                         here->send(here->second, 2, 1, 2);
                     });
                     run.thread([=] { here->read_some(4); });
                     run.after([=] { here->check_all(); });
                 });
    }
}

TEST_CASE("a reader stops where another life says nothing", "[model]")
{
    explored("reopened: a hole", {}, [](model::run& run) {
        auto here = std::make_shared<scene>("r?r");
        run.thread([=] { here->send(here->first, 1, 1, 1); });
        run.thread([=] {
            here->read_some(2);
            check(here->in.position() == ring::plus(oldest, 1), "nothing is read beyond a hole");
        });
    });
}

TEST_CASE("a second producer comes while the first one holds segments open", "[model]")
{
    for (const seq built : {seq{0}, seq{1}, seq{2}}) {
        explored("reopened: revoked against a claim of 2, " + std::to_string(built) + " built", {},
                 [=](model::run& run) {
                     auto here = std::make_shared<scene>("r");
                     run.thread([=] { here->hold(here->first, 1, built); });
                     run.thread([=] {
                         here->second = here->log.join_producers();
                         here->send(here->second, 2, 1, 1);
                     });
                     run.after([=] { here->check_all(); });
                 });
    }
    explored("reopened: revoked, unread, oldest segments go", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<scene>("rrrr", 2);
                 here->in.drain();
                 run.thread([=] { here->send(here->first, 1, 1, 2); });
                 run.thread([=] {
                     here->second = here->log.join_producers();
                     check(here->log.try_send(here->second, 2, 0) == ring::claiming::granted,
                           "nobody needs what is old");
                     here->accepted[2] = 1;
                 });
                 run.after([=] { here->check_all(); });
             });
}

TEST_CASE("a log of segments closes while others work", "[model]")
{
    const auto ends = [](auto& here) {
        here.check_all();
        check(here.in.finished(), "the end is known to be the end");
        check(here.log.try_send(here.first, 1, 0) == ring::claiming::closed,
              "nothing is accepted any more");
    };
    for (const seq built : {seq{0}, seq{1}}) {
        explored("reopened: closed against a claim, " + std::to_string(built) + " built", {},
                 [=](model::run& run) {
                     auto here = std::make_shared<scene>("rs");
                     run.thread([=] { here->hold(here->first, 1, built); });
                     run.thread([=] { here->log.close(); });
                     run.after([=] { ends(*here); });
                 });
    }
    explored("reopened: closed against two producers and retention", model::by_chance(30'000),
             [=](model::run& run) {
                 auto here = std::make_shared<scene>("rs", 2);
                 run.thread([=] { here->send(here->first, 1, 2, 1); });
                 run.thread([=] {
                     here->second = here->log.join_producers();
                     here->send(here->second, 2, 2, 1);
                 });
                 run.thread([=] { here->log.close(); });
                 run.thread([=] {
                     while (here->in.take(2)) {}
                 });
                 run.after([=] { ends(*here); });
             });
}
