// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI::disk {

/// What a recovery found, and what it did.
struct recovery_report {
    offset_t begin = 0;   ///< the oldest offset
    offset_t end = 0;     ///< the offset that the next record gets
    offset_t durable = 0; ///< everything below it is lasting
    /// Nothing was lost of what was written: the system has not been started anew, and the files
    /// are those that were written to.
    bool same_boot = false;
    std::uint64_t epoch = 0;     ///< moves on where something may have been lost
    std::uint64_t read = 0;      ///< slots that were looked at
    std::uint64_t voids = 0;     ///< claims that died, to be passed over
    std::uint64_t set_aside = 0; ///< whole records beyond a hole, kept in a file
    std::uint64_t damaged = 0;   ///< broken slots beyond the end, kept there as they are
    std::uint64_t erased_bytes = 0;
    std::uint64_t unfinished = 0;    ///< files that were not finished, removed
    bool checkpoint_torn = false;    ///< one of its two blocks was not whole
    std::chrono::nanoseconds took{}; ///< by the steady clock
};

struct recovery_options {
    /// Reads what is sealed, too; else that is verified when it is first read.
    bool verify_sealed = false;
    /// Writes everything above `durable` again and makes it lasting: where a sync has failed, the
    /// kernel may hold pages for clean that never reached the disk.
    bool sync_all = false;
};

} // namespace gregor::inline GREGOR_ABI::disk
