// SPDX-License-Identifier: MIT
// The classes that users hold, on the protocols below them: who joins, leaves, goes back, commits
// in the midst of a batch or reads without holding anything back, while producers go on.

#include <memory>
#include <optional>
#include <string>

#include "model/exploring.hpp"
#include "model/small_topic.hpp"

namespace {

namespace model = gregor::model;
using gregor::consumer;
using gregor::consumer_options;
using gregor::poll_status;
using gregor::producer;
using model::check;
using model::explored;
using model::number;
using model::small_topic;
using model::tireless;

constexpr gregor::partition_id only{0};

/// A topic that holds 2 records, full of records 0 and 1; the n-th record has the number n.
struct scene {
    scene() : topic(2), out(topic)
    {
        send();
        send();
    }

    void send() { (void)out.send(number{sent++}); }

    /// Reads a batch; says how many records it had.
    template <class Batch>
    static std::size_t read(const Batch& batch)
    {
        for (const auto& record : batch) {
            check(record.value().value.get() == static_cast<int>(record.offset()),
                  "a record is what was sent there");
        }
        return batch.size();
    }

    small_topic topic;
    producer<small_topic> out;
    int sent = 0;
};

} // namespace

TEST_CASE("a group that joins while its producer waits for room goes on with it", "[model]")
{
    explored("topic: a group joins, reads all", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        run.thread([=] { here->send(); });
        run.thread([=] {
            consumer<small_topic> in{here->topic, "group", tireless};
            const gregor::offset_t from = in.position(only);
            std::size_t seen = 0;
            while (from + seen != 3) {
                seen += scene::read(in.poll());
            }
        });
    });
}

TEST_CASE("a group that joins later than it asked for lets producers go on", "[model]")
{
    explored("topic: a group joins, and reads nothing", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto in = std::make_shared<std::optional<consumer<small_topic>>>();
        run.thread([=] { here->send(); });
        run.thread([=] {
            in->emplace(here->topic, "group", tireless);
            if ((*in)->position(only) == 0) {
                in->reset(); // it holds the producer back, as it may
            }
        });
    });
}

TEST_CASE("a group that leaves lets producers go on", "[model]")
{
    explored("topic: a group leaves", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto in = std::make_shared<std::optional<consumer<small_topic>>>();
        in->emplace(here->topic, "group", tireless);
        run.thread([=] { here->send(); });
        run.thread([=] { in->reset(); });
    });
    explored("topic: a group leaves with a batch in hand", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto in = std::make_shared<std::optional<consumer<small_topic>>>();
        in->emplace(here->topic, "group", tireless);
        run.thread([=] {
            here->send();
            here->send();
        });
        run.thread([=] {
            const auto batch = (*in)->try_poll();
            in->reset();
            check(scene::read(batch) == 2, "the batch stays what it was");
        });
    });
}

TEST_CASE("a commit in the midst of a batch lets producers go on when the batch is let go",
          "[model]")
{
    explored("topic: commit, then let go", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto in = std::make_shared<consumer<small_topic>>(here->topic, "group", tireless);
        run.thread([=] { here->send(); });
        run.thread([=] {
            auto batch = in->try_poll();
            (void)in->commit();
            check(scene::read(batch) == 2, "the batch stays what it was");
            batch.let_go();
        });
    });
}

TEST_CASE("a group that sleeps is woken, and its commits wake the producer", "[model]")
{
    explored("topic: send and poll, both asleep in turn", model::by_chance(30'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto in = std::make_shared<consumer<small_topic>>(here->topic, "group", tireless);
                 run.thread([=] {
                     here->send();
                     here->send();
                     here->topic.close();
                 });
                 run.thread([=] {
                     std::size_t seen = 0;
                     for (;;) {
                         const auto batch = in->poll();
                         seen += scene::read(batch);
                         if (batch.status() == poll_status::closed) {
                             break;
                         }
                     }
                     check(seen == 4, "everything was read before the end");
                 });
             });
}

TEST_CASE("a reader that goes back reads what still stands, and lets producers go on", "[model]")
{
    explored("topic: seek back and read again", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto in = std::make_shared<consumer<small_topic>>(here->topic, "group", tireless);
        scene::read(in->try_poll());
        (void)in->commit();
        run.thread([=] { here->send(); });
        run.thread([=] {
            in->seek(only, 0);
            scene::read(in->try_poll());
            (void)in->commit();
        });
    });
    explored("topic: commit back, and read again", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto in = std::make_shared<consumer<small_topic>>(here->topic, "group", tireless);
        scene::read(in->try_poll());
        (void)in->commit();
        run.thread([=] { here->send(); });
        run.thread([=] {
            (void)in->commit(only, 0);
            in->seek(only, in->committed(only).value_or(2));
            scene::read(in->try_poll());
            (void)in->commit(only, 3);
            in->close();
        });
    });
}

