// expect: gregor: headers is named once
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::headers> numbers{"numbers"};
#else
gregor::topic<int, gregor::headers, gregor::headers> numbers{"numbers"};
#endif
