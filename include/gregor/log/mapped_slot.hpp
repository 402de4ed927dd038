// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/log/format.hpp"

namespace gregor::inline GREGOR_ABI {

/// A slot of a mapped log as it lies in the file (see format.hpp): what comes before the record,
/// and the record. The stamp belongs to the log's protocol, which alone stores it; `finish` writes
/// the rest.
template <class Env>
struct mapped_slot_head {
    typename Env::template atomic<std::uint64_t> stamp;
    std::uint32_t crc;
    std::uint32_t reserved;
};

template <class Record, class Env>
struct mapped_slot : mapped_slot_head<Env>, Record {
    static_assert(sizeof(mapped_slot_head<Env>) == disk::slot_head_bytes,
                  "a stamp takes 8 bytes, on every machine that has files");

    /// The checksum of what lies here, for the stamp that it will get.
    void finish(std::uint32_t salted, std::uint64_t of_stamp) noexcept
    {
        this->reserved = 0;
        this->crc = disk::slot_crc(salted, of_stamp, static_cast<const void*>(this), sizeof(*this));
    }
};

} // namespace gregor::inline GREGOR_ABI
