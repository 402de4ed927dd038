// SPDX-License-Identifier: MIT

// Models of topics that grow: partitions are added while others send, join, wait and close; nothing
// that is sent into them is lost, and nobody is forgotten.

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "model/exploring.hpp"
#include "model/small_topic.hpp"
#include "support/catch.hpp"

#include "gregor/ring/growing_array.hpp"

namespace {

using gregor::consumer;
using gregor::partition_id;
using gregor::poll_status;
using gregor::producer;
namespace model = gregor::model;
using model::cell;
using model::check;
using model::explored;
using model::number;
using model::small_topic;

using member = consumer<small_topic>;
constexpr partition_id one{1};

/// A topic of one partition that holds 2 records, and what its group has read of this one and of
/// the next.
struct scene {
    explicit scene(std::vector<std::string> groups = {}) : topic(2, std::move(groups)), out(topic)
    {
    }

    void grow() { check(topic.add_partitions(1).has_value(), "a partition is added"); }

    template <class Batch>
    std::size_t read(const Batch& batch)
    {
        for (const auto& record : batch) {
            auto& due = next[record.partition().value];
            check(static_cast<int>(record.offset()) == due.get(), "every record once, in order");
            due.set(due.get() + 1);
            static_cast<void>(record.value().value.get());
        }
        return batch.size();
    }

    /// All that is there was read.
    void expect_all_read()
    {
        for (std::uint32_t p = 0; p != topic.partitions(); ++p) {
            check(static_cast<gregor::offset_t>(next[p].get()) == topic.end_offset({p}),
                  "everything was read");
        }
    }

    small_topic topic;
    producer<small_topic> out;
    std::array<cell<int>, 2> next{cell<int>{0}, cell<int>{0}};
};

/// Sleeps until it is woken: a wake-up that is lost is one that never comes.
const gregor::consumer_options tireless{.reset = gregor::auto_offset_reset::latest,
                                        .max_poll_interval = gregor::no_timeout};

} // namespace

TEST_CASE("who finds an element of a growing array finds it whole", "[model][growth]")
{
    explored("growth: an array grows while it is walked", {}, [](model::run& run) {
        using elements = gregor::ring::growing_array<cell<int>, model::env>;
        const auto make = [](std::size_t i) { return cell<int>{static_cast<int>(i)}; };
        auto some = std::make_shared<elements>(1, make);
        run.thread([=] {
            some->append(make);
            some->append(make);
            some->withdraw();
            some->append(make);
            some->publish();
            some->append(make);
            some->publish();
        });
        run.thread([=] {
            int seen = 0;
            for (const auto& each : *some) {
                check(each.get() == seen++, "the elements are what was built");
            }
            check(seen <= 3, "no more than were published");
        });
    });
}

TEST_CASE("a partition is added while its topic's only producer sends", "[model][growth]")
{
    explored("growth: a partition is added between two sends", model::by_chance(30'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto in = std::make_shared<member>(here->topic, "group", tireless);
                 run.thread([=] { here->grow(); });
                 run.thread([=] {
                     (void)here->out.send(number{0});
                     (void)here->out.send(number{1});
                 });
                 run.thread([=] {
                     for (std::size_t seen = 0; seen != 2;) {
                         seen += here->read(in->poll());
                     }
                 });
                 run.after([=] { here->expect_all_read(); });
             });
}

TEST_CASE("what is added holds more records than its ring for nobody", "[model][growth]")
{
    explored("growth: the ring of a new partition is filled before it is read", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto in = std::make_shared<member>(here->topic, "group", tireless);
                 run.thread([=] {
                     here->grow();
                     for (int i = 0; i < 3; ++i) {
                         (void)here->out.try_send(number{i}, {.partition = one});
                     }
                 });
                 run.thread([=] { here->read(in->try_poll()); });
                 run.after([=] {
                     while (here->read(in->try_poll()) != 0) {}
                     here->expect_all_read();
                 });
             });
}

