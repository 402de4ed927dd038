// SPDX-License-Identifier: MIT
// Who waits for several topics at once is woken by each, and may go while they are used.

#include <memory>
#include <optional>

#include "gregor/multi_topic_consumer.hpp"
#include "gregor/wait_set.hpp"
#include "model/exploring.hpp"
#include "model/small_topic.hpp"

namespace {

namespace model = gregor::model;
using gregor::consumer;
using gregor::poll_status;
using gregor::wait_status;
using model::check;
using model::explored;
using model::small_topic;
using model::tireless;
using set = gregor::basic_wait_set<model::env, gregor::wait::sleep>;

/// Two topics, and a consumer of each in a set.
struct scene {
    scene()
    {
        keys[0] = waits.add(in[0]);
        keys[1] = waits.add(in[1]);
    }

    void send(int where)
    {
        check(out[where].try_send(model::number{0}).status() == gregor::send_status::ok,
              "there is room");
    }

    /// Polls only who is said to be ready.
    void read(int records)
    {
        while (records != 0) {
            const auto ready = waits.wait();
            check(ready.status() == wait_status::ready, "nobody stops it");
            for (int i = 0; i != 2; ++i) {
                if (ready.contains(keys[i])) {
                    records -= static_cast<int>(in[i].try_poll().size());
                }
            }
        }
    }

    small_topic topics[2]{small_topic{2}, small_topic{2}};
    gregor::producer<small_topic> out[2]{gregor::producer<small_topic>{topics[0]},
                                         gregor::producer<small_topic>{topics[1]}};
    consumer<small_topic> in[2]{{topics[0], "group", tireless}, {topics[1], "group", tireless}};
    set waits;
    set::key keys[2];
};

} // namespace

TEST_CASE("a set that sleeps is woken by each of its topics", "[model]")
{
    explored("wait_set: a record in one of two topics", {.preemptions = 4}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        run.thread([=] { here->read(1); });
        run.thread([=] { here->send(1); });
    });
    explored("wait_set: a record in each of two topics", model::by_chance(20'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 run.thread([=] { here->read(2); });
                 run.thread([=] { here->send(0); });
                 run.thread([=] { here->send(1); });
             });
    explored("wait_set: two records in one topic", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        run.thread([=] { here->read(2); });
        run.thread([=] {
            here->send(0);
            here->send(0);
        });
    });
    explored("wait_set: its wakeup", {.preemptions = 4}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto note = std::make_shared<model::cell<int>>();
        run.thread([=] {
            note->set(1);
            here->waits.wakeup();
        });
        run.thread([=] {
            check(here->waits.wait().status() == wait_status::woken, "it is woken");
            check(note->get() == 1, "it sees what was done before");
        });
    });
    explored("wait_set: the wakeup of a consumer", {.preemptions = 3}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        run.thread([=] { here->in[1].wakeup(); });
        run.thread([=] {
            check(here->waits.wait().contains(here->keys[1]), "it has something to poll for");
            check(here->in[1].try_poll().status() == poll_status::woken, "that it was woken");
        });
    });
}

TEST_CASE("a set and its consumers go while their topics are used", "[model]")
{
    for (const bool set_first : {false, true}) {
        explored(set_first ? "wait_set: the set goes against a send"
                           : "wait_set: a consumer goes against a send",
                 {.preemptions = 3, .nothing_stays = true}, [=](model::run& run) {
                     struct state {
                         small_topic topic{2};
                         gregor::producer<small_topic> out{topic};
                         std::optional<consumer<small_topic>> in;
                         std::optional<set> waits;
                     };
                     auto here = std::make_shared<state>();
                     here->in.emplace(here->topic, "group", tireless);
                     here->waits.emplace();
                     here->waits->add(*here->in);
                     run.thread([=] {
                         static_cast<void>(here->waits->wait());
                         if (set_first) {
                             here->waits.reset();
                         } else {
                             here->in.reset();
                             check(here->waits->empty(), "it has left the set");
                         }
                     });
                     run.thread([=] {
                         (void)here->out.try_send(model::number{0});
                         (void)here->out.try_send(model::number{1});
                     });
                 });
    }
}

TEST_CASE("a consumer of several topics reads each of them to its end", "[model]")
{
    explored("wait_set: one consumer, two topics", model::by_chance(20'000), [](model::run& run) {
        struct state {
            small_topic topics[2]{small_topic{2, {}, "one"}, small_topic{2, {}, "two"}};
            gregor::producer<small_topic> out[2]{gregor::producer<small_topic>{topics[0]},
                                                 gregor::producer<small_topic>{topics[1]}};
            gregor::multi_topic_consumer<small_topic> in{
                {&topics[0], &topics[1]}, "group", tireless};
        };
        auto here = std::make_shared<state>();
        for (int i = 0; i != 2; ++i) {
            run.thread([=] {
                (void)here->out[i].try_send(model::number{i});
                here->topics[i].close();
            });
        }
        run.thread([=] {
            int records = 0;
            for (;;) {
                const auto batch = here->in.poll();
                if (batch.status() == poll_status::closed) {
                    break;
                }
                check(batch.status() == poll_status::records, "nobody stops it");
                records += static_cast<int>(batch.size());
            }
            check(records == 2, "it read them all");
        });
    });
}
