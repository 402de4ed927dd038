// expect: take
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#ifdef GREGOR_COMPILES
using how_many = gregor::groups::one;
#else
using how_many = gregor::groups::many;
#endif

int main()
{
    gregor::topic<int, how_many> numbers{"numbers"};
    gregor::consumer in{numbers, "readers"};
    int sum = 0;
    for (const auto& record : in.poll()) {
        sum += record.take();
    }
    return sum;
}
