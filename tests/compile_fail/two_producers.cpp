// expect: gregor: a topic has one producers policy
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::producers::single> numbers{"numbers"};
#else
gregor::topic<int, gregor::producers::single, gregor::producers::multi> numbers{"numbers"};
#endif
