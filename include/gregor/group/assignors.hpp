// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/short_list.hpp"
#include "gregor/base/types.hpp"
#include "gregor/options.hpp"

namespace gregor::inline GREGOR_ABI {

/// A member of a group, as an assignor sees it.
struct assignment_member {
    std::uint64_t id;                    ///< grows with every member of the group
    std::string_view instance_id;        ///< of a static member, or empty
    std::span<const partition_id> owned; ///< what it reads now, in order
};

/// What an assignor is told. Valid for the call.
struct assignment_request {
    using member = assignment_member;
    using owners = std::vector<std::size_t>; ///< what is returned

    std::uint32_t partitions;
    /// In Kafka's order: those with an instance id by that, then the others by id. At least one.
    std::span<const assignment_member> members;
};

/// The same, as a group has it: in pointers, for a span is more to compile than all that is dealt.
struct sharing_out {
    struct member {
        std::uint64_t id;
        std::string_view instance_id;
        const partition_id* owned;
        std::size_t owned_count;
    };

    std::uint32_t partitions;
    const member* members;
    std::size_t member_count;
};

template <class Request>
void basic_assignor<Request>::deal_as_asked(function ask, const sharing_out& what,
                                            short_list<std::size_t>& owners)
{
    short_list<typename Request::member> members;
    for (std::size_t m = 0; m != what.member_count; ++m) {
        const sharing_out::member& each = what.members[m];
        members.push_back({each.id, each.instance_id, {each.owned, each.owned_count}});
    }
    const typename Request::owners named =
        ask({what.partitions, {members.begin(), members.size()}});
    for (const std::size_t owner : named) {
        owners.push_back(owner);
    }
}

} // namespace gregor::inline GREGOR_ABI

/// How a group shares out partitions: pure functions of `assignment_request`, which return for each
/// partition the index of its member. Kafka's, case by case. (Templates, so that who
/// names none of them compiles none.)
namespace gregor::inline GREGOR_ABI::assignors {

/// Neighbours go to one member; the first members have one more where it does not come out even.
template <class Request>
[[nodiscard]] std::vector<std::size_t> range(const Request& request)
{
    const std::size_t members = request.members.size();
    const std::size_t each = request.partitions / members;
    const std::size_t one_more = request.partitions % members;
    typename Request::owners owners;
    owners.reserve(request.partitions);
    for (std::size_t m = 0; m != members; ++m) {
        owners.insert(owners.end(), each + (m < one_more ? 1 : 0), m);
    }
    return owners;
}

/// Dealt in a circle.
template <class Request>
[[nodiscard]] std::vector<std::size_t> round_robin(const Request& request)
{
    typename Request::owners owners(request.partitions);
    for (std::size_t p = 0; p != owners.size(); ++p) {
        owners[p] = p % request.members.size();
    }
    return owners;
}

/// What `sticky` returns, into a list that is empty.
inline void deal_sticky(const sharing_out& what, short_list<std::size_t>& owners)
{
    constexpr std::size_t nobody = ~std::size_t{0};
    const std::size_t members = what.member_count;
    const std::size_t least = what.partitions / members;
    std::size_t one_more = what.partitions % members; // so many may hold least + 1
    for (std::uint32_t p = 0; p != what.partitions; ++p) {
        owners.push_back(nobody);
    }
    short_list<std::size_t> share;
    for (std::size_t m = 0; m != members; ++m) {
        share.push_back(0);
    }

    const auto keep = [&](std::size_t m, std::size_t from, std::size_t to) {
        const sharing_out::member& each = what.members[m];
        for (std::size_t i = from; i < each.owned_count && share[m] < to; ++i) {
            const std::size_t p = each.owned[i].value;
            if (p < owners.size() && owners[p] == nobody) {
                owners[p] = m;
                ++share[m];
            }
        }
    };
    for (std::size_t m = 0; m != members; ++m) {
        keep(m, 0, least);
    }
    // those who own more than the least keep one more, as long as there are places for it
    for (std::size_t m = 0; m != members && one_more != 0; ++m) {
        const std::size_t before = share[m];
        keep(m, before, least + 1);
        if (share[m] > least) {
            --one_more;
        }
    }
    std::size_t m = 0;
    for (std::size_t& owner : owners) {
        if (owner != nobody) {
            continue;
        }
        // first everybody up to the least, then the ones that are left over
        std::size_t looked = 0;
        while (share[m] >= least && looked != members) {
            m = (m + 1) % members;
            ++looked;
        }
        if (looked == members) {
            while (share[m] != least) {
                m = (m + 1) % members;
            }
        }
        owner = m;
        ++share[m];
        m = (m + 1) % members;
    }
}

/// As even as can be, with as few moves as that takes: who owns partitions keeps them up to its
/// share, and what is left is dealt to those who have less.
template <class Request>
[[nodiscard]] std::vector<std::size_t> sticky(const Request& request)
{
    short_list<sharing_out::member> members;
    for (const auto& each : request.members) {
        members.push_back({each.id, each.instance_id, each.owned.data(), each.owned.size()});
    }
    short_list<std::size_t> owners;
    deal_sticky({request.partitions, members.begin(), members.size()}, owners);
    return {owners.begin(), owners.end()};
}

} // namespace gregor::inline GREGOR_ABI::assignors
