// expect: gregor: a topic has one key policy
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::key<int>> numbers{"numbers"};
#else
gregor::topic<int, gregor::key<int>, gregor::key<long>> numbers{"numbers"};
#endif
