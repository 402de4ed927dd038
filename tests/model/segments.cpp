// SPDX-License-Identifier: MIT
// A log by segments: room comes at one end and goes at the other, while readers stand, arrive, go
// back, or read what nothing holds.

#include <memory>
#include <string>

#include "model/exploring.hpp"
#include "model/reader_scene.hpp"
#include "model/small_segments.hpp"

namespace {

namespace model = gregor::model;
namespace ring = gregor::ring;
using model::check;
using model::env;
using model::explored;
using model::options;
using seq = std::uint8_t;
using small_log = model::small_segments<>;
using place = small_log::place;

constexpr seq start = 254;

/// A log of two segments at the most, which four records fill.
struct scene : model::reader_scene<small_log> {
    explicit scene(bool shared) : reader_scene(shared, start, 2U) {}

    /// As `look_unprotected`: leases, fences, and looks whether it was still there. What is read
    /// then is what was sent, and all that is not missed.
    void read_unprotected(seq at, bool light)
    {
        const auto begins = [&] { return log.protocol.room().log_start(); };
        if (ring::before(at, begins()) || log.protocol.available(sight, at, 2).count == 0) {
            return;
        }
        lease->set(at, place::holds);
        if (light) {
            env::light();
        } else {
            env::heavy();
        }
        if (!ring::before(at, begins())) {
            const auto got = log.protocol.available(sight, at, 2);
            check(got.first == at && got.count == 2, "what is held is there");
            read_all(got);
        }
        lease->set(0, 0);
        log.room_made.notify();
    }
};

/// Room is made for some records, and old ones go, while a reader does something. Sole, and shared.
template <class Reader>
void rolled_against(const std::string& name, const options& how, int records, Reader reader)
{
    for (const bool shared : {false, true}) {
        explored("segments: " + name + (shared ? ", shared" : ", sole"), how, [=](model::run& run) {
            auto here = std::make_shared<scene>(shared);
            here->send(here->first, 4);
            run.thread([=] { here->send(here->first, records); });
            run.thread([=] { reader(*here); });
        });
    }
}

} // namespace

TEST_CASE("a reader that joins where a log of segments begins finds what it holds", "[model]")
{
    rolled_against("a reader joins at the log start", {}, 1, [](scene& here) {
        const seq at = here.join(here.log.protocol.room().log_start());
        here.read(at); // two at least stand there: the log was full
        here.read_from(at, 2);
    });
    rolled_against("a reader joins too far back", {}, 1,
                   [](scene& here) { here.read(here.join(start)); });
    explored("segments: a reader joins against two producers", model::by_chance(20'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene>(true);
                 here->send(here->first, 4);
                 run.thread([=] { here->send(here->first, 2); });
                 run.thread([=] { here->send(here->second, 2); });
                 run.thread([=] {
                     const seq at = here->join(here->log.protocol.room().log_start());
                     (void)here->read_from(at, 2);
                 });
             });
}

TEST_CASE("a commit within a batch does not take its segment away", "[model]")
{
    for (const bool goes : {false, true}) {
        rolled_against(goes ? "the group goes within the batch" : "commit within the batch", {}, 1,
                       [=](scene& here) { here.move_within_batch(goes); });
    }
}

TEST_CASE("a reader that goes back in a log of segments reads what still stands there", "[model]")
{
    rolled_against("a reader goes back", {}, 1, [](scene& here) {
        here.cursor->set(ring::plus(start, 2), place::holds | place::committed);
        here.read_unprotected(start, false);
    });
}

TEST_CASE("a lossy reader of segments reads what its lease has kept", "[model]")
{
    rolled_against("the first lossy reader", {}, 1, [](scene& here) {
        here.log.protocol.room().expect_light_readers();
        here.read_unprotected(start, true);
    });
    for (const bool shared : {false, true}) {
        explored(std::string("segments: a lossy reader that was there, ") +
                     (shared ? "shared" : "sole"),
                 {}, [=](model::run& run) {
                     auto here = std::make_shared<scene>(shared);
                     here->send(here->first, 4);
                     here->log.protocol.room().expect_light_readers();
                     run.thread([=] { here->send(here->first, 1); });
                     run.thread([=] { here->read_unprotected(start, true); });
                 });
    }
}

