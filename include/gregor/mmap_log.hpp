// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "gregor/base/config.hpp"
#include "gregor/base/serde.hpp"
#include "gregor/base/type_name.hpp"
#include "gregor/log/mapped_log.hpp"
#include "gregor/partition.hpp"
#include "gregor/policy/storage.hpp"

// What a topic with storage::mmap_log needs besides <gregor/topic.hpp>. Empty where there are no
// files that it could be kept in.

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI {

/// Nothing of a record that is copied byte by byte is a pointer or a view.
template <class Layout>
[[nodiscard]] consteval bool means_something_elsewhere()
{
    if constexpr (Layout::key_policy::stored) {
        return !points_elsewhere<typename Layout::value_type> &&
               !points_elsewhere<typename Layout::key_policy::type>;
    } else {
        return !points_elsewhere<typename Layout::value_type>;
    }
}

template <class Record, bool Many>
struct log_of<storage::mmap_log, Record, Many> {
    static_assert(means_something_elsewhere<typename Record::layout>(),
                  "gregor: storage::mmap_log keeps records beyond the process, where no pointer "
                  "leads anywhere");
    using type = mapped_log<Record, Many>;
};

} // namespace gregor::inline GREGOR_ABI

#endif
