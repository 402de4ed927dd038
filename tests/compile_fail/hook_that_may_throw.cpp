// expect: gregor: on_ready needs a hook that is called without arguments and is noexcept
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

int main()
{
    gregor::topic<int> topic{"numbers"};
    gregor::consumer in{topic, "readers"};
    int calls = 0;
    in.on_ready([&calls] { ++calls; });
}
