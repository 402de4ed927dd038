// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// The unit tests' operator new (unit/allocations.cpp) counts, and fails when it is told to.

namespace support {

/// How many allocations this thread has made.
[[nodiscard]] long allocations() noexcept;

/// How many bytes that were, as they were asked for.
[[nodiscard]] std::size_t allocated_bytes() noexcept;

/// How many blocks this thread has allocated and nobody has freed, less those of others that it has
/// freed: what one thread made and freed by itself is not in it.
[[nodiscard]] long live_blocks() noexcept;

/// The n-th allocation of this thread from now on fails (1: the next one). 0: none does.
void fail_allocation(long n) noexcept;

/// Nothing fails any more when it goes.
struct failing_allocation {
    explicit failing_allocation(long n) noexcept { fail_allocation(n); }
    failing_allocation(const failing_allocation&) = delete;
    failing_allocation& operator=(const failing_allocation&) = delete;
    ~failing_allocation() { fail_allocation(0); }
};

} // namespace support
