// SPDX-License-Identifier: MIT

// Models of groups at their edges: dormant and declared ones beside producers that wait, a topic
// that closes while partitions move or members are fenced, members that come back, go back, or are
// taken from while they poll.

#include <chrono>
#include <memory>
#include <optional>

#include "model/exploring.hpp"
#include "model/group_scene.hpp"
#include "support/catch.hpp"

namespace {

using gregor::commit_status;
using gregor::consumer_options;
using gregor::poll_status;
namespace model = gregor::model;
using model::all_to_last;
using model::check;
using model::explored;
using model::member;
using model::only;
using model::scene;
using model::small_topic;
using model::tireless;

const consumer_options by_hand{.auto_commit = false};

/// Two records are there, and one member, which may go.
struct full_scene : scene {
    explicit full_scene(const consumer_options& options)
    {
        first.emplace(topic, "group", options);
        send();
        send();
    }
    std::optional<member> first;
    std::optional<member> second;
};

/// What a batch holds is what was sent there, however often it is read.
template <class Batch>
void look_at(const Batch& batch)
{
    for (const auto& record : batch) {
        check(record.value().value.get() == static_cast<int>(record.offset()),
              "a record is what was sent there");
    }
}

} // namespace

TEST_CASE("who waits for a group that goes to rest, or is only declared, waits no longer than that",
          "[model][groups]")
{
    explored("hand over: a group goes to rest while a producer waits", {.preemptions = 3},
             [](model::run& run) {
                 auto here = std::make_shared<full_scene>(by_hand);
                 run.thread([=] { here->send(); });
                 run.thread([=] { here->first.reset(); });
             });
    explored("hand over: a group at rest goes on while a producer sends", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<full_scene>(by_hand);
                 check(here->first->commit(only, 1) == commit_status::ok, "it commits one");
                 here->first.reset();
                 run.thread([=] { here->send(); });
                 run.thread([=] {
                     member in{here->topic, "group"};
                     const auto batch = in.try_poll();
                     check(batch.size() != 0 && batch.begin_offset() <= 2, "it goes on");
                     check(batch.begin_offset() == 1 + batch.missed(), "and knows what it lost");
                     look_at(batch);
                 });
             });
    explored("hand over: the first member of a declared group, while a producer waits",
             {.preemptions = 2}, [](model::run& run) {
                 struct declared {
                     small_topic topic{2, {"group"}};
                     gregor::producer<small_topic> out{topic};
                     void send(int n) { (void)out.send(model::number{n}); }
                 };
                 auto here = std::make_shared<declared>();
                 here->send(0);
                 here->send(1);
                 run.thread([=] { here->send(2); });
                 run.thread([=] {
                     member in{here->topic, "group", tireless};
                     int next = 0;
                     while (next != 3) {
                         for (const auto batch = in.poll(); const auto& record : batch) {
                             check(record.value().value.get() == next++, "nothing was lost to it");
                         }
                     }
                 });
             });
}

TEST_CASE(
    "a topic closes while a partition moves, or its owner is fenced: all is read, and all are told",
    "[model][groups][close]")
{
    explored("hand over: closed while a member leaves", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<full_scene>(tireless);
        auto second = std::make_shared<member>(here->topic, "group", tireless);
        run.thread([=] {
            here->poll(*here->first);
            here->first.reset();
        });
        run.thread([=] {
            here->topic.close();
            for (;;) {
                const auto batch = second->poll();
                if (batch.status() == poll_status::closed) {
                    break;
                }
                here->read(batch);
            }
            check(here->next.get() == 2, "the end is told when everything was read");
        });
    });
    explored("hand over: closed while a member leaves its records behind", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<full_scene>(by_hand);
                 auto second = std::make_shared<member>(here->topic, "group", tireless);
                 run.thread([=] {
                     look_at(here->first->try_poll());
                     here->first.reset();
                     here->topic.close();
                 });
                 run.thread([=] {
                     std::size_t count = 0;
                     for (;;) {
                         const auto batch = second->poll();
                         if (batch.status() == poll_status::closed) {
                             break;
                         }
                         count += batch.size();
                         look_at(batch);
                     }
                     check(count == 2, "what was not committed is read again");
                 });
             });
    explored("hand over: closed while a member is fenced", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<full_scene>(by_hand);
        auto other = std::make_shared<member>(here->topic, "group", tireless);
        look_at(here->first->try_poll());
        (void)here->look_around(std::chrono::hours{1});
        (void)other->try_poll(); // it is alive
        run.thread([=] {
            check(here->look_around(std::chrono::hours{2}), "it is fenced");
            check(here->first->commit() == commit_status::fenced, "it is told");
        });
        run.thread([=] {
            here->topic.close();
            std::size_t count = 0;
            for (;;) {
                const auto batch = other->poll();
                if (batch.status() == poll_status::closed) {
                    break;
                }
                count += batch.size();
            }
            check(count == 2, "what a dead member left is read");
        });
    });
}

