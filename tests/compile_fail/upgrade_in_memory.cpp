// expect: gregor: upgrade leads from one topic with storage::mmap_log to another one
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#ifdef GREGOR_COMPILES
using new_log = gregor::topic<int, gregor::storage::mmap_log>;
#else
using new_log = gregor::topic<int>;
#endif

using old_log = gregor::topic<long, gregor::storage::mmap_log>;

auto done = gregor::upgrade<old_log, new_log>("numbers", {}, [](const auto&) { return 7; });
