// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/format.hpp"

// The time that a record carries, for those who know no more of its type than a header says.

namespace gregor::inline GREGOR_ABI::disk {

/// What this standard library counts time in.
inline constexpr std::uint32_t timestamp_tick =
    std::chrono::nanoseconds{timestamp_t::duration{1}}.count();

/// So many ticks in ns, or the nearest that there is.
[[nodiscard]] constexpr std::int64_t in_ns(std::int64_t ticks, std::uint32_t tick) noexcept
{
    constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
    const std::int64_t reach = most / tick;
    return ticks > reach ? most : ticks < -reach ? -most : ticks * std::int64_t{tick};
}
[[nodiscard]] inline std::int64_t in_ns(timestamp_t time) noexcept
{
    return in_ns(std::int64_t{time.time_since_epoch().count()}, timestamp_tick);
}

/// What the system's clock says, as segments are told it: in ns since 1970.
[[nodiscard]] inline std::uint64_t wall_clock()
{
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count());
}

/// When the record in a slot was sent, in ticks since 1970. Only of a format that has a time.
[[nodiscard]] inline std::int64_t ticks_in_slot(const segment_format& format,
                                                const unsigned char* slot) noexcept
{
    std::int64_t ticks = 0;
    std::memcpy(&ticks, slot + format.timestamp_at, sizeof ticks);
    return ticks;
}
/// The same in ns.
[[nodiscard]] inline std::int64_t time_in_slot(const segment_format& format,
                                               const unsigned char* slot) noexcept
{
    return in_ns(ticks_in_slot(format, slot), format.timestamp_tick);
}

/// The latest time of `count` slots from that of `first` on, which are all stamped, as a seal tells
/// it: 0 where they carry none, or none after 1970.
///
/// Cost  that of reading a cache line or two of each slot
[[nodiscard]] inline std::uint64_t newest_time(const segment_format& format, offset_t first,
                                               const unsigned char* bytes,
                                               std::size_t count) noexcept
{
    if (format.timestamp_at == 0) {
        return 0;
    }
    const auto slot_bytes = static_cast<std::size_t>(format.slot_bytes());
    std::int64_t newest = 0;
    for (std::size_t i = 0; i != count; ++i) {
        const unsigned char* const slot = bytes + i * slot_bytes;
        std::uint64_t stamp = 0;
        std::memcpy(&stamp, slot, sizeof stamp);
        if (stamp == stamp_of(first + i, slot_kind::record)) { // else there is no time in it
            const std::int64_t ticks = ticks_in_slot(format, slot);
            newest = ticks > newest ? ticks : newest;
        }
    }
    return static_cast<std::uint64_t>(in_ns(newest, format.timestamp_tick));
}

} // namespace gregor::inline GREGOR_ABI::disk
