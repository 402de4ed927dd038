// expect: gregor: a topic has one wait policy
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::wait::spin> numbers{"numbers"};
#else
gregor::topic<int, gregor::wait::spin, gregor::wait::sleep> numbers{"numbers"};
#endif
