// expect: gregor: the key.s type needs key_bytes<K>
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
using symbol = int;
#else
struct symbol {
    int id;
};
#endif

int main()
{
    gregor::topic<int, gregor::key<symbol>> numbers{"numbers"};
    gregor::producer out{numbers};
    out.send(1, {.key = symbol{1}});
}
