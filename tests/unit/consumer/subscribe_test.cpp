// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::commit_status;
using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;
using support::status_of_poll;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};

using ints = topic<int>;
using reader = gregor::consumer<ints>;

} // namespace

TEST_CASE("a consumer subscribes, unsubscribes, and subscribes again", "[consumer][subscribe]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    reader in{t};
    for (int round = 0; round != 3; ++round) {
        in.subscribe("g");
        CHECK(in.assignment().size() == 2);
        REQUIRE(out.try_send(round, {.partition = one}));
        CHECK(support::read_values(in) == std::vector{round}); // and commits it
        in.unsubscribe();
        CHECK(in.assignment().empty());
        CHECK(in.commit(one, 0) == commit_status::not_assigned);
        CHECK_FALSE(in.pause(one));
        in.unsubscribe(); // nothing happens
    }
    in.subscribe("another");
    CHECK(support::read_values(in) == std::vector{0, 1, 2});
    in.close();
    in.unsubscribe(); // nothing happens
    CHECK(status_of_poll(in) == poll_status::closed);
}

TEST_CASE("what was returned is committed when its consumer unsubscribes", "[consumer][subscribe]")
{
    for (const bool auto_commit : {true, false}) {
        ints t{"t"};
        gregor::producer out{t};
        reader in{t, {.auto_commit = auto_commit}};
        in.subscribe("g");
        REQUIRE(out.try_send(1));
        CHECK(in.try_poll().size() == 1);
        in.unsubscribe();
        in.subscribe("g");
        CHECK(in.try_poll().size() == (auto_commit ? 0 : 1));
    }
}

TEST_CASE("who unsubscribes leaves its partitions to the others", "[consumer][subscribe]")
{
    ints t{"t", {.partitions = 2, .capacity_records = 2}};
    gregor::producer out{t};
    reader a{t, "g"};
    reader b{t, "g"};
    CHECK(a.assignment().size() == 1);
    b.unsubscribe();
    static_cast<void>(a.try_poll());
    CHECK(a.assignment().size() == 2);
    a.unsubscribe(); // the group rests: nobody waits for it
    for (int i = 0; i != 5; ++i) {
        REQUIRE(out.try_send(i, {.partition = zero}));
    }
    b.subscribe("g");
    CHECK(b.assignment().size() == 2);
    b.unsubscribe();
    b.assign({zero});
    CHECK(status_of_poll(b) == poll_status::records);
    b.unsubscribe();
    for (int i = 0; i != 5; ++i) {
        REQUIRE(out.try_send(i, {.partition = zero})); // its cursor is gone, too
    }
    CHECK(t.explain().holders.empty());
}

TEST_CASE("a batch in hand stays valid when its consumer unsubscribes", "[consumer][subscribe]")
{
    for (const bool in_group : {true, false}) {
        ints t{"t", {.capacity_records = 2}};
        gregor::producer out{t};
        std::optional<reader> in{std::in_place, t};
        if (in_group) {
            in->subscribe("g");
        } else {
            in->assign({zero});
        }
        REQUIRE(out.try_send(1));
        REQUIRE(out.try_send(2));
        auto batch = in->try_poll();
        REQUIRE(batch.size() == 2);
        in->unsubscribe();
        in->unsubscribe();
        CHECK_FALSE(out.try_send(3));
        CHECK(batch.front().value() == 1);
        if (in_group) {
            in.reset(); // the batch outlives its consumer as well
        }
        CHECK_FALSE(out.try_send(3));
        batch.let_go();
        CHECK(out.try_send(3));
        if (in) {
            in->subscribe("late");
            CHECK(support::read_values(*in) == std::vector{2, 3});
            CHECK(out.try_send(4));
        }
        CHECK(t.explain().holders.empty());
    }
}

TEST_CASE("a fenced member may unsubscribe with its batch in hand", "[consumer][subscribe]")
{
    ints t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    reader first{t, "g", {.instance_id = "i"}};
    REQUIRE(out.try_send(1));
    REQUIRE(out.try_send(2));
    auto batch = first.try_poll();
    reader second{t, "g", {.instance_id = "i"}};
    CHECK(support::read_values(second) == std::vector{1, 2});
    second.commit();
    first.unsubscribe();
    CHECK_FALSE(out.try_send(3));
    CHECK(batch.back().value() == 2);
    batch.let_go();
    CHECK(out.try_send(3));
    first.assign({zero});
    CHECK(status_of_poll(first) == poll_status::records);
}

