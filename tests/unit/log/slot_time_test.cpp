// SPDX-License-Identifier: MIT
#include <gregor/log/slot_time.hpp>

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "support/catch.hpp"

namespace disk = gregor::disk;

using disk::slot_kind;
using gregor::offset_t;

namespace {

constexpr offset_t first = 8;

disk::segment_format format(std::uint32_t tick = 1)
{
    return {.type = "record",
            .payload_bytes = 24,
            .payload_alignment = 8,
            .slot_count = 8,
            .timestamp_at = 24,
            .timestamp_tick = tick};
}

struct slots {
    std::vector<unsigned char> bytes;

    void add(std::int64_t ticks, slot_kind kind = slot_kind::record)
    {
        const auto bytes_each = static_cast<std::size_t>(format().slot_bytes());
        const offset_t at = first + bytes.size() / bytes_each;
        bytes.resize(bytes.size() + bytes_each);
        unsigned char* const slot = bytes.data() + bytes.size() - bytes_each;
        std::memcpy(slot + 24, &ticks, sizeof ticks);
        disk::finish_slot(disk::salted(1), at, kind, slot, bytes_each);
    }
    [[nodiscard]] std::uint64_t newest(const disk::segment_format& of = format()) const
    {
        return disk::newest_time(of, first, bytes.data(), bytes.size() / 40);
    }
};

} // namespace

TEST_CASE("the newest time is that of records only", "[log][time]")
{
    slots made;
    CHECK(made.newest() == 0);
    made.add(-5);
    CHECK(made.newest() == 0);
    made.add(9);
    made.add(7);
    made.add(100, slot_kind::skipped);
    CHECK(made.newest() == 9);
    CHECK(made.newest(format(1000)) == 9000);
    auto untimed = format();
    untimed.timestamp_at = 0;
    CHECK(made.newest(untimed) == 0);
}

TEST_CASE("a time that ns cannot tell is the nearest one that they can", "[log][time]")
{
    constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
    CHECK(disk::in_ns(most, 1) == most);
    CHECK(disk::in_ns(-most - 1, 1) == -most);
    CHECK(disk::in_ns(most / 1000, 1000) == most / 1000 * 1000);
    CHECK(disk::in_ns(most / 1000 + 1, 1000) == most);
    CHECK(disk::in_ns(-(most / 1000) - 1, 1000) == -most);
    CHECK(disk::in_ns(-3, 1000) == -3000);
}

TEST_CASE("a format's time lies in its record", "[log][time][format]")
{
    const auto possible = [](std::uint32_t at, std::uint32_t tick) {
        auto made = format(tick);
        made.timestamp_at = at;
        return made.possible();
    };
    CHECK(possible(0, 0));
    CHECK(possible(16, 1));
    CHECK(possible(32, 1000));
    CHECK_FALSE(possible(33, 1));
    CHECK_FALSE(possible(0xfffffffcU, 1));
    CHECK_FALSE(possible(15, 1));
    CHECK_FALSE(possible(24, 0));
    CHECK_FALSE(possible(0, 1));
}
