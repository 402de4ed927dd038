// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/base/config.hpp"

// The names of the public classes, for headers that only pass them on.

namespace gregor::inline GREGOR_ABI {

template <class T, class Policies>
class basic_topic;

template <class Topic>
class producer;
template <class Topic>
class consumer;
template <class Topic>
class multi_topic_consumer;
template <class Env, class Strategy>
class basic_wait_set;
template <class Topic>
class claim;
template <class Topic>
class batch;
template <class Topic>
class record;

} // namespace gregor::inline GREGOR_ABI
