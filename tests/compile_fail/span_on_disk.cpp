// expect: gregor: storage::mmap_log keeps records beyond the process, where no pointer leads
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <span>
#include <vector>

#ifdef GREGOR_COMPILES
using numbers = std::vector<int>;
#else
using numbers = std::span<const int>;
#endif

gregor::topic<numbers, gregor::storage::mmap_log> all{"numbers"};
