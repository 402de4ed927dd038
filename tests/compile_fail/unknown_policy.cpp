// expect: gregor: a template argument of topic<T, ...> is not a policy
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::timestamps> numbers{"numbers"};
#else
gregor::topic<int, double> numbers{"numbers"};
#endif
