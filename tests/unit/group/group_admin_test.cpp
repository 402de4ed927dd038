// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::errc;
using gregor::group_admin;
using gregor::group_description;
using gregor::group_status;
using gregor::partition_id;
using gregor::reset_to;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};
using ints = gregor::topic<int, gregor::time_source<gregor::manual_clock>>;
using reader = gregor::consumer<ints>;

template <class Topic>
group_description described(const Topic& t, std::string_view group)
{
    auto found = group_admin{t}.describe(group);
    REQUIRE(found);
    return *std::move(found);
}

template <class Topic>
std::optional<gregor::offset_t> committed(const Topic& t, std::string_view group, partition_id p)
{
    return described(t, group).partitions[p.value].committed;
}

template <class Topic>
void send(Topic& t, partition_id p, int count)
{
    gregor::producer out{t};
    for (int i = 0; i != count; ++i) {
        REQUIRE(out.try_send(i, {.partition = p}));
    }
}

/// How many more records the partition takes.
template <class Topic>
int room(Topic& t, partition_id p)
{
    gregor::producer out{t};
    for (int i = 0;; ++i) {
        if (i == 1000 || !out.try_send(i, {.partition = p})) {
            return i;
        }
    }
}

} // namespace

TEST_CASE("groups are listed, with or without members", "[group_admin]")
{
    ints t{"t", {.partitions = 2, .groups = {"declared"}}};
    const group_admin admin{t};
    const reader a{t, "risk"};
    const reader b{t, "risk"};
    reader{t, "gone"}.close();
    const auto all = admin.list();
    REQUIRE(all.size() == 3);
    CHECK(all[0].name == "declared");
    CHECK(all[0].status == group_status::empty);
    CHECK(all[0].members == 0);
    CHECK(all[1].name == "risk");
    CHECK(all[1].status == group_status::stable);
    CHECK(all[1].members == 2);
    CHECK(all[2].name == "gone");
    CHECK(all[2].status == group_status::dormant);
}

TEST_CASE("a description says who reads what, and how far", "[group_admin]")
{
    ints t{"t", {.partitions = 2}};
    reader a{t, "risk", {.auto_commit = false}};
    reader b{t, "risk", {.auto_commit = false, .instance_id = "b"}};
    send(t, zero, 5);
    send(t, one, 3);
    static_cast<void>(support::read_values(a));
    static_cast<void>(support::read_values(b));
    const partition_id of_a = a.assignment().at(0);
    const partition_id of_b = b.assignment().at(0);
    REQUIRE(a.commit(of_a, 2) == gregor::commit_status::ok);
    auto risk = described(t, "risk");
    CHECK(risk.name == "risk");
    CHECK(risk.status == group_status::stable);
    CHECK_FALSE(risk.lossy);
    CHECK_FALSE(risk.declared);
    CHECK(risk.generation == 2);
    REQUIRE(risk.members.size() == 2);
    CHECK(risk.members[0].instance_id == "b"); // static ones first
    CHECK(risk.members[0].partitions == std::vector<partition_id>{of_b});
    CHECK(risk.members[1].partitions == std::vector<partition_id>{of_a});
    const auto& first = risk.partitions.at(of_a.value);
    CHECK(first.owner == risk.members[1].id);
    CHECK(first.committed == 2);
    CHECK(first.lag == first.end - 2);
    const auto& second = risk.partitions.at(of_b.value);
    CHECK(second.owner == risk.members[0].id);
    CHECK_FALSE(second.committed);
    CHECK(second.lag == second.end);
    CHECK(risk.lag == 8 - 2);
    b.close();
    risk = described(t, "risk");
    REQUIRE(risk.members.size() == 2);
    CHECK(risk.members[0].away);
    CHECK(risk.members[0].partitions == std::vector<partition_id>{of_b});
    CHECK(risk.to_string().find("\"risk\": stable, lossless, generation 2, 2 members, lag 6") !=
          std::string::npos);
}

TEST_CASE("a group rebalances until each partition is where it is to be", "[group_admin]")
{
    struct : gregor::rebalance_listener {
    } listener;
    ints t{"t", {.partitions = 2}};
    reader a{t, "risk", {.listener = &listener}};
    reader b{t, "risk"};
    CHECK(described(t, "risk").status == group_status::rebalancing); // a is to be told first
    static_cast<void>(a.try_poll());
    CHECK(described(t, "risk").status == group_status::rebalancing); // b has not taken it yet
    static_cast<void>(b.try_poll());
    CHECK(described(t, "risk").status == group_status::stable);
}

