// expect: gregor: storage::mmap_log keeps records beyond the process, where no pointer leads
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <string>
#include <string_view>

#ifdef GREGOR_COMPILES
using text = std::string;
#else
using text = std::string_view;
#endif

gregor::topic<std::string, gregor::storage::mmap_log, gregor::key<text>> texts{"texts"};
