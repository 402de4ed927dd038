// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::commit_status;
using gregor::consumer_options;
using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;
using support::status_of_poll;

namespace {

using ints = topic<int>;
using reader = gregor::consumer<ints>;
using timed_ints = topic<int, gregor::time_source<gregor::manual_clock>>;
using timed_reader = gregor::consumer<timed_ints>;

std::vector<std::uint32_t> numbers(const std::vector<partition_id>& partitions)
{
    std::vector<std::uint32_t> all;
    for (const partition_id p : partitions) {
        all.push_back(p.value);
    }
    return all;
}

/// Writes down what it is told.
struct diary : gregor::rebalance_listener {
    std::vector<std::string> lines;

    void write(const char* what, std::span<const partition_id> partitions)
    {
        std::string line = what;
        for (const partition_id p : partitions) {
            line += ' ' + std::to_string(p.value);
        }
        lines.push_back(line);
    }
    void on_assigned(std::span<const partition_id> p) override { write("assigned", p); }
    void on_revoked(std::span<const partition_id> p) override { write("revoked", p); }
    void on_lost(std::span<const partition_id> p) override { write("lost", p); }
};

/// One record into each partition.
template <class Topic>
void send_everywhere(gregor::producer<Topic>& out, std::uint32_t partitions, int value)
{
    for (std::uint32_t p = 0; p != partitions; ++p) {
        REQUIRE(out.try_send(value, {.partition = partition_id{p}}));
    }
}

} // namespace

TEST_CASE("members share the partitions of their group", "[consumer][members]")
{
    ints t{"t", {.partitions = 4}};
    gregor::producer out{t};
    reader a{t, "g"};
    CHECK(numbers(a.assignment()) == std::vector<std::uint32_t>{0, 1, 2, 3});
    std::optional<reader> b{std::in_place, t, "g"};
    // nothing was in a's hands, so nobody had to wait for it
    CHECK(b->assignment().size() == 2);
    CHECK(a.assignment().size() == 2);
    send_everywhere(out, 4, 7);
    CHECK(support::read_values(a).size() == 2);
    CHECK(support::read_values(*b).size() == 2);
    b.reset();
    CHECK(status_of_poll(a) == poll_status::timed_out);
    CHECK(a.assignment().size() == 4);
    send_everywhere(out, 4, 8);
    CHECK(support::read_values(a) == std::vector<int>{8, 8, 8, 8}); // what b read, it committed
}

TEST_CASE("a member too many has nothing to read, until another one goes", "[consumer][members]")
{
    ints t{"t", {.partitions = 1}};
    gregor::producer out{t};
    std::optional<reader> a{std::in_place, t, "g"};
    reader b{t, "g"};
    CHECK(b.assignment().empty());
    REQUIRE(out.try_send(1));
    CHECK(status_of_poll(b) == poll_status::timed_out);
    a.reset();
    CHECK(support::read_values(b) == std::vector<int>{1});
}

TEST_CASE("what is in hand moves when it is let go, and nobody reads it twice",
          "[consumer][members]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    reader a{t, "g"};
    send_everywhere(out, 2, 1);
    std::optional<reader> b;
    std::optional<reader> c;
    {
        const auto batch = a.try_poll();
        REQUIRE(batch.size() == 1);
        b.emplace(t, "g");
        c.emplace(t, "g");
        // the partition of the batch stays, the other one was free to go
        const auto mine = a.assignment();
        CHECK(std::find(mine.begin(), mine.end(), batch.partition()) != mine.end());
        CHECK(b->assignment().size() + c->assignment().size() <= 1);
    }
    // it commits what it had, and gives it
    int read = 1;
    for (int i = 0; i != 3; ++i) {
        read += static_cast<int>(support::read_values(a).size());
        read += static_cast<int>(support::read_values(*b).size());
        read += static_cast<int>(support::read_values(*c).size());
    }
    CHECK(read == 2);
    CHECK(a.assignment().size() + b->assignment().size() + c->assignment().size() == 2);
}

TEST_CASE("a commit of all does not reach what was committed by hand and taken since",
          "[consumer][members]")
{
    ints t{"t", {.partitions = 1, .capacity_records = 4}};
    gregor::producer out{t};
    const auto all_to_last = [](const gregor::assignment_request& request) {
        return std::vector<std::size_t>(request.partitions, request.members.size() - 1);
    };
    reader a{t, "g", {.auto_commit = false, .assign = all_to_last}};
    REQUIRE(out.try_send(1));
    {
        const auto batch = a.try_poll();
        REQUIRE(batch.size() == 1);
        CHECK(a.commit(batch.back()) == commit_status::ok);
    }
    reader b{t, "g"};
    REQUIRE(b.assignment().size() == 1); // all was committed: it lay idle
    REQUIRE(out.try_send(2));
    REQUIRE(out.try_send(3));
    CHECK(support::read_values(b) == std::vector<int>{2, 3});
    b.commit();
    a.commit();
    CHECK(b.committed(partition_id{0}) == 3U);
}

