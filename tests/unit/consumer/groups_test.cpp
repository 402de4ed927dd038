// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::auto_offset_reset;
using gregor::errc;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::topic;

namespace {

constexpr partition_id zero{0};
using ints = topic<int>;
using reader = gregor::consumer<ints>;

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("groups read everything, each for itself", "[consumer][groups]")
{
    ints t{"t"};
    gregor::producer out{t};
    reader a{t, "a"};
    reader b{t, "b"};
    reader alone{t};
    alone.assign({zero});
    out.send_batch(std::vector<int>{1, 2, 3});
    CHECK(support::read_values(a) == std::vector<int>{1, 2, 3});
    CHECK(support::read_values(b) == std::vector<int>{1, 2, 3});
    CHECK(support::read_values(alone) == std::vector<int>{1, 2, 3});
}

TEST_CASE("a member owns all partitions", "[consumer][groups]")
{
    ints t{"t", {.partitions = 3}};
    const reader in{t, "g"};
    CHECK(in.assignment() ==
          std::vector<partition_id>{partition_id{0}, partition_id{1}, partition_id{2}});
}

TEST_CASE("a lossless group holds producers back exactly at the capacity", "[consumer][groups]")
{
    for (const std::size_t capacity : {std::size_t{2}, std::size_t{16}, std::size_t{64}}) {
        ints t{"t", {.capacity_records = capacity}};
        gregor::producer out{t};
        reader in{t, "g", {.auto_commit = false, .max_poll_records = 1}};
        gregor::offset_t sent = 0;
        while (out.try_send(0)) {
            ++sent;
        }
        CHECK(sent == capacity);
        for (int i = 0; i != 200; ++i) {
            REQUIRE(in.try_poll().size() == 1);
            REQUIRE(out.try_send(0).status() == send_status::full);
            in.commit();
            REQUIRE(out.try_send(0));
            REQUIRE(out.try_send(0).status() == send_status::full);
        }
    }
}

TEST_CASE("the slowest group is the one that counts", "[consumer][groups]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    reader fast{t, "fast"};
    std::optional<reader> slow{std::in_place, t, "slow"};
    for (int i = 0; i != 4; ++i) {
        REQUIRE(out.try_send(i));
        REQUIRE(support::read_values(fast).size() == 1);
    }
    CHECK(out.try_send(4).status() == send_status::full);
    slow.reset();
    CHECK(out.try_send(4));
}

TEST_CASE("a declared group misses nothing that was sent before its first member",
          "[consumer][groups]")
{
    ints t{"t", {.partitions = 2, .capacity_records = 4, .groups = {"risk", "audit"}}};
    gregor::producer out{t};
    int sent = 0;
    for (std::uint32_t p = 0; p != 2; ++p) {
        while (out.try_send(sent, {.partition = partition_id{p}})) {
            ++sent;
        }
    }
    CHECK(sent == 8);
    reader risk{t, "risk", {.reset = auto_offset_reset::latest}};
    CHECK(support::read_values(risk).size() == 8);
    CHECK(out.try_send(0, {.partition = zero}).status() == send_status::full);
    reader audit{t, "audit", {.reset = auto_offset_reset::none}};
    CHECK(support::read_values(audit).size() == 8);
    CHECK(out.try_send(0, {.partition = zero}));
}

TEST_CASE("a declared group holds producers back when its last member has left, too",
          "[consumer][groups]")
{
    ints t{"t", {.capacity_records = 4, .groups = {"risk"}}};
    gregor::producer out{t};
    {
        reader in{t, "risk"};
        REQUIRE(out.try_send(1));
        REQUIRE(support::read_values(in).size() == 1);
    }
    for (int i = 2; i != 6; ++i) {
        REQUIRE(out.try_send(i));
    }
    CHECK(out.try_send(6).status() == send_status::full);
    reader again{t, "risk"};
    CHECK(support::read_values(again) == std::vector<int>{2, 3, 4, 5});
}

TEST_CASE("a group that joins late starts at the oldest record there is, or at the end",
          "[consumer][groups]")
{
    ints t{"t", {.capacity_records = 16}};
    gregor::producer out{t};
    for (int i = 0; i != 100; ++i) {
        out.send(i);
    }
    reader earliest{t, "earliest"};
    reader latest{t, "latest", {.reset = auto_offset_reset::latest}};
    CHECK(earliest.position(zero) == t.begin_offset(zero));
    CHECK(latest.position(zero) == 100);
    {
        const auto late = earliest.try_poll();
        REQUIRE_FALSE(late.empty());
        CHECK(late.missed() == 0); // it was not there: it has missed nothing
        CHECK(late.front().value() == static_cast<int>(late.begin_offset()));
    }
    CHECK(support::read_values(earliest).back() == 99);
    REQUIRE(out.try_send(100));
    CHECK(support::read_values(latest) == std::vector<int>{100});
}

TEST_CASE("a late lossless group holds what it starts with", "[consumer][groups]")
{
    ints t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    for (int i = 0; i != 100; ++i) {
        out.send(i);
    }
    reader in{t, "late"};
    const gregor::offset_t start = in.position(zero);
    int sent = 100;
    while (out.try_send(sent)) {
        ++sent;
    }
    CHECK(static_cast<gregor::offset_t>(sent) == start + 8);
    const auto values = support::read_values(in);
    REQUIRE(values.size() == 8);
    CHECK(values.front() == static_cast<int>(start));
    CHECK(values.back() == sent - 1);
}

TEST_CASE("a group without members keeps its committed offset and holds nobody back",
          "[consumer][groups]")
{
    ints t{"t", {.capacity_records = 16}};
    gregor::producer out{t};
    {
        reader in{t, "g", {.max_poll_records = 3}};
        out.send_batch(std::vector<int>{0, 1, 2, 3, 4});
        CHECK(in.try_poll().size() == 3);
    }
    for (int i = 5; i != 15; ++i) {
        REQUIRE(out.try_send(i));
    }
    {
        // the records still exist: it goes on where it was, whatever it says about resetting
        reader in{t, "g", {.reset = auto_offset_reset::latest, .max_poll_records = 4}};
        CHECK(in.committed(zero) == 3U);
        CHECK(in.position(zero) == 3);
        const auto batch = in.try_poll();
        REQUIRE(batch.size() == 4);
        CHECK(batch.front().value() == 3);
        CHECK(batch.missed() == 0);
    }
    for (int i = 15; i != 100; ++i) {
        REQUIRE(out.try_send(i));
    }
    {
        // they do not: it starts at the oldest, and is told
        reader in{t, "g"};
        const auto batch = in.try_poll();
        REQUIRE_FALSE(batch.empty());
        CHECK(batch.begin_offset() == t.begin_offset(zero));
        CHECK(batch.missed() == t.begin_offset(zero) - 7);
        CHECK(batch.front().value() == static_cast<int>(batch.begin_offset()));
    }
}

TEST_CASE("what a dormant group lost is told by its reset policy", "[consumer][groups]")
{
    for (const bool lossy : {false, true}) {
        ints t{"t", {.capacity_records = 4}};
        gregor::producer out{t};
        out.send(0);
        {
            reader in{t, "g", {.lossy = lossy}};
            CHECK(in.try_poll().size() == 1);
        }
        for (int i = 1; i != 20; ++i) {
            out.send(i);
        }
        {
            reader none{t, "g", {.lossy = lossy, .reset = auto_offset_reset::none}};
            CHECK(none.try_poll().status() == poll_status::out_of_range);
        }
        reader latest{t, "g", {.lossy = lossy, .reset = auto_offset_reset::latest}};
        CHECK(latest.try_poll().status() == poll_status::timed_out);
        CHECK(latest.position(zero) == 20);
        out.send(20);
        const auto batch = latest.try_poll();
        REQUIRE(batch.size() == 1);
        CHECK(batch.missed() == 19);
    }
}

TEST_CASE("a group that never committed starts anew", "[consumer][groups]")
{
    ints t{"t"};
    gregor::producer out{t};
    out.send(1);
    {
        reader in{t, "g", {.auto_commit = false}};
        CHECK(in.try_poll().size() == 1);
    }
    const reader latest{t, "g", {.reset = auto_offset_reset::latest}};
    CHECK(latest.position(zero) == 1);
}

TEST_CASE("a member that joins while a batch of the last one is in hand harms nothing",
          "[consumer][groups]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    std::optional<reader> first{std::in_place, t, "g",
                                gregor::consumer_options{.auto_commit = false}};
    out.send_batch(std::vector<int>{1, 2, 3, 4});
    const auto batch = first->try_poll();
    first.reset();
    reader second{t, "g"};
    CHECK(support::read_values(second) == std::vector<int>{1, 2, 3, 4});
    CHECK(out.try_send(5).status() == send_status::full);
    CHECK(batch.back().value() == 4);
}

