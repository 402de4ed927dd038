// expect: deleted.*front
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

int main()
{
    gregor::topic<int> numbers{"numbers"};
    gregor::consumer in{numbers, "readers"};
#ifdef GREGOR_COMPILES
    const auto batch = in.poll();
    const auto record = batch.front();
#else
    const auto record = in.poll().front();
#endif
    return record.value();
}
