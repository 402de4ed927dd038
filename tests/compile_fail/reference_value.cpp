// expect: gregor: topic<T> needs a plain object type
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int> numbers{"numbers"};
#else
gregor::topic<int&> numbers{"numbers"};
#endif
