// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::partition_id;
using gregor::topic;

namespace {

struct order {
    std::string customer;
    int amount;
};

constexpr auto amount_class = [](const order& o) { return o.amount / 100; };

/// Remembers what it was asked, and sends everything to one partition.
struct curious {
    struct notes {
        int asked = 0;
        int with_key = 0;
        std::vector<std::string> values;
        std::uint64_t queued = 0;
        std::uint32_t partitions = 0;
    };
    std::shared_ptr<notes> seen = std::make_shared<notes>();
    std::uint32_t answer = 1;

    template <class Request>
    partition_id operator()(const Request& request)
    {
        ++seen->asked;
        seen->with_key += request.has_key() ? 1 : 0;
        seen->values.push_back(request.value());
        seen->partitions = request.partitions();
        seen->queued = request.queued(partition_id{answer});
        return {answer};
    }
};

struct by_first_key_byte {
    template <class Request>
    partition_id operator()(const Request& request)
    {
        return {request.has_key()
                    ? static_cast<std::uint32_t>(request.key()[0]) % request.partitions()
                    : 0U};
    }
};

} // namespace

TEST_CASE("a stored key chooses the partition, as Kafka would", "[producer][routing]")
{
    topic<int, gregor::key<std::string>> t{"t", {.partitions = 6}};
    gregor::producer out{t};
    CHECK(out.send(1, {.key = "21"}).partition().value == 0);
    CHECK(out.send(1, {.key = "foobar"}).partition().value == 0);
    CHECK(out.send(1, {.key = "abc"}).partition().value == 3);
    CHECK(out.send(1, {.key = ""}).partition().value == 0x106e08d9U % 6);
}

TEST_CASE("an integer key is hashed as Java's serializers write it", "[producer][routing]")
{
    topic<int, gregor::key<std::int64_t>> t{"t", {.partitions = 100}};
    gregor::producer out{t};
    for (std::int64_t i = -50; i != 50; ++i) {
        const auto bytes = gregor::key_bytes<std::int64_t>::of(i);
        CHECK(out.send(1, {.key = i}).partition() == gregor::partition_of(bytes, 100));
    }
}

TEST_CASE("a derived key chooses the partition", "[producer][routing]")
{
    topic<order, gregor::keyed_by<&order::customer>> by_name{"t", {.partitions = 6}};
    gregor::producer out{by_name};
    CHECK(out.send({.customer = "abc", .amount = 1}).partition().value == 3);
    CHECK(out.send(order{"abc", 2}).partition().value == 3);
    CHECK(out.send({.customer = "21", .amount = 1}).partition().value == 0);

    topic<order, gregor::keyed_by<amount_class>> by_class{"t", {.partitions = 16}};
    gregor::producer class_out{by_class};
    const auto first = class_out.send(order{"a", 210}).partition();
    CHECK(class_out.send(order{"b", 290}).partition() == first);
    CHECK(first == gregor::partition_of(gregor::key_bytes<int>::of(2), 16));
}

TEST_CASE("a named partition goes before key and partitioner", "[producer][routing]")
{
    topic<int, gregor::key<std::string>> t{"t", {.partitions = 6}};
    gregor::producer out{t};
    CHECK(out.send(1, {.partition = partition_id{5}, .key = "abc"}).partition().value == 5);
}

TEST_CASE("records without a key fill the partitions evenly in the long run", "[producer][routing]")
{
    topic<int> t{"t", {.partitions = 4, .capacity_records = 1U << 16U}};
    gregor::producer out{t};
    for (int i = 0; i != 256 * 200; ++i) {
        REQUIRE(out.send(i));
    }
    for (std::uint32_t i = 0; i != 4; ++i) {
        CHECK(t.end_offset(partition_id{i}) > 256 * 10);
    }
}

TEST_CASE("a batch counts with all its records before the next partition is chosen",
          "[producer][routing]")
{
    constexpr std::uint32_t sticky = gregor::partitioner::kafka::sticky_records;
    topic<int> t{"t", {.partitions = 8, .capacity_records = 1U << 16U}};
    gregor::producer out{t};
    std::map<std::uint32_t, int> runs;
    for (int i = 0; i != 64; ++i) {
        const std::vector<int> values(sticky / 2, i);
        REQUIRE(out.send_batch(values).count == values.size());
        auto claim = out.try_claim(sticky / 2);
        REQUIRE(claim);
        for (std::uint32_t j = 0; j != sticky / 2; ++j) {
            claim.emplace(i);
        }
        ++runs[claim.partition().value];
        static_cast<void>(claim.publish());
    }
    // each pair chose anew: 64 choices of 8, and not one for all
    CHECK(runs.size() > 3);
    for (std::uint32_t i = 0; i != 8; ++i) {
        CHECK(t.end_offset(partition_id{i}) % sticky == 0); // batch and claim stay together
    }
}