TEST_CASE("a member that comes back under its name while the other one is in a call",
          "[model][groups]")
{
    static const consumer_options named{.auto_commit = false, .instance_id = "one"};
    explored("hand over: a second one of its name", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<full_scene>(named);
        run.thread([=] {
            const auto batch = here->first->try_poll();
            if (batch.status() == poll_status::records) {
                look_at(batch);
                const commit_status got = here->first->commit(only, 1);
                check(got != commit_status::out_of_range, "the record was there");
            } // else it is back under its name
        });
        run.thread([=] {
            member second{here->topic, "group", named};
            const auto batch = second.try_poll();
            if (batch.status() == poll_status::records) {
                check(batch.begin_offset() <= 1, "nothing is skipped");
                const auto committed = second.committed(only);
                check(!committed || *committed <= batch.begin_offset(),
                      "nobody else commits from now on");
                look_at(batch);
                const commit_status got = second.commit();
                check(got == commit_status::ok || got == commit_status::fenced,
                      "it owns what it read, unless the first one was back");
            }
        });
        run.after([=] {
            // the first one may never call again
            (void)here->look_around(std::chrono::hours{1});
            const member last{here->topic, "group", named};
            check(last.assignment().size() == 1, "and has an owner");
        });
    });
    explored("hand over: back while a newcomer looks", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<full_scene>(named);
        here->first.reset();
        auto newcomer = std::make_shared<member>(
            here->topic, "group",
            consumer_options{.max_poll_interval = gregor::no_timeout, .instance_id = "two"});
        run.thread([=] {
            member back{here->topic, "group", named};
            here->poll(back);
            check(back.commit() == commit_status::ok, "it has its own again");
        });
        run.thread([=] { check(newcomer->try_poll().empty(), "it is not the newcomer's"); });
    });
}

TEST_CASE("a reader that goes back while its partition goes to another one", "[model][groups]")
{
    explored("hand over: going back, and a producer", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<full_scene>(
            consumer_options{.auto_commit = false, .assign = all_to_last});
        check(here->first->commit(only, 2) == commit_status::ok, "it has read both");
        run.thread([=] {
            if (here->first->seek(only, 0)) {
                look_at(here->first->try_poll());
            }
        });
        run.thread([=] {
            member second{here->topic, "group", by_hand};
            here->send();
            const auto batch = second.try_poll();
            if (!batch.empty()) {
                check(batch.begin_offset() == 2, "it goes on from what was committed");
                look_at(batch);
            }
        });
    });
    explored("hand over: a commit that goes back", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<full_scene>(
            consumer_options{.auto_commit = false, .assign = all_to_last});
        check(here->first->commit(only, 2) == commit_status::ok, "it has read both");
        run.thread([=] { (void)here->first->commit(only, 0); });
        run.thread([=] {
            (void)here->out.try_send(model::number{2});
            member second{here->topic, "group", by_hand};
            const auto batch = second.try_poll();
            look_at(batch);
        });
    });
}

TEST_CASE("an idle owner that polls while it is taken from", "[model][groups]")
{
    explored("hand over: an idle owner polls, and commits by hand", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<full_scene>(consumer_options{
                     .auto_commit = false, .max_poll_records = 1, .assign = all_to_last});
                 here->poll(*here->first);
                 check(here->first->commit() == commit_status::ok, "the first is done with");
                 run.thread([=] {
                     const auto batch = here->first->try_poll();
                     here->read(batch);
                     (void)here->first->commit();
                 });
                 run.thread([=] {
                     here->second.emplace(here->topic, "group", by_hand); // stays
                     here->read(here->second->try_poll());
                 });
             });
}