TEST_CASE("an unknown group is an error that names it, its topic, and what there is",
          "[group_admin]")
{
    ints t{"trades"};
    group_admin admin{t};
    const auto none = admin.describe("risk");
    REQUIRE_FALSE(none);
    CHECK(none.error().code() == errc::unknown_group);
    CHECK(none.error().operation() == "group \"risk\" of topic \"trades\"");
    CHECK(none.error().found() == "none");
    const reader a{t, "a"};
    const reader b{t, "b"};
    CHECK(admin.reset("risk", reset_to::end())->found() == "none, but \"a\", \"b\"");
    CHECK(admin.remove("risk")->code() == errc::unknown_group);
}

TEST_CASE("a reset puts a group anywhere in the log, and nowhere else", "[group_admin]")
{
    const bool lossy = GENERATE(false, true);
    ints t{"t", {.partitions = 2, .capacity_records = 8}};
    group_admin admin{t};
    const gregor::consumer_options options{.lossy = lossy};
    {
        reader in{t, "risk", options};
        send(t, zero, 8);
        CHECK(support::read_values(in).size() == 8);
    }
    const auto now = [&] { return committed(t, "risk", zero); };
    CHECK(now() == 8);
    CHECK_FALSE(admin.reset("risk", reset_to::shifted_by(-3)));
    CHECK(now() == 5);
    CHECK_FALSE(admin.reset("risk", reset_to::shifted_by(2)));
    CHECK(now() == 7);
    CHECK_FALSE(admin.reset("risk", reset_to::shifted_by(2)));
    CHECK(now() == 8);
    CHECK_FALSE(admin.reset("risk", reset_to::shifted_by(INT64_MIN)));
    CHECK(now() == 0);
    CHECK_FALSE(admin.reset("risk", reset_to::shifted_by(INT64_MAX)));
    CHECK(now() == 8);
    CHECK_FALSE(admin.reset("risk", reset_to::offset(3)));
    CHECK(now() == 3);
    CHECK_FALSE(admin.reset("risk", reset_to::end(), one));
    CHECK(now() == 3);
    CHECK_FALSE(admin.reset("risk", reset_to::end(), zero));
    CHECK(now() == 8);
    CHECK(committed(t, "risk", one) == 0);
    send(t, zero, 3);
    const auto oldest = t.begin_offset(zero);
    CHECK(oldest >= 3);
    CHECK_FALSE(admin.reset("risk", reset_to::beginning()));
    CHECK(now() == oldest);
    CHECK_FALSE(admin.reset("risk", reset_to::offset(oldest - 1)));
    CHECK(now() == oldest);
    CHECK_FALSE(admin.reset("risk", reset_to::offset(9)));
    reader in{t, "risk", options};
    CHECK(support::read_offsets(in) == std::vector<gregor::offset_t>{9, 10});
    const auto why = admin.reset("risk", reset_to::end(), partition_id{2});
    REQUIRE(why);
    CHECK(why->code() == errc::in_use); // looked at first
    in.close();
    CHECK(admin.reset("risk", reset_to::end(), partition_id{2})->code() == errc::invalid_option);
}

TEST_CASE("a lossy group that has committed nothing goes on where it is put", "[group_admin]")
{
    ints t{"t"};
    send(t, zero, 5);
    {
        reader in{t, "screen", {.lossy = true, .auto_commit = false}};
        CHECK(in.try_poll().size() == 5);
    }
    CHECK(described(t, "screen").lag == 5);
    CHECK_FALSE(group_admin{t}.reset("screen", reset_to::shifted_by(3)));
    reader in{t, "screen", {.lossy = true}};
    CHECK(support::read_offsets(in) == std::vector<gregor::offset_t>{3, 4});
}

TEST_CASE("a group is put to a time", "[group_admin]")
{
    using timed = gregor::topic<int, gregor::timestamps, gregor::time_source<gregor::manual_clock>>;
    const auto at = [](int seconds) { return gregor::timestamp_t{std::chrono::seconds{seconds}}; };
    timed t{"t", {.partitions = 2, .groups = {"risk"}}};
    group_admin admin{t};
    gregor::producer out{t};
    for (const int seconds : {10, 20, 15, 30}) {
        REQUIRE(out.send(seconds, {.partition = zero, .timestamp = at(seconds)}));
    }
    REQUIRE(out.send(40, {.partition = one, .timestamp = at(40)}));
    CHECK_FALSE(admin.reset("risk", at(16)));
    CHECK(committed(t, "risk", zero) == 1);
    CHECK(committed(t, "risk", one) == 0);
    CHECK_FALSE(admin.reset("risk", at(25), zero));
    CHECK(committed(t, "risk", zero) == 3);
    CHECK_FALSE(admin.reset("risk", at(41)));
    CHECK(committed(t, "risk", zero) == 4);
    CHECK(committed(t, "risk", one) == 1);
    CHECK(admin.reset("risk", at(0), partition_id{2})->code() == errc::invalid_option);
    CHECK(admin.reset("other", at(0))->code() == errc::unknown_group);
    gregor::consumer in{t, "risk"};
    CHECK(admin.reset("risk", at(0))->code() == errc::in_use);
    CHECK(committed(t, "risk", zero) == 4);
}

