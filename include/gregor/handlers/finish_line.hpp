// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <new>
#include <string_view>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

/// The ends of a topic's partitions at one moment, for who wants to know whether a group has come
/// so far.
///
/// Threads   draw before anybody asks
template <class State>
class finish_line {
public:
    /// It is here, now. Where there is no memory for it, it moves on with the ends.
    void draw(const State& state) noexcept
    {
        try {
            for (const auto& each : state.partitions) {
                ends_.push_back(each.log.end_offset());
            }
        } catch (const std::bad_alloc&) {
            ends_.clear();
        }
    }

    /// Whether the group has committed everything before it.
    [[nodiscard]] bool is_reached_by(std::string_view name, State& state) const
    {
        const std::lock_guard lock{state.mutex};
        for (auto* group = state.groups.first(); group != nullptr; group = group->next) {
            for (std::size_t p = 0; group->name == name && p != group->shares.size(); ++p) {
                const offset_t end =
                    p < ends_.size() ? ends_[p] : state.partitions[p].log.end_offset();
                if (group->shares[p].cursor->sequence() < end) {
                    return false;
                }
            }
        }
        return true;
    }

private:
    std::vector<offset_t> ends_;
};

} // namespace gregor::inline GREGOR_ABI
