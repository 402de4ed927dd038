// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/run.hpp>

#if GREGOR_STOP_TOKEN

#    include <algorithm>
#    include <chrono>
#    include <cstdint>
#    include <map>
#    include <mutex>
#    include <set>
#    include <stdexcept>
#    include <string>
#    include <thread>
#    include <utility>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/counted.hpp"
#    include "support/handling.hpp"

using namespace std::chrono_literals;
using gregor::offset_t;
using gregor::partition_id;
using gregor::run_keyed;
using support::committed_by;
using support::eventually;

namespace {

struct step {
    std::uint32_t key = 0;
    int number = 0;
};
using steps = gregor::topic<step, gregor::keyed_by<&step::key>>;

/// The numbers that each key's records came in.
class log_of_keys {
public:
    void write(const step& s)
    {
        const std::lock_guard lock{mutex_};
        seen_[s.key].push_back(s.number);
    }
    [[nodiscard]] std::size_t size() const
    {
        const std::lock_guard lock{mutex_};
        std::size_t sum = 0;
        for (const auto& [key, numbers] : seen_) {
            sum += numbers.size();
        }
        return sum;
    }
    [[nodiscard]] std::vector<int> of(std::uint32_t key) const
    {
        const std::lock_guard lock{mutex_};
        const auto found = seen_.find(key);
        return found == seen_.end() ? std::vector<int>{} : found->second;
    }
    /// All keys have 0, 1, 2 ... up to n.
    [[nodiscard]] bool whole(std::size_t keys, int n) const
    {
        const std::lock_guard lock{mutex_};
        return seen_.size() == keys && std::all_of(seen_.begin(), seen_.end(), [&](auto& each) {
                   for (int i = 0; i != n; ++i) {
                       if (static_cast<int>(each.second.size()) != n ||
                           each.second[static_cast<std::size_t>(i)] != i) {
                           return false;
                       }
                   }
                   return true;
               });
    }

private:
    mutable std::mutex mutex_;
    std::map<std::uint32_t, std::vector<int>> seen_;
};

template <class Topic>
void send(Topic& topic, std::uint32_t keys, int each)
{
    gregor::producer out{topic};
    for (int i = 0; i != each; ++i) {
        for (std::uint32_t key = 0; key != keys; ++key) {
            REQUIRE(out.send(step{key, i}));
        }
    }
}

/// Two keys that have different workers.
std::pair<std::uint32_t, std::uint32_t> apart(std::size_t workers)
{
    steps t{"t"};
    gregor::consumer in{t, "g"};
    gregor::producer out{t};
    for (std::uint32_t key = 0; key != 100; ++key) {
        REQUIRE(out.send(step{key, 0}));
    }
    const auto batch = in.try_poll();
    for (std::size_t i = 1; i != batch.size(); ++i) {
        if (gregor::worker_of(batch[i], workers) != gregor::worker_of(batch[0], workers)) {
            return {0, batch[i].value().key};
        }
    }
    FAIL("all keys have the same worker");
    return {};
}

} // namespace

TEST_CASE("each key's records are handled in order", "[run][keyed]")
{
    steps t{"t", {.partitions = 2, .capacity_records = 256, .groups = {"g"}}};
    log_of_keys seen;
    auto work =
        run_keyed(t, "g", [&](const auto& record) { seen.write(record.value()); }, {.workers = 3});
    send(t, 50, 100);
    t.close();
    work.wait();
    CHECK(seen.whole(50, 100));
    CHECK(work.counts().handled == 5000);
    CHECK(committed_by(t, "g", {0}) == t.end_offset({0}));
    CHECK(committed_by(t, "g", {1}) == t.end_offset({1}));
}

TEST_CASE("keys spread over all workers, whatever partition they are in", "[run][keyed]")
{
    for (const std::uint32_t partitions : {1U, 4U, 8U}) {
        steps t{"t", {.partitions = partitions, .groups = {"g"}}};
        send(t, 1000, 1);
        gregor::consumer in{t, "g"};
        std::vector<std::map<std::size_t, int>> workers(partitions);
        for (auto batch = in.try_poll(); !batch.empty();
             batch = gregor::batch<steps>{in.try_poll()}) {
            for (const auto& record : batch) {
                ++workers[record.partition().value][gregor::worker_of(record, 8)];
            }
            batch.let_go();
        }
        for (const auto& each : workers) {
            CHECK(each.size() == 8);
        }
    }
}

