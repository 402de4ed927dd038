// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::explanation;
using gregor::holder;
using gregor::holder_kind;
using gregor::partition_id;
using gregor::send_status;
using namespace std::chrono_literals;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};
using fake = gregor::topic<int, gregor::time_source<gregor::manual_clock>>;

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

std::vector<holder> of_kind(const explanation& why, holder_kind kind)
{
    std::vector<holder> some;
    std::copy_if(why.holders.begin(), why.holders.end(), std::back_inserter(some),
                 [kind](const holder& each) { return each.kind == kind; });
    return some;
}

void fill(gregor::producer<fake>& out, partition_id p)
{
    while (out.try_send(0, {.partition = p})) {}
}

} // namespace

TEST_CASE("nobody holds producers back: that is said too", "[explain]")
{
    fake t{"trades"};
    gregor::producer out{t};
    gregor::consumer in{t, "risk"};
    out.send(1);
    const explanation why = t.explain();
    CHECK(why.topic == "trades");
    CHECK(why.holders.empty());
    CHECK(contains(why.to_string(), "trades"));
    CHECK(contains(why.to_string(), "nobody"));
}

TEST_CASE("the group that holds producers back is named: where, by how much, since when",
          "[explain]")
{
    gregor::manual_clock clock;
    fake t{"trades", {.partitions = 2, .capacity_records = 16}, clock};
    gregor::producer out{t};
    gregor::consumer slow{t, "risk", {.auto_commit = false}};
    gregor::consumer fast{t, "audit"};
    clock.advance(1h);
    fill(out, one);
    CHECK(support::read_values(fast).size() == 16);
    clock.advance(5s);
    const explanation why = t.explain();
    REQUIRE(why.holders.size() == 1);
    const holder& who = why.holders.front();
    CHECK(who.partition == one);
    CHECK(who.kind == holder_kind::group);
    CHECK(who.name == "risk");
    CHECK(who.offset == 0);
    CHECK(who.behind_records == 16);
    CHECK(who.since > 5s - 1us);
    CHECK(who.since <= 5s);
    const std::string text = why.to_string();
    CHECK(contains(text, "partition 1"));
    CHECK(contains(text, "\"risk\""));
    CHECK(contains(text, "offset 0"));
    CHECK(contains(text, "16 records"));
    CHECK((contains(text, "5000 ms") || contains(text, "4999 ms")));
}

TEST_CASE("a partition whose room nobody has asked for is not full", "[explain]")
{
    fake t{"trades", {.partitions = 2, .capacity_records = 16}};
    gregor::producer out{t};
    gregor::consumer slow{t, "risk", {.auto_commit = false}};
    for (int i = 0; i != 16; ++i) {
        REQUIRE(out.try_send(0, {.partition = zero}));
    }
    REQUIRE(slow.commit(zero, 15) == gregor::commit_status::ok);
    fill(out, one);
    const explanation why = t.explain();
    REQUIRE(why.holders.size() == 1);
    CHECK(why.holders[0].partition == one);
    fill(out, zero); // now it is
    CHECK(t.explain().holders.size() == 2);
}

#if GREGOR_FILES
TEST_CASE("a partition on disk that has prepared no room yet is not full", "[explain][durable]")
{
    using log_topic =
        gregor::topic<support::trade, gregor::storage::mmap_log, gregor::overflow::reject>;
    const support::scratch_directory folder;
    auto options = support::log_in(folder);
    options.partitions = 2;
    options.groups = {"risk"};
    options.log.retention_bytes = 2 * support::segment * sizeof(log_topic::slot_type);
    log_topic t{"trades", options};
    gregor::producer out{t};
    std::uint64_t sent = 0;
    for (; sent != support::segment; ++sent) {
        REQUIRE(out.send(support::trade::number(sent), {.partition = zero}));
    }
    while (out.send(support::trade::number(sent), {.partition = one})) {}
    const explanation why = t.explain();
    REQUIRE(why.holders.size() == 1);
    CHECK(why.holders[0].partition == one);
    while (out.send(support::trade::number(sent), {.partition = zero})) {} // now it is
    CHECK(t.explain().holders.size() == 2);
}
#endif

TEST_CASE("a group that has just been found full is so since now, and not since the future",
          "[explain]")
{
    gregor::manual_clock clock;
    fake t{"t", {.capacity_records = 4, .groups = {"slow"}}, clock};
    gregor::producer out{t};
    fill(out, zero);
    const explanation why = t.explain();
    REQUIRE(why.holders.size() == 1);
    CHECK(why.holders.front().since >= 0ns);
}

TEST_CASE("the time counts from the first refusal, and ends when there is room", "[explain]")
{
    gregor::manual_clock clock;
    fake t{"t", {.capacity_records = 4}, clock};
    gregor::producer out{t};
    gregor::consumer in{t, "slow", {.auto_commit = false}};
    clock.advance(1s);
    fill(out, zero);
    clock.advance(2s);
    CHECK_FALSE(out.try_send(0));
    clock.advance(2s);
    CHECK(t.explain().holders.front().since > 3s);
    CHECK(in.try_poll().size() == 4);
    in.commit();
    CHECK(t.explain().holders.empty());
    CHECK(out.try_send(0));
    clock.advance(1s);
    fill(out, zero);
    clock.advance(1s);
    REQUIRE(t.explain().holders.size() == 1);
    CHECK(t.explain().holders.front().since <= 1s);
}

