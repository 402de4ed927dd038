// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "support/catch.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

// Seldom ways for a partition to change hands. The driver of groups has found each of them wrong.

using namespace std::chrono_literals;
using gregor::auto_offset_reset;
using gregor::commit_status;
using gregor::consumer_options;
using gregor::partition_id;
using gregor::poll_status;
using support::status_of_poll;

namespace {

using topic_type = gregor::topic<int, gregor::time_source<gregor::manual_clock>>;
using reader = gregor::consumer<topic_type>;
constexpr partition_id zero{0};
constexpr partition_id one{1};

} // namespace

TEST_CASE("what was to be a newcomer's is his when a static member comes back", "[groups][members]")
{
    topic_type t{"t", {.partitions = 2}};
    const consumer_options named{.instance_id = "one"};
    std::optional<reader> first{std::in_place, t, "g", named};
    first.reset(); // away, and keeps both
    reader newcomer{t, "g"};
    CHECK(newcomer.assignment().empty());
    first.emplace(t, "g", named);
    CHECK(first->assignment().size() == 1);
    CHECK(status_of_poll(newcomer) == poll_status::timed_out);
    CHECK(newcomer.assignment().size() == 1);
}

TEST_CASE(
    "partitions that were added while a static member was away are shared out when it is back",
    "[groups][members]")
{
    topic_type t{"t", {.partitions = 1}};
    const consumer_options named{.instance_id = "one"};
    std::optional<reader> in{std::in_place, t, "g", named};
    in.reset();
    REQUIRE(t.add_partitions(2));
    in.emplace(t, "g", named);
    CHECK(in->assignment().size() == 3);
}

TEST_CASE("who is closed and away is not alive because somebody still asks him",
          "[groups][members]")
{
    const gregor::manual_clock clock;
    auto now = clock;
    topic_type t{"t", {.partitions = 1}, clock};
    reader away{t, "g", {.max_poll_interval = 10s, .instance_id = "one"}};
    away.close();
    reader other{t, "g"};
    CHECK_FALSE(t.maintain());
    now.advance(10s);
    CHECK(away.commit() == commit_status::not_assigned);
    CHECK(status_of_poll(away) == poll_status::closed);
    CHECK(t.maintain());
    CHECK(status_of_poll(other) == poll_status::timed_out);
    CHECK(other.assignment().size() == 1);
}

TEST_CASE("a commit while a fenced member closes is refused", "[groups][members]")
{
    const gregor::manual_clock clock;
    auto now = clock;
    topic_type t{"t", {.partitions = 1}, clock};
    gregor::producer out{t};
    struct committing : gregor::rebalance_listener {
        std::optional<reader> in;
        std::vector<commit_status> results;
        void on_lost(std::span<const partition_id> gone) override
        {
            results.push_back(in->commit(gone[0], 1));
            results.push_back(in->commit());
        }
    } listener;
    listener.in.emplace(t, "g", consumer_options{.max_poll_interval = 10s, .listener = &listener});
    REQUIRE(out.try_send(1));
    CHECK(listener.in->try_poll().size() == 1);
    CHECK_FALSE(t.maintain());
    now.advance(10s);
    REQUIRE(t.maintain());
    listener.in->close();
    CHECK(listener.results ==
          std::vector<commit_status>{commit_status::fenced, commit_status::fenced});
    reader other{t, "g"};
    CHECK(support::read_values(other) == std::vector<int>{1});
}

TEST_CASE("a lossy group reads on where a member left that had nothing to commit",
          "[groups][members][lossy]")
{
    topic_type t{"t", {.partitions = 2}};
    gregor::producer out{t};
    const consumer_options latest{.lossy = true, .reset = auto_offset_reset::latest};
    std::optional<reader> first{std::in_place, t, "g", latest};
    reader second{t, "g", latest};
    REQUIRE(first->assignment().size() == 1);
    const partition_id its = first->assignment().front();
    REQUIRE(out.try_send(1, {.partition = its}));
    first.reset();
    CHECK(support::read_values(second) == std::vector<int>{1});
    CHECK(second.assignment().size() == 2);
}

TEST_CASE("members of a lossy group that had nothing to read are told the end",
          "[groups][members][lossy]")
{
    topic_type t{"t", {.partitions = 2}};
    gregor::producer out{t};
    const gregor::producer second{t};
    REQUIRE(out.try_send(1, {.partition = zero}));
    REQUIRE(out.try_send(1, {.partition = one}));
    const consumer_options latest{.lossy = true, .reset = auto_offset_reset::latest};
    reader a{t, "g", latest};
    reader b{t, "g", latest};
    REQUIRE(b.assignment().size() == 1);
    {
        const auto dropped = out.claim(1, {.partition = zero});
    }
    t.close();
    static_cast<void>(status_of_poll(a)); // whose the claim is has to pass over it first
    CHECK(status_of_poll(b) == poll_status::closed);
    CHECK(status_of_poll(a) == poll_status::closed);
}

