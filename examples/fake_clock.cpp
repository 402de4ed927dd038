// SPDX-License-Identifier: MIT
// A topic takes its time from a clock that it is given. With one that stands still until it is told
// to go on, a test of timeouts and timestamps takes no time, and always ends the same way.

#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>

#include <gregor/gregor.hpp>

using namespace std::chrono_literals;

int main()
{
    const auto noon = gregor::timestamp_t{} + 12h;
    gregor::manual_clock clock{noon};
    gregor::topic<int, gregor::timestamps, gregor::time_source<gregor::manual_clock>> alarms{
        "alarms", {}, clock}; // the topic's copy shares our clock's time

    // Timestamps are the clock's.
    gregor::producer out{alarms};
    gregor::consumer in{alarms, "watch"};
    out.send(1);
    clock.advance(5s);
    out.send(2);
    {
        auto batch = in.try_poll();
        if (batch.size() != 2 || batch[0].timestamp() != noon ||
            batch[1].timestamp() != noon + 5s) {
            std::cerr << "fake_clock: expected one record at noon, and one five seconds later\n";
            return 1;
        }
    }

    // A poll that would wait for an hour: it ends when the clock says so, and not before.
    std::atomic<bool> ended{false};
    auto status = gregor::poll_status::records;
    auto waited = 0ns;
    std::thread patient{[&] {
        const auto begin = clock.steady_now();
        status = in.poll(1h).status();
        waited = clock.steady_now() - begin;
        ended = true;
    }};
    while (!ended) {
        clock.advance(10min);
        std::this_thread::sleep_for(1ms);
    }
    patient.join();

    std::cout << "an hour of waiting took "
              << std::chrono::duration_cast<std::chrono::minutes>(waited).count()
              << " minutes of the fake clock\n";
    if (status != gregor::poll_status::timed_out || waited < 1h) {
        std::cerr << "fake_clock: the poll did not wait for its hour\n";
        return 1;
    }
}
