// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

// The core in a program built with -fno-exceptions -fno-rtti: what can fail says so in a result.
int main()
{
    if (gregor::topic<int>::create("numbers", {.partitions = 0})) {
        return 1;
    }
    auto numbers = gregor::topic<int>::create("numbers");
    if (!numbers) {
        return 2;
    }
    gregor::producer out{*numbers};
    gregor::consumer in{*numbers, "readers"};
    if (!out.send(42)) {
        return 3;
    }
    int sum = 0;
    for (const auto& record : in.poll()) {
        sum += record.value();
    }
    gregor::broker broker;
    const auto found = broker.try_open<gregor::topic<int>>("numbers");
    if (found || found.error().code() != gregor::errc::unknown_topic) {
        return 5;
    }
    return sum == 42 ? 0 : 4;
}
