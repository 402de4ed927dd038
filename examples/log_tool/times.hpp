// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace log_tool {

/// In ns since 1970: of 2026-11-25, 2026-11-25T23:26Z, 2026-11-25T23:26:01.5Z (ISO 8601, in UTC),
/// or of ms since 1970; none where it is something else. What is too far away to be told in ns is
/// the nearest time that is not.
std::optional<std::int64_t> time_in(std::string_view text);

} // namespace log_tool
