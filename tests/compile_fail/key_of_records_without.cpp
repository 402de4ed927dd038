// expect: key
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
using numbers_topic = gregor::topic<int, gregor::key<int>>;
#else
using numbers_topic = gregor::topic<int>;
#endif

int main()
{
    numbers_topic numbers{"numbers"};
    gregor::consumer in{numbers, "readers"};
    int sum = 0;
    for (const auto& record : in.poll()) {
        sum += record.key().value_or(0);
    }
    return sum;
}
