// SPDX-License-Identifier: MIT
// The module that shows alerts to people.

#include <iostream>

#include "records.hpp"

std::uint64_t run_screen(gregor::broker& broker)
{
    gregor::consumer in{*broker.open<desk::alert_topic>(desk::alerts), "screen"};
    std::uint64_t shown = 0;
    for (;;) {
        auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            return shown;
        }
        for (const auto& record : batch) {
            std::cout << "account " << record.value().account << " stands at "
                      << record.value().exposure << '\n';
            ++shown;
        }
    }
}
