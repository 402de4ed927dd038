// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/run.hpp>

#if GREGOR_STOP_TOKEN

#    include <algorithm>
#    include <chrono>
#    include <cstdint>
#    include <limits>
#    include <memory>
#    include <mutex>
#    include <numeric>
#    include <optional>
#    include <set>
#    include <stdexcept>
#    include <string>
#    include <thread>
#    include <utility>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/death.hpp"
#    include "support/handling.hpp"
#    include "support/no_threads.hpp"
#    include "support/nth_failure.hpp"

using namespace std::chrono_literals;
using gregor::offset_t;
using gregor::partition_id;
using gregor::run;
using gregor::run_options;
using support::committed_by;
using support::eventually;

namespace {

using ints = gregor::topic<int>;
using seen = support::notebook<int>;

/// Sends 0 to n - 1 in turn to all partitions.
template <class Topic>
void send(Topic& topic, int n, int from = 0)
{
    gregor::producer out{topic};
    for (int i = from; i != from + n; ++i) {
        const auto p = static_cast<std::uint32_t>(i) % topic.partitions();
        REQUIRE(out.send(i, {.partition = partition_id{p}}));
    }
}

std::vector<int> first(int n)
{
    std::vector<int> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

std::vector<int> sorted(std::vector<int> values)
{
    std::sort(values.begin(), values.end());
    return values;
}

} // namespace

TEST_CASE("a handler is called for each record, and the runner ends with the topic", "[run]")
{
    ints t{"t"};
    seen all;
    auto work = run(t, "g", [&](const auto& record) { all.write(record.value()); });
    CHECK(work.members() == 1);
    send(t, 100);
    t.close();
    work.wait();
    CHECK(all.lines() == first(100));
    CHECK(work.counts().handled == 100);
    CHECK(work.error() == nullptr);
    CHECK(work.members() == 0);
    CHECK(committed_by(t, "g") == 100);
}

TEST_CASE("a handler that takes batches is called for each batch", "[run]")
{
    ints t{"t", {.groups = {"g"}}};
    send(t, 100);
    seen all;
    std::size_t most = 0;
    auto work = run(t, "g",
                    [&](const gregor::batch<ints>& batch) {
                        most = std::max(most, batch.size());
                        for (const auto& record : batch) {
                            all.write(record.value());
                        }
                    },
                    {.consumer = {.max_poll_records = 30}});
    t.close();
    work.wait();
    CHECK(all.lines() == first(100));
    CHECK(most == 30);
    CHECK(work.counts().handled == 100);
    CHECK(committed_by(t, "g") == 100);
}

TEST_CASE("many members share the work", "[run]")
{
    ints t{"t", {.partitions = 4, .groups = {"g"}}};
    seen all;
    support::door all_at_work;
    std::mutex mutex;
    std::set<std::thread::id> threads;
    auto work = run(t, "g",
                    [&](const auto& record) {
                        {
                            const std::lock_guard lock{mutex};
                            threads.insert(std::this_thread::get_id());
                        }
                        all_at_work.pass();
                        all.write(record.value());
                    },
                    {.members = 3});
    send(t, 400);
    CHECK(eventually([&] {
        const std::lock_guard lock{mutex};
        return threads.size() == 3;
    }));
    all_at_work.open();
    t.close();
    work.wait();
    CHECK(sorted(all.lines()) == first(400));
}

TEST_CASE("a handler that throws stops the runner, and its record is not committed", "[run]")
{
    ints t{"t", {.groups = {"g"}}};
    send(t, 10);
    auto work = run(t, "g", [](const auto& record) {
        if (record.value() == 4) {
            throw std::runtime_error("four");
        }
    });
    CHECK_THROWS_WITH(work.wait(), "four");
    CHECK(support::said_by(work.error()) == "four");
    CHECK(support::said_by(work.last_failure()) == "four");
    CHECK(work.counts().handled == 4);
    CHECK(work.members() == 0);
    CHECK(committed_by(t, "g") == 4);
    // whoever reads next goes on with it
    seen rest;
    auto again = run(t, "g", [&](const auto& record) { rest.write(record.value()); });
    t.close();
    again.wait();
    CHECK(rest.lines() == std::vector<int>{4, 5, 6, 7, 8, 9});
}

TEST_CASE("one member's error stops them all", "[run]")
{
    ints t{"t", {.partitions = 4, .groups = {"g"}}};
    auto work = run(t, "g", [](const auto&) { throw 7; }, {.members = 4});
    send(t, 1);
    CHECK_THROWS_AS(work.wait(), int);
    CHECK(support::said_by(work.error()) == "something that is no std::exception");
    CHECK(work.members() == 0);
    work.set_members(3); // it has stopped
    CHECK(work.members() == 0);
}

TEST_CASE("a record that fails may be skipped, and is counted", "[run]")
{
    ints t{"t", {.groups = {"g"}}};
    send(t, 10);
    seen all;
    auto work = run(t, "g",
                    [&](const auto& record) {
                        if (record.value() % 3 == 0) {
                            throw std::runtime_error("a multiple of three");
                        }
                        all.write(record.value());
                    },
                    {.failure = gregor::on_failure::skip});
    t.close();
    work.wait();
    CHECK(all.lines() == std::vector<int>{1, 2, 4, 5, 7, 8});
    CHECK(work.counts().skipped == 4);
    CHECK(work.counts().handled == 6);
    CHECK(support::said_by(work.last_failure()) == "a multiple of three");
    CHECK(committed_by(t, "g") == 10);
}

TEST_CASE("a failed batch is skipped, or stops the runner, as a whole", "[run]")
{
    const auto fails = [](const gregor::batch<ints>& batch) {
        if (batch.front().value() == 4) {
            throw std::runtime_error("the second batch");
        }
    };
    ints t{"t", {.groups = {"g", "h"}}};
    send(t, 12);
    t.close();
    auto skips = run(t, "g", fails,
                     {.failure = gregor::on_failure::skip, .consumer = {.max_poll_records = 4}});
    skips.wait();
    CHECK(skips.counts().handled == 8);
    CHECK(skips.counts().skipped == 4);
    auto stops = run(t, "h", fails, {.consumer = {.max_poll_records = 4}});
    CHECK_THROWS_WITH(stops.wait(), "the second batch");
    CHECK(committed_by(t, "h") == 4);
}

TEST_CASE("what goes well at the second attempt was no failure", "[run]")
{
    ints t{"t", {.groups = {"g"}}};
    send(t, 6);
    t.close();
    int calls = 0;
    auto work = run(t, "g",
                    [&](const auto& record) {
                        if (++calls % 2 == 1 && record.value() % 2 == 0) {
                            throw std::runtime_error("not yet");
                        }
                        calls -= record.value() % 2 == 0 ? 0 : 1;
                    },
                    {.retry = {.attempts = 1, .first_delay = 0ns}});
    work.wait();
    CHECK(work.counts().handled == 6);
    CHECK(work.counts().retried == 3);
    CHECK(committed_by(t, "g") == 6);
}

TEST_CASE("retries are apart by what the options say, and never more than that", "[run]")
{
    using timed = gregor::topic<int, gregor::time_source<gregor::manual_clock>>;
    gregor::manual_clock clock;
    timed t{"t", {.groups = {"g"}}, clock};
    send(t, 1);
    support::notebook<std::chrono::nanoseconds> calls;
    auto work = run(t, "g",
                    [&](const auto&) {
                        calls.write(clock.steady_now());
                        throw std::runtime_error("again");
                    },
                    {.retry = {.attempts = 5, .first_delay = 1s, .factor = 3, .limit = 10s},
                     .consumer = {.max_poll_interval = gregor::no_timeout}});
    const std::vector<std::chrono::nanoseconds> expected{0s, 1s, 4s, 13s, 23s, 33s};
    for (std::size_t i = 0; i != expected.size(); ++i) {
        REQUIRE(eventually([&] { return calls.size() == i + 1; }));
        if (i + 1 != expected.size()) {
            std::this_thread::sleep_for(5ms); // it is on its way from the call to the pause
            // a step that is too short brings nothing
            const auto step = expected[i + 1] - expected[i];
            clock.advance(step - 1ns);
            std::this_thread::sleep_for(5ms);
            CHECK(calls.size() == i + 1);
            clock.advance(1ns);
        }
    }
    CHECK_THROWS_WITH(work.wait(), "again");
    CHECK(calls.lines() == expected);
    CHECK(work.counts().retried == 5);
    CHECK(work.counts().handled == 0);
}

TEST_CASE("a stop does not wait for the next attempt", "[run]")
{
    ints t{"t", {.groups = {"g"}}};
    send(t, 3);
    seen tried;
    auto work = run(t, "g",
                    [&](const auto& record) {
                        tried.write(record.value());
                        throw std::runtime_error("never");
                    },
                    {.retry = {.attempts = gregor::for_ever, .first_delay = 1h, .limit = 1h}});
    REQUIRE(eventually([&] { return tried.size() == 1; }));
    work.stop();
    CHECK(work.error() == nullptr);
    CHECK(tried.size() == 1);
    CHECK(committed_by(t, "g") == 0);
    CHECK_NOTHROW(work.wait());
}

TEST_CASE("members come and go while it runs, and nothing is lost or doubled", "[run]")
{
    ints t{"t", {.partitions = 8, .capacity_records = 64, .groups = {"g"}}};
    seen all;
    auto work = run(t, "g", [&](const auto& record) { all.write(record.value()); }, {.members = 2});
    std::thread sender{[&] {
        gregor::producer out{t};
        for (int i = 0; i != 20'000; ++i) {
            out.send(i, {.partition = partition_id{static_cast<std::uint32_t>(i) % 8}});
        }
    }};
    for (const std::size_t n : {5U, 1U, 8U, 3U, 4U, 1U, 6U, 2U}) {
        work.set_members(n);
        CHECK(work.members() == n);
        std::this_thread::sleep_for(2ms);
    }
    sender.join();
    t.close();
    work.wait();
    CHECK(sorted(all.lines()) == first(20'000));
    CHECK(work.counts().handled == 20'000);
}

TEST_CASE("a handler may change the number of members", "[run]")
{
    ints t{"t", {.partitions = 4, .groups = {"g"}}};
    gregor::runner* itself = nullptr;
    support::door ready;
    auto work = run(t, "g", [&](const auto& record) {
        ready.pass();
        itself->set_members(record.value() % 2 == 0 ? 4 : 1);
    });
    itself = &work;
    ready.open();
    send(t, 40);
    t.close();
    work.wait();
    CHECK(work.counts().handled == 40);
}

TEST_CASE("a stop finishes the record in hand, and no other one", "[run]")
{
    ints t{"t", {.groups = {"g"}}};
    send(t, 10);
    seen all;
    support::door go_on;
    auto work = run(t, "g", [&](const auto& record) {
        all.write(record.value());
        go_on.pass();
    });
    REQUIRE(eventually([&] { return all.size() == 1; }));
    work.request_stop();
    CHECK(work.members() == 1);
    CHECK_FALSE(work.wait_for(1ms));
    go_on.open();
    work.stop();
    CHECK(all.lines() == std::vector<int>{0});
    CHECK(committed_by(t, "g") == 1);
}

TEST_CASE("a stop that drains goes on with what was sent before", "[run]")
{
    ints t{"t", {.partitions = 4, .groups = {"g"}}};
    seen all;
    support::door go_on;
    auto work = run(t, "g",
                    [&](const auto& record) {
                        go_on.pass();
                        all.write(record.value());
                    },
                    {.members = 2, .drain = 1h});
    send(t, 100);
    work.request_stop();
    go_on.open();
    work.stop();
    CHECK(sorted(all.lines()) == first(100));
    CHECK_FALSE(t.closed());
    for (std::uint32_t p = 0; p != 4; ++p) {
        CHECK(committed_by(t, "g", partition_id{p}) == 25);
    }
}

TEST_CASE("a stop that drains ends at its deadline, though more comes all the time", "[run]")
{
    using timed = gregor::topic<int, gregor::time_source<gregor::manual_clock>>;
    gregor::manual_clock clock;
    timed t{"t", {.groups = {"g"}}, clock};
    send(t, 10);
    seen all;
    auto work = run(t, "g",
                    [&](const auto& record) {
                        all.write(record.value());
                        clock.advance(1s);
                    },
                    {.drain = 5s});
    work.stop();
    const auto count = static_cast<int>(all.size());
    CHECK(count < 8);
    CHECK(all.lines() == first(count));
    CHECK(committed_by(t, "g") == static_cast<offset_t>(count));
}

TEST_CASE("a destructor stops a busy runner, a waiting one, and one that retries", "[run]")
{
    ints t{"t", {.partitions = 2, .groups = {"busy", "waiting", "retrying", "moved"}}};
    send(t, 50);
    seen all;
    {
        auto busy =
            run(t, "busy", [&](const auto& record) { all.write(record.value()); }, {.members = 3});
        auto waiting = run(t, "waiting", [](const auto&) {});
        auto retrying =
            run(t, "retrying", [](const auto&) { throw 1; },
                {.members = 2,
                 .retry = {.attempts = gregor::for_ever, .first_delay = 1h, .limit = 1h}});
        auto moved = run(t, "moved", [](const auto&) {});
        waiting = std::move(moved); // the old one ends here
        REQUIRE(eventually([&] { return retrying.last_failure() != nullptr; }));
    }
    const offset_t done =
        committed_by(t, "busy", partition_id{0}) + committed_by(t, "busy", partition_id{1});
    CHECK(done == all.size());
}

TEST_CASE("a runner outlives its topic, and handles what is left", "[run]")
{
    seen all;
    std::optional<gregor::runner> work;
    support::door go_on;
    {
        ints t{"t", {.groups = {"g"}}};
        send(t, 20);
        work.emplace(run(t, "g", [&](const auto& record) {
            go_on.pass();
            all.write(record.value());
        }));
    }
    go_on.open();
    work->wait();
    CHECK(all.lines() == first(20));
}

TEST_CASE("a lossy runner counts what it missed", "[run]")
{
    ints t{"t", {.capacity_records = 16}};
    seen all;
    support::door go_on;
    auto work = run(t, "g",
                    [&](const auto& record) {
                        all.write(record.value());
                        go_on.pass();
                    },
                    {.drain = 1h, .consumer = {.lossy = true, .max_poll_records = 1}});
    send(t, 1);
    REQUIRE(eventually([&] { return all.size() == 1; }));
    std::thread sender{[&] {
        gregor::producer out{t};
        for (int i = 0; i != 15; ++i) {
            static_cast<void>(out.send(i));
        }
        go_on.open();
        for (int i = 0; i != 1000; ++i) {
            static_cast<void>(out.send(i));
        }
    }};
    sender.join();
    work.stop();
    CHECK(work.counts().handled + work.counts().missed == 1016);
}

TEST_CASE("static members keep their names, apart from each other", "[run]")
{
    ints t{"t", {.partitions = 4, .groups = {"g"}}};
    seen all;
    auto work = run(t, "g", [&](const auto& record) { all.write(record.value()); },
                    {.members = 3, .consumer = {.instance_id = "worker"}});
    send(t, 100);
    t.close();
    work.wait(); // nobody was fenced by a namesake
    CHECK(sorted(all.lines()) == first(100));
}

TEST_CASE("a user's listener hears of every member's partitions", "[run]")
{
    struct counting : gregor::rebalance_listener {
        std::mutex mutex;
        std::size_t came = 0;
        std::size_t went = 0;
        void on_assigned(std::span<const partition_id> p) override
        {
            const std::lock_guard lock{mutex};
            came += p.size();
        }
        void on_revoked(std::span<const partition_id> p) override
        {
            const std::lock_guard lock{mutex};
            went += p.size();
        }
    } listener;
    ints t{"t", {.partitions = 4, .groups = {"g"}}};
    {
        auto work =
            run(t, "g", [](const auto&) {}, {.members = 2, .consumer = {.listener = &listener}});
        send(t, 100);
        t.close();
        work.wait();
    }
    CHECK(listener.came >= 4);
    CHECK(listener.came == listener.went);
}

TEST_CASE("what a listener throws stops the runner", "[run]")
{
    struct throwing : gregor::rebalance_listener {
        void on_assigned(std::span<const partition_id>) override
        {
            throw std::runtime_error("not these");
        }
    } listener;
    ints t{"t"};
    auto work = run(t, "g", [](const auto&) {}, {.consumer = {.listener = &listener}});
    CHECK_THROWS_WITH(work.wait(), "not these");
}

TEST_CASE("a group without an offset to read from stops the runner with a sentence", "[run]")
{
    ints t{"t"};
    auto work =
        run(t, "g", [](const auto&) {}, {.consumer = {.reset = gregor::auto_offset_reset::none}});
    try {
        work.wait();
        FAIL("it went on");
    } catch (const gregor::error& e) {
        CHECK(e.code() == gregor::errc::no_offset);
        CHECK(e.operation() == "runner of topic \"t\" in group \"g\"");
    }
}

TEST_CASE("what cannot be is said before anything runs", "[run]")
{
    ints t{"t"};
    const auto handler = [](const auto&) {};
    const auto why = [&](const std::string& group, const run_options& options) {
        try {
            auto work = run(t, group, handler, options);
        } catch (const gregor::error& e) {
            return e.expected() + " / " + e.found();
        }
        return std::string{"it runs"};
    };
    CHECK(why("g", {.members = 0}) == "1 to 1024 members / 0");
    CHECK(why("g", {.members = 1025}) == "1 to 1024 members / 1025");
    CHECK(why("g", {.retry = {.factor = 0.5}}) == "a retry.factor of 1 or more / 0.500000");
    CHECK(why("g", {.retry = {.factor = std::numeric_limits<double>::quiet_NaN()}})
              .starts_with("a retry.factor of 1 or more / "));
    CHECK(why("g", {.retry = {.first_delay = -1ns}}) == "a retry.first_delay of 0 or more / -1 ns");
    CHECK(why("g", {.retry = {.limit = -1ns}}) == "a retry.limit of 0 or more / -1 ns");
    CHECK(why("g", {.drain = -1ns}) == "a drain of 0 or more / -1 ns");
    CHECK(why("g", {.workers = 0}) == "1 to 1024 workers / 0");
    CHECK(why("g", {.window_records = 0}) == "1 to 16777216 window_records / 0");
    CHECK(why("", {}) == "a group name / an empty one");
    CHECK(why("g", {.consumer = {.max_poll_records = 0}}) == "max_poll_records of 1 or more / 0");
    auto work = run(t, "g", handler);
    CHECK_THROWS_AS(work.set_members(0), gregor::error);
    CHECK_THROWS_AS(work.set_members(1025), gregor::error);
    CHECK(work.members() == 1);
    CHECK(why("g", {.members = 2, .consumer = {.lossy = true}}) ==
          "lossless, as the group was made / lossy");
}

// Sanitizers look at the stacks that they are told of.
#    if defined(__GLIBC__) && !GREGOR_TSAN && !defined(__SANITIZE_ADDRESS__)
TEST_CASE("a thread that cannot be had is an error, and nothing is left running", "[run]")
{
    CHECK(support::comes_to_an_end([] {
        ints t{"t", {.partitions = 4, .groups = {"g"}}};
        const auto handler = [](const auto&) {};
        auto first = run(t, "g", handler, {.members = 2});
        support::start_no_more_threads();
        const auto refused = [](auto&& attempt) {
            try {
                attempt();
            } catch (const gregor::error& e) {
                return e.code() == gregor::errc::no_thread;
            }
            return false;
        };
        const bool both = refused([&] { auto more = run(t, "h", handler, {.members = 3}); }) &&
                          refused([&] { first.set_members(40); });
        if (!both || first.members() != 2) {
            ::_exit(1);
        }
        t.close();
        first.wait();
        ::_exit(first.error() == nullptr ? 0 : 2);
    }));
}
#    endif

TEST_CASE("a fenced member goes no further in its batch: another one has it", "[run]")
{
    using timed = gregor::topic<int, gregor::time_source<gregor::manual_clock>>;
    gregor::manual_clock clock;
    timed t{"t", {.groups = {"g"}}, clock};
    send(t, 10);
    seen all;
    support::door go_on;
    std::mutex mutex;
    bool first_call = true;
    auto work = run(t, "g",
                    [&](const auto& record) {
                        std::unique_lock lock{mutex};
                        if (std::exchange(first_call, false)) {
                            lock.unlock();
                            go_on.pass();
                        }
                        all.write(record.value());
                    },
                    {.members = 2, .consumer = {.max_poll_interval = 1s}});
    REQUIRE(eventually([&] {
        const std::lock_guard lock{mutex};
        return !first_call;
    }));
    REQUIRE(eventually([&] {
        clock.advance(2s);
        t.maintain();
        return all.size() == 10;
    }));
    CHECK(all.lines() == first(10));
    go_on.open();
    CHECK(eventually([&] { return all.size() == 11; }));
    t.close();
    work.wait();
    CHECK(all.size() == 11); // the one in its hands was handled twice, no other
}

TEST_CASE("partitions that are added while it runs are handled, too", "[run]")
{
    ints t{"t", {.partitions = 1, .groups = {"g"}}};
    seen all;
    auto work = run(t, "g", [&](const auto& record) { all.write(record.value()); }, {.members = 2});
    send(t, 10);
    REQUIRE(t.add_partitions(2));
    send(t, 30, 10);
    t.close();
    work.wait();
    CHECK(sorted(all.lines()) == first(40));
}

TEST_CASE("whatever allocation fails when it starts, nothing is left", "[run]")
{
    // what the members free is not this thread's to count: not by fail_each
    long n = 0;
    for (bool failed = true; failed; ++n) {
        support::failing_run attempt{support::failing::allocation, n + 1};
        ints t{"t", {.partitions = 2, .groups = {"g"}}};
        failed = !attempt.gets_through(
            [&] { auto work = run(t, "g", [](const auto&) {}, {.members = 2}); });
        attempt.expect(!attempt.threw_bad_alloc(), "it is a gregor::error");
        gregor::consumer in{t, "g"};
        attempt.expect(in.assignment().size() == 2, "nobody else is a member");
        INFO("number " << n << " of the allocations fails");
        CHECK(std::string{attempt.wrong()}.empty());
        REQUIRE(n < 1000);
    }
    CHECK(n > 20);
}

TEST_CASE("a handler that waits for its own runner is told so", "[run]")
{
    CHECK(support::dies_saying("a handler waited for its own runner", [] {
        ints t{"t", {.groups = {"g"}}};
        gregor::runner* itself = nullptr;
        support::door ready;
        auto work = run(t, "g", [&](const auto&) {
            ready.pass();
            itself->stop();
        });
        itself = &work;
        ready.open();
        static_cast<void>(gregor::producer{t}.send(1));
        t.close();
        work.wait();
    }));
}

TEST_CASE("a handler may tell its runner to stop", "[run]")
{
    ints t{"t", {.groups = {"g"}}};
    gregor::runner* itself = nullptr;
    support::door ready;
    auto work = run(t, "g", [&](const auto& record) {
        ready.pass();
        if (record.value() == 3) {
            itself->request_stop();
        }
    });
    itself = &work;
    ready.open();
    send(t, 10);
    work.wait();
    CHECK(work.counts().handled == 4);
    CHECK(committed_by(t, "g") == 4);
}

TEST_CASE("jobs of a work queue are taken by handlers, each once", "[run]")
{
    using jobs = gregor::topic<std::unique_ptr<int>, gregor::groups::one>;
    jobs t{"t", {.partitions = 2, .groups = {"g"}}};
    gregor::producer out{t};
    for (int i = 0; i != 100; ++i) {
        REQUIRE(out.send(std::make_unique<int>(i)));
    }
    t.close();
    seen all;
    auto work = run(t, "g", [&](const auto& record) { all.write(*record.take()); }, {.members = 2});
    work.wait();
    CHECK(sorted(all.lines()) == first(100));
}

#endif
