// SPDX-License-Identifier: MIT
#pragma once

#include "options.hpp"

namespace log_tool {

// Each prints what it finds. Throws gregor::error where it cannot be done at all.

exit_status list(const options& chosen);
exit_status describe(const options& chosen);
exit_status verify(const options& chosen);
exit_status dump(const options& chosen);
exit_status offsets(const options& chosen);
exit_status recover(const options& chosen);
exit_status repair(const options& chosen);

} // namespace log_tool
