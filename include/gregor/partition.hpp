// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/memory_log.hpp"
#include "gregor/policy/storage.hpp"
#include "gregor/record.hpp"

namespace gregor::inline GREGOR_ABI {

/// Which log a storage policy stands for.
template <class Storage, class Record, bool Many>
struct log_of {
    static_assert(std::is_same_v<Storage, storage::in_memory>,
                  "gregor: storage::mmap_log needs #include <gregor/mmap_log.hpp>, and a system "
                  "that it is written for: Linux");
    using type = memory_log<Record, Many>;
};

/// A log of one topic type, and its number.
template <class T, class Policies>
struct partition {
    using layout = record_layout<T, Policies>;
    using stored_type = stored_record<layout>;
    using log_type =
        typename log_of<typename Policies::storage, stored_type, Policies::producers::many>::type;
    using slot_type = typename log_type::slot_type;

    static_assert(log_type::durable || !layout::bare || sizeof(slot_type) == sizeof(T),
                  "a topic that asks for nothing pays for nothing");
    static_assert(!log_type::durable || !layout::takes,
                  "gregor: groups::one takes records out of the log, storage::mmap_log keeps what "
                  "was written: a topic has one of them");

    partition(typename log_type::source& from, std::size_t number)
        : id{static_cast<std::uint32_t>(number)}, log(from, number)
    {
    }

    const partition_id id;
    log_type log;
};

} // namespace gregor::inline GREGOR_ABI
