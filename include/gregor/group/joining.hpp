// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <new>
#include <string_view>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/consumer_group.hpp"
#include "gregor/group/assignment.hpp"
#include "gregor/options.hpp"
#include "gregor/refusal.hpp"

namespace gregor::inline GREGOR_ABI {

/// What `make` returns; where memory is short, the error that says so for a consumer of this topic.
template <class Make>
auto unless_out_of_memory([[maybe_unused]] std::string_view topic, Make&& make) -> decltype(make())
{
#if GREGOR_EXCEPTIONS
    try {
        return make();
    } catch (const std::bad_alloc&) {
        return refusal::no_memory_for("consumer", topic, "memory for it");
    }
#else
    return make();
#endif
}

/// Makes a consumer a member of the group of this name, which is made if need be; or says why not,
/// or throws, and has changed nothing.
template <class Topic>
objection join_by_name(typename Topic::state_type& state, assignment<Topic>& assigned,
                       std::string_view name, const consumer_terms& options)
{
    using state_type = typename Topic::state_type;
    struct at_the_end {
        state_type& state;
        ~at_the_end()
        {
            state.room_made.notify();       // a cursor may have stood lower for a moment
            state.records_arrived.notify(); // other members may have something to give
        }
    } const tells_all{state};
    const std::lock_guard lock{state.mutex};
    typename state_type::group_type* found = nullptr;
    if (objection why = find_group<Topic>(state, name, options.lossy, found)) {
        return why;
    }
#if GREGOR_EXCEPTIONS
    try {
        assigned.join(*found);
    } catch (...) {
        if (!found->joined && !found->declared) {
            state.remove_group(*found);
        }
        throw;
    }
#else
    assigned.join(*found);
#endif
    return {};
}

} // namespace gregor::inline GREGOR_ABI
