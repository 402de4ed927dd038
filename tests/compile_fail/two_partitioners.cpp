// expect: gregor: a topic has one partitioner
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::partitioner::round_robin> numbers{"numbers"};
#else
gregor::topic<int, gregor::partitioner::round_robin, gregor::partitioner::kafka> numbers{"numbers"};
#endif
