// SPDX-License-Identifier: MIT
// What policies add to a record: keys, headers, timestamps, work queues, a clock of one's own.
#include <gregor/gregor.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "portable/check.hpp"

using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;

namespace {

constexpr partition_id zero{0};

void a_key_finds_its_partition()
{
    topic<int, gregor::key<std::string>> texts{"texts", {.partitions = 100}};
    gregor::producer out{texts};
    CHECK(out.send(1, {.key = "21"}).partition() == partition_id{40});
    CHECK(out.send(2, {.key = "foobar"}).partition() == partition_id{66});
    CHECK(out.send(3, {.key = "abc"}).partition() == partition_id{7});
    CHECK(out.send(4, {.partition = partition_id{5}, .key = "abc"}).partition() == partition_id{5});
    gregor::consumer in{texts, "g"};
    for (int i = 0; i != 4; ++i) {
        const auto batch = in.try_poll();
        CHECK(batch.size() == 1);
        CHECK(batch.front().key().has_value());
        CHECK((batch.front().value() == 2) == (batch.front().key() == "foobar"));
    }

    // what a big-endian and a little-endian machine have to agree on
    topic<int, gregor::key<std::uint32_t>> ids{"ids", {.partitions = 100}};
    gregor::producer sender{ids};
    constexpr std::array<std::byte, 4> bytes{std::byte{1}, std::byte{2}, std::byte{3},
                                             std::byte{4}};
    constexpr partition_id expected = gregor::partition_of(bytes, 100);
    CHECK(sender.send(1, {.key = 0x01020304U}).partition() == expected);
}

struct trade {
    std::uint64_t id = 0;
    std::array<char, 8> symbol = {};
    double price = 0;
};

void a_key_is_part_of_the_value()
{
    using trades = topic<trade, gregor::keyed_by<&trade::symbol>>;
    trades t{"trades", {.partitions = 4, .groups = {"risk"}}};
    gregor::producer out{t};
    const partition_id ibm = out.send({.id = 1, .symbol = {"IBM"}, .price = 187.5}).partition();
    const partition_id sap = out.send({.id = 2, .symbol = {"SAP"}, .price = 120.25}).partition();
    for (std::uint64_t i = 3; i != 40; ++i) {
        const bool odd = i % 2 != 0;
        trade next{.id = i, .symbol = {"IBM"}, .price = 1};
        if (!odd) {
            next.symbol = {"SAP"};
        }
        CHECK(out.send(next).partition() == (odd ? ibm : sap));
    }
    gregor::consumer in{t, "risk"};
    std::uint64_t seen = 0;
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.empty()) {
            break;
        }
        for (const auto& record : batch) {
            CHECK(record.key() == record.value().symbol);
            ++seen;
        }
    }
    CHECK(seen == 39);
}

void headers_and_timestamps()
{
    gregor::manual_clock clock{gregor::timestamp_t{std::chrono::hours{1}}};
    using carrying = topic<std::string, gregor::timestamps, gregor::headers, gregor::key<int>,
                           gregor::time_source<gregor::manual_clock>>;
    carrying t{"t", {.capacity_records = 4}, clock};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    for (int i = 0; i != 20; ++i) {
        CHECK(out.send(std::string(40, 'v'), {.key = i, .headers = {{"name", "value"}}}));
        clock.advance(std::chrono::seconds{1});
        const auto batch = in.try_poll();
        CHECK(batch.size() == 1);
        const auto record = batch.front();
        CHECK(record.value().size() == 40 && record.key() == i);
        CHECK(record.headers() == gregor::header_list{{"name", "value"}});
        CHECK(record.timestamp().time_since_epoch() ==
              std::chrono::hours{1} + std::chrono::seconds{i});
    }
}

void a_work_queue_hands_out()
{
    topic<std::unique_ptr<int>, gregor::groups::one> t{"jobs", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "workers"};
    for (int i = 0; i != 20; ++i) {
        CHECK(out.send(std::make_unique<int>(i)));
        const auto batch = in.try_poll();
        CHECK(batch.size() == 1);
        CHECK(*batch.front().take() == i);
    }
}

struct alignas(128) wide {
    std::array<unsigned char, 200> bytes = {};
};

void wide_and_empty_values()
{
    topic<wide, gregor::timestamps> t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    for (unsigned i = 0; i != 40; ++i) {
        wide next;
        next.bytes.fill(static_cast<unsigned char>(i));
        CHECK(out.send(next));
        const auto batch = in.try_poll();
        CHECK(reinterpret_cast<std::uintptr_t>(&batch.front().value()) % 128 == 0);
        CHECK(batch.front().value().bytes[199] == i);
    }

    struct nothing {};
    topic<nothing> none{"none"};
    gregor::producer sender{none};
    sender.send({});
    CHECK(none.end_offset(zero) == 1);
}

void records_without_keys_are_spread()
{
    topic<int> t{"t", {.partitions = 4}};
    gregor::producer out{t};
    std::array<int, 4> went = {};
    for (int i = 0; i != 100 * 256; ++i) {
        ++went[out.send(i).partition().value];
    }
    for (const int each : went) {
        CHECK(each % 256 == 0 && each > 0);
    }
}

} // namespace

void portable::test_policies()
{
    a_key_finds_its_partition();
    a_key_is_part_of_the_value();
    headers_and_timestamps();
    a_work_queue_hands_out();
    wide_and_empty_values();
    records_without_keys_are_spread();
}