TEST_CASE("a member asleep in poll gives what it is to give", "[consumer][members]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    reader a{t, "g"};
    int read = 0;
    std::thread sleeper{[&] {
        while (a.poll(support::patience).status() == poll_status::records) {
            ++read;
        }
    }};
    reader b{t, "g"};
    while (b.assignment().empty()) {
        static_cast<void>(b.poll(1ms));
    }
    CHECK(b.assignment().size() == 1);
    send_everywhere(out, 2, 1);
    CHECK(b.poll(support::patience).size() == 1);
    t.close();
    CHECK(b.poll(support::patience).status() == poll_status::closed);
    sleeper.join();
    CHECK(read == 1);
}

TEST_CASE("the end is told when all partitions of the group are committed to it",
          "[consumer][members]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    std::optional<reader> a{std::in_place, t, "g", consumer_options{.auto_commit = false}};
    reader b{t, "g"};
    send_everywhere(out, 2, 1);
    t.close();
    CHECK(support::read_values(b).size() == 1);
    CHECK(status_of_poll(b) == poll_status::timed_out); // a may leave its record behind
    CHECK(a->try_poll().size() == 1);
    CHECK(status_of_poll(b) == poll_status::timed_out);
    a.reset(); // without a commit
    CHECK(support::read_values(b).size() == 1);
    CHECK(status_of_poll(b) == poll_status::closed);
}

TEST_CASE("a member that stays away is fenced, and its partitions move", "[consumer][members]")
{
    const gregor::manual_clock clock;
    timed_ints t{"t", {.partitions = 2}, clock};
    auto now = clock; // the same clock
    gregor::producer out{t};
    const consumer_options options{.max_poll_interval = 10s};
    timed_reader stalled{t, "g", options};
    timed_reader other{t, "g", options};
    static_cast<void>(stalled.try_poll());
    send_everywhere(out, 2, 5);
    CHECK(support::read_values(other).size() == 1);
    auto zombie = stalled.try_poll();
    REQUIRE(zombie.size() == 1);
    CHECK_FALSE(t.maintain());
    now.advance(9s);
    static_cast<void>(other.try_poll());
    CHECK_FALSE(t.maintain());
    now.advance(2s);
    CHECK(t.maintain());
    CHECK_FALSE(t.maintain());

    CHECK(support::read_values(other).size() == 1); // again: it was not committed
    CHECK(other.assignment().size() == 2);
    // the zombie's batch is what it was; its commits are refused
    CHECK(zombie.front().value() == 5);
    CHECK(stalled.commit(zombie.front()) == commit_status::fenced);
    CHECK(stalled.commit() == commit_status::fenced);
    CHECK_FALSE(stalled.seek(zombie.partition(), 0));
    zombie.let_go();
    CHECK(status_of_poll(stalled) == poll_status::fenced);
    // after that it takes part again
    static_cast<void>(other.try_poll());
    static_cast<void>(stalled.try_poll());
    CHECK(stalled.assignment().size() == 1);
    CHECK(other.assignment().size() == 1);
}

TEST_CASE("a fenced member's batch keeps its records until it is let go", "[consumer][members]")
{
    const gregor::manual_clock clock;
    timed_ints t{"t", {.partitions = 1, .capacity_records = 4}, clock};
    auto now = clock;
    gregor::producer out{t};
    timed_reader stalled{t, "g", {.max_poll_interval = 1s}};
    for (int i = 0; i != 4; ++i) {
        REQUIRE(out.try_send(i));
    }
    auto zombie = stalled.try_poll();
    REQUIRE(zombie.size() == 4);
    CHECK_FALSE(t.maintain());
    now.advance(1s);
    REQUIRE(t.maintain());
    timed_reader other{t, "g"};
    CHECK(support::read_values(other) == std::vector<int>{0, 1, 2, 3});
    other.commit();
    CHECK_FALSE(out.try_send(4));
    CHECK(zombie.front().value() == 0);
    zombie.let_go();
    CHECK(out.try_send(4));
}

