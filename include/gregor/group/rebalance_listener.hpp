// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/short_list.hpp"
#include "gregor/base/types.hpp"
#include "gregor/options.hpp"

namespace gregor::inline GREGOR_ABI {

/// Which of a listener's functions is called; or that it is the end of that.
enum class rebalance_news : std::uint8_t { assigned, revoked, lost, all_told };

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

    /// For the group: calls one of them, where there is something to tell, and keeps the first
    /// thing thrown; in the end throws that.
    void call_for_group(rebalance_news what, std::exception_ptr& thrown,
                        const short_list<Partition>& partitions)
    {
        call_(*this, what, thrown, partitions);
    }

private:
    static void call(basic_rebalance_listener& self, rebalance_news what,
                     [[maybe_unused]] std::exception_ptr& thrown,
                     const short_list<Partition>& partitions)
    {
#if GREGOR_EXCEPTIONS
        if (what == rebalance_news::all_told) {
            if (thrown) {
                std::rethrow_exception(std::exchange(thrown, nullptr));
            }
            return;
        }
        try {
            self.tell(what, {partitions.begin(), partitions.size()});
        } catch (...) {
            thrown = thrown ? thrown : std::current_exception();
        }
#else
        self.tell(what, {partitions.begin(), partitions.size()});
#endif
    }
    void tell(rebalance_news what, std::span<const Partition> partitions)
    {
        if (partitions.empty()) {
            return;
        }
        switch (what) {
        case rebalance_news::assigned: on_assigned(partitions); break;
        case rebalance_news::revoked: on_revoked(partitions); break;
        case rebalance_news::lost: on_lost(partitions); break;
        case rebalance_news::all_told: break;
        }
    }

    // Named where a listener is made, and nowhere else.
    void (*call_)(basic_rebalance_listener&, rebalance_news, std::exception_ptr&,
                  const short_list<Partition>&);
};

/// Told of the partitions that a member of a group gets and gives.
///
/// Threads   the consumer's, inside `poll` or `close`; never two calls at once
/// Errors    what a call throws comes out of that poll, after the group has gone on
class rebalance_listener : public basic_rebalance_listener<partition_id> {};

} // namespace gregor::inline GREGOR_ABI
