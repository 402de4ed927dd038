// expect: a maintainer looks after a topic
// SPDX-License-Identifier: MIT
#include <gregor/consumer.hpp>
#include <gregor/maintainer.hpp>

int main()
{
    gregor::topic<int> numbers{"numbers"};
    gregor::consumer in{numbers, "readers"};
#ifdef GREGOR_COMPILES
    const gregor::maintainer keeps{numbers};
#else
    const gregor::maintainer keeps{in};
#endif
}
