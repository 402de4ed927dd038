// SPDX-License-Identifier: MIT
// A lossless group that falls behind holds its producers back. They learn it as they like to:
// refused at once, refused after a while, or made to wait. `explain()` says who is to blame.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <thread>

#include <gregor/gregor.hpp>

using namespace std::chrono_literals;

int main()
{
    constexpr std::size_t capacity = 8;
    constexpr std::uint64_t total = 1000;

    gregor::topic<std::uint64_t> orders{"orders", {.capacity_records = capacity}};
    gregor::consumer slow{orders, "billing"};
    gregor::producer out{orders};

    // Nobody reads: the ring takes as many as it has places.
    std::uint64_t next = 0;
    while (out.try_send(next)) {
        ++next;
    }
    const auto in_vain = out.send_for(next, 5ms);
    const auto why = orders.explain();
    std::cout << "took " << next << " orders, then no more:\n" << why.to_string() << '\n';
    if (next != capacity || in_vain.status() != gregor::send_status::timed_out ||
        why.holders.size() != 1 || why.holders.front().name != "billing") {
        std::cerr << "back_pressure: expected billing to hold the producer back\n";
        return 1;
    }

    // `send` waits for room, so the producer now goes at the pace of its reader, and nothing is
    // lost.
    std::thread sender{[&] {
        while (next != total) {
            out.send(next++);
        }
        orders.close();
    }};
    std::uint64_t expected = 0;
    bool in_order = true;
    for (;;) {
        auto batch = slow.poll(); // commits what the poll before it returned: that makes room
        if (batch.status() == gregor::poll_status::closed) {
            break;
        }
        for (const auto& record : batch) {
            in_order = in_order && record.value() == expected++;
        }
    }
    sender.join();

    std::cout << "billing read " << expected << " orders; " << orders.explain().to_string() << '\n';
    if (!in_order || expected != total) {
        std::cerr << "back_pressure: orders were lost, or came out of order\n";
        return 1;
    }
}