TEST_CASE("a group whose members were all fenced goes on holding producers back",
          "[consumer][members]")
{
    const gregor::manual_clock clock;
    timed_ints t{"t", {.capacity_records = 2}, clock};
    auto now = clock;
    gregor::producer out{t};
    timed_reader stalled{t, "g", {.max_poll_interval = 1s}};
    CHECK_FALSE(t.maintain());
    now.advance(2s);
    REQUIRE(t.maintain());
    REQUIRE(out.try_send(1));
    REQUIRE(out.try_send(2));
    CHECK_FALSE(out.try_send(3));
    CHECK(t.explain().to_string().find("\"g\"") != std::string::npos);
    CHECK(status_of_poll(stalled) == poll_status::fenced);
    CHECK(support::read_values(stalled) == std::vector<int>{1, 2});
}

TEST_CASE("a listener is told what comes and what goes, before it goes", "[consumer][members]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    diary notes;
    reader a{t, "g", {.listener = &notes}};
    CHECK(notes.lines.empty()); // only inside poll or close
    static_cast<void>(a.try_poll());
    CHECK(notes.lines == std::vector<std::string>{"assigned 0 1"});
    reader b{t, "g"};
    CHECK(b.assignment().empty()); // a wants to know first
    static_cast<void>(a.try_poll());
    CHECK(notes.lines.size() == 2);
    CHECK(notes.lines.back() == "revoked 1");
    static_cast<void>(b.try_poll());
    CHECK(numbers(b.assignment()) == std::vector<std::uint32_t>{1});
    b.close();
    static_cast<void>(a.try_poll());
    CHECK(notes.lines.back() == "assigned 1");
    a.close();
    CHECK(notes.lines.back() == "revoked 0 1");
    CHECK(notes.lines.size() == 4);
}

TEST_CASE("a listener is not told of what came and went between two polls", "[consumer][members]")
{
    ints t{"t", {.partitions = 4}};
    diary notes;
    reader a{t, "g", {.listener = &notes}};
    reader b{t, "g"};
    // a was given all four, and two are b's by now
    static_cast<void>(a.try_poll());
    CHECK(notes.lines == std::vector<std::string>{"assigned 0 1"});
    static_cast<void>(b.try_poll());
    CHECK(b.assignment().size() == 2);
    // nor of what it has never polled
    diary none;
    std::optional<reader> c{std::in_place, t, "h", consumer_options{.listener = &none}};
    CHECK(c->assignment().size() == 4);
    c.reset();
    CHECK(none.lines.empty());
}

TEST_CASE("a listener is not told that it lost what it was never told of", "[consumer][members]")
{
    const gregor::manual_clock clock;
    timed_ints t{"t", {.partitions = 2}, clock};
    auto now = clock;
    diary notes;
    timed_reader a{t, "g", {.max_poll_interval = 1s, .listener = &notes}};
    CHECK_FALSE(t.maintain());
    now.advance(2s);
    REQUIRE(t.maintain());
    CHECK(status_of_poll(a) == poll_status::fenced);
    CHECK(notes.lines == std::vector<std::string>{"assigned 0 1"});
}

TEST_CASE("a commit while partitions are revoked counts", "[consumer][members]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    struct committing : gregor::rebalance_listener {
        std::optional<reader> in;
        std::vector<commit_status> results;
        void on_revoked(std::span<const partition_id> gone) override
        {
            for (const partition_id p : gone) {
                results.push_back(in->commit(p, in->position(p)));
            }
        }
    } listener;
    listener.in.emplace(t, "g", consumer_options{.auto_commit = false, .listener = &listener});
    send_everywhere(out, 2, 1);
    CHECK(support::read_values(*listener.in).size() == 2);
    reader b{t, "g"};
    static_cast<void>(listener.in->try_poll());
    CHECK(listener.results == std::vector<commit_status>{commit_status::ok});
    CHECK(support::read_values(b).empty());
    CHECK(b.assignment().size() == 1);
    listener.in->close();
    CHECK(listener.results.size() == 2);
    CHECK(support::read_values(b).empty());
}

TEST_CASE("a listener that throws changes nothing but its poll", "[consumer][members]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    struct throwing : gregor::rebalance_listener {
        void on_assigned(std::span<const partition_id>) override { throw std::runtime_error{"a"}; }
        void on_revoked(std::span<const partition_id>) override { throw std::runtime_error{"r"}; }
    } listener;
    reader a{t, "g", {.listener = &listener}};
    send_everywhere(out, 2, 1);
    CHECK_THROWS_AS(a.try_poll(), std::runtime_error);
    CHECK(a.try_poll().size() == 1); // it was assigned all the same
    CHECK(a.try_poll().size() == 1);
    reader b{t, "g"};
    CHECK_THROWS_AS(a.try_poll(), std::runtime_error);
    CHECK(a.assignment().size() == 1);
    static_cast<void>(b.try_poll());
    CHECK(b.assignment().size() == 1);
    CHECK_THROWS_AS(a.close(), std::runtime_error);
    static_cast<void>(b.try_poll());
    CHECK(b.assignment().size() == 2);
}

