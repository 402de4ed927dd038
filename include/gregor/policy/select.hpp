// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>

#include "gregor/policy/groups.hpp"
#include "gregor/policy/headers.hpp"
#include "gregor/policy/key.hpp"
#include "gregor/policy/kind.hpp"
#include "gregor/policy/overflow.hpp"
#include "gregor/policy/partitioner.hpp"
#include "gregor/policy/producers.hpp"
#include "gregor/policy/storage.hpp"
#include "gregor/policy/time_source.hpp"
#include "gregor/policy/timestamps.hpp"
#include "gregor/policy/wait.hpp"

namespace gregor::inline GREGOR_ABI {

/// One choice of each kind, in a fixed order: what any list of policies comes down to, so that two
/// topics that mean the same are one type.
template <class Storage, class Producers, class Overflow, class Wait, class Partitioner, class Key,
          class Timestamps, class Headers, class Groups, class Time>
struct policy_set {
    using set = policy_set;
    using storage = Storage;
    using producers = Producers;
    using overflow = Overflow;
    using wait = Wait;
    using partitioner = typename Partitioner::type;
    using key = Key;
    using timestamps = Timestamps;
    using headers = Headers;
    using groups = Groups;
    using clock = typename Time::type;
};

/// What a topic has that names none: under a name of its own, for it is a part of the name of each
/// function that such a topic has.
struct usual_policies : policy_set<storage::in_memory, producers::multi, overflow::block,
                                   wait::adaptive, partitioner::kafka, no_key, no_timestamps,
                                   no_headers, groups::many, time_source<system_time>> {};

/// How many of the policies are of this kind.
template <class Kind, class... Policies>
inline constexpr std::size_t count_of =
    (std::size_t{0} + ... + (policy_of<Policies, Kind> ? 1U : 0U));

/// The first policy of the kind, or the default.
template <class Kind, class Default, class... Policies>
struct first_of {
    using type = Default;
};
template <class Kind, class Default, class First, class... Rest>
struct first_of<Kind, Default, First, Rest...>
    : std::conditional_t<policy_of<First, Kind>, std::type_identity<First>,
                         first_of<Kind, Default, Rest...>> {};

template <class... Policies>
struct policy_selection {
    static_assert(
        (policy<Policies> && ...),
        "gregor: a template argument of topic<T, ...> is not a policy (a partitioner of your "
        "own is given as partition_by<P>)");
    static_assert(count_of<kind::storage, Policies...> <= 1,
                  "gregor: a topic has one storage policy");
    static_assert(count_of<kind::producers, Policies...> <= 1,
                  "gregor: a topic has one producers policy");
    static_assert(count_of<kind::overflow, Policies...> <= 1,
                  "gregor: a topic has one overflow policy");
    static_assert(count_of<kind::wait, Policies...> <= 1, "gregor: a topic has one wait policy");
    static_assert(count_of<kind::partitioner, Policies...> <= 1,
                  "gregor: a topic has one partitioner");
    static_assert(count_of<kind::key, Policies...> <= 1,
                  "gregor: a topic has one key policy: key<K> or keyed_by<...>");
    static_assert(count_of<kind::timestamps, Policies...> <= 1, "gregor: timestamps is named once");
    static_assert(count_of<kind::headers, Policies...> <= 1, "gregor: headers is named once");
    static_assert(count_of<kind::groups, Policies...> <= 1,
                  "gregor: a topic has one groups policy");
    static_assert(count_of<kind::time, Policies...> <= 1, "gregor: a topic has one time_source");

    template <class Kind, class Default>
    using pick = typename first_of<Kind, Default, Policies...>::type;

    using chosen =
        policy_set<pick<kind::storage, storage::in_memory>, pick<kind::producers, producers::multi>,
                   pick<kind::overflow, overflow::block>, pick<kind::wait, wait::adaptive>,
                   pick<kind::partitioner, partitioner::kafka>, pick<kind::key, no_key>,
                   pick<kind::timestamps, no_timestamps>, pick<kind::headers, no_headers>,
                   pick<kind::groups, groups::many>, pick<kind::time, time_source<system_time>>>;
    using type =
        std::conditional_t<std::is_same_v<chosen, usual_policies::set>, usual_policies, chosen>;
};
template <>
struct policy_selection<> {
    using type = usual_policies;
};

/// Any subset of policies, in any order, as the one type it stands for.
template <class... Policies>
using select_policies = typename policy_selection<Policies...>::type;

} // namespace gregor::inline GREGOR_ABI
