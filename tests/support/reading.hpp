// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/consumer.hpp>

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace support {

/// How long a test waits for what will happen soon: long enough for any machine, and not for ever,
/// so that what never happens is a failure with a name.
inline constexpr std::chrono::seconds patience{60};

/// Whether it comes true within a test's patience.
template <class Predicate>
[[nodiscard]] bool eventually(Predicate&& is_so)
{
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::microseconds{200});
    }
    return true;
}

/// Copies of all values that are there now, as the consumer returns them.
template <class Topic>
[[nodiscard]] std::vector<typename Topic::value_type> read_values(gregor::consumer<Topic>& in)
{
    std::vector<typename Topic::value_type> values;
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.status() != gregor::poll_status::records) {
            return values;
        }
        for (const auto& record : batch) {
            values.push_back(record.copy());
        }
    }
}

/// The offsets of all records that are there now.
template <class Topic>
[[nodiscard]] std::vector<gregor::offset_t> read_offsets(gregor::consumer<Topic>& in)
{
    std::vector<gregor::offset_t> offsets;
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.status() != gregor::poll_status::records) {
            return offsets;
        }
        for (const auto& record : batch) {
            offsets.push_back(record.offset());
        }
    }
}

/// How the next poll ends, which returns no records worth looking at.
template <class Topic>
[[nodiscard]] gregor::poll_status status_of_poll(gregor::consumer<Topic>& in)
{
    return in.try_poll().status();
}

} // namespace support
