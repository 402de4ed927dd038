// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
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

    /// All but the stamp, for the kind that it will say. What is no part of the record is zero
    /// then: nothing that lay in memory by chance gets into a file.
    void finish(std::uint32_t salted, offset_t offset, disk::slot_kind kind) noexcept
    {
        auto* const bytes = reinterpret_cast<unsigned char*>(this);
        auto* const record = reinterpret_cast<unsigned char*>(static_cast<Record*>(this));
        const auto zero = [](unsigned char* from, unsigned char* to) {
            std::memset(from, 0, static_cast<std::size_t>(to - from));
        };
        if (kind == disk::slot_kind::skipped) {
            zero(bytes + disk::slot_head_bytes,
                 bytes + sizeof(*this)); // was given up, or never built
        } else {
            zero(bytes + disk::slot_head_bytes, record);
            if constexpr (requires(Record& its) { its.clear_unused(); }) {
                static_cast<Record&>(*this).clear_unused();
            }
            zero(record + sizeof(Record), bytes + sizeof(*this));
        }
        this->reserved = 0;
        this->crc = disk::slot_crc(salted, disk::stamp_of(offset, kind),
                                   static_cast<const void*>(this), sizeof(*this));
    }
};

} // namespace gregor::inline GREGOR_ABI
