// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/memory_log.hpp"
#include "gregor/policy/storage.hpp"
#include "gregor/record.hpp"

namespace gregor::inline GREGOR_ABI {

/// Which log a storage policy stands for.
template <class Storage, class Slot, bool Many>
struct log_of;
template <class Slot, bool Many>
struct log_of<storage::in_memory, Slot, Many> {
    using type = memory_log<Slot, Many>;
};

/// A log of one topic type, and its number.
template <class T, class Policies>
struct partition {
    using layout = record_layout<T, Policies>;
    using slot_type = stored_record<layout>;
    using log_type =
        typename log_of<typename Policies::storage, slot_type, Policies::producers::many>::type;

    static_assert(!layout::bare || sizeof(slot_type) == sizeof(T),
                  "a topic that asks for nothing pays for nothing");

    partition(partition_id number, std::size_t capacity_records) : id(number), log(capacity_records)
    {
    }

    const partition_id id;
    log_type log;
};

} // namespace gregor::inline GREGOR_ABI