TEST_CASE("a group is lossy or lossless, as it was made", "[consumer][groups]")
{
    ints t{"t", {.groups = {"declared"}}};
    const auto refusal = [&](std::string_view group, bool lossy) {
        auto made = reader::create(t, group, {.lossy = lossy});
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code() == errc::invalid_option);
        CHECK(contains(made.error().expected(), lossy ? "lossless" : "lossy"));
        CHECK(contains(made.error().found(), lossy ? "lossy" : "lossless"));
    };
    refusal("declared", true);
    CHECK_NOTHROW(reader{t, "declared"});
    CHECK_NOTHROW(reader{t, "l", {.lossy = true}});
    refusal("l", false);
    CHECK_NOTHROW(reader{t, "l", {.lossy = true}});
}

TEST_CASE("impossible options of a consumer are refused, with what was given and what is allowed",
          "[consumer][groups]")
{
    ints t{"trades"};
    for (const bool grouped : {false, true}) {
        auto made = grouped ? reader::create(t, "g", {.max_poll_records = 0})
                            : reader::create(t, {.max_poll_records = 0});
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code() == errc::invalid_option);
        CHECK(contains(made.error().operation(), "trades"));
        CHECK(contains(made.error().expected(), "max_poll_records"));
        CHECK(made.error().found() == "0");
    }
    auto nameless = reader::create(t, "");
    REQUIRE_FALSE(nameless.has_value());
    CHECK(nameless.error().code() == errc::invalid_name);
    // and nothing stays of the refused
    CHECK_NOTHROW(reader{t, "g"});
}

