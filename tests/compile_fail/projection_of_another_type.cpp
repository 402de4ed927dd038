// expect: gregor: keyed_by<...> cannot be applied
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

struct trade {
    int id;
};
struct order {
    int id;
};

#ifdef GREGOR_COMPILES
gregor::topic<trade, gregor::keyed_by<&trade::id>> trades{"trades"};
#else
gregor::topic<trade, gregor::keyed_by<&order::id>> trades{"trades"};
#endif
