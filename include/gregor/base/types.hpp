// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

template <class T, class User>
struct needed_by_user {
    using type = T;
};
/// `T`, in a template that is known by its parameter `User`: what a `T` is made of is compiled by
/// who calls what names it so, not by all who include it.
template <class T, class User>
using needed_by = typename needed_by_user<T, User>::type;

/// The place of a record in its partition: 0, 1, 2 ... Below 2^62.
using offset_t = std::uint64_t;

/// The place of no record, where there may be none.
inline constexpr offset_t no_such_offset = ~offset_t{0};

/// Which partition of a topic: 0 to partitions - 1. A type of its own, so that it is never taken
/// for an offset or a key.
struct partition_id {
    std::uint32_t value = 0;

    // NOLINTNEXTLINE(modernize-use-nullptr): there is no pointer
    friend constexpr auto operator<=>(const partition_id&, const partition_id&) = default;
};

/// "You choose": the partitioner decides.
inline constexpr partition_id any_partition{0xffffffffU};

/// When an event happened, for people; no timeout is ever measured with it.
using timestamp_t = std::chrono::system_clock::time_point;

/// "For ever", as a timeout.
inline constexpr std::chrono::nanoseconds no_timeout = (std::chrono::nanoseconds::max)();

} // namespace gregor::inline GREGOR_ABI
