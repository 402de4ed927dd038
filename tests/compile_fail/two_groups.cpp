// expect: gregor: a topic has one groups policy
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::groups::one> numbers{"numbers"};
#else
gregor::topic<int, gregor::groups::one, gregor::groups::many> numbers{"numbers"};
#endif