TEST_CASE("what was committed with an offset is said, and goes with a reset", "[group_admin]")
{
    ints t{"t"};
    send(t, zero, 4);
    {
        reader in{t, "risk", {.auto_commit = false}};
        static_cast<void>(in.try_poll());
        REQUIRE(in.commit(zero, 2, "half of it") == gregor::commit_status::ok);
        CHECK(described(t, "risk").partitions[0].metadata == "half of it");
        REQUIRE(in.commit(zero, 3) == gregor::commit_status::ok);
        CHECK(described(t, "risk").partitions[0].metadata.empty());
        REQUIRE(in.commit(zero, 4, "all") == gregor::commit_status::ok);
    }
    CHECK(described(t, "risk").partitions[0].metadata == "all");
    CHECK_FALSE(group_admin{t}.reset("risk", reset_to::end()));
    CHECK(described(t, "risk").partitions[0].metadata.empty());
}

TEST_CASE("a group with members is not reset", "[group_admin]")
{
    ints t{"t"};
    send(t, zero, 4);
    group_admin admin{t};
    reader in{t, "risk"};
    static_cast<void>(support::read_values(in));
    const auto why = admin.reset("risk", reset_to::beginning());
    REQUIRE(why);
    CHECK(why->code() == errc::in_use);
    CHECK(why->found() == "1 member");
    CHECK(std::string_view{why->what()}.find("group \"risk\" of topic \"t\"") !=
          std::string_view::npos);
    CHECK(committed(t, "risk", zero) == 4);
    in.close();
    CHECK_FALSE(admin.reset("risk", reset_to::beginning()));
}

TEST_CASE("a declared group that is put back holds producers back from there", "[group_admin]")
{
    ints t{"t", {.capacity_records = 8, .groups = {"risk"}}};
    group_admin admin{t};
    {
        reader in{t, "risk"};
        send(t, zero, 8);
        static_cast<void>(support::read_values(in));
        in.close();
    }
    send(t, zero, 4); // 4 to 11 are there
    CHECK_FALSE(admin.reset("risk", reset_to::beginning()));
    const auto at = committed(t, "risk", zero);
    CHECK(at == t.begin_offset(zero));
    CHECK(described(t, "risk").status == group_status::empty);
    static_cast<void>(room(t, zero));
    CHECK(t.begin_offset(zero) == at);
    reader in{t, "risk"};
    CHECK(support::read_offsets(in).front() == at);
}

TEST_CASE("a producer that waits for a group without members goes on when that is put on",
          "[group_admin]")
{
    gregor::topic<int, gregor::wait::sleep> t{"t", {.capacity_records = 4, .groups = {"risk"}}};
    gregor::producer out{t};
    static_cast<void>(room(t, zero));
    for (const bool removed : {false, true}) {
        gregor::send_status status{};
        std::thread sender{[&] { status = out.send(5).status(); }};
        std::this_thread::sleep_for(2ms);
        group_admin admin{t};
        if (removed) {
            CHECK_FALSE(admin.remove("risk"));
        } else {
            CHECK_FALSE(admin.reset("risk", reset_to::shifted_by(1)));
        }
        sender.join();
        CHECK(status == gregor::send_status::ok);
        static_cast<void>(removed || room(t, zero) == 0);
    }
    CHECK(room(t, zero) == 1000);
}

