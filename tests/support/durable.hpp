// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/scratch_directory.hpp"

// Topics with a log on disk, in the small.

namespace support {

/// A record of a few bytes, whose parts belong together.
struct trade {
    std::uint64_t id = 0;
    std::uint64_t price = 0;

    [[nodiscard]] static trade number(std::uint64_t n) { return {n, n * 7 + 1}; }
    [[nodiscard]] bool is_whole() const { return price == id * 7 + 1; }
    friend bool operator==(const trade&, const trade&) = default;
};

/// What is sent as the record of this number.
template <class Value>
[[nodiscard]] inline Value numbered(std::uint64_t n)
{
    return Value::number(n);
}
/// A text, mostly short; some fill a chunk of 4 KiB.
template <>
[[nodiscard]] inline std::string numbered<std::string>(std::uint64_t n)
{
    const std::size_t length = n % 100 == 0 ? 4088 : static_cast<std::size_t>(n * 37 % 60);
    return std::string(length, static_cast<char>('a' + n % 26)) + std::to_string(n);
}

/// The fewest records that a segment can have.
inline constexpr std::size_t segment = 512;

/// A topic's options, for a log in this folder.
[[nodiscard]] inline gregor::topic_options log_in(const scratch_directory& folder)
{
    gregor::topic_options options;
    options.log.directory = folder.path();
    options.log.segment_records = segment;
    options.log.blob_chunk_bytes = 4096; // where there are blobs
    return options;
}

/// The same for records that have blobs, in chunks of 16 KiB.
[[nodiscard]] inline gregor::topic_options log_with_blobs_in(const scratch_directory& folder)
{
    gregor::topic_options options = log_in(folder);
    options.log.blob_chunk_bytes = 16384;
    return options;
}

#if GREGOR_FILES
/// Changes one byte of a slot on the disk, in the first partition of a log of trades that nobody
/// has open: 0 to 7 is its stamp, 8 to 11 its checksum, 16 to 31 the trade.
inline void damage(const scratch_directory& folder, std::uint64_t offset, std::size_t byte)
{
    const std::string file =
        folder / "trades/0/" + gregor::disk::segment_name(offset / segment * segment);
    std::string bytes = bytes_of(file);
    char& there = bytes.at(4096 + offset % segment * 32 + byte);
    there = static_cast<char>(there ^ 0x10);
    put_bytes(file, bytes);
}
#endif

} // namespace support

template <>
inline constexpr std::string_view gregor::type_name<support::trade> = "trade";

namespace support {

/// Sends the trades of these numbers to the first partition of a topic.
template <class Topic>
void send_trades(Topic& topic, std::uint64_t from, std::uint64_t to)
{
    gregor::producer out{topic};
    for (; from != to; ++from) {
        REQUIRE(out.send(trade::number(from), {.partition = gregor::partition_id{0}}));
    }
}

/// Opens a log of trades, or of other values; empty, or what is wrong: each record is that of its
/// offset, and they go as far as this end at least.
template <class Value = trade>
[[nodiscard]] std::string look_through(const scratch_directory& folder, gregor::offset_t end)
{
    using log_topic = gregor::topic<Value, gregor::storage::mmap_log>;
    constexpr gregor::partition_id zero{0};
    auto topic = log_topic::create("trades", log_in(folder));
    if (!topic) {
        return topic.error().what();
    }
    if (topic->end_offset(zero) < end) {
        return "it ends at " + std::to_string(topic->end_offset(zero)) + ", not at " +
               std::to_string(end);
    }
    gregor::consumer<log_topic> in{*topic};
    in.assign({zero});
    gregor::offset_t next = topic->begin_offset(zero);
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.empty()) {
            return next == topic->end_offset(zero) ? "" : "it stops at " + std::to_string(next);
        }
        for (const auto& record : batch) {
            if (record.offset() != next || record.value() != numbered<Value>(next)) {
                return "not what was sent at " + std::to_string(record.offset());
            }
            ++next;
        }
    }
}

} // namespace support