TEST_CASE("batches and claims without a key leave a full partition for the emptiest",
          "[producer][routing]")
{
    topic<int> t{"t", {.partitions = 2, .capacity_records = 16, .groups = {"g"}}};
    gregor::producer out{t};
    const std::vector<int> twelve(12, 7);
    // 24 records fit in two partitions of 16, wherever the first dozen goes
    REQUIRE(out.try_send_batch(twelve).count == 12);
    REQUIRE(out.try_send_batch(twelve).count == 12);
    CHECK(t.end_offset(partition_id{0}) == 12);
    CHECK(t.end_offset(partition_id{1}) == 12);
    {
        auto claim = out.try_claim(4);
        REQUIRE(claim);
        claim.emplace(1);
        static_cast<void>(claim.publish());
        auto full = out.try_claim(4, {.partition = claim.partition()});
        CHECK_FALSE(full); // who names a partition gets that one or none
    }
    REQUIRE(out.try_send_batch(twelve).count == 7); // 4 there, 3 here
    CHECK(t.end_offset(partition_id{0}) == 16);
    CHECK(t.end_offset(partition_id{1}) == 16);
    const auto refused = out.try_send_batch(twelve);
    CHECK(refused.count == 0);
    CHECK(refused.status == gregor::send_status::full);
}

TEST_CASE("round robin deals", "[producer][routing]")
{
    topic<int, gregor::partitioner::round_robin> t{"t", {.partitions = 3}};
    gregor::producer out{t};
    for (std::uint32_t i = 0; i != 12; ++i) {
        CHECK(out.send(1).partition().value == i % 3);
    }
}

TEST_CASE("one's own partitioner is asked for every record, and told what it may want to know",
          "[producer][routing]")
{
    topic<std::string, gregor::partition_by<curious>> t{"t", {.partitions = 3, .groups = {"slow"}}};
    const curious mine;
    gregor::producer out{t, mine};
    CHECK(out.send("a").partition().value == 1);
    CHECK(out.send("b").partition().value == 1);
    CHECK(out.send("named", {.partition = partition_id{2}}).partition().value == 2);
    CHECK(out.send_batch(std::vector<std::string>{"c", "d"}).count == 2);
    CHECK(mine.seen->asked == 4);
    CHECK(mine.seen->with_key == 0);
    CHECK(mine.seen->values == std::vector<std::string>{"a", "b", "c", "d"});
    CHECK(mine.seen->partitions == 3);
    CHECK(mine.seen->queued == 2);
}

TEST_CASE("one's own partitioner sees the key itself", "[producer][routing]")
{
    topic<int, gregor::partition_by<by_first_key_byte>, gregor::key<std::string>> t{
        "t", {.partitions = 7}};
    gregor::producer out{t};
    CHECK(out.send(1, {.key = "a"}).partition().value == 'a' % 7);
    CHECK(out.send(1).partition().value == 0);
}

TEST_CASE("each producer has its own partitioner", "[producer][routing]")
{
    topic<std::string, gregor::partition_by<curious>> t{"t", {.partitions = 3}};
    const curious zero{.answer = 0};
    const curious two{.answer = 2};
    gregor::producer a{t, zero};
    gregor::producer b{t, two};
    CHECK(a.send("a").partition().value == 0);
    CHECK(b.send("b").partition().value == 2);
    CHECK(zero.seen->asked == 1);
    CHECK(two.seen->asked == 1);
}

TEST_CASE("a partitioner that names a partition that is not there ends the process",
          "[producer][routing]")
{
    CHECK(support::dies_saying("there is no partition of this number", [] {
        topic<std::string, gregor::partition_by<curious>> t{"t", {.partitions = 3}};
        gregor::producer out{t, curious{.answer = 3}};
        out.send("a");
    }));
}

TEST_CASE("a batch with keys goes where its keys say, each in order", "[producer][routing]")
{
    topic<order, gregor::keyed_by<&order::customer>> t{"t", {.partitions = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    std::vector<order> orders;
    for (int i = 0; i != 200; ++i) {
        orders.push_back({"customer " + std::to_string(i / 3 % 10), i});
    }
    const auto sent = out.send_batch(orders);
    CHECK(sent);
    CHECK(sent.count == 200);
    std::map<std::string, std::vector<int>> per_customer;
    int misplaced = 0;
    for (auto batch = in.try_poll(); !batch.empty();) {
        for (const auto& record : batch) {
            per_customer[record.value().customer].push_back(record.value().amount);
            const auto key = gregor::key_bytes<std::string>::of(record.key());
            misplaced += gregor::partition_of(key, 4) == record.partition() ? 0 : 1;
        }
        batch.let_go();
        batch = in.try_poll();
    }
    CHECK(misplaced == 0);
    CHECK(per_customer.size() == 10);
    for (const auto& [customer, amounts] : per_customer) {
        CHECK(amounts.size() >= 18);
        CHECK(std::is_sorted(amounts.begin(), amounts.end()));
    }
}
