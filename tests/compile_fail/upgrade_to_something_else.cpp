// expect: gregor: upgrade needs a function that makes of a record of the old topic a value of the
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#include <string>

#ifdef GREGOR_COMPILES
using made = int;
#else
using made = std::string;
#endif

using old_log = gregor::topic<long, gregor::storage::mmap_log>;
using new_log = gregor::topic<int, gregor::storage::mmap_log>;

auto done = gregor::upgrade<old_log, new_log>("numbers", {}, [](const auto&) { return made{}; });
