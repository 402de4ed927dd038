// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/durable.hpp"

#if GREGOR_FILES

// What of memory gets into a file: the records, and nothing that lay beside them.

using gregor::offset_t;
using gregor::storage::mmap_log;
using support::log_in;
using support::scratch_directory;

namespace {

struct wide_key {
    std::uint64_t high;
    std::uint32_t low;
};

struct loose {
    std::uint8_t kind;
    std::uint64_t number;
};

constexpr gregor::timestamp_t noon{std::chrono::hours{12}};

/// Writes this over the slots that come next: what lies in memory by chance.
template <class Topic>
void scribble(Topic& topic, unsigned char pattern, offset_t from, std::size_t count)
{
    auto& log = topic.state()->partitions[0].log;
    for (std::size_t i = 0; i != count; ++i) {
        auto* const bytes = reinterpret_cast<unsigned char*>(log.slot(from + i));
        std::memset(bytes + gregor::disk::slot_head_bytes, pattern,
                    sizeof(typename Topic::slot_type) - gregor::disk::slot_head_bytes);
    }
}

/// What lies in the file behind the head of a slot.
template <class Topic>
std::string payload(const scratch_directory& folder, offset_t at)
{
    constexpr std::size_t bytes = sizeof(typename Topic::slot_type);
    constexpr std::size_t head = gregor::disk::slot_head_bytes;
    return support::bytes_of(folder / "slots/0/00000000000000000000.log")
        .substr(gregor::disk::page_bytes + static_cast<std::size_t>(at) * bytes + head,
                bytes - head);
}

/// The attributes lie where this pattern was.
template <class Topic>
typename Topic::attributes attributes_on(unsigned char pattern)
{
    alignas(typename Topic::attributes) unsigned char place[sizeof(typename Topic::attributes)];
    std::memset(place, pattern, sizeof place);
    return *::new (static_cast<void*>(place)) typename Topic::attributes;
}

template <class Topic, class V, class Give>
void check_bytes(V value, Give&& give)
{
    const scratch_directory folder;
    Topic topic{"slots", log_in(folder)};
    gregor::producer out{topic};
    CHECK(out.send(value, give(attributes_on<Topic>(0))));
    scribble(topic, 0xaa, 1, 1);
    scribble(topic, 0x55, 2, 1);
    CHECK(out.send(value, give(attributes_on<Topic>(0xaa))));
    {
        auto claim = out.claim(2, give(attributes_on<Topic>(0x55)));
        claim.emplace(value);
        claim.publish();
    }
    CHECK(payload<Topic>(folder, 1) == payload<Topic>(folder, 0));
    CHECK(payload<Topic>(folder, 2) == payload<Topic>(folder, 0));
}

template <class Topic, class V>
void check_bytes(V value)
{
    check_bytes<Topic>(value, [](auto given) { return given; });
}

} // namespace

template <>
inline constexpr std::string_view gregor::type_name<wide_key> = "wide key";
template <>
inline constexpr std::string_view gregor::type_name<loose> = "loose";
template <>
struct gregor::key_bytes<wide_key> {
    static auto of(const wide_key& key) { return key_bytes<std::uint64_t>::of(key.high); }
};

TEST_CASE("the bytes of a key that is not set are zero in the file", "[durable]")
{
    check_bytes<gregor::topic<std::uint64_t, mmap_log, gregor::key<std::uint64_t>>>(
        std::uint64_t{7});
    check_bytes<gregor::topic<std::uint32_t, mmap_log, gregor::key<wide_key>>>(std::uint32_t{7});
    check_bytes<gregor::topic<std::uint8_t, mmap_log, gregor::key<std::uint8_t>>>(std::uint8_t{7});
}

TEST_CASE("padding beside keys, times and values is zero in the file", "[durable]")
{
    check_bytes<gregor::topic<std::uint8_t, mmap_log>>(std::uint8_t{7});
    check_bytes<gregor::topic<std::uint8_t, mmap_log, gregor::timestamps>>(
        std::uint8_t{7}, [](auto given) {
            given.timestamp = noon;
            return given;
        });
    check_bytes<gregor::topic<std::uint32_t, mmap_log, gregor::key<std::uint64_t>>>(
        std::uint32_t{7}, [](auto given) {
            given.key = 3;
            return given;
        });
    check_bytes<
        gregor::topic<std::uint64_t, mmap_log, gregor::key<std::uint8_t>, gregor::timestamps>>(
        std::uint64_t{7}, [](auto given) {
            given.key = std::uint8_t{3};
            given.timestamp = noon;
            return given;
        });
}

