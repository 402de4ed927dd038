// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

enum class send_status : std::uint8_t {
    ok,
    full,      ///< a reader that may hold producers back does so
    closed,    ///< the topic is closed: nothing will be taken any more
    timed_out, ///< no room came in time
    stopped,   ///< the stop token was triggered first
    failed,    ///< a log on disk could not take it, or not make it lasting: `topic.failure()`
    too_large, ///< it is longer than `log.blob_chunk_bytes`, and so was not sent
};

/// Where a record went, or why it did not. A value that was refused is untouched.
class sent {
public:
    sent(partition_id partition, offset_t offset) noexcept
        : offset_(offset), partition_(partition), status_(send_status::ok)
    {
    }
    sent(partition_id partition, send_status why) noexcept : partition_(partition), status_(why) {}

    [[nodiscard]] send_status status() const noexcept { return status_; }
    explicit operator bool() const noexcept { return status_ == send_status::ok; }

    /// Its offset; only where it was taken.
    [[nodiscard]] offset_t offset() const noexcept
    {
        GREGOR_DEBUG_ASSERT(status_ == send_status::ok,
                            "sent::offset() was asked of a record that was refused");
        return offset_;
    }
    /// The partition it went to, or would have gone to.
    [[nodiscard]] partition_id partition() const noexcept { return partition_; }

private:
    offset_t offset_ = 0;
    partition_id partition_;
    send_status status_;
};

/// How many records of a range were taken, from its start, and why no more were.
struct batch_sent {
    std::size_t count = 0;
    send_status status = send_status::ok;

    explicit operator bool() const noexcept { return status == send_status::ok; }
};

} // namespace gregor::inline GREGOR_ABI
