// SPDX-License-Identifier: MIT
// The ring closes while others send, hold a claim, or sleep. What was accepted is read; then, and
// only then, readers learn that it is over.

#include <memory>
#include <string>

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
    scene(bool shared, bool sleeps) : log(seq{254}), in(log, seq{254})
    {
        log.sleeps = sleeps;
        if (shared) {
            log.protocol.share();
        }
        first = second = log.protocol.open_lane();
    }

    /// Sends until it is refused.
    void send(typename Log::lane& lane, int sender, int records, seq each = 1)
    {
        for (int i = 0; i < records; ++i) {
            const auto got =
                log.send(lane, sender, accepted[static_cast<std::size_t>(sender)], each);
            if (got != Log::claiming::granted) {
                check(got == Log::claiming::closed, "a send that waits is refused when it closes");
                return;
            }
            accepted[static_cast<std::size_t>(sender)] += each;
        }
    }

    /// A claim of 2 records, of which some are built.
    void hold(typename Log::lane& lane, int sender, int built)
    {
        const auto got = log.hold(lane, 2);
        if (got.outcome != Log::claiming::granted) {
            return;
        }
        for (int i = 0; i < built; ++i) {
            log.fill(ring::plus(got.first, static_cast<seq>(i)), sender, i);
        }
        log.settle(lane, got.first, 2, static_cast<seq>(built));
        accepted[static_cast<std::size_t>(sender)] += built;
    }

    /// Reads to the end, as `finished` has it.
    void read_to_end()
    {
        while (in.take(2)) {}
    }

    void check_end()
    {
        in.drain();
        check(in.seen(1) == accepted[1] && in.seen(2) == accepted[2],
              "what was accepted was read, no more and no less");
        check(in.finished(), "the end is known to be the end");
        check(log.try_send(first, 1, 0) == Log::claiming::closed, "nothing is accepted any more");
    }

    /// By one who may be too early to be told the end.
    void read_until_told()
    {
        in.drain();
        ended_after = in.finished() ? in.total() : -1;
    }

    void check_nothing_came_after()
    {
        check_end();
        check(ended_after == -1 || ended_after == in.total(), "nothing comes after the end");
    }

    Log log;
    typename Log::lane first;
    typename Log::lane second;
    model::small_reader<Log> in;
    int ended_after = -1; // records, where the reader was told the end
    int accepted[3] = {}; // by sender; each written by its own thread
};
using ring_of_2 = model::small_log<2>;
using ring_of_4 = model::small_log<4>;

/// One producer does something, while another thread closes the ring.
template <class Log, class First>
void closed_against(const std::string& name, bool shared, const options& how, First first)
{
    explored(name, how, [=](model::run& run) {
        auto here = std::make_shared<scene<Log>>(shared, false);
        run.thread([=] { first(*here); });
        run.thread([=] { here->log.close(); });
        run.after([=] { here->check_end(); });
    });
}

/// The same, and who closes the ring then reads what there is: once he is told that it was all,
/// nothing comes any more.
template <class First>
void closed_by_the_reader(const std::string& name, bool shared, First first)
{
    explored(name, {}, [=](model::run& run) {
        auto here = std::make_shared<scene<ring_of_4>>(shared, false);
        run.thread([=] { first(*here); });
        run.thread([=] {
            here->log.close();
            here->read_until_told();
        });
        run.after([=] { here->check_nothing_came_after(); });
    });
}

/// The same, while another one closes the ring.
template <class First>
void closed_beside_the_reader(const std::string& name, bool shared, First first)
{
    explored(name, {}, [=](model::run& run) {
        auto here = std::make_shared<scene<ring_of_4>>(shared, false);
        run.thread([=] { first(*here); });
        run.thread([=] { here->log.close(); });
        run.thread([=] { here->read_until_told(); });
        run.after([=] { here->check_nothing_came_after(); });
    });
}

/// The same beside a reader, which reads to the end.
template <class Log, class First>
void closed_and_read(const std::string& name, bool shared, bool sleeps, First first)
{
    explored(name, model::by_chance(40'000), [=](model::run& run) {
        auto here = std::make_shared<scene<Log>>(shared, sleeps);
        run.thread([=] { first(*here); });
        run.thread([=] { here->log.close(); });
        run.thread([=] { here->read_to_end(); });
        run.after([=] { here->check_end(); });
    });
}

} // namespace

TEST_CASE("a ring closes while its only producer works", "[model]")
{
    closed_against<ring_of_4>("close: sole, against 2 sends", false, {},
                              [](auto& here) { here.send(here.first, 1, 2); });
    closed_against<ring_of_4>("close: sole, against a batch of 3", false, {},
                              [](auto& here) { here.send(here.first, 1, 1, 3); });
    for (const int built : {0, 1, 2}) {
        closed_against<ring_of_4>("close: sole, against a claim, " + std::to_string(built) +
                                      " built",
                                  false, {}, [=](auto& here) { here.hold(here.first, 1, built); });
    }
}

TEST_CASE("a ring of several producers closes while one works", "[model]")
{
    closed_against<ring_of_4>("close: shared, against 2 sends", true, {},
                              [](auto& here) { here.send(here.first, 1, 2); });
    closed_against<ring_of_4>("close: shared, against a batch of 3", true, {},
                              [](auto& here) { here.send(here.first, 1, 1, 3); });
    for (const int built : {0, 1, 2}) {
        closed_against<ring_of_4>("close: shared, against a claim, " + std::to_string(built) +
                                      " built",
                                  true, {}, [=](auto& here) { here.hold(here.first, 1, built); });
    }
}