TEST_CASE("a slow key stops neither the others nor what comes behind it", "[run][keyed]")
{
    const auto [slow, fast] = apart(4);
    steps t{"t", {.groups = {"g"}}};
    support::door go_on;
    log_of_keys seen;
    auto work = run_keyed(t, "g",
                          [&, slow = slow](const auto& record) {
                              if (record.value().key == slow) {
                                  go_on.pass();
                              }
                              seen.write(record.value());
                          },
                          {.workers = 4, .window_records = 100});
    gregor::producer out{t};
    REQUIRE(out.send(step{slow, 0}));
    for (int i = 0; i != 300; ++i) {
        REQUIRE(out.send(step{fast, i}));
    }
    // as far as the window goes, and no further
    CHECK(eventually([&, fast = fast] { return seen.of(fast).size() >= 75; }));
    std::this_thread::sleep_for(5ms);
    CHECK(seen.of(fast).size() <= 99);
    CHECK(t.state()->groups.front().shares[0].cursor->sequence() == 0);
    go_on.open();
    CHECK(eventually([&, fast = fast] { return seen.of(fast).size() == 300; }));
    // what is done is committed, though nothing more comes
    CHECK(
        eventually([&] { return t.state()->groups.front().shares[0].cursor->sequence() == 301; }));
    work.stop();
    CHECK(committed_by(t, "g") == 301);
}

TEST_CASE("a full window holds up its own partition only", "[run][keyed]")
{
    using texts = gregor::topic<std::string, gregor::key<std::string>>;
    texts t{"t", {.partitions = 2, .groups = {"g"}}};
    support::door go_on;
    support::notebook<std::string> seen;
    auto work = run_keyed(t, "g",
                          [&](const auto& record) {
                              if (record.value() == "slow") {
                                  go_on.pass();
                              }
                              seen.write(record.value());
                          },
                          {.workers = 8, .window_records = 4});
    gregor::producer out{t};
    REQUIRE(out.send(std::string{"slow"}, {.partition = {0}, .key = "slow"}));
    for (int i = 0; i != 100; ++i) {
        REQUIRE(out.send(std::string{"behind"}, {.partition = {0}, .key = std::to_string(i)}));
    }
    std::string other;
    { // a key that is not the slow one's neighbour
        texts probe{"probe"};
        gregor::producer p{probe};
        gregor::consumer in{probe, "g"};
        REQUIRE(p.send(std::string{}, {.key = "slow"}));
        for (int i = 0; i != 20; ++i) {
            REQUIRE(p.send(std::string{}, {.key = "o" + std::to_string(i)}));
        }
        const auto batch = in.try_poll();
        for (const auto& each : batch) {
            if (gregor::worker_of(each, 8) != gregor::worker_of(batch.front(), 8)) {
                other = *each.key();
            }
        }
    }
    for (int i = 0; i != 100; ++i) {
        REQUIRE(out.send(std::string{"other"}, {.partition = {1}, .key = other}));
    }
    const auto others = [&] {
        const auto lines = seen.lines();
        return std::count(lines.begin(), lines.end(), "other");
    };
    CHECK(eventually([&] { return others() == 100; }));
    CHECK(static_cast<std::ptrdiff_t>(seen.size()) - others() <= 3);
    go_on.open();
    t.close();
    work.wait();
    CHECK(seen.size() == 201);
}

