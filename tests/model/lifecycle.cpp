// SPDX-License-Identifier: MIT
// Who comes and goes: producers that come at once, claims that are given up, batches larger than
// their ring, readers without a group, and a topic that closes while others wait for it.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/exploring.hpp"
#include "model/small_topic.hpp"

namespace {

namespace model = gregor::model;
using gregor::consumer;
using gregor::consumer_options;
using gregor::no_timeout;
using gregor::poll_status;
using gregor::producer;
using gregor::send_status;
using model::check;
using model::explored;
using model::number;
using model::small_topic;
using model::tireless;

constexpr gregor::partition_id only{0};
const consumer_options by_hand{.auto_commit = false, .max_poll_interval = no_timeout};

void send(producer<small_topic>& out, int n)
{
    check(out.send(number{n}).status() == send_status::ok, "nobody is in the way of a send");
}

/// Reads each record that there is; says how many.
int read_all(small_topic& topic)
{
    consumer<small_topic> in{topic, "late"};
    int count = 0;
    for (auto batch = in.try_poll(); batch.status() == poll_status::records;) {
        for (const auto& record : batch) {
            static_cast<void>(record.value().value.get());
            ++count;
        }
        batch.let_go();
        batch = in.try_poll();
    }
    return count;
}

} // namespace

TEST_CASE("producers that come at once share the topic", "[model]")
{
    explored("lifecycle: two producers come at once", {.nothing_stays = true}, [](model::run& run) {
        auto here = std::make_shared<small_topic>(2);
        for (int who = 0; who < 2; ++who) {
            run.thread([=] {
                producer<small_topic> out{*here};
                send(out, who);
            });
        }
        run.after([=] { check(read_all(*here) == 2, "everything arrived"); });
    });
}

TEST_CASE("what several producers overwrite or give up is destroyed once, with the topic at last",
          "[model]")
{
    struct scene {
        small_topic topic{2};
        producer<small_topic> first{topic};
        producer<small_topic> second{topic};
    };
    model::options how = model::by_chance(30'000);
    how.nothing_stays = true;
    explored("lifecycle: two producers, unread", how, [](model::run& run) {
        auto here = std::make_shared<scene>();
        for (auto* const out : {&here->first, &here->second}) {
            run.thread([=] {
                static_cast<void>(here);
                send(*out, 0);
                send(*out, 1);
            });
        }
    });
    explored("lifecycle: a claim given up, unread", how, [](model::run& run) {
        auto here = std::make_shared<scene>();
        run.thread([=] {
            auto claim = here->first.claim(2);
            check(static_cast<bool>(claim), "nobody is in the way of a claim");
            claim.emplace(0); // and given up, with what was built
        });
        run.thread([=] {
            for (int n = 0; n < 3; ++n) {
                send(here->second, n);
            }
        });
    });
}

TEST_CASE("a batch larger than its ring goes through it, past readers that sleep", "[model]")
{
    explored("lifecycle: a batch of 3 through a ring of 2", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<small_topic>(2, std::vector<std::string>{"group"});
                 run.thread([=] {
                     producer<small_topic> out{*here};
                     std::vector<number> all;
                     for (int n = 0; n < 3; ++n) {
                         all.emplace_back(n);
                     }
                     check(out.send_batch(std::move(all)).count == 3, "all were taken");
                 });
                 run.thread([=] {
                     consumer<small_topic> in{*here, "group", tireless};
                     for (int next = 0; next != 3;) {
                         for (const auto batch = in.poll(); const auto& record : batch) {
                             check(record.value().value.get() == next++, "each once, in order");
                         }
                     }
                 });
             });
}

TEST_CASE("a consumer that waits is woken by who asks for it, and sees what was done before",
          "[model]")
{
    explored("lifecycle: wakeup", {}, [](model::run& run) {
        struct scene {
            small_topic topic{2};
            consumer<small_topic> in{topic, "group", tireless};
            model::cell<int> note;
        };
        auto here = std::make_shared<scene>();
        run.thread([=] {
            here->note.set(1);
            here->in.wakeup();
        });
        run.thread([=] {
            check(here->in.poll().status() == poll_status::woken, "it is woken");
            check(here->note.get() == 1, "it sees what was done before");
        });
    });
}

