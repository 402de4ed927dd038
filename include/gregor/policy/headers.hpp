// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI {

/// A name and a value beside a record, for those who pass it on without reading it. Names may
/// repeat.
struct header {
    std::string key;
    std::string value;

    friend bool operator==(const header&, const header&) = default;
};

using header_list = std::vector<header>;

/// Records carry no headers. The default.
struct no_headers {
    using policy_kind = kind::headers;
    static constexpr bool stored = false;
};

/// Each record carries a list of headers: a vector in the slot, and what it allocates.
struct headers {
    using policy_kind = kind::headers;
    static constexpr bool stored = true;
};

} // namespace gregor::inline GREGOR_ABI
