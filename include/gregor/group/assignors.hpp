// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/options.hpp"

namespace gregor::inline GREGOR_ABI {

/// A member of a group, as an assignor sees it. (A template, so that its span is compiled by who
/// names one.)
template <class Partition>
struct basic_assignment_member {
    std::uint64_t id;                 ///< grows with every member of the group
    std::string_view instance_id;     ///< of a static member, or empty
    std::span<const Partition> owned; ///< what it reads now, in order
};

using assignment_member = basic_assignment_member<partition_id>;

/// What an assignor is told. Valid for the call.
template <class Partition>
struct basic_assignment_request {
    using partition = Partition;
    using member = basic_assignment_member<Partition>;
    using owners = std::vector<std::size_t>; ///< what is returned

    std::uint32_t partitions;
    /// In Kafka's order: those with an instance id by that, then the others by id. At least one.
    std::span<const member> members;
};

/// The same, as a group has it: in calls, for the lists are compiled by who names an assignor.
struct sharing_out {
    struct member {
        const void* self;
        std::uint64_t id;
        std::string_view instance_id;
    };

    void* group;
    std::size_t partitions;
    std::size_t members;
    /// The first one after none.
    member (*member_after)(const void* group, const void* before);
    /// Who reads it now; that may be no member.
    const void* (*owner_of)(const void* group, std::size_t p);
    void (*give)(void* group, std::size_t p, const void* member);
};

template <class Request>
void basic_assignor<Request>::deal_as_asked(function ask, const sharing_out& what)
{
    struct one {
        sharing_out::member is;
        std::vector<typename Request::partition> owned;
    };
    std::vector<one> all(what.members);
    std::vector<typename Request::member> members;
    const void* before = nullptr;
    for (one& each : all) {
        each.is = what.member_after(what.group, before);
        before = each.is.self;
        for (std::uint32_t p = 0; p != what.partitions; ++p) {
            if (what.owner_of(what.group, p) == before) {
                each.owned.push_back({p});
            }
        }
        members.push_back({each.is.id, each.is.instance_id, each.owned});
    }
    const typename Request::owners named =
        ask({static_cast<std::uint32_t>(what.partitions), members});
    GREGOR_ASSERT(named.size() == what.partitions,
                  "an assignor names one member for each partition");
    for (const std::size_t owner : named) {
        GREGOR_ASSERT(owner < what.members, "an assignor named a member that is not there");
    }
    for (std::size_t p = 0; p != named.size(); ++p) {
        what.give(what.group, p, all[named[p]].is.self);
    }
}

} // namespace gregor::inline GREGOR_ABI

/// How a group shares out partitions: pure functions of `assignment_request`, which return for each
/// partition the index of its member. Kafka's, case by case. (Templates, even in what they return:
/// who names none of them compiles none.)
namespace gregor::inline GREGOR_ABI::assignors {

/// Neighbours go to one member; the first members have one more where it does not come out even.
template <class Request>
[[nodiscard]] typename Request::owners range(const Request& request)
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
[[nodiscard]] typename Request::owners round_robin(const Request& request)
{
    typename Request::owners owners(request.partitions);
    for (std::size_t p = 0; p != owners.size(); ++p) {
        owners[p] = p % request.members.size();
    }
    return owners;
}

/// What `sticky` returns, straight into the shares: each has an `owner` and a `target`. Of the
/// members, each has the next, and a number `dealt` to count in; there is one.
template <class Member, class Shares>
void deal_sticky(Member* first, std::size_t members, Shares& shares) noexcept
{
    const std::size_t partitions = shares.size();
    const std::size_t least = partitions / members;
    std::size_t one_more = partitions % members; // so many may hold least + 1
    for (std::size_t p = 0; p != partitions; ++p) {
        shares[p].target = nullptr;
    }
    // those who own more than the least keep one more, as long as there are places for it
    for (Member* each = first; each != nullptr; each = each->next) {
        const std::size_t most = one_more != 0 ? least + 1 : least;
        each->dealt = 0;
        for (std::size_t p = 0; p != partitions && each->dealt != most; ++p) {
            auto& share = shares[p];
            if (share.owner == each) {
                share.target = each;
                ++each->dealt;
            }
        }
        one_more -= each->dealt > least ? 1 : 0;
    }
    // of the others, first everybody gets up to the least, then one more
    std::size_t most = least;
    Member* turn = nullptr;
    for (std::size_t p = 0; p != partitions; ++p) {
        auto& share = shares[p];
        if (share.target != nullptr) {
            continue;
        }
        std::size_t looked = 0;
        do {
            turn = turn != nullptr && turn->next != nullptr ? turn->next : first;
            most = looked == members ? least + 1 : most; // all have the least
            ++looked;
        } while (turn->dealt >= most);
        share.target = turn;
        ++turn->dealt;
    }
}

/// As even as can be, with as few moves as that takes: who owns partitions keeps them up to its
/// share, and what is left is dealt to those who have less.
template <class Request>
[[nodiscard]] typename Request::owners sticky(const Request& request)
{
    struct member {
        std::size_t number = 0;
        std::size_t dealt = 0;
        member* next = nullptr;
    };
    struct share {
        const member* owner = nullptr;
        const member* target = nullptr;
    };
    const std::size_t count = request.members.size();
    std::vector<member> members(count);
    std::vector<share> shares(request.partitions);
    for (std::size_t m = 0; m != count; ++m) {
        members[m] = {m, 0, m + 1 != count ? &members[m + 1] : nullptr};
        for (const auto& p : request.members[m].owned) {
            if (p.value < shares.size() && shares[p.value].owner == nullptr) {
                shares[p.value].owner = &members[m];
            }
        }
    }
    deal_sticky(members.data(), count, shares);
    typename Request::owners owners;
    for (const share& each : shares) {
        owners.push_back(each.target->number);
    }
    return owners;
}

} // namespace gregor::inline GREGOR_ABI::assignors
