// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::commit_status;
using gregor::partition_id;
using gregor::topic;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};

using ints = topic<int>;
using reader = gregor::consumer<ints>;

void send_five(gregor::producer<ints>& out)
{
    for (int i = 0; i != 5; ++i) {
        REQUIRE(out.try_send(i, {.partition = zero}));
    }
}

} // namespace

TEST_CASE("a commit's metadata is that of its offset, and of no other", "[consumer][metadata]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    reader in{t, "g", {.auto_commit = false}};
    send_five(out);
    CHECK(in.committed_metadata(zero).empty()); // nothing was committed
    CHECK(in.commit(zero, 2, "two") == commit_status::ok);
    CHECK(in.committed(zero) == 2U);
    CHECK(in.committed_metadata(zero) == "two");
    CHECK(in.committed_metadata(one).empty());
    CHECK(in.commit(zero, 3) == commit_status::ok);
    CHECK(in.committed_metadata(zero).empty());
    CHECK(in.commit(zero, 4, "four") == commit_status::ok);
    CHECK(in.committed_metadata(zero) == "four");
    CHECK(in.commit(zero, 4, "") == commit_status::ok);
    CHECK(in.committed_metadata(zero).empty());
    CHECK(in.commit(zero, 1, "back") == commit_status::ok);
    CHECK(in.committed_metadata(zero) == "back");
    CHECK(in.committed(zero) == 1U);
    CHECK(in.commit(zero, 0, "none") == commit_status::ok); // 0 is an offset like any other
    CHECK(in.committed_metadata(zero) == "none");
}

TEST_CASE("metadata of offset 0 is not there before anything was committed", "[consumer][metadata]")
{
    ints t{"t", {.groups = {"g"}}};
    reader in{t, "g"};
    CHECK(in.committed_metadata(zero).empty());
}

TEST_CASE("metadata outlives the member that gave it", "[consumer][metadata]")
{
    ints t{"t"};
    gregor::producer out{t};
    send_five(out);
    std::optional<reader> first{std::in_place, t, "g"};
    std::string text(100, 'x');
    CHECK(first->commit(zero, 2, text) == commit_status::ok);
    first.reset();
    text[0] = 'y';
    reader second{t, "g"};
    CHECK(second.committed_metadata(zero) == std::string(100, 'x'));
    CHECK(support::read_values(second).size() == 3);
    second.commit();
    CHECK(second.committed_metadata(zero).empty());
    reader other{t, "another"};
    CHECK(other.committed_metadata(zero).empty());
}

TEST_CASE("without a group, metadata goes with the consumer", "[consumer][metadata]")
{
    ints t{"t"};
    gregor::producer out{t};
    send_five(out);
    reader in{t};
    in.assign({zero});
    CHECK(in.commit(zero, 2, "two") == commit_status::ok);
    CHECK(in.committed_metadata(zero) == "two");
    CHECK(in.commit(zero, 3) == commit_status::ok);
    CHECK(in.committed_metadata(zero).empty());
    CHECK(in.commit(zero, 4, "four") == commit_status::ok);
    in.assign({zero});
    CHECK(in.committed_metadata(zero).empty());
}

TEST_CASE("a commit that is refused leaves the metadata as it was", "[consumer][metadata]")
{
    using timed_ints = topic<int, gregor::time_source<gregor::manual_clock>>;
    gregor::manual_clock clock;
    timed_ints t{"t", {}, clock};
    gregor::producer out{t};
    REQUIRE(out.try_send(1));
    gregor::consumer in{t, "g", {.auto_commit = false, .max_poll_interval = 1s}};
    CHECK(in.commit(zero, 1, "one") == commit_status::ok);
    CHECK(in.commit(zero, 2, "two") == commit_status::out_of_range);
    CHECK(in.commit(one, 0, "other") == commit_status::not_assigned);
    CHECK(in.committed_metadata(zero) == "one");
    CHECK_FALSE(t.maintain());
    clock.advance(2s);
    REQUIRE(t.maintain());
    CHECK(in.commit(zero, 1, "late") == commit_status::fenced);
    gregor::consumer next{t, "g"};
    CHECK(next.committed_metadata(zero) == "one");
    next.close();
    CHECK(next.committed_metadata(zero).empty());
    CHECK(next.commit(zero, 1, "closed") == commit_status::not_assigned);
}

TEST_CASE("where there is no memory for metadata, nothing is committed", "[consumer][metadata]")
{
    const std::string text(100, 'x');
    const auto commits = [&](support::failing_run& run) {
        ints t{"t"};
        gregor::producer out{t};
        for (int i = 0; i != 3; ++i) {
            run.expect(static_cast<bool>(out.try_send(i)), "there is room");
        }
        reader in{t, "g", {.auto_commit = false}};
        run.expect(in.commit(zero, 1, "one") == commit_status::ok, "a short text takes nothing");
        const bool ok =
            run.gets_through([&] { return in.commit(zero, 2, text) == commit_status::ok; });
        run.expect(in.committed(zero) == (ok ? 2U : 1U), "committed, or not");
        run.expect(in.committed_metadata(zero) == (ok ? text : "one"), "noted, or not");
    };
    CHECK(support::fail_each(support::failing::allocation, commits) == 1);
}

TEST_CASE("metadata of a partition that is not its own ends the process", "[consumer][metadata]")
{
    CHECK(support::dies_saying("the partition is not assigned to this consumer", [] {
        ints t{"t"};
        const reader in{t, "g"};
        static_cast<void>(in.committed_metadata(one));
    }));
}
