// expect: gregor: time_source<Clock> needs a Clock with steady_now
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::time_source<gregor::manual_clock>> numbers{"numbers"};
#else
struct broken {};
gregor::topic<int, gregor::time_source<broken>> numbers{"numbers"};
#endif