TEST_CASE("a listener is told when its consumer unsubscribes, and may throw",
          "[consumer][subscribe]")
{
    struct : gregor::rebalance_listener {
        std::vector<std::string> told;
        bool throws = false;
        void on_assigned(std::span<const partition_id>) override { told.emplace_back("assigned"); }
        void on_revoked(std::span<const partition_id>) override
        {
            told.emplace_back("revoked");
            if (throws) {
                throw std::runtime_error{"revoked"};
            }
        }
    } listener;
    ints t{"t"};
    reader in{t, {.listener = &listener}};
    in.subscribe("g");
    in.unsubscribe();
    CHECK(listener.told.empty()); // it did not know of anything
    in.subscribe("g");
    static_cast<void>(in.try_poll());
    listener.throws = true;
    CHECK_THROWS_AS(in.unsubscribe(), std::runtime_error);
    CHECK(listener.told == std::vector<std::string>{"assigned", "revoked"});
    CHECK(in.assignment().empty());
    listener.throws = false;
    in.subscribe("g");
    CHECK(in.assignment().size() == 1);
}

TEST_CASE("what cannot be joined is told, and the consumer goes on as it was",
          "[consumer][subscribe]")
{
    ints t{"t"};
    const reader lossy{t, "lossy", {.lossy = true}};
    reader in{t};
    const auto why = in.subscribe("lossy", std::nothrow);
    REQUIRE(why);
    CHECK(std::string{why->what()}.find("lossy, as the group was made") != std::string::npos);
    CHECK_THROWS_AS(in.subscribe(""), gregor::error);
    const auto nameless = in.subscribe("", std::nothrow);
    REQUIRE(nameless);
    CHECK(nameless->code() == gregor::errc::invalid_name);
    CHECK(nameless->expected() == "a group name");
    CHECK_FALSE(in.subscribe("g", std::nothrow));
    CHECK(in.assignment().size() == 1);
}

TEST_CASE("a subscription that fails for want of memory leaves the consumer free",
          "[consumer][subscribe]")
{
    const auto scenario = [](support::failing_run& run) {
        ints t{"t", {.partitions = 3, .capacity_records = 2}};
        gregor::producer out{t};
        reader in{t};
        const bool ok = run.gets_through([&] { in.subscribe("g"); });
        run.expect(in.assignment().size() == (ok ? 3U : 0U), "all, or nothing");
        if (!ok) {
            for (int i = 0; i != 5; ++i) {
                run.expect(static_cast<bool>(out.try_send(i, {.partition = zero})),
                           "nobody is held back");
            }
            in.subscribe("g");
            run.expect(in.assignment().size() == 3, "later it can");
        }
    };
    CHECK(support::fail_each(support::failing::allocation, scenario) > 5);
}

TEST_CASE("assign and subscribe exclude each other until unsubscribe", "[consumer][subscribe]")
{
    CHECK(support::dies_saying("assign is for consumers without a group", [] {
        ints t{"t"};
        reader in{t};
        in.subscribe("g");
        in.assign({zero});
    }));
    CHECK(support::dies_saying("subscribe was called while partitions are assigned", [] {
        ints t{"t"};
        reader in{t};
        in.assign({zero});
        in.subscribe("g");
    }));
    CHECK(support::dies_saying("subscribe was called by a member", [] {
        ints t{"t"};
        reader in{t, "g"};
        in.subscribe("g");
    }));
    ints t{"t"};
    reader in{t};
    in.assign({zero});
    in.unsubscribe();
    in.subscribe("g");
    in.unsubscribe();
    in.assign({zero});
    CHECK(in.assignment() == std::vector{zero});
}

TEST_CASE("subscribing at the wrong time ends the process", "[consumer][subscribe]")
{
    CHECK(support::dies_saying("poll was called before anything was assigned", [] {
        ints t{"t"};
        reader in{t, "g"};
        in.unsubscribe();
        static_cast<void>(in.try_poll());
    }));
    CHECK(support::dies_saying("subscribe was called while a batch is alive", [] {
        ints t{"t"};
        gregor::producer out{t};
        reader in{t, "g"};
        out.send(1);
        const auto batch = in.try_poll();
        in.unsubscribe();
        in.subscribe("g");
    }));
    CHECK(support::dies_saying("subscribe was called after close", [] {
        ints t{"t"};
        reader in{t};
        in.close();
        in.subscribe("g");
    }));
    CHECK(support::dies_saying("assign was called after close", [] {
        ints t{"t"};
        reader in{t};
        in.close();
        in.assign({zero});
    }));
    CHECK(support::dies_saying("unsubscribe was called by the consumer's own listener", [] {
        struct : gregor::rebalance_listener {
            reader* in = nullptr;
            void on_assigned(std::span<const partition_id>) override { in->unsubscribe(); }
        } listener;
        ints t{"t"};
        reader in{t, "g", {.listener = &listener}};
        listener.in = &in;
        static_cast<void>(in.try_poll());
    }));
}
