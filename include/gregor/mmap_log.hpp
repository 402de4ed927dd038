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

template <class Record, bool Many>
struct log_of<storage::mmap_log, Record, Many> {
    static_assert(!points_elsewhere<typename Record::value_type>,
                  "gregor: storage::mmap_log keeps records beyond the process, where no pointer "
                  "leads anywhere");
    using type = mapped_log<Record, Many>;
};

} // namespace gregor::inline GREGOR_ABI

#endif
