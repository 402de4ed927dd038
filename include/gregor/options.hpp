// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

struct assignment_request;
class rebalance_listener;

// Options change numbers; policies change code. Every option has a value that is right for most.

struct topic_options {
    /// How many logs the topic is split into; order holds within each. 1 to 65536.
    std::uint32_t partitions = 1;

    /// How many records each partition keeps in its ring: a power of two, 2 or more. A larger ring
    /// lets producers and consumers drift further apart (and off each other's cache lines); its
    /// memory is touched only as records first reach it.
    std::size_t capacity_records = std::size_t{1} << 14U;

    /// Groups that hold producers back before their first member has joined: nothing sent from the
    /// start of the topic on is lost to them.
    std::vector<std::string> groups = {};
};

/// Where a consumer goes that has no committed offset, or whose position was overwritten.
enum class auto_offset_reset : std::uint8_t {
    earliest, ///< to the oldest record there is
    latest,   ///< to the end: only what is sent from now on
    none,     ///< nowhere: poll says `out_of_range` until the consumer seeks
    /// To the first record that is not older than `reset_duration`, by the topic's wall clock; to
    /// the end where all are. For topics with `timestamps`; a look at the records one by one.
    by_duration,
};

/// Says who of a group reads which partition: for each partition the index of its member. A pure
/// function of what it is told; `assignors` has Kafka's.
using assignor = std::vector<std::size_t> (*)(const assignment_request&);

struct consumer_options {
    /// false: producers wait for this reader (or are refused, by the topic's overflow policy)
    /// rather than overwrite what it has not read. true: they never do, except for the batch in its
    /// hands; it learns from `batch.missed()` exactly how many offsets it lost. All members of a
    /// group say the same.
    bool lossy = false;

    auto_offset_reset reset = auto_offset_reset::earliest;

    /// For `auto_offset_reset::by_duration`; 0 or more.
    std::chrono::nanoseconds reset_duration{0};

    /// true: each poll commits what the poll before it returned, and so does close().
    bool auto_commit = true;

    /// How many records one poll returns at most; 1 or more.
    std::size_t max_poll_records = 500;

    /// How long a member may stay away between two polls before the others take its partitions.
    /// `no_timeout`: for ever, and it looks after nobody either while it sleeps.
    std::chrono::nanoseconds max_poll_interval = std::chrono::minutes{5};

    /// A member of this name that goes and comes back within its `max_poll_interval` finds its
    /// partitions as it left them; nobody takes them meanwhile. Empty: who goes is gone.
    std::string instance_id = {};

    /// How the group shares out its partitions; `assignors::sticky` unless another one is named.
    /// The first member's counts.
    assignor assign = nullptr;

    /// Told of the partitions that come and go. It outlives the consumer.
    rebalance_listener* listener = nullptr;
};

} // namespace gregor::inline GREGOR_ABI