TEST_CASE("two producers share what is added", "[model][growth]")
{
    explored("growth: a partition for two producers", {.preemptions = 2}, [](model::run& run) {
        auto here = std::make_shared<scene>();
        auto second = std::make_shared<producer<small_topic>>(here->topic);
        auto in = std::make_shared<member>(here->topic, "group", tireless);
        run.thread([=] {
            here->grow();
            (void)here->out.send(number{0}, {.partition = one});
        });
        run.thread([=] {
            const partition_id newest{here->topic.partitions() - 1};
            (void)second->send(number{1}, {.partition = newest});
        });
        run.after([=] {
            while (here->read(in->try_poll()) != 0) {}
            here->expect_all_read();
        });
    });
    explored("growth: a partition, and a second producer that comes", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto in = std::make_shared<member>(here->topic, "group", tireless);
                 run.thread([=] { here->grow(); });
                 run.thread([=] {
                     const partition_id newest{here->topic.partitions() - 1};
                     (void)here->out.send(number{0}, {.partition = newest});
                 });
                 run.thread([=] {
                     producer<small_topic> second{here->topic};
                     const partition_id newest{here->topic.partitions() - 1};
                     (void)second.send(number{1}, {.partition = newest});
                 });
                 run.after([=] {
                     while (here->read(in->try_poll()) != 0) {}
                     here->expect_all_read();
                 });
             });
}

TEST_CASE("a member that sleeps is woken for what is added", "[model][growth]")
{
    explored("growth: asleep until a record comes into a new partition", {.preemptions = 2},
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto in = std::make_shared<member>(here->topic, "group", tireless);
                 run.thread([=] {
                     here->grow();
                     (void)here->out.send(number{0}, {.partition = one});
                 });
                 run.thread([=] { check(here->read(in->poll()) == 1, "it got the record"); });
             });
    explored("growth: asleep until its listener is told", {.preemptions = 2}, [](model::run& run) {
        struct waking : gregor::rebalance_listener {
            std::optional<member> in;
            void on_assigned(std::span<const partition_id> what) override
            {
                if (what.back() == one) {
                    in->wakeup();
                }
            }
        };
        auto here = std::make_shared<scene>();
        auto told = std::make_shared<waking>();
        auto options = tireless;
        options.listener = told.get();
        told->in.emplace(here->topic, "group", options);
        check(told->in->try_poll().empty(), "it is told of the first");
        run.thread([=] { here->grow(); });
        run.thread([=] {
            check(told->in->poll().status() == poll_status::woken, "it was told");
            told->in.reset();
        });
    });
}

TEST_CASE("a producer that sleeps is woken for what is added", "[model][growth]")
{
    using any_partition_topic = gregor::topic<number, model::watched_memory, gregor::wait::sleep,
                                              gregor::time_source<model::no_clock>>;
    explored("growth: a full partition, and another one", {.preemptions = 2}, [](model::run& run) {
        auto topic = std::make_shared<any_partition_topic>(
            "small", gregor::topic_options{.capacity_records = 2, .groups = {"group"}});
        auto out = std::make_shared<producer<any_partition_topic>>(*topic);
        (void)out->send(number{0});
        (void)out->send(number{1});
        run.thread([=] { check(topic->add_partitions(1).has_value(), "a partition is added"); });
        run.thread([=] {
            const gregor::sent went = out->send(number{2});
            check(went && went.partition() == one, "it went on in the other one");
        });
    });
}

TEST_CASE("a topic that closes while it grows closes all of it", "[model][growth]")
{
    explored("growth: the end is told when all that was added is read", {.preemptions = 1},
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto first = std::make_shared<member>(here->topic, "group", tireless);
                 auto second = std::make_shared<member>(here->topic, "group", tireless);
                 run.thread([=] {
                     here->grow();
                     (void)here->out.send(number{0}, {.partition = one});
                     here->topic.close();
                 });
                 run.thread([=] {
                     static_cast<void>(first); // has its partition: what is added is the second's
                     while (second->poll().status() == poll_status::records) {
                         here->next[1].set(here->next[1].get() + 1);
                     }
                 });
                 run.after([=] { here->expect_all_read(); });
             });
    explored("growth: a partition is added, or the topic is closed first", model::by_chance(30'000),
             [](model::run& run) {
                 auto here = std::make_shared<scene>();
                 auto in = std::make_shared<member>(here->topic, "group", tireless);
                 run.thread([=] {
                     if (here->topic.add_partitions(1)) {
                         (void)here->out.send(number{0}, {.partition = one});
                     }
                 });
                 run.thread([=] { here->topic.close(); });
                 run.thread([=] {
                     for (poll_status now = poll_status::records; now == poll_status::records;) {
                         const auto batch = in->poll();
                         here->read(batch);
                         now = batch.status();
                     }
                 });
                 run.after([=] { here->expect_all_read(); });
             });
}
