// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/run.hpp>

// One record through a handler, in a project that knows gregor only by its package.
int main()
{
#if GREGOR_STOP_TOKEN
    gregor::topic<int, gregor::key<int>> numbers{"numbers", {.groups = {"readers"}}};
    if (!gregor::producer{numbers}.send(42, {.key = 1})) {
        return 1;
    }
    numbers.close();
    int sum = 0;
    auto work = gregor::run_keyed(
        numbers, "readers", [&](const auto& record) { sum += record.value(); }, {.workers = 1});
    work.wait();
    return sum == 42 ? 0 : 1;
#endif
}
