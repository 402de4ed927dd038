// expect: gregor: a topic has one overflow policy
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::overflow::reject> numbers{"numbers"};
#else
gregor::topic<int, gregor::overflow::reject, gregor::overflow::block> numbers{"numbers"};
#endif
