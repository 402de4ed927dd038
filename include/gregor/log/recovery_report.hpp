// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/format.hpp"

namespace gregor::inline GREGOR_ABI::disk {

/// Where the last epochs of a partition began, the youngest first: each at the end that a recovery
/// found which may have lost what was behind it.
using epoch_starts = std::array<offset_t, 1 + earlier_epochs>;

/// What a recovery found, and what it did.
struct recovery_report {
    offset_t begin = 0;   ///< the oldest offset
    offset_t end = 0;     ///< the offset that the next record gets
    offset_t durable = 0; ///< everything below it is lasting
    /// Nothing was lost of what was written: the system has not been started anew, and the files
    /// are those that were written to.
    bool same_boot = false;
    std::uint64_t epoch = 0;     ///< moves on where something may have been lost
    epoch_starts starts = {};    ///< where it began, and those before it
    std::uint64_t read = 0;      ///< slots that were looked at
    std::uint64_t voids = 0;     ///< claims that died, to be passed over
    std::uint64_t set_aside = 0; ///< whole records beyond a hole, kept in a file
    std::uint64_t damaged = 0;   ///< broken slots beyond the end, kept there as they are
    std::uint64_t erased_bytes = 0;
    std::uint64_t unfinished = 0; ///< files that were not finished, removed
    bool checkpoint_torn = false; ///< one of its two blocks was not whole
    /// Groups' offsets that were beyond the end, and are not any more.
    std::uint64_t offsets_moved_back = 0;
    std::uint64_t offsets_lost = 0;  ///< those that cannot be read any more
    std::chrono::nanoseconds took{}; ///< by the steady clock

    /// How many of the offsets below `offset`, as they were in that epoch or an older one, are not
    /// those any more: lost, and may be others by now. Of epochs before the last 16, and of those
    /// that never were, nothing is vouched for.
    [[nodiscard]] offset_t lost_since(std::uint64_t of, offset_t offset) const noexcept
    {
        const bool is_known = of <= epoch && epoch - of <= starts.size();
        offset_t kept = is_known ? offset : (std::min)(offset, begin);
        for (std::uint64_t back = 0; is_known && of + back < epoch; ++back) {
            kept = (std::min)(kept, starts[static_cast<std::size_t>(back)]);
        }
        return offset - kept;
    }
};

struct recovery_options {
    /// Reads what is sealed, too; else that is verified when it is first read.
    bool verify_sealed = false;
    /// Writes everything above `durable` again and makes it lasting: where a sync has failed, the
    /// kernel may hold pages for clean that never reached the disk.
    bool sync_all = false;
};

} // namespace gregor::inline GREGOR_ABI::disk
