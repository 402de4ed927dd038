// expect: gregor: a topic has one time_source
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::time_source<gregor::manual_clock>> numbers{"numbers"};
#else
gregor::topic<int, gregor::time_source<gregor::manual_clock>,
              gregor::time_source<gregor::system_time>>
    numbers{"numbers"};
#endif