TEST_CASE("a declared group without members is named", "[explain]")
{
    fake t{"t", {.capacity_records = 4, .groups = {"night_shift"}}};
    gregor::producer out{t};
    fill(out, zero);
    const explanation why = t.explain();
    REQUIRE(why.holders.size() == 1);
    CHECK(why.holders.front().name == "night_shift");
    CHECK(why.holders.front().kind == holder_kind::group);
}

TEST_CASE("a consumer without a group is named as such", "[explain]")
{
    fake t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t};
    in.assign({zero});
    fill(out, zero);
    const explanation why = t.explain();
    REQUIRE(why.holders.size() == 1);
    CHECK(why.holders.front().name == "(no group)");
}

TEST_CASE("a batch that is not let go is named", "[explain]")
{
    fake t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer screen{t, "screen", {.lossy = true}};
    out.send(0);
    auto batch = screen.try_poll();
    REQUIRE(batch.size() == 1);
    fill(out, zero);
    const explanation why = t.explain();
    REQUIRE(why.holders.size() == 1);
    CHECK(why.holders.front().kind == holder_kind::batch);
    CHECK(why.holders.front().name == "screen");
    CHECK(why.holders.front().offset == 0);
    CHECK(why.holders.front().behind_records == 4);
    CHECK(contains(why.to_string(), "batch"));
    batch.let_go();
    CHECK(t.explain().holders.empty());
}

TEST_CASE("a batch that outlived its consumer is named", "[explain]")
{
    fake t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    std::optional<gregor::consumer<fake>> in{std::in_place, t, "gone"};
    out.send(0);
    const auto batch = in->try_poll();
    in.reset();
    fill(out, zero);
    const auto batches = of_kind(t.explain(), holder_kind::batch);
    REQUIRE(batches.size() == 1);
    CHECK(batches.front().name == "gone");
}

TEST_CASE("a claim that is open is named, with one producer and with several", "[explain]")
{
    for (const int producers : {1, 2, 3}) {
        for (const bool reads : {false, true}) {
            fake t{"t", {.capacity_records = 8}};
            gregor::producer out{t};
            std::optional<gregor::producer<fake>> second;
            std::optional<gregor::consumer<fake>> in;
            if (reads) {
                in.emplace(t, "g");
            }
            if (producers == 2) {
                second.emplace(t);
            }
            out.send(0);
            auto claim = out.claim(2);
            if (producers == 3) {
                second.emplace(t); // the claim is adopted
            }
            if (second) {
                CHECK(second->try_send(0));
            }
            INFO(producers << " producers, " << (reads ? "a reader" : "no reader"));
            const auto claims = of_kind(t.explain(), holder_kind::claim);
            REQUIRE(claims.size() == 1);
            CHECK(claims.front().partition == zero);
            CHECK(claims.front().offset == 1);
            CHECK(contains(t.explain().to_string(), "claim"));
            claim.publish();
            CHECK(of_kind(t.explain(), holder_kind::claim).empty());
        }
    }
}

TEST_CASE("a claim that keeps a closed topic from its end is named", "[explain]")
{
    fake t{"t"};
    gregor::producer out{t};
    const gregor::consumer in{t, "g"};
    const auto claim = out.claim(2);
    t.close();
    CHECK(of_kind(t.explain(), holder_kind::claim).size() == 1);
}

TEST_CASE("who keeps a claim of many from being granted is named", "[explain]")
{
    fake t{"t", {.capacity_records = 16}};
    gregor::producer out{t};
    const gregor::consumer slow{t, "slow"};
    for (int i = 0; i != 10; ++i) {
        out.send(i);
    }
    CHECK(out.try_claim(8).status() == send_status::full);
    const explanation why = t.explain();
    REQUIRE(why.holders.size() == 1);
    CHECK(why.holders.front().name == "slow");
}

TEST_CASE("all who stand in the way are named, and nobody else", "[explain]")
{
    fake t{"t", {.partitions = 2, .capacity_records = 64}};
    gregor::producer out{t};
    gregor::consumer a{t, "a", {.auto_commit = false}};
    gregor::consumer b{t, "b", {.auto_commit = false}};
    gregor::consumer c{t, "c", {.auto_commit = false}};
    fill(out, zero);
    fill(out, one);
    CHECK(t.explain().holders.size() == 6);
    CHECK(support::read_values(b).size() == 128);
    b.commit(zero, 64);
    b.commit(one, 2);
    const explanation why = t.explain();
    // it stands two records further, which is no more room than one step of the ring
    CHECK(of_kind(why, holder_kind::group).size() == 5);
    b.commit();
    CHECK(t.explain().holders.size() == 4);
}
