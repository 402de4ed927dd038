// SPDX-License-Identifier: MIT
// Three groups read one topic: each gets every record, at its own pace. A record is written once
// and read in place three times.

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <thread>

#include <gregor/gregor.hpp>

namespace {

using reading_topic = gregor::topic<std::uint64_t>;

template <class Use>
void read_all(gregor::consumer<reading_topic>& in, Use use)
{
    for (;;) {
        auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            return;
        }
        for (const auto& record : batch) {
            use(record.value());
        }
    }
}

} // namespace

int main()
{
    constexpr std::uint64_t readings = 100'000;

    // Declared groups hold the producer back from the first record on, before anybody has joined
    // them.
    reading_topic topic{"readings", {.capacity_records = 1024, .groups = {"sum", "peak", "count"}}};

    std::uint64_t sum = 0;
    std::uint64_t peak = 0;
    std::uint64_t count = 0;
    std::thread adder{[&] {
        gregor::consumer in{topic, "sum"};
        read_all(in, [&](std::uint64_t value) { sum += value; });
    }};
    std::thread watcher{[&] {
        gregor::consumer in{topic, "peak"};
        read_all(in, [&](std::uint64_t value) { peak = std::max(peak, value); });
    }};
    std::thread counter{[&] {
        gregor::consumer in{topic, "count"};
        read_all(in, [&](std::uint64_t) { ++count; });
    }};

    gregor::producer out{topic};
    for (std::uint64_t i = 1; i <= readings; ++i) {
        out.send(i);
    }
    topic.close();
    adder.join();
    watcher.join();
    counter.join();

    std::cout << "sum " << sum << ", peak " << peak << ", count " << count << '\n';
    if (sum != readings * (readings + 1) / 2 || peak != readings || count != readings) {
        std::cerr << "fan_out: a group has not seen everything\n";
        return 1;
    }
}