TEST_CASE("a group whose members were fenced is reset, and removed once they know", "[group_admin]")
{
    gregor::manual_clock clock;
    ints t{"t", {.capacity_records = 8}, clock};
    group_admin admin{t};
    send(t, zero, 4);
    reader in{t, "risk", {.max_poll_interval = 1s}};
    {
        const auto batch = in.try_poll();
        static_cast<void>(t.maintain());
        clock.advance(1s);
        REQUIRE(t.maintain());
        CHECK(described(t, "risk").status == group_status::empty);
        CHECK_FALSE(admin.reset("risk", reset_to::offset(2)));
        CHECK(in.commit() == gregor::commit_status::fenced);
        CHECK(committed(t, "risk", zero) == 2);
        const auto why = admin.remove("risk");
        REQUIRE(why);
        CHECK(why->found() == "0 members and 1 fenced, which has not polled since");
        CHECK(batch.size() == 4);
    }
    CHECK(in.try_poll().status() == gregor::poll_status::fenced);
    CHECK(admin.remove("risk")->found() == "1 member"); // it takes part again
    CHECK(support::read_offsets(in) == std::vector<gregor::offset_t>{2, 3});
    in.close();
    CHECK_FALSE(admin.remove("risk"));
    CHECK(admin.list().empty());
    // a handle that was closed still answers
    CHECK(in.assignment().size() <= 1);
    CHECK(in.try_poll().status() == gregor::poll_status::closed);
}

TEST_CASE("a static member that is away keeps its group, until somebody looks after it",
          "[group_admin]")
{
    gregor::manual_clock clock;
    ints t{"t", {}, clock};
    group_admin admin{t};
    reader in{t, "risk", {.max_poll_interval = 1s, .instance_id = "desk"}};
    in.close();
    CHECK(admin.reset("risk", reset_to::end())->found() == "1 member (1 away)");
    CHECK(admin.remove("risk")->code() == errc::in_use);
    static_cast<void>(t.maintain());
    clock.advance(1s);
    REQUIRE(t.maintain());
    CHECK_FALSE(admin.reset("risk", reset_to::end()));
    CHECK_FALSE(admin.remove("risk"));
    CHECK(in.assignment().size() <= 1);
}

TEST_CASE("a group that is removed is gone, and its name and its places serve again",
          "[group_admin]")
{
    ints t{"t", {.partitions = 2, .capacity_records = 8, .groups = {"risk"}}};
    group_admin admin{t};
    const auto places = [&] {
        int count = 0;
        t.state()->at(zero).log.protocol().gate().visit([&](const auto&, bool) { ++count; });
        return count;
    };
    std::optional<int> before;
    for (int round = 0; round != 3; ++round) {
        {
            // a new group chooses anew
            reader in{t, "risk", {.lossy = round == 1, .reset = gregor::auto_offset_reset::latest}};
            send(t, zero, 8);
            CHECK(admin.remove("risk")->code() == errc::in_use);
            CHECK(support::read_values(in).size() == 8);
        }
        CHECK_FALSE(admin.remove("risk"));
        CHECK_FALSE(admin.describe("risk"));
        CHECK(before.value_or(places()) == places());
        before = places();
    }
    CHECK(room(t, zero) == 1000);
}

TEST_CASE("a consumer that has unsubscribed keeps no group", "[group_admin]")
{
    ints t{"t"};
    group_admin admin{t};
    send(t, zero, 3);
    reader in{t, "a"};
    CHECK(support::read_values(in).size() == 3);
    in.unsubscribe();
    CHECK_FALSE(admin.reset("a", reset_to::beginning()));
    CHECK_FALSE(admin.remove("a"));
    CHECK(in.assignment().empty());
    in.subscribe("b");
    CHECK(admin.remove("b")->code() == errc::in_use);
    CHECK(support::read_values(in).size() == 3);
    in.close();
    CHECK_FALSE(admin.remove("b"));
    CHECK(admin.list().empty());
}

TEST_CASE("partitions that were added are looked after, too", "[group_admin]")
{
    ints t{"t", {.capacity_records = 4, .groups = {"risk"}}};
    group_admin admin{t};
    REQUIRE(t.add_partitions(2));
    send(t, partition_id{2}, 4);
    auto risk = described(t, "risk");
    REQUIRE(risk.partitions.size() == 3);
    CHECK(risk.partitions[2].lag == 4);
    CHECK(risk.status == group_status::empty);
    CHECK(room(t, partition_id{2}) == 0);
    CHECK_FALSE(admin.reset("risk", reset_to::end(), partition_id{2}));
    CHECK(committed(t, "risk", partition_id{2}) == 4);
    CHECK(room(t, partition_id{2}) == 4);
    CHECK_FALSE(admin.remove("risk"));
    CHECK(room(t, partition_id{2}) == 1000);
    CHECK(room(t, one) == 1000);
}

