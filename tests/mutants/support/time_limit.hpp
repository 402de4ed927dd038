// SPDX-License-Identifier: MIT
#pragma once

// Included by what is run on a fault, which may let it wait for ever: ends it with 3 then.

#include <chrono>
#include <cstdlib>
#include <thread>

namespace mutant {

struct time_limit {
    explicit time_limit(std::chrono::seconds limit)
    {
        std::thread([limit] {
            std::this_thread::sleep_for(limit);
            std::_Exit(3);
        }).detach();
    }
};

inline const time_limit all{std::chrono::seconds{300}};

} // namespace mutant
