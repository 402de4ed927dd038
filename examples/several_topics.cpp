// SPDX-License-Identifier: MIT
// One consumer reads the trades of two exchanges, each a topic of its own, and knows of which a
// batch is.

#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <thread>

#include <gregor/gregor.hpp>

namespace {

struct trade {
    std::uint64_t quantity;
};
using trade_topic = gregor::topic<trade>;

constexpr std::uint64_t each = 10'000;

void trade_at(trade_topic& exchange, std::uint64_t quantity)
{
    gregor::producer out{exchange};
    for (std::uint64_t i = 0; i != each; ++i) {
        out.send({quantity});
    }
    exchange.close();
}

} // namespace

int main()
{
    trade_topic eu{"eu", {.capacity_records = 256, .groups = {"sums"}}};
    trade_topic us{"us", {.capacity_records = 256, .groups = {"sums"}}};
    std::thread in_europe{[&] { trade_at(eu, 1); }};
    std::thread in_america{[&] { trade_at(us, 2); }};

    gregor::multi_topic_consumer<trade_topic> in{{&eu, &us}, "sums"};
    std::map<std::string, std::uint64_t> sum;
    for (;;) {
        const auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            break; // both are
        }
        std::uint64_t& of_exchange = sum[std::string{batch.topic()}];
        for (const auto& record : batch) {
            of_exchange += record.value().quantity;
        }
    }
    in_europe.join();
    in_america.join();

    std::cout << "eu " << sum["eu"] << ", us " << sum["us"] << '\n';
    if (sum["eu"] != each || sum["us"] != 2 * each) {
        std::cerr << "several_topics: not every trade was counted\n";
        return 1;
    }
}
