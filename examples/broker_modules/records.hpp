// SPDX-License-Identifier: MIT
#pragma once

// All that the modules of this program know of each other: which records there are, and the names
// of the topics that carry them.

#include <cstdint>

#include <gregor/gregor.hpp>

namespace desk {

struct trade {
    std::uint64_t account;
    double amount;
};

struct alert {
    std::uint64_t account;
    double exposure;
};

using trade_topic = gregor::topic<trade, gregor::keyed_by<&trade::account>>;
using alert_topic = gregor::topic<alert>;

inline constexpr const char* trades = "trades";
inline constexpr const char* alerts = "alerts";

} // namespace desk