TEST_CASE("a log of segments starts no later than who stands in it, nor than its end", "[model]")
{
    for (const bool shared : {false, true}) {
        const std::string how = shared ? ", shared" : ", sole";
        explored("segments: the start, and who stands" + how, {}, [=](model::run& run) {
            auto here = std::make_shared<scene>(shared);
            here->cursor->set(ring::plus(start, 1), place::holds);
            here->send(here->first, 4);
            run.thread([=] { here->send(here->first, 1); });
            run.thread([=] {
                check(here->log.protocol.room().log_start() == start, "who stands is waited for");
                here->read(ring::plus(start, 1));
                here->cursor->set(ring::plus(start, 2), place::holds);
                here->read(ring::plus(start, 2));
            });
        });
        explored("segments: the start, and then the end" + how, {}, [=](model::run& run) {
            auto here = std::make_shared<scene>(shared);
            here->send(here->first, 2);
            run.thread([=] {
                here->send(here->first, 2);
                here->log.remove_oldest();
            });
            run.thread([=] {
                const seq from = here->log.protocol.room().log_start();
                check(!ring::before(here->log.protocol.end(), from), "the end is not before it");
            });
        });
    }
    // who sends is not who takes away
    explored("segments: the start, and then the end, of two", {}, [](model::run& run) {
        auto here = std::make_shared<scene>(false);
        run.thread([=] { here->send(here->first, 3); });
        run.thread([=] { here->log.remove_oldest(); });
        run.thread([=] {
            const seq from = here->log.protocol.room().log_start();
            check(!ring::before(here->log.protocol.end(), from), "the end is not before it");
        });
    });
}

TEST_CASE("segments that readers hold stay, and are read once, in order", "[model]")
{
    for (const bool shared : {false, true}) {
        explored(std::string("segments: 4 records and a reader that stands, ") +
                     (shared ? "shared" : "sole"),
                 model::by_chance(30'000), [=](model::run& run) {
                     auto log = std::make_shared<small_log>(start, start, 2);
                     if (shared) {
                         log->protocol.share();
                     }
                     auto lane = std::make_shared<small_log::lane>(log->protocol.open_lane());
                     auto in = std::make_shared<model::small_reader<small_log>>(*log, start);
                     for (int i = 0; i < 3; ++i) {
                         (void)log->try_send(*lane, 1, i);
                     }
                     run.thread([=] {
                         (void)log->send(*lane, 1, 3, 2);
                         (void)log->send(*lane, 1, 5);
                         (void)log->send(*lane, 1, 6);
                     });
                     run.thread([=] { in->take_all(7, 2); });
                     run.after([=] { check(log->protocol.end() == ring::plus(start, 7), "all"); });
                 });
    }
}

TEST_CASE("two producers roll over segments that a third thread prepares", "[model]")
{
    explored("segments: 2 and 2 records, prepared ahead, read", model::by_chance(30'000),
             [](model::run& run) {
                 auto log = std::make_shared<small_log>(start, start, 3);
                 log->protocol.share();
                 auto one = std::make_shared<small_log::lane>(log->protocol.open_lane());
                 auto two = std::make_shared<small_log::lane>(log->protocol.open_lane());
                 auto in = std::make_shared<model::small_reader<small_log>>(*log, start);
                 run.thread([=] { (void)log->send(*one, 1, 0, 2); });
                 run.thread([=] {
                     (void)log->send(*two, 2, 0);
                     (void)log->send(*two, 2, 1);
                 });
                 run.thread([=] {
                     log->maintain();
                     log->remove_oldest();
                     log->maintain();
                 });
                 run.thread([=] { in->take_all(4, 4); });
             });
}