TEST_CASE("what is cleared beside a record is none of it", "[durable]")
{
    using keyed = gregor::topic<std::uint32_t, mmap_log, gregor::key<wide_key>>;
    const scratch_directory folder;
    keyed topic{"slots", log_in(folder)};
    gregor::producer out{topic};
    CHECK(out.send(0xffffffffU, {.key = wide_key{~std::uint64_t{0}, ~std::uint32_t{0}}}));
    CHECK(out.send(0xfffffffeU));
    gregor::consumer<keyed> in{topic};
    in.assign({gregor::partition_id{0}});
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 2);
    CHECK(batch[0].value() == 0xffffffffU);
    REQUIRE(batch[0].key().has_value());
    CHECK(batch[0].key()->high == ~std::uint64_t{0});
    CHECK(batch[0].key()->low == ~std::uint32_t{0});
    CHECK(batch[1].value() == 0xfffffffeU);
    CHECK_FALSE(batch[1].key().has_value());
}

TEST_CASE("padding within a value is zero in the file, where the compiler tells where it is",
          "[durable]")
{
    if (!GREGOR_CLEARS_PADDING) {
        return;
    }
    using loose_topic = gregor::topic<loose, mmap_log>;
    const scratch_directory folder;
    loose_topic topic{"slots", log_in(folder)};
    gregor::producer out{topic};
    loose value;
    std::memset(&value, 0xaa, sizeof value);
    value.kind = 1;
    value.number = 2;
    CHECK(out.send(value));
    std::string expected(sizeof value, '\0');
    expected[offsetof(loose, kind)] = 1;
    std::memcpy(expected.data() + offsetof(loose, number), &value.number, sizeof value.number);
    CHECK(payload<loose_topic>(folder, 0) == expected);
}

TEST_CASE("padding within what lies in the slot of an encoded record is zero, too", "[durable]")
{
    if (!GREGOR_CLEARS_PADDING) {
        return;
    }
    using mixed = gregor::topic<loose, mmap_log, gregor::key<wide_key>, gregor::headers>;
    const scratch_directory folder;
    mixed topic{"slots", log_in(folder)};
    gregor::producer out{topic};
    loose value;
    std::memset(&value, 0xaa, sizeof value);
    value.kind = 1;
    value.number = 2;
    wide_key key;
    std::memset(&key, 0xaa, sizeof key);
    key.high = 3;
    key.low = 4;
    CHECK(out.send(value, {.key = key}));
    gregor::consumer<mixed> in{topic};
    in.assign({gregor::partition_id{0}});
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    CHECK(batch[0].value().number == 2);
    CHECK(batch[0].key()->low == 4);
    const auto& stored = batch[0].stored();
    std::string bytes(sizeof value, '\xff');
    std::memcpy(bytes.data(), &stored.value, sizeof value);
    CHECK(bytes.substr(1, 7) == std::string(7, '\0'));
    bytes.resize(sizeof key);
    std::memcpy(bytes.data(), &stored.key, sizeof key);
    CHECK(bytes.substr(12, 4) == std::string(4, '\0'));
}

TEST_CASE("of a record that was given up nothing is left in the file", "[durable]")
{
    using numbers = gregor::topic<std::uint64_t, mmap_log>;
    const scratch_directory folder;
    numbers topic{"slots", log_in(folder)};
    gregor::producer first{topic};
    gregor::producer second{topic}; // from now on claims that are dropped are void
    CHECK(second.send(7));
    scribble(topic, 0xaa, 1, 2);
    {
        auto claim = first.claim(2);
        claim.emplace(std::uint64_t{8});
    }
    CHECK(payload<numbers>(folder, 1) == std::string(8, '\0'));
    CHECK(payload<numbers>(folder, 2) == std::string(8, '\0'));
}

#endif