TEST_CASE("a lossy reader is told what it missed, and never reads what is overwritten", "[model]")
{
    explored("topic: a lossy reader against 2 sends", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto in = std::make_shared<consumer<small_topic>>(
            here->topic, "lossy",
            consumer_options{.lossy = true, .max_poll_interval = gregor::no_timeout});
        run.thread([=] {
            here->send();
            here->send();
        });
        run.thread([=] {
            gregor::offset_t next = 0;
            for (int i = 0; i < 2; ++i) {
                const auto batch = in->try_poll();
                if (scene::read(batch) != 0) {
                    check(batch.begin_offset() == next + batch.missed(),
                          "every offset was read or counted as missed");
                    next = batch.next_offset();
                }
            }
        });
    });
}

TEST_CASE("a lossy reader that came too late lets producers go on", "[model]")
{
    explored("topic: a lossy reader withdraws its lease", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto in = std::make_shared<consumer<small_topic>>(
            here->topic, "lossy",
            consumer_options{.lossy = true,
                             .reset = gregor::auto_offset_reset::latest,
                             .max_poll_interval = gregor::no_timeout});
        in->seek(only, 0);
        run.thread([=] { here->send(); });
        run.thread([=] { scene::read(in->try_poll()); });
    });
}

TEST_CASE("a second producer and its claims wake a reader that sleeps", "[model]")
{
    explored("topic: a claim published, and a reader that sleeps", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<small_topic>(2);
                 auto out = std::make_shared<producer<small_topic>>(*here);
                 auto in = std::make_shared<consumer<small_topic>>(*here, "group", tireless);
                 run.thread([=] {
                     auto claim = out->claim(1);
                     claim.emplace(7);
                     claim.publish();
                 });
                 run.thread([=] {
                     static_cast<void>(here); // when the topic goes, it closes
                     check(in->poll().size() == 1, "it is woken");
                 });
             });
    explored("topic: a claim given up or published, and a second producer",
             model::by_chance(30'000), [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto in = std::make_shared<std::optional<consumer<small_topic>>>();
                 in->emplace(here->topic, "group", tireless);
                 run.thread([=] {
                     auto claim = here->out.claim(2);
                     if (model::choose(2) == 1) {
                         claim.emplace(2);
                         claim.publish();
                     }
                 });
                 run.thread([=] {
                     producer<small_topic> second{here->topic};
                     (void)second.send(number{-1});
                 });
                 run.thread([=] {
                     bool found = false;
                     while (!found) {
                         const auto batch = (*in)->poll();
                         for (const auto& record : batch) {
                             found |= record.value().value.get() == -1;
                         }
                     }
                     in->reset();
                 });
             });
}

TEST_CASE("a producer that another one's claim stops goes on when it is published or given up",
          "[model]")
{
    for (const bool claims : {false, true}) {
        explored(claims ? "topic: a send stopped by a claim" : "topic: a send stopped by a send",
                 model::by_chance(30'000), [=](model::run& run) {
                     auto here = std::make_shared<scene>();
                     auto second = std::make_shared<producer<small_topic>>(here->topic);
                     run.thread([=] {
                         if (!claims) {
                             (void)second->send(number{0});
                         } else if (auto claim = second->claim(1)) {
                             claim.emplace(0);
                             claim.publish();
                         }
                     });
                     run.thread([=] {
                         (void)here->out.send(number{0});
                         (void)here->out.send(number{0});
                     });
                 });
    }
}

TEST_CASE("a reader that finds only what was given up lets producers go on", "[model]")
{
    explored("topic: a ring full of what was given up", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<small_topic>(2);
        auto first = std::make_shared<producer<small_topic>>(*here);
        auto second = std::make_shared<producer<small_topic>>(*here);
        auto in = std::make_shared<consumer<small_topic>>(*here, "group", tireless);
        {
            const auto given_up = first->claim(2);
        }
        run.thread([=] { (void)second->send(number{7}); });
        run.thread([=] {
            static_cast<void>(here); // when the topic goes, it closes
            const auto batch = in->poll();
            check(batch.size() == 1 && batch.front().value().value.get() == 7,
                  "the record arrived");
        });
    });
}
