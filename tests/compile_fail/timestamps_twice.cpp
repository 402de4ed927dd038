// expect: gregor: timestamps is named once
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::timestamps> numbers{"numbers"};
#else
gregor::topic<int, gregor::timestamps, gregor::timestamps> numbers{"numbers"};
#endif
