// SPDX-License-Identifier: MIT
// The module that knows where trades come from. It does not know who reads them.

#include "records.hpp"

std::uint64_t run_feed(gregor::broker& broker)
{
    const auto out_topic = broker.open<desk::trade_topic>(desk::trades);
    gregor::producer out{*out_topic};
    std::uint64_t sent = 0;
    for (std::uint64_t i = 0; i != 10'000; ++i) {
        sent += out.send({.account = i % 10, .amount = 1.0}) ? 1 : 0;
    }
    out_topic->close(); // no more will come
    return sent;
}
