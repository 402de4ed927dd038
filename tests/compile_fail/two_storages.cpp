// expect: gregor: a topic has one storage policy
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::storage::in_memory> numbers{"numbers"};
#else
gregor::topic<int, gregor::storage::in_memory, gregor::storage::in_memory> numbers{"numbers"};
#endif