TEST_CASE("a static member comes back to what it left, and nobody else is bothered",
          "[consumer][members]")
{
    const gregor::manual_clock clock;
    timed_ints t{"t", {.partitions = 2}, clock};
    auto now = clock;
    gregor::producer out{t};
    const consumer_options steady{.max_poll_interval = 10s, .instance_id = "one"};
    diary notes;
    std::optional<timed_reader> one{std::in_place, t, "g", steady};
    timed_reader two{t, "g", {.max_poll_interval = 10s, .instance_id = "two", .listener = &notes}};
    static_cast<void>(one->try_poll());
    static_cast<void>(two.try_poll());
    const auto before = numbers(one->assignment());
    REQUIRE(before.size() == 1);
    one.reset();
    send_everywhere(out, 2, 1);
    CHECK(support::read_values(two).size() == 1);
    one.emplace(t, "g", steady);
    CHECK(numbers(one->assignment()) == before);
    CHECK(support::read_values(*one).size() == 1);
    static_cast<void>(two.try_poll());
    CHECK(notes.lines.size() == 1); // assigned, once
    // it does not come back in time
    one.reset();
    CHECK_FALSE(t.maintain());
    now.advance(10s);
    static_cast<void>(two.try_poll());
    CHECK(t.maintain());
    static_cast<void>(two.try_poll());
    CHECK(two.assignment().size() == 2);
}

TEST_CASE("a second member under one instance id fences the first", "[consumer][members]")
{
    ints t{"t", {.partitions = 2}};
    const consumer_options named{.instance_id = "one"};
    reader first{t, "g", named};
    static_cast<void>(first.try_poll());
    reader second{t, "g", named};
    CHECK(second.assignment().size() == 2);
    CHECK(first.commit() == commit_status::fenced);
    CHECK(status_of_poll(first) == poll_status::fenced);
}

TEST_CASE("the first member chooses how the group shares out", "[consumer][members]")
{
    ints t{"t", {.partitions = 4}};
    const auto all_to_last = [](const gregor::assignment_request& request) {
        return std::vector<std::size_t>(request.partitions, request.members.size() - 1);
    };
    reader a{t, "g", {.assign = all_to_last}};
    reader b{t, "g"};
    CHECK(b.assignment().size() == 4);
    CHECK(a.assignment().empty());
    reader c{t, "range", {.assign = gregor::assignors::range}};
    reader d{t, "range"};
    CHECK(numbers(c.assignment()) == std::vector<std::uint32_t>{0, 1});
    CHECK(numbers(d.assignment()) == std::vector<std::uint32_t>{2, 3});
}

TEST_CASE("a lossy group's partitions move to where their reader was", "[consumer][members]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    const consumer_options lossy{.lossy = true, .reset = gregor::auto_offset_reset::latest};
    reader a{t, "g", lossy};
    send_everywhere(out, 2, 1); // after a has come, before b
    reader b{t, "g", lossy};
    static_cast<void>(a.try_poll().size());
    std::size_t read = 1;
    for (int i = 0; i != 3; ++i) {
        read += support::read_values(a).size() + support::read_values(b).size();
    }
    CHECK(read == 2);
}

TEST_CASE("a consumer that goes is still the one that its listener commits with",
          "[consumer][groups]")
{
    struct committing : gregor::rebalance_listener {
        reader* in = nullptr;
        commit_status status = commit_status::not_assigned;

        void on_revoked(std::span<const partition_id> gone) override
        {
            status = in->commit(gone.front(), 1);
        }
    };
    const bool by_assignment = GENERATE(false, true);
    committing listener;
    ints t{"t", {.groups = {"g"}}};
    gregor::producer out{t};
    out.send(7);
    {
        reader in{t, "g", {.auto_commit = false, .listener = &listener}};
        listener.in = &in;
        REQUIRE(in.try_poll().size() == 1);
        if (by_assignment) {
            in = reader{t, "others"};
        }
    }
    CHECK(listener.status == commit_status::ok);
    CHECK(reader{t, "g"}.position(partition_id{0}) == 1);
}