TEST_CASE("a consumer without a group reads what it assigns itself", "[consumer][assign]")
{
    ints t{"t", {.partitions = 3}};
    gregor::producer out{t};
    for (std::uint32_t p = 0; p != 3; ++p) {
        out.send(static_cast<int>(p), {.partition = partition_id{p}});
    }
    reader in{t};
    CHECK(in.assignment().empty());
    in.assign({partition_id{2}, partition_id{1}});
    CHECK(in.assignment() == std::vector<partition_id>{partition_id{2}, partition_id{1}});
    CHECK(in.position(partition_id{1}) == 0);
    CHECK(support::read_values(in) == std::vector<int>{2, 1});
    in.assign({zero});
    CHECK(support::read_values(in) == std::vector<int>{0});
    in.assign_all();
    CHECK(in.assignment().size() == 3);
    CHECK(support::read_values(in).size() == 3);
    const std::vector<partition_id> last{partition_id{2}};
    in.assign(last.begin(), last.end());
    CHECK(support::read_values(in) == std::vector<int>{2});
}

TEST_CASE("what is assigned no more holds nobody back", "[consumer][assign]")
{
    ints t{"t", {.partitions = 2, .capacity_records = 2}};
    gregor::producer out{t};
    reader in{t};
    in.assign({zero});
    REQUIRE(out.try_send(1, {.partition = zero}));
    REQUIRE(out.try_send(2, {.partition = zero}));
    CHECK(out.try_send(3, {.partition = zero}).status() == send_status::full);
    in.assign({partition_id{1}});
    CHECK(out.try_send(3, {.partition = zero}));
    REQUIRE(out.try_send(1, {.partition = partition_id{1}}));
    REQUIRE(out.try_send(2, {.partition = partition_id{1}}));
    CHECK(out.try_send(3, {.partition = partition_id{1}}).status() == send_status::full);
    in.close();
    CHECK(out.try_send(3, {.partition = partition_id{1}}));
}

TEST_CASE("any number of consumers without a group read a topic", "[consumer][assign]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    std::vector<reader> readers;
    for (int i = 0; i != 5; ++i) {
        readers.emplace_back(t);
        readers.back().assign({zero});
    }
    for (int lap = 0; lap != 10; ++lap) {
        out.send_batch(std::vector<int>{1, 2, 3, 4});
        for (auto& each : readers) {
            CHECK(out.try_send(5).status() == send_status::full);
            CHECK(support::read_values(each).size() == 4);
        }
    }
}

TEST_CASE("misuse of assign ends the process", "[consumer][assign]")
{
    CHECK(support::dies_saying("assign is for consumers without a group", [] {
        ints t{"t"};
        reader in{t, "g"};
        in.assign({zero});
    }));
    CHECK(support::dies_saying("assign was called while a batch is alive", [] {
        ints t{"t"};
        gregor::producer out{t};
        reader in{t};
        in.assign({zero});
        out.send(1);
        const auto batch = in.try_poll();
        in.assign({zero});
    }));
    CHECK(support::dies_saying("poll was called before anything was assigned", [] {
        ints t{"t"};
        reader in{t};
        static_cast<void>(in.try_poll());
    }));
    CHECK(support::dies_saying("a partition is assigned once", [] {
        ints t{"t"};
        reader in{t};
        in.assign({zero, zero});
    }));
    CHECK(support::dies_saying("there is no partition of this number", [] {
        ints t{"t"};
        reader in{t};
        in.assign({partition_id{1}});
    }));
}
