// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

/// What an acknowledgement came to.
enum class ack_status : std::uint8_t {
    unknown, ///< the offset is not in flight: never handed out, or acknowledged before
    noted,   ///< an earlier record is still being worked on
    moved,   ///< more may be committed now
};

/// Which records of one partition are done, where they are worked on out of order: handed out in
/// order, acknowledged in any, and committed as far as everything before is done too. So what goes
/// wrong brings back at most a window of records, and loses none.
///
///     if (tracker.hand_out(record.offset())) ...             // else: the window is full
///     if (tracker.acknowledge(offset) == ack_status::moved)  // by whoever is done with it
///         in.commit(partition, tracker.committable());
///
/// Offsets may have gaps. The window counts records: all from the first that is not done to the
/// last that was handed out.
///
/// Threads   any, all at once
/// Progress  blocks for the moment that another call takes
/// Errors    a full window and an unknown offset are answers; std::bad_alloc when it is made
/// Cost      a mutex; hand_out O(1), acknowledge O(1) where there are no gaps, else O(log window);
///           16 bytes a record of the window, allocated when it is made
class ack_tracker {
public:
    /// `start` is the first offset that may be handed out, and what is committable until then.
    explicit ack_tracker(std::size_t window, offset_t start = 0)
        : entries_(window), committable_(start), next_(start)
    {
        GREGOR_ASSERT(window != 0, "an ack_tracker needs a window of 1 or more");
    }

    /// The record is being worked on from now on; false when the window is full. Offsets are handed
    /// out in order.
    [[nodiscard]] bool hand_out(offset_t offset)
    {
        const std::lock_guard lock{mutex_};
        GREGOR_ASSERT(offset >= next_, "an ack_tracker is handed offsets in order, each once");
        if (count_ == entries_.size()) {
            return false;
        }
        at(count_) = {offset, false};
        if (count_ == 0) {
            committable_ = offset; // what was passed over was not there
        }
        ++count_;
        ++in_flight_;
        next_ = offset + 1;
        return true;
    }

    /// The record is done.
    ack_status acknowledge(offset_t offset)
    {
        const std::lock_guard lock{mutex_};
        entry* const found = find(offset);
        if (found == nullptr || found->done) {
            return ack_status::unknown;
        }
        found->done = true;
        --in_flight_;
        if (found != &at(0)) {
            return ack_status::noted;
        }
        while (count_ != 0 && at(0).done) {
            first_ = first_ + 1 == entries_.size() ? 0 : first_ + 1;
            --count_;
        }
        committable_ = count_ != 0 ? at(0).offset : next_;
        return ack_status::moved;
    }

    /// The next offset to read for whoever takes over: everything below it is done.
    [[nodiscard]] offset_t committable() const
    {
        const std::lock_guard lock{mutex_};
        return committable_;
    }
    /// How many are handed out and not acknowledged.
    [[nodiscard]] std::size_t in_flight() const
    {
        const std::lock_guard lock{mutex_};
        return in_flight_;
    }
    /// How many more can be handed out now.
    [[nodiscard]] std::size_t room() const
    {
        const std::lock_guard lock{mutex_};
        return entries_.size() - count_;
    }
    [[nodiscard]] std::size_t window() const noexcept { return entries_.size(); }

    /// Forgets everything, as after a seek: late acknowledgements of what was handed out before are
    /// unknown, unless the same offsets are handed out again.
    void reset(offset_t start)
    {
        const std::lock_guard lock{mutex_};
        count_ = 0;
        in_flight_ = 0;
        committable_ = start;
        next_ = start;
    }

private:
    struct entry {
        offset_t offset = 0;
        bool done = false;
    };

    /// The i-th of the window.
    [[nodiscard]] entry& at(std::size_t i) noexcept
    {
        const std::size_t to_the_end = entries_.size() - first_;
        return entries_[i < to_the_end ? first_ + i : i - to_the_end];
    }

    [[nodiscard]] entry* find(offset_t offset) noexcept
    {
        if (count_ == 0 || offset < at(0).offset || offset >= next_) {
            return nullptr;
        }
        // without gaps it is where it seems to be; each gap before it puts it nearer to the front
        const offset_t distance = offset - at(0).offset;
        std::size_t last = distance < count_ ? static_cast<std::size_t>(distance) : count_ - 1;
        if (at(last).offset == offset) {
            return &at(last);
        }
        for (std::size_t low = 0; low < last;) {
            const std::size_t middle = low + (last - low) / 2;
            if (at(middle).offset < offset) {
                low = middle + 1;
            } else {
                last = middle;
            }
        }
        return at(last).offset == offset ? &at(last) : nullptr;
    }

    mutable std::mutex mutex_;
    std::vector<entry> entries_; // a ring
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::size_t in_flight_ = 0;
    offset_t committable_;
    offset_t next_; // no lower one can be handed out
};

} // namespace gregor::inline GREGOR_ABI
