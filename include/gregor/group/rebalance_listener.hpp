// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>

#include "gregor/base/config.hpp"
#include "gregor/base/short_list.hpp"
#include "gregor/base/types.hpp"
#include "gregor/options.hpp"

namespace gregor::inline GREGOR_ABI {

/// Which of a listener's functions is called.
enum class rebalance_news : std::uint8_t { assigned, revoked, lost };

/// What a `rebalance_listener` is; a template, so that its spans are compiled by who has one.
template <class Partition>
class basic_rebalance_listener {
public:
    basic_rebalance_listener() noexcept : call_(&call) {}
    basic_rebalance_listener(const basic_rebalance_listener&) = default;
    basic_rebalance_listener& operator=(const basic_rebalance_listener&) = default;
    virtual ~basic_rebalance_listener() = default;

    /// They are the member's from now on.
    virtual void on_assigned(std::span<const Partition> /*partitions*/) {}
    /// Somebody else reads on as soon as this returns. A commit in here counts. What goes before
    /// `on_assigned` was called for it is not told of.
    virtual void on_revoked(std::span<const Partition> /*partitions*/) {}
    /// Somebody else reads them already: the member was away for too long. Commits are refused.
    virtual void on_lost(std::span<const Partition> /*partitions*/) {}

    /// For the group: calls one of them.
    void call_for_group(rebalance_news what, const Partition* first, std::size_t count)
    {
        call_(*this, what, first, count);
    }

private:
    static void call(basic_rebalance_listener& self, rebalance_news what, const Partition* first,
                     std::size_t count)
    {
        const std::span<const Partition> partitions{first, count};
        switch (what) {
        case rebalance_news::assigned: self.on_assigned(partitions); break;
        case rebalance_news::revoked: self.on_revoked(partitions); break;
        case rebalance_news::lost: self.on_lost(partitions); break;
        }
    }

    // Named where a listener is made, and nowhere else.
    void (*call_)(basic_rebalance_listener&, rebalance_news, const Partition*, std::size_t);
};

/// Told of the partitions that a member of a group gets and gives.
///
/// Threads   the consumer's, inside `poll` or `close`; never two calls at once
/// Errors    what a call throws comes out of that poll, after the group has gone on
class rebalance_listener : public basic_rebalance_listener<partition_id> {};

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
        listener->call_for_group(what, partitions.begin(), partitions.size());
    } catch (...) {
        thrown = thrown ? thrown : std::current_exception();
    }
#else
    static_cast<void>(thrown);
    listener->call_for_group(what, partitions.begin(), partitions.size());
#endif
}

} // namespace gregor::inline GREGOR_ABI