TEST_CASE("records without a key are handled by any worker", "[run][keyed]")
{
    gregor::topic<int, gregor::key<std::string>> t{"t", {.groups = {"g"}}};
    gregor::producer out{t};
    for (int i = 0; i != 200; ++i) {
        REQUIRE(out.send(i));
    }
    t.close();
    support::notebook<int> seen; // (assertions are for one thread)
    support::notebook<int> with_key;
    auto work = run_keyed(t, "g", [&](const auto& record) {
        (record.key().has_value() ? with_key : seen).write(record.value());
    });
    work.wait();
    CHECK(with_key.size() == 0);
    auto all = seen.lines();
    std::sort(all.begin(), all.end());
    CHECK(all.size() == 200);
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("a record that fails is retried, skipped or buried by its worker, and the rest goes on",
          "[run][keyed]")
{
    steps t{"t", {.groups = {"retries", "skips", "buries"}}};
    send(t, 10, 10);
    t.close();
    const auto fails_at_five = [](const auto& record) {
        if (record.value().number == 5) {
            throw std::runtime_error("five");
        }
    };
    std::mutex mutex;
    std::map<std::uint32_t, int> tries;
    log_of_keys seen;
    auto retries = run_keyed(t, "retries",
                             [&](const auto& record) {
                                 if (record.value().number == 5) {
                                     const std::lock_guard lock{mutex};
                                     if (++tries[record.value().key] < 3) {
                                         throw std::runtime_error("five");
                                     }
                                 }
                                 seen.write(record.value());
                             },
                             {.retry = {.attempts = 2, .first_delay = 1us}});
    retries.wait();
    CHECK(seen.whole(10, 10));
    CHECK(retries.counts().retried == 20);

    auto skips = run_keyed(t, "skips", fails_at_five, {.failure = gregor::on_failure::skip});
    skips.wait();
    CHECK(skips.counts().skipped == 10);
    CHECK(skips.counts().handled == 90);
    CHECK(committed_by(t, "skips") == 100);

    gregor::topic<gregor::dead_letter<step>> dead{"dead", {.groups = {"undertaker"}}};
    auto buries = run_keyed(t, "buries", fails_at_five, {}, gregor::dead_letters_to(dead));
    buries.wait();
    CHECK(buries.counts().dead_lettered == 10);
    CHECK(dead.end_offset({0}) == 10);
    CHECK(committed_by(t, "buries") == 100);
}

TEST_CASE("an error stops the runner, and commits what was done before it", "[run][keyed]")
{
    const auto [bad, good] = apart(2);
    steps t{"t", {.groups = {"g"}}};
    gregor::producer out{t};
    for (int i = 0; i != 20; ++i) {
        REQUIRE(out.send(step{good, i}));
    }
    REQUIRE(out.send(step{bad, 0}));
    REQUIRE(out.send(step{bad, 1}));
    for (int i = 20; i != 40; ++i) {
        REQUIRE(out.send(step{good, i}));
    }
    support::door go_on;
    log_of_keys seen;
    auto work = run_keyed(t, "g",
                          [&, bad = bad](const auto& record) {
                              if (record.value().key == bad) {
                                  go_on.pass();
                                  throw std::runtime_error("bad");
                              }
                              seen.write(record.value());
                          },
                          {.workers = 2});
    CHECK(eventually([&] { return seen.size() == 40; }));
    go_on.open();
    CHECK_THROWS_WITH(work.wait(), "bad");
    CHECK(seen.of(bad).empty()); // its second one was not begun
    CHECK(committed_by(t, "g") == 20);
}

TEST_CASE("a stop begins no other record, and brings back no more than the window", "[run][keyed]")
{
    steps t{"t", {.groups = {"g"}}};
    support::door go_on;
    log_of_keys seen;
    auto work = run_keyed(t, "g",
                          [&](const auto& record) {
                              go_on.pass();
                              seen.write(record.value());
                          },
                          {.workers = 2, .window_records = 64});
    send(t, 8, 50);
    REQUIRE(eventually([&] { return work.members() == 1; }));
    std::this_thread::sleep_for(5ms);
    work.request_stop();
    go_on.open();
    work.stop();
    CHECK(seen.size() <= 2);
    const offset_t next = committed_by(t, "g");
    CHECK(next <= seen.size());
    CHECK(seen.size() - next <= 64);
}

TEST_CASE("a keyed runner drains", "[run][keyed]")
{
    steps t{"t", {.partitions = 3, .groups = {"g"}}};
    log_of_keys seen;
    auto work = run_keyed(t, "g", [&](const auto& record) { seen.write(record.value()); },
                          {.members = 2, .drain = 1h, .window_records = 16});
    send(t, 20, 50);
    work.stop();
    CHECK(seen.whole(20, 50));
}

TEST_CASE("members with workers come and go, and each key stays in order, each record once",
          "[run][keyed]")
{
    steps t{"t", {.partitions = 6, .capacity_records = 128, .groups = {"g"}}};
    log_of_keys seen;
    auto work = run_keyed(t, "g", [&](const auto& record) { seen.write(record.value()); },
                          {.members = 2, .workers = 2, .window_records = 32});
    std::thread sender{[&] {
        gregor::producer out{t};
        for (int i = 0; i != 300; ++i) {
            for (std::uint32_t key = 0; key != 40; ++key) {
                out.send(step{key, i});
            }
        }
    }};
    for (const std::size_t n : {4U, 1U, 3U, 2U, 6U, 1U, 2U}) {
        work.set_members(n);
        std::this_thread::sleep_for(2ms);
    }
    sender.join();
    t.close();
    work.wait();
    CHECK(seen.whole(40, 300));
    CHECK(work.counts().handled == 12'000);
}

TEST_CASE("a keyed member whose handlers are slow is alive, since it polls on", "[run][keyed]")
{
    using timed = gregor::topic<step, gregor::keyed_by<&step::key>,
                                gregor::time_source<gregor::manual_clock>>;
    gregor::manual_clock clock;
    timed t{"t", {.groups = {"g"}}, clock};
    support::door go_on;
    log_of_keys seen;
    support::notebook<int> begun;
    auto work = run_keyed(t, "g",
                          [&](const auto& record) {
                              begun.write(0);
                              go_on.pass();
                              seen.write(record.value());
                          },
                          {.workers = 1, .consumer = {.max_poll_interval = 1s}});
    send(t, 2, 10);
    REQUIRE(eventually([&] { return begun.size() == 1; }));
    std::this_thread::sleep_for(20ms); // it has handed over, and is on its way to its next poll
    clock.advance(10s);
    // inside its poll it is alive, however slow its handlers are
    CHECK_FALSE(t.maintain());
    clock.advance(10s);
    CHECK_FALSE(t.maintain());
    go_on.open();
    t.close();
    work.wait();
    CHECK(seen.whole(2, 10));
}

TEST_CASE("a keyed member that was fenced begins nothing more, and the others do all of it",
          "[run][keyed]")
{
    struct slow_to_copy {
        int key = 0;
        support::door* door = nullptr; // the copy waits at it
        explicit slow_to_copy(int k, support::door* d = nullptr) : key(k), door(d) {}
        slow_to_copy(const slow_to_copy& other) : key(other.key), door(other.door)
        {
            if (door != nullptr) {
                door->pass();
            }
        }
        slow_to_copy(slow_to_copy&&) noexcept = default;
        ~slow_to_copy() = default;
    };
    using timed = gregor::topic<slow_to_copy, gregor::keyed_by<&slow_to_copy::key>,
                                gregor::time_source<gregor::manual_clock>>;
    gregor::manual_clock clock;
    timed t{"t", {.groups = {"g"}}, clock};
    support::door go_on;
    {
        gregor::producer out{t};
        for (int i = 0; i != 20; ++i) {
            REQUIRE(out.send(slow_to_copy{i, i == 5 ? &go_on : nullptr}));
        }
    }
    support::notebook<int> seen;
    auto work = run_keyed(t, "g", [&](const auto& record) { seen.write(record.value().key); },
                          {.members = 1, .consumer = {.max_poll_interval = 1s}});
    REQUIRE(eventually([&] { return seen.size() == 5; }));
    REQUIRE(eventually([&] {
        clock.advance(2s);
        return t.maintain();
    }));
    go_on.open();
    t.close();
    work.wait();
    CHECK(work.error() == nullptr);
    const auto lines = seen.lines();
    const std::set<int> all(lines.begin(), lines.end());
    CHECK(all.size() == 20);
    CHECK(committed_by(t, "g") == 20);
}

TEST_CASE("partitions that are added while workers run are handled, too", "[run][keyed]")
{
    steps t{"t", {.partitions = 1, .groups = {"g"}}};
    std::mutex mutex;
    std::size_t count = 0;
    auto work = run_keyed(t, "g", [&](const auto&) {
        const std::lock_guard lock{mutex};
        ++count;
    });
    send(t, 20, 5);
    REQUIRE(t.add_partitions(3));
    send(t, 20, 5);
    t.close();
    work.wait();
    CHECK(count == 200);
}

TEST_CASE("what stands behind a record that is left undone is not begun", "[run][keyed]")
{
    using timed = gregor::topic<step, gregor::keyed_by<&step::key>,
                                gregor::time_source<gregor::manual_clock>>;
    gregor::manual_clock clock;
    timed t{"t", {.groups = {"g"}}, clock};
    send(t, 1, 5);
    log_of_keys seen;
    support::notebook<int> tried;
    auto work = run_keyed(t, "g",
                          [&](const auto& record) {
                              tried.write(record.value().number);
                              if (record.value().number == 2) {
                                  throw std::runtime_error("not yet");
                              }
                              seen.write(record.value());
                          },
                          {.retry = {.attempts = gregor::for_ever, .first_delay = 1h, .limit = 1h},
                           .drain = 5s,
                           .workers = 1});
    REQUIRE(eventually([&] { return tried.size() == 3; }));
    work.request_stop();
    clock.advance(6s); // no time for another attempt
    work.wait();
    CHECK(seen.whole(1, 2));
    CHECK(tried.size() == 3);
    CHECK(committed_by(t, "g") == 2);
}

TEST_CASE("a claim that was given up holds up no keyed runner", "[run][keyed]")
{
    steps t{"t", {.groups = {"g"}}};
    log_of_keys seen;
    support::door go_on;
    auto work = run_keyed(t, "g",
                          [&](const auto& record) {
                              go_on.pass();
                              seen.write(record.value());
                          },
                          {.drain = 1h});
    {
        gregor::producer out{t};
        const gregor::producer another{t}; // one alone takes back what it gives up
        for (int i = 0; i != 10; ++i) {
            REQUIRE(out.send(step{1, i}));
            {
                auto given_up = out.claim(3);
            }
        }
    }
    std::this_thread::sleep_for(5ms);
    go_on.open();
    work.stop();
    CHECK(seen.whole(1, 10));
    CHECK(t.end_offset({0}) == 40);
    CHECK(t.state()->groups.front().shares[0].cursor->sequence() == 40);
}

TEST_CASE("a value whose copy throws stops a keyed runner, and is not committed", "[run][keyed]")
{
    using fragiles = gregor::topic<support::fragile, gregor::key<int>>;
    fragiles t{"t", {.groups = {"g"}}};
    {
        gregor::producer out{t};
        for (int i = 0; i != 5; ++i) {
            REQUIRE(out.send(support::fragile{static_cast<std::uint64_t>(i)}, {.key = i}));
        }
    }
    support::fragile::fuse = 3;
    support::notebook<std::uint64_t> seen;
    auto work = run_keyed(t, "g", [&](const auto& record) { seen.write(record.value().number()); });
    CHECK_THROWS_AS(work.wait(), support::fragile::burnt);
    support::fragile::fuse = 0;
    CHECK(seen.size() <= 2);
    CHECK(committed_by(t, "g") <= 2);
}

TEST_CASE("a destructor stops a busy keyed runner", "[run][keyed]")
{
    steps t{"t", {.partitions = 2, .groups = {"g"}}};
    send(t, 100, 20);
    log_of_keys seen;
    {
        auto work = run_keyed(t, "g", [&](const auto& record) { seen.write(record.value()); },
                              {.members = 2});
        CHECK(eventually([&] { return seen.size() > 10; }));
    }
    const offset_t done = committed_by(t, "g", {0}) + committed_by(t, "g", {1});
    CHECK(done <= seen.size());
}

#endif