TEST_CASE("the group of a work queue is reset, and removed to make room for another",
          "[group_admin]")
{
    using jobs = gregor::topic<int, gregor::groups::one>;
    jobs t{"jobs"};
    gregor::producer out{t};
    for (int i = 0; i != 4; ++i) {
        out.send(i);
    }
    {
        gregor::consumer in{t, "workers"};
        const auto batch = in.try_poll();
        static_cast<void>(batch[1].take());
    }
    group_admin admin{t};
    CHECK_FALSE(admin.reset("workers", reset_to::beginning()));
    {
        gregor::consumer in{t, "workers"};
        CHECK(support::read_offsets(in) == std::vector<gregor::offset_t>{0, 2, 3});
    }
    CHECK_FALSE(gregor::consumer<jobs>::create(t, "others"));
    CHECK_FALSE(admin.remove("workers"));
    CHECK(gregor::consumer<jobs>::create(t, "others"));
}

TEST_CASE("who looks after groups may do so after the topic is gone", "[group_admin]")
{
    std::optional<ints> t{std::in_place, "t", gregor::topic_options{.groups = {"risk"}}};
    group_admin admin{*t};
    t.reset();
    CHECK(admin.list().size() == 1);
    CHECK_FALSE(admin.reset("risk", reset_to::end()));
    CHECK_FALSE(admin.remove("risk"));
}

TEST_CASE("without memory nothing is said, and nothing has changed", "[group_admin][nth_failure]")
{
    const std::string group = "a group whose name is longer than a string keeps in itself";
    support::fail_each(support::failing::allocation, [&](support::failing_run& run) {
        ints t{"t", {.partitions = 2, .groups = {group}}};
        send(t, zero, 4);
        const reader in{t, group, {.instance_id = "an instance with a name that is long"}};
        group_admin admin{t};
        if (!run.gets_through([&] { return admin.describe(group).has_value(); })) {
            run.expect(admin.describe(group).has_value(), "it is described");
        }
        run.expect(!run.threw_bad_alloc(), "describe returns its errors");
    });
    support::fail_each(support::failing::allocation, [&](support::failing_run& run) {
        ints t{"t", {.partitions = 2, .groups = {group}}};
        send(t, zero, 4);
        group_admin admin{t};
        run.gets_through([&] {
            static_cast<void>(admin.list());
            static_cast<void>(admin.remove("b"));
            return !admin.reset(group, reset_to::end()) && !admin.remove(group);
        });
        run.expect(admin.list().empty() != run.failed(), "it is there, or gone");
    });
}

TEST_CASE("without memory a group is not put to a time", "[group_admin][nth_failure]")
{
    support::fail_each(support::failing::allocation, [&](support::failing_run& run) {
        gregor::topic<int, gregor::timestamps> t{"t", {.partitions = 2, .groups = {"g"}}};
        gregor::producer{t}.send(1);
        group_admin admin{t};
        if (!run.gets_through([&] { return !admin.reset("g", gregor::timestamp_t::max()); })) {
            run.expect(!committed(t, "g", zero), "nothing is committed");
        }
        run.expect(!run.threw_bad_alloc(), "reset returns its errors");
        gregor::producer out{t};
        for (int i = 0; i != 10; ++i) {
            run.expect(static_cast<bool>(out.try_send(i)), "nobody is held back by the look");
        }
    });
}

TEST_CASE("groups are looked after while members come and go", "[group_admin]")
{
    gregor::topic<int> t{"t", {.partitions = 2, .capacity_records = 16}};
    constexpr int rounds = 300;
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);
    for (std::size_t i = 0; i != 2; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round != rounds; ++round) {
                gregor::consumer in{t, "risk"};
                for (int k = 0; k != 3; ++k) {
                    wrong[i] += in.try_poll().status() == gregor::poll_status::fenced;
                }
                in.close();
                wrong[i] += in.assignment().size() > 2 ? 1 : 0;
            }
        });
    }
    threads.emplace_back([&] {
        gregor::producer out{t};
        for (int round = 0; round != rounds * 4; ++round) {
            static_cast<void>(out.try_send(round));
        }
    });
    threads.emplace_back([&] {
        group_admin admin{t};
        for (int round = 0; round != rounds; ++round) {
            static_cast<void>(admin.list());
            if (auto risk = admin.describe("risk")) {
                for (const auto& each : risk->partitions) {
                    wrong[3] += each.committed && *each.committed > each.end;
                }
            }
            static_cast<void>(admin.reset("risk", reset_to::shifted_by(round % 7 - 3)));
            if (round % 3 == 0) {
                static_cast<void>(admin.remove("risk"));
            }
        }
    });
    for (auto& each : threads) {
        each.join();
    }
    CHECK(wrong == std::vector<int>(4));
}
