// SPDX-License-Identifier: MIT

// Models of groups whose members share partitions: what one member gives, the other one takes, and
// nothing is read twice, skipped or overwritten on the way.

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "model/exploring.hpp"
#include "model/group_scene.hpp"
#include "support/catch.hpp"

namespace {

using gregor::commit_status;
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

} // namespace

TEST_CASE("a partition moves from one member to the other", "[model][groups]")
{
    explored("groups: a member leaves, the other one reads on", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto first = std::make_shared<std::optional<member>>();
                 first->emplace(here->topic, "group");
                 auto second = std::make_shared<member>(here->topic, "group");
                 here->send();
                 here->send();
                 run.thread([=] {
                     here->poll(**first);
                     first->reset();
                 });
                 run.thread([=] {
                     here->poll(*second);
                     here->poll(*second);
                 });
             });
    explored("groups: a member comes, while the other one polls", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto first = std::make_shared<member>(here->topic, "group");
                 here->send();
                 here->send();
                 run.thread([=] {
                     here->poll(*first);
                     here->poll(*first);
                 });
                 run.thread([=] {
                     // takes the partition, where the first lies idle
                     member second{here->topic, "group", {.assign = nullptr, .listener = nullptr}};
                     here->poll(second);
                 });
             });
    explored("groups: a member comes, while a committed batch is in hand", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto first = std::make_shared<member>(
                     here->topic, "group", gregor::consumer_options{.assign = all_to_last});
                 here->send();
                 run.thread([=] {
                     const auto batch = first->try_poll();
                     (void)first->commit();
                     here->read(batch);
                 });
                 run.thread([=] {
                     member second{here->topic, "group"};
                     here->poll(second);
                     here->send();
                     here->poll(second);
                 });
             });
    explored("groups: a member that was asked before, while another one comes", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto first = std::make_shared<member>(
                     here->topic, "group", gregor::consumer_options{.assign = all_to_last});
                 here->send();
                 {
                     const auto batch = first->try_poll();
                     // asks the first one, which is outside, but has a batch in hand; and goes
                     const member second{here->topic, "group"};
                     here->read(batch);
                 }
                 here->poll(*first);
                 here->send();
                 run.thread([=] { here->poll(*first); });
                 run.thread([=] {
                     member third{here->topic, "group"};
                     here->poll(third);
                 });
             });
    explored("groups: all goes to who came last, while records come", model::by_chance(30'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto first = std::make_shared<member>(
                     here->topic, "group", gregor::consumer_options{.assign = all_to_last});
                 run.thread([=] {
                     here->send();
                     here->send();
                 });
                 run.thread([=] {
                     here->poll(*first);
                     here->poll(*first);
                     here->poll(*first);
                 });
                 run.thread([=] {
                     member second{here->topic, "group"};
                     here->poll(second);
                     here->poll(second);
                 });
             });
}

TEST_CASE("a member that waits is woken when a partition comes to it", "[model][groups]")
{
    explored("groups: asleep until the other one leaves", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto first = std::make_shared<std::optional<member>>();
        first->emplace(here->topic, "group");
        auto second = std::make_shared<member>(here->topic, "group", tireless);
        here->send();
        run.thread([=] { first->reset(); });
        run.thread([=] {
            const auto batch = second->poll();
            check(batch.size() == 1, "it got the record");
        });
    });
    explored(
        "groups: asleep until the other one has given", {.preemptions = 2}, [](model::run& run) {
            struct told : gregor::rebalance_listener {};
            static told asks_to_be_told;
            auto here = std::make_shared<scene>();
            auto first = std::make_shared<member>(
                here->topic, "group",
                gregor::consumer_options{.assign = all_to_last, .listener = &asks_to_be_told});
            auto second = std::make_shared<member>(here->topic, "group", tireless);
            here->send();
            run.thread([=] { check(first->try_poll().empty(), "it is not its own any more"); });
            run.thread([=] {
                const auto batch = second->poll();
                check(batch.size() == 1, "it got the record");
            });
        });
    explored("groups: the end is told to all", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto first = std::make_shared<member>(here->topic, "group", tireless);
        auto second = std::make_shared<member>(here->topic, "group", tireless);
        here->send();
        run.thread([=] {
            while (first->poll().status() != poll_status::closed) {}
        });
        run.thread([=] {
            here->topic.close();
            while (second->poll().status() != poll_status::closed) {}
        });
    });
}

TEST_CASE("a member that is fenced while it comes back does no harm", "[model][groups]")
{
    explored("groups: fenced, or back just in time", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto stalled = std::make_shared<member>(here->topic, "group",
                                                gregor::consumer_options{.auto_commit = false});
        auto other = std::make_shared<member>(here->topic, "group",
                                              gregor::consumer_options{.auto_commit = false});
        here->send();
        here->send();
        (void)here->look_around(std::chrono::hours{1});
        (void)other->try_poll(); // it is alive
        run.thread([=] {
            const auto batch = stalled->try_poll();
            for (const auto& record : batch) {
                check(record.value().value.get() == static_cast<int>(record.offset()),
                      "a batch stays what it was");
            }
            const commit_status status = stalled->commit(only, 1);
            check(status != commit_status::out_of_range, "the record was there");
        });
        run.thread([=] {
            if (here->look_around(std::chrono::hours{2})) {
                const auto batch = other->try_poll();
                check(batch.status() == poll_status::records && batch.begin_offset() <= 1,
                      "it reads on, and nothing is skipped");
                check(other->commit() == commit_status::ok, "it owns what it read");
            }
        });
    });
    explored("groups: a zombie's batch against a producer", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto stalled = std::make_shared<member>(
                     here->topic, "group", gregor::consumer_options{.auto_commit = false});
                 auto other = std::make_shared<member>(here->topic, "group");
                 here->send();
                 here->send();
                 auto batch = std::make_shared<gregor::batch<small_topic>>(stalled->try_poll());
                 check(batch->size() == 2, "it has both");
                 (void)here->look_around(std::chrono::hours{1});
                 (void)other->try_poll(); // it is alive
                 check(here->look_around(std::chrono::hours{2}), "it is fenced");
                 run.thread([=] {
                     here->poll(*other);
                     (void)other->commit();
                     here->send();
                 });
                 run.thread([=] {
                     for (const auto& record : *batch) {
                         check(record.value().value.get() == static_cast<int>(record.offset()),
                               "a zombie's batch stays what it was");
                     }
                     check(stalled->commit(only, 2) == commit_status::fenced, "it is told");
                     batch->let_go();
                 });
             });
}
