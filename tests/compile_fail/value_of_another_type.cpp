// expect: gregor: the topic.s values cannot be made from what is sent
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
constexpr int value = 1;
#else
constexpr const char* value = "one";
#endif

int main()
{
    gregor::topic<int> numbers{"numbers"};
    gregor::producer out{numbers};
    out.send(value);
}
