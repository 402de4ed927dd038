// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>

#include "gregor/base/config.hpp"
#include "gregor/base/label.hpp"
#include "gregor/options.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a consumer goes by: its options as they stand when it is made, in what they are kept in.
/// (Who names no options compiles nothing of theirs: neither their strings nor what looks whether
/// they are possible. So what they are without being named stands here again.)
struct consumer_terms {
    consumer_terms() = default;
    /// Throws std::bad_alloc.
    explicit consumer_terms(const consumer_options& options)
        : lossy(options.lossy), auto_commit(options.auto_commit), reset(options.reset),
          isolation(options.isolation), reset_duration(options.reset_duration),
          max_poll_interval(options.max_poll_interval), max_poll_records(options.max_poll_records),
          assign(options.assign), listener(options.listener), instance_id(options.instance_id)
    {
    }

    bool lossy = false;
    bool auto_commit = true;
    auto_offset_reset reset = auto_offset_reset::earliest;
    gregor::isolation isolation = gregor::isolation::published;
    std::chrono::nanoseconds reset_duration = {};
    std::chrono::nanoseconds max_poll_interval = five_minutes;
    std::size_t max_poll_records = 500;
    assignor assign = {};
    rebalance_listener* listener = nullptr;
    label instance_id = {};
};

} // namespace gregor::inline GREGOR_ABI