TEST_CASE("a commit of a reader that has no place yet goes no further back than there are records",
          "[groups][commit]")
{
    topic_type t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    for (int i = 0; i != 5; ++i) {
        REQUIRE(out.try_send(i));
    }
    reader in{t, "g", {.reset = auto_offset_reset::none, .auto_commit = false}};
    CHECK(in.commit(zero, 1) == commit_status::ok);
    CHECK(in.committed(zero) == t.begin_offset(zero));
    in.close();
    reader next{t, "g"};
    CHECK(support::read_values(next) == std::vector<int>{3, 4});
}

TEST_CASE("what a lossy reader missed is told by whom its partition goes to, if it was not yet",
          "[groups][lossy]")
{
    topic_type t{"t", {.partitions = 2, .capacity_records = 4}};
    gregor::producer out{t};
    const consumer_options latest{.lossy = true, .reset = auto_offset_reset::latest};
    const auto send_both = [&](int n) {
        for (int i = 0; i != n; ++i) {
            REQUIRE(out.try_send(i, {.partition = zero}));
            REQUIRE(out.try_send(i, {.partition = one}));
        }
    };
    const bool leaves = GENERATE(false, true);
    std::optional<reader> first{std::in_place, t, "g", latest};
    send_both(50);
    CHECK(status_of_poll(*first) == poll_status::timed_out); // both go to the end
    reader second{t, "g", latest};
    if (leaves) {
        first.reset();
    } else {
        CHECK(status_of_poll(*first) == poll_status::timed_out);
        CHECK(first->assignment().size() == 1);
    }
    CHECK(status_of_poll(second) == poll_status::timed_out);
    send_both(1);
    std::uint64_t partitions = 0;
    for (reader* const in : {first ? &*first : nullptr, &second}) {
        while (in != nullptr) {
            const auto batch = in->try_poll();
            if (batch.empty()) {
                break;
            }
            CHECK(batch.missed() == 50);
            ++partitions;
        }
    }
    CHECK(partitions == 2);
}

TEST_CASE("what a group missed while it was away is told once, whoever is there by then",
          "[groups][members]")
{
    const gregor::manual_clock clock;
    auto now = clock;
    topic_type t{"t", {.partitions = 2, .capacity_records = 4}, clock};
    gregor::producer out{t};
    const auto send_both = [&](int n) {
        for (int i = 0; i != n; ++i) {
            REQUIRE(out.try_send(i, {.partition = zero}));
            REQUIRE(out.try_send(i, {.partition = one}));
        }
    };
    const auto way = GENERATE(0, 1, 2, 3, 4);
    {
        reader in{t, "g"};
        send_both(3);
        CHECK(support::read_values(in).size() == 6);
    }
    send_both(20); // nobody waits for the group
    const auto missed = t.begin_offset(zero) - 3;
    REQUIRE(missed > 10);
    std::optional<reader> told{std::in_place, t, "g", consumer_options{.max_poll_interval = 10s}};
    std::optional<reader> other;
    switch (way) {
    case 0: break;
    case 1: told.emplace(t, "g"); break;  // the first one leaves
    case 2: other.emplace(t, "g"); break; // it lies idle, and is taken from
    case 3:                               // it stays away, and is fenced
        CHECK_FALSE(t.maintain());
        now.advance(10s);
        REQUIRE(t.maintain());
        other.emplace(t, "g");
        break;
    default: // a static one comes back
        told.reset();
        for (int i = 0; i != 2; ++i) {
            told.reset();
            told.emplace(t, "g", consumer_options{.instance_id = "one"});
        }
    }
    std::uint64_t sum = 0;
    std::size_t read = 0;
    for (reader* const in : {other ? &*other : nullptr, &*told}) {
        while (in != nullptr) {
            const auto batch = in->try_poll();
            if (batch.empty() && batch.status() != poll_status::fenced) {
                break;
            }
            sum += batch.missed();
            read += batch.size();
        }
    }
    CHECK(sum == 2 * missed);
    CHECK(read == 2 * (t.end_offset(zero) - t.begin_offset(zero)));
}

TEST_CASE("a group that is told where to go on is not told what it missed before",
          "[groups][admin]")
{
    topic_type t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    {
        reader in{t, "g"};
        REQUIRE(out.try_send(0));
        CHECK(support::read_values(in).size() == 1);
    }
    for (int i = 0; i != 20; ++i) {
        REQUIRE(out.try_send(i));
    }
    std::optional<reader> in{std::in_place, t, "g"}; // it has missed something
    const auto from = in->position(zero);
    in.reset();
    REQUIRE_FALSE(gregor::group_admin{t}.reset("g", gregor::reset_to::offset(from)));
    in.emplace(t, "g");
    const auto batch = in->try_poll();
    CHECK(batch.begin_offset() == from);
    CHECK(batch.missed() == 0);
}
