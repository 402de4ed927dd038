// expect: gregor: key<K> needs a plain type
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::key<int>> numbers{"numbers"};
#else
gregor::topic<int, gregor::key<int&>> numbers{"numbers"};
#endif
