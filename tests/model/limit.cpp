// SPDX-License-Identifier: MIT
// Producers extend the limit while readers stand, arrive, leave, go back, or read what nothing
// holds.

#include <memory>
#include <string>

#include "model/exploring.hpp"
#include "model/reader_scene.hpp"
#include "model/small_log.hpp"

namespace {

namespace model = gregor::model;
namespace ring = gregor::ring;
using model::check;
using model::env;
using model::explored;
using model::options;
using seq = std::uint8_t;
using ring_of_2 = model::small_log<2>;
using place = ring_of_2::place;
using destroying = model::small_log<2, true, true>;

/// A ring that is full from the start; one or two producers go on.
template <class Log>
struct scene : model::reader_scene<Log> {
    explicit scene(bool shared) : model::reader_scene<Log>(shared) { this->send(this->first, 2); }
};

/// A producer goes on for some records, while a reader does something.
template <class Log, class Reader>
void extended_against(const std::string& name, const options& how, int records, Reader reader)
{
    explored(name, how, [=](model::run& run) {
        auto here = std::make_shared<scene<Log>>(false);
        run.thread([=] { here->send(here->first, records); });
        run.thread([=] { reader(*here); });
    });
}

} // namespace

TEST_CASE("a reader that joins at the log start finds what it holds", "[model]")
{
    const auto joins = [](auto& here) {
        const seq at = here.join(here.log.protocol.room().log_start());
        here.read(at); // one at least stands there: the ring was full
        here.read_from(at, 2);
    };
    extended_against<ring_of_2>("limit: a reader joins at the log start", {}, 2, joins);
    extended_against<destroying>("limit: a reader joins at the log start, destroying", {}, 2,
                                 joins);
    explored("limit: a reader joins against two producers", model::by_chance(50'000),
             [=](model::run& run) {
                 auto here = std::make_shared<scene<ring_of_2>>(true);
                 run.thread([=] { here->send(here->first); });
                 run.thread([=] { here->send(here->second); });
                 run.thread([=] {
                     const seq at = here->join(here->log.protocol.room().log_start());
                     (void)here->read_from(at, 2);
                 });
             });
}

TEST_CASE("a reader that joins further back than the log goes starts where it begins", "[model]")
{
    extended_against<ring_of_2>("limit: a reader joins too far back", {}, 3,
                                [](auto& here) { here.read(here.join(here.start)); });
}

TEST_CASE("a reader that leaves and comes again holds nothing in between", "[model]")
{
    extended_against<ring_of_2>("limit: a reader leaves and comes again", {}, 1, [](auto& here) {
        seq at = here.join(here.start);
        here.cursor->set(at, place::committed);
        here.log.room_made.notify();
        at = here.join(at);
        here.read(at);
    });
}

TEST_CASE("a commit within a batch does not pull the batch away", "[model]")
{
    for (const bool goes : {false, true}) {
        extended_against<ring_of_2>(goes ? "limit: the group goes within the batch"
                                         : "limit: commit within the batch",
                                    {}, 2, [=](auto& here) { here.move_within_batch(goes); });
    }
}

TEST_CASE("a reader that goes back reads what still stands there", "[model]")
{
    // the cursor stands further on; the lease alone keeps what is read again
    extended_against<ring_of_2>("limit: a reader goes back", {}, 2, [](auto& here) {
        here.cursor->set(ring::plus(here.start, 1), place::holds | place::committed);
        here.lease->set(here.start, place::holds);
        env::heavy();
        if (!ring::before(here.start, here.log.protocol.room().log_start())) {
            here.read(here.start);
        }
        here.lease->set(0, 0);
    });
}

TEST_CASE("a lossy reader reads what its lease has kept, or learns that it is gone", "[model]")
{
    const auto reads = [](auto& here) {
        here.log.protocol.room().expect_light_readers();
        here.lease->set(here.start, place::holds);
        env::light();
        if (!ring::before(here.start, here.log.protocol.room().log_start())) {
            here.read(here.start);
        }
        here.lease->set(0, 0);
        here.log.room_made.notify();
    };
    extended_against<ring_of_2>("limit: the first lossy reader", {}, 2, reads);
    extended_against<destroying>("limit: the first lossy reader, destroying", {}, 2, reads);
}

TEST_CASE("nothing that a standing reader has not read is given away", "[model]")
{
    for (const bool shared : {false, true}) {
        explored(shared ? "limit: a standing reader, two producers"
                        : "limit: a standing reader, a batch",
                 {.preemptions = 2}, [=](model::run& run) {
                     auto here = std::make_shared<scene<ring_of_2>>(shared);
                     here->cursor->set(here->start, place::holds);
                     run.thread([=] { here->send(here->first); });
                     if (shared) {
                         run.thread([=] { here->send(here->second); });
                     }
                     run.thread([=] {
                         here->read(here->start);
                         here->cursor->set(ring::plus(here->start, 1), place::holds);
                         here->read(ring::plus(here->start, 1));
                         check(!ring::before(ring::plus(here->start, 1),
                                             here->log.protocol.room().log_start()),
                               "the log starts no later than who stands");
                     });
                 });
    }
}
