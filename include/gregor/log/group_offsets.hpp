// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "gregor/base/config.hpp"
#include "gregor/base/fixed_array.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a log remembers of one group: its committed offset in each partition, in the very place
/// that holds producers back; `Place` owns it. It outlives the group's members.
///
/// Threads   under the topic's mutex; the offsets themselves are moved by the partition's owner
template <class Place>
struct group_offsets {
    std::string name;
    bool lossy = false;
    /// Named in the topic's options: holds producers back with or without members.
    bool declared = false;
    bool has_member = false;
    /// Its first member has come in. Where memory was short, it has not, and there is no group.
    bool joined = false;
    /// One a partition; as many as the topic has.
    fixed_array<Place> cursors = {};
};

} // namespace gregor::inline GREGOR_ABI