TEST_CASE("a reader without a group that gives up its partitions lets producers go on", "[model]")
{
    for (const bool closes : {false, true}) {
        explored(closes ? "lifecycle: a reader without a group closes"
                        : "lifecycle: a reader without a group assigns itself nothing",
                 {.preemptions = 3}, [=](model::run& run) {
                     struct scene {
                         small_topic topic{2};
                         producer<small_topic> out{topic};
                         consumer<small_topic> in{topic};
                     };
                     auto here = std::make_shared<scene>();
                     here->in.assign_all();
                     send(here->out, 0);
                     send(here->out, 1);
                     run.thread([=] { send(here->out, 2); });
                     run.thread([=] {
                         if (closes) {
                             here->in.close();
                         } else {
                             here->in.assign({});
                         }
                     });
                 });
    }
}

TEST_CASE("a commit by offset, with no batch in hand, lets producers go on", "[model]")
{
    explored("lifecycle: a commit by offset", {.preemptions = 3}, [](model::run& run) {
        struct scene {
            small_topic topic{2};
            producer<small_topic> out{topic};
            consumer<small_topic> in{topic, "group", tireless};
        };
        auto here = std::make_shared<scene>();
        send(here->out, 0);
        send(here->out, 1);
        run.thread([=] { send(here->out, 2); });
        run.thread(
            [=] { check(here->in.commit(only, 2) == gregor::commit_status::ok, "both exist"); });
    });
}

TEST_CASE("a reader that finds a place for the first time lets producers go on", "[model]")
{
    explored("lifecycle: a group without an offset seeks", {.preemptions = 2}, [](model::run& run) {
        struct scene {
            small_topic topic{2};
            producer<small_topic> out{topic};
            std::optional<consumer<small_topic>> in;
        };
        auto here = std::make_shared<scene>();
        here->in.emplace(here->topic, "group",
                         consumer_options{.reset = gregor::auto_offset_reset::none,
                                          .max_poll_interval = no_timeout});
        send(here->out, 0);
        send(here->out, 1);
        run.thread([=] { send(here->out, 2); });
        run.thread([=] {
            here->in->seek(only, 0);
            // no poll: it would tell what the seek forgot to tell
            if (here->topic.state()->at(only).log.protocol().gate().scan(3) == 0) {
                here->in.reset(); // it holds the producer back, as it may
            }
        });
    });
}

TEST_CASE("who waits when a topic closes is told so", "[model]")
{
    explored("lifecycle: closed while a producer waits", {}, [](model::run& run) {
        struct scene {
            small_topic topic{2, {"group"}};
            producer<small_topic> out{topic};
        };
        auto here = std::make_shared<scene>();
        send(here->out, 0);
        send(here->out, 1);
        run.thread([=] {
            check(here->out.send(number{2}).status() == send_status::closed, "it is told");
        });
        run.thread([=] { here->topic.close(); });
    });
    explored("lifecycle: closed while a consumer waits", {}, [](model::run& run) {
        struct scene {
            small_topic topic{2};
            consumer<small_topic> in{topic, "group", tireless};
        };
        auto here = std::make_shared<scene>();
        run.thread([=] { check(here->in.poll().status() == poll_status::closed, "it is told"); });
        run.thread([=] { here->topic.close(); });
    });
}

TEST_CASE("a closed topic is drained when everything was committed, and nothing comes after it",
          "[model]")
{
    for (const bool shared : {false, true}) {
        explored(shared ? "lifecycle: drained, two producers" : "lifecycle: drained, one producer",
                 model::by_chance(50'000), [=](model::run& run) {
                     struct scene {
                         small_topic topic{2};
                         producer<small_topic> out{topic};
                         std::optional<producer<small_topic>> second;
                         consumer<small_topic> in{topic, "group", by_hand};
                         model::atomic<gregor::offset_t> committed{0};
                         gregor::offset_t end = 0;
                     };
                     auto here = std::make_shared<scene>();
                     if (shared) {
                         here->second.emplace(here->topic);
                     }
                     run.thread([=] {
                         if (auto claim = here->out.claim(1)) {
                             claim.emplace(0);
                             claim.publish();
                         }
                     });
                     run.thread([=] {
                         here->topic.close();
                         check(here->topic.wait_drained(no_timeout), "it is, at last");
                         here->end = here->topic.end_offset(only);
                         check(here->committed.load(std::memory_order_acquire) == here->end,
                               "everything was committed");
                     });
                     run.thread([=] {
                         for (;;) {
                             const auto batch = here->in.poll();
                             if (batch.status() == poll_status::closed) {
                                 break;
                             }
                             here->committed.store(batch.next_offset(), std::memory_order_release);
                             check(here->in.commit() == gregor::commit_status::ok, "it commits");
                         }
                     });
                     run.after([=] {
                         check(here->topic.end_offset(only) == here->end, "nothing came after it");
                     });
                 });
    }
}
