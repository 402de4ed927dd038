// SPDX-License-Identifier: MIT
// The module that adds up what each account has traded, and says when that passes a limit.

#include <map>

#include "records.hpp"

std::uint64_t run_risk(gregor::broker& broker)
{
    constexpr double limit = 500.0;

    const auto in_topic = broker.open<desk::trade_topic>(desk::trades);
    const auto out_topic = broker.open<desk::alert_topic>(desk::alerts);
    gregor::consumer in{*in_topic, "risk"};
    gregor::producer out{*out_topic};

    std::map<std::uint64_t, double> exposures;
    std::uint64_t seen = 0;
    for (;;) {
        auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            break;
        }
        for (const auto& record : batch) {
            ++seen;
            double& exposure = exposures[record.value().account];
            const bool was_within = exposure <= limit;
            exposure += record.value().amount;
            if (was_within && exposure > limit) {
                out.send({.account = record.value().account, .exposure = exposure});
            }
        }
    }
    out_topic->close();
    return seen;
}
