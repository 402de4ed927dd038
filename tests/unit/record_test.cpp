// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "support/catch.hpp"
#include "support/payloads.hpp"

using gregor::topic;
namespace groups = gregor::groups;

namespace {

struct symbol_id {
    std::array<char, 8> symbol;
    std::uint64_t id;
};

template <class Topic>
inline constexpr std::size_t slot_bytes = sizeof(typename Topic::slot_type);
template <class Topic>
inline constexpr std::size_t attribute_bytes = sizeof(typename Topic::attributes);

template <class Record>
concept has_key = requires(const Record& r) { r.key(); };
template <class Record>
concept has_timestamp = requires(const Record& r) { r.timestamp(); };
template <class Record>
concept has_headers = requires(const Record& r) { r.headers(); };
template <class Record>
concept can_be_taken = requires(const Record& r) { r.take(); };

} // namespace

TEST_CASE("what is not asked for takes no byte", "[record]")
{
    STATIC_REQUIRE(slot_bytes<topic<char>> == 1);
    STATIC_REQUIRE(slot_bytes<topic<std::uint64_t>> == 8);
    STATIC_REQUIRE(slot_bytes<topic<std::array<char, 13>>> == 13);
    STATIC_REQUIRE(slot_bytes<topic<std::string>> == sizeof(std::string));
    STATIC_REQUIRE(slot_bytes<topic<support::over_aligned>> == 128);
    STATIC_REQUIRE(slot_bytes<topic<support::large>> == 65536);
    // a derived key is stored nowhere
    STATIC_REQUIRE(slot_bytes<topic<symbol_id, gregor::keyed_by<&symbol_id::symbol>>> ==
                   sizeof(symbol_id));
    // nor does a policy of another kind cost a byte
    STATIC_REQUIRE(
        slot_bytes<topic<std::uint64_t, gregor::producers::single, gregor::overflow::reject,
                         gregor::wait::spin, gregor::partitioner::round_robin,
                         gregor::time_source<gregor::manual_clock>>> == 8);
}

TEST_CASE("what is asked for takes what it needs", "[record]")
{
    STATIC_REQUIRE(slot_bytes<topic<std::uint64_t, gregor::timestamps>> == 16);
    STATIC_REQUIRE(slot_bytes<topic<std::uint64_t, gregor::key<std::uint64_t>>> ==
                   8 + sizeof(std::optional<std::uint64_t>));
    STATIC_REQUIRE(slot_bytes<topic<std::uint64_t, gregor::headers>> ==
                   8 + sizeof(gregor::header_list));
    STATIC_REQUIRE(slot_bytes<topic<std::uint64_t, groups::one>> == 16);
    STATIC_REQUIRE(slot_bytes<topic<char, groups::one>> == 2);
}

TEST_CASE("attributes that a topic does not have take no byte either", "[record]")
{
    STATIC_REQUIRE(attribute_bytes<topic<int>> == sizeof(gregor::partition_id));
    STATIC_REQUIRE(attribute_bytes<topic<symbol_id, gregor::keyed_by<&symbol_id::symbol>>> ==
                   sizeof(gregor::partition_id));
}

TEST_CASE("a record has what its topic's policies ask for, and nothing else", "[record]")
{
    using bare = gregor::record<topic<int>>;
    STATIC_REQUIRE_FALSE(has_key<bare>);
    STATIC_REQUIRE_FALSE(has_timestamp<bare>);
    STATIC_REQUIRE_FALSE(has_headers<bare>);
    STATIC_REQUIRE_FALSE(can_be_taken<bare>);
    STATIC_REQUIRE(has_key<gregor::record<topic<int, gregor::key<int>>>>);
    STATIC_REQUIRE(
        has_key<gregor::record<topic<std::string, gregor::keyed_by<&std::string::size>>>>);
    STATIC_REQUIRE(has_timestamp<gregor::record<topic<int, gregor::timestamps>>>);
    STATIC_REQUIRE(has_headers<gregor::record<topic<int, gregor::headers>>>);
    STATIC_REQUIRE(can_be_taken<gregor::record<topic<int, groups::one>>>);
}

TEST_CASE("a record is a view: small, and copied freely", "[record]")
{
    using bare = gregor::record<topic<std::string>>;
    STATIC_REQUIRE(sizeof(bare) <= 3 * sizeof(void*));
    STATIC_REQUIRE(std::is_trivially_copyable_v<bare>);
    STATIC_REQUIRE(std::is_same_v<decltype(std::declval<bare>().value()), const std::string&>);
}

TEST_CASE("a record carries offset, partition, value, key, timestamp and headers", "[record]")
{
    using full = topic<std::string, gregor::key<std::string>, gregor::timestamps, gregor::headers,
                       gregor::time_source<gregor::manual_clock>>;
    const gregor::timestamp_t start{std::chrono::hours{500000}};
    gregor::manual_clock clock{start};
    full t{"t", {.partitions = 2}, clock};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    const gregor::partition_id one{1};

    out.send("plain", {.partition = one});
    clock.advance(std::chrono::seconds{3});
    out.send("keyed", {.partition = one, .key = "k"});
    const gregor::timestamp_t given{std::chrono::hours{1}};
    out.send("all", {.partition = one,
                     .key = "",
                     .timestamp = given,
                     .headers = {{"a", "1"}, {"a", "2"}, {"b", ""}}});

    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 3);
    CHECK(batch[0].offset() == 0);
    CHECK(batch[0].partition() == one);
    CHECK(batch[0].value() == "plain");
    CHECK_FALSE(batch[0].key().has_value());
    CHECK(batch[0].timestamp() == start);
    CHECK(batch[0].headers().empty());
    CHECK(batch[1].offset() == 1);
    CHECK(batch[1].key() == "k");
    CHECK(batch[1].timestamp() == start + std::chrono::seconds{3});
    CHECK(batch[2].value() == "all");
    CHECK(batch[2].key() == "");
    CHECK(batch[2].timestamp() == given);
    CHECK(batch[2].headers() == gregor::header_list{{"a", "1"}, {"a", "2"}, {"b", ""}});
}

TEST_CASE("a derived key is what the projection yields, in place", "[record]")
{
    topic<symbol_id, gregor::keyed_by<&symbol_id::symbol>> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send({.symbol = {'I', 'B', 'M'}, .id = 7});
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    const auto record = batch.front();
    CHECK(record.key()[0] == 'I');
    CHECK(&record.key() == &record.value().symbol);
}

TEST_CASE("records lie where their type wants to lie", "[record]")
{
    topic<support::over_aligned> t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    for (std::uint64_t i = 0; i != 4; ++i) {
        out.send(support::payload<support::over_aligned>::make(0, i));
    }
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 4);
    for (const auto& record : batch) {
        CHECK(support::payload<support::over_aligned>::read(record.value()).intact);
    }
}