TEST_CASE("a reader is told the end when it has read everything, and not before", "[model]")
{
    for (const bool shared : {false, true}) {
        for (const bool sleeps : {false, true}) {
            const std::string how = std::string(shared ? "shared" : "sole") +
                                    (sleeps ? ", reader sleeps, " : ", reader looks, ");
            closed_and_read<ring_of_2>("close: " + how + "3 sends", shared, sleeps,
                                       [](auto& here) { here.send(here.first, 1, 3); });
            closed_and_read<ring_of_2>("close: " + how + "claim published", shared, sleeps,
                                       [](auto& here) { here.hold(here.first, 1, 2); });
            closed_and_read<ring_of_2>("close: " + how + "claim given up", shared, sleeps,
                                       [](auto& here) { here.hold(here.first, 1, 0); });
        }
    }
}

TEST_CASE("nothing comes after the end", "[model]")
{
    for (const bool shared : {false, true}) {
        const std::string how = shared ? "close: shared, then read, " : "close: sole, then read, ";
        closed_by_the_reader(how + "against a send", shared,
                             [](auto& here) { here.send(here.first, 1, 1); });
        closed_by_the_reader(how + "against a claim", shared,
                             [](auto& here) { here.hold(here.first, 1, 1); });
        const std::string beside =
            shared ? "close: shared, beside who reads, " : "close: sole, beside who reads, ";
        closed_beside_the_reader(beside + "against a send", shared,
                                 [](auto& here) { here.send(here.first, 1, 1); });
    }
}

TEST_CASE("a reader that sleeps is woken by the end", "[model]")
{
    for (const bool shared : {false, true}) {
        explored(shared ? "close: shared, reader asleep" : "close: sole, reader asleep", {},
                 [=](model::run& run) {
                     auto here = std::make_shared<scene<ring_of_2>>(shared, true);
                     run.thread([=] { here->log.close(); });
                     run.thread([=] { here->read_to_end(); });
                 });
    }
}

TEST_CASE("a producer that waits for room is told that there will be none", "[model]")
{
    for (const bool shared : {false, true}) {
        explored(shared ? "close: shared, producer asleep" : "close: sole, producer asleep", {},
                 [=](model::run& run) {
                     auto here = std::make_shared<scene<ring_of_2>>(shared, true);
                     here->send(here->first, 1, 1, 2);
                     run.thread([=] { here->log.close(); });
                     run.thread([=] { here->send(here->first, 1, 1); });
                     run.after([=] { here->check_end(); });
                 });
    }
}

TEST_CASE("a ring closes while a second producer comes", "[model]")
{
    explored("close: against a second producer, and a send", model::by_chance(50'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene<ring_of_2>>(false, false);
                 run.thread([=] { here->send(here->first, 1, 2); });
                 run.thread([=] {
                     here->second = here->log.join_producers();
                     here->send(here->second, 2, 1);
                 });
                 run.thread([=] { here->log.close(); });
                 run.thread([=] { here->read_to_end(); });
                 run.after([=] { here->check_end(); });
             });
    explored("close: against a second producer, and a claim", model::by_chance(50'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene<ring_of_2>>(false, false);
                 run.thread([=] { here->hold(here->first, 1, 1); });
                 run.thread([=] {
                     here->second = here->log.join_producers();
                     here->send(here->second, 2, 2);
                 });
                 run.thread([=] { here->log.close(); });
                 run.thread([=] { here->read_to_end(); });
                 run.after([=] { here->check_end(); });
             });
}

TEST_CASE("who finds no claim open when a ring is closed finds the end at its last place",
          "[model]")
{
    explored("close: a claim is settled, and looked at", {}, [](model::run& run) {
        auto here = std::make_shared<ring_of_2>(seq{254});
        auto first = std::make_shared<ring_of_2::lane>(here->protocol.open_lane());
        const auto got = here->hold(*first, 1);
        here->close();
        run.thread([=] {
            here->fill(got.first, 1, 0);
            here->settle(*first, got.first, 1, 1);
        });
        run.thread([=] {
            const auto& protocol = here->protocol;
            seq at{};
            if (!protocol.stuck(protocol.end(), at)) {
                check(protocol.end() == ring::plus(got.first, 1), "the end is the last");
            }
        });
    });
}

TEST_CASE("nothing is overwritten for a producer that came too late", "[model]")
{
    explored("close: a claim is open, and another producer comes", {.preemptions = 3},
             [](model::run& run) {
                 using log = model::small_log<2, true, true>;
                 auto here = std::make_shared<log>(seq{254});
                 auto first = std::make_shared<log::lane>(here->protocol.open_lane());
                 (void)here->try_send(*first, 1, 0, 2);
                 const auto got = here->hold(*first, 2);
                 check(got.outcome == ring::claiming::granted, "nobody reads: there is room");
                 here->close();
                 run.thread([=] {
                     for (seq i = 0; i < 2; ++i) {
                         here->fill(ring::plus(got.first, i), 1, 2 + i);
                     }
                     here->settle(*first, got.first, 2, 2);
                 });
                 run.thread([=] {
                     log::lane late = here->join_producers();
                     check(here->try_send(late, 2, 0) == ring::claiming::closed, "it is closed");
                 });
             });
}
