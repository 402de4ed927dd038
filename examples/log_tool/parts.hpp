// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <gregor/log/blob_format.hpp>

#include "files.hpp"

namespace log_tool {

using bytes = std::span<const unsigned char>;

/// A record that has a blob, taken apart as far as its header tells how. Views of slot and blob.
struct record_parts {
    disk::blob_ref where;
    bytes blob;
    bytes slot; ///< what lies in the slot besides: all of it, or what is in no part
    bool known = false;
    // where it is known, and they lie in the blob
    std::optional<bytes> value;
    bool has_key = false; ///< records of this topic may have one
    std::optional<bytes> key;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
};

/// Of a whole record and its blob.
record_parts parts_of(const disk::segment_format& format, const unsigned char* slot,
                      const unsigned char* blob);

} // namespace log_tool
