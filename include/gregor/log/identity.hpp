// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/slot_time.hpp"
#include "gregor/log/topic_files.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// Where in what is stored of a record its time lies.
#    if defined(__GNUC__)
#        pragma GCC diagnostic push
#        pragma GCC diagnostic ignored "-Winvalid-offsetof" // compilers that have files can tell
#    endif
template <class Stored>
[[nodiscard]] constexpr std::size_t offset_of_timestamp() noexcept
{
    return offsetof(Stored, timestamp);
}
#    if defined(__GNUC__)
#        pragma GCC diagnostic pop
#    endif

/// What files say of records that are stored so, with a type of this name.
template <class Stored, bool Encoded>
[[nodiscard]] record_identity identity_of(std::string type, std::uint32_t layout)
{
    constexpr bool timed = requires(const Stored& record) {
        requires std::is_same_v<std::remove_cvref_t<decltype(record.timestamp)>, timestamp_t>;
    };
    record_identity records{std::move(type), sizeof(Stored), alignof(Stored), layout};
    records.has_blobs = Encoded;
    if constexpr (Encoded) {
        records.layout |= Stored::layout_bits;
    }
    if constexpr (timed) {
        records.timestamp_at = static_cast<std::uint32_t>(payload_at_of(alignof(Stored)) +
                                                          offset_of_timestamp<Stored>());
        records.timestamp_tick = timestamp_tick;
    }
    return records;
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
