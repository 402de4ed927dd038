// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

// One record through a topic, in a project that knows gregor only by its package.
int main()
{
    gregor::topic<int> numbers{"numbers"};
    gregor::producer out{numbers};
    gregor::consumer in{numbers, "readers"};
    if (!out.send(42)) {
        return 1;
    }
    int sum = 0;
    for (const auto& record : in.poll()) {
        sum += record.value();
    }
    return sum == 42 ? 0 : 1;
}
