// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <span>

#include "gregor/base/config.hpp"
#include "gregor/base/short_list.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

/// Told of the partitions that a member of a group gets and gives.
///
/// Threads   the consumer's, inside `poll` or `close`; never two calls at once
/// Errors    what a call throws comes out of that poll, after the group has gone on
class rebalance_listener {
public:
    rebalance_listener() = default;
    rebalance_listener(const rebalance_listener&) = default;
    rebalance_listener& operator=(const rebalance_listener&) = default;
    virtual ~rebalance_listener() = default;

    /// They are the member's from now on.
    virtual void on_assigned(std::span<const partition_id> /*partitions*/) {}
    /// Somebody else reads on as soon as this returns. A commit in here counts. What goes before
    /// `on_assigned` was called for it is not told of.
    virtual void on_revoked(std::span<const partition_id> /*partitions*/) {}
    /// Somebody else reads them already: the member was away for too long. Commits are refused.
    virtual void on_lost(std::span<const partition_id> /*partitions*/) {}
};

/// Which of its functions is called.
using rebalance_news = void (rebalance_listener::*)(std::span<const partition_id>);

/// Leaves of these partitions those that the listener knows. It is not told that the others go;
/// nor, later on, that they have come.
inline void leave_told_of(short_list<partition_id>& partitions,
                          short_list<partition_id>& not_told_yet) noexcept
{
    for (std::size_t i = not_told_yet.size(); i-- != 0;) {
        for (std::size_t p = 0; p != partitions.size(); ++p) {
            if (partitions[p] == not_told_yet[i]) {
                partitions.remove_at(p);
                not_told_yet.remove_at(i);
                break;
            }
        }
    }
}

/// Calls the listener, where there is one and something to tell; keeps the first thing thrown.
inline void tell_listener(rebalance_listener* listener, std::exception_ptr& thrown,
                          const short_list<partition_id>& partitions, rebalance_news what) noexcept
{
    if (listener == nullptr || partitions.empty()) {
        return;
    }
#if GREGOR_EXCEPTIONS
    try {
        (listener->*what)({partitions.begin(), partitions.size()});
    } catch (...) {
        thrown = thrown ? thrown : std::current_exception();
    }
#else
    static_cast<void>(thrown);
    (listener->*what)({partitions.begin(), partitions.size()});
#endif
}

} // namespace gregor::inline GREGOR_ABI
