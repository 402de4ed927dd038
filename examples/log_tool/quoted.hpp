// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace log_tool {

/// As JSON writes it, which people read as well.
std::string quoted(std::string_view text);

} // namespace log_tool
