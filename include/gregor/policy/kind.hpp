// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// The kinds of choice a topic has; of each it makes one.
namespace kind {
struct storage {};
struct producers {};
struct overflow {};
struct wait {};
struct partitioner {};
struct key {};
struct timestamps {};
struct headers {};
struct groups {};
struct time {};
} // namespace kind

/// A choice of some kind.
template <class P>
concept policy = requires { typename P::policy_kind; };

/// A choice of this kind.
template <class P, class Kind>
concept policy_of = policy<P> && std::same_as<typename P::policy_kind, Kind>;

} // namespace gregor::inline GREGOR_ABI
