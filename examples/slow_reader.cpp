// SPDX-License-Identifier: MIT
// Lossless or lossy is the reader's choice. On one feed, a risk engine that must see every price
// sits beside a screen that only has to be recent. The screen never slows the feed down, and is
// told exactly how many prices it has missed.

#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>

#include <gregor/gregor.hpp>

using namespace std::chrono_literals;

namespace {

struct price {
    std::uint64_t number;
    double amount;
};

using price_topic = gregor::topic<price>;

} // namespace

int main()
{
    constexpr std::uint64_t sent = 200'000;

    price_topic prices{"prices", {.capacity_records = 1024}};
    gregor::consumer risk{prices, "risk"};
    gregor::consumer screen{prices, "screen", {.lossy = true, .max_poll_records = 64}};

    std::uint64_t risk_seen = 0;
    bool risk_in_order = true;
    std::thread risk_engine{[&] {
        for (;;) {
            auto batch = risk.poll();
            if (batch.status() == gregor::poll_status::closed) {
                return;
            }
            for (const auto& record : batch) {
                risk_in_order = risk_in_order && record.value().number == risk_seen++;
            }
        }
    }};

    std::uint64_t seen = 0;
    std::uint64_t missed = 0;
    std::thread screen_refresh{[&] {
        for (;;) {
            {
                auto batch = screen.poll();
                if (batch.status() == gregor::poll_status::closed) {
                    return;
                }
                missed += batch.missed();
                seen += batch.size();
            } // a batch in hand is never overwritten: a slow reader gives it back before it rests
            std::this_thread::sleep_for(200us);
        }
    }};

    gregor::producer feed{prices};
    for (std::uint64_t i = 0; i != sent; ++i) {
        feed.send({.number = i, .amount = 100.0 + static_cast<double>(i % 100)});
    }
    prices.close();
    risk_engine.join();
    screen_refresh.join();

    std::cout << "sent " << sent << "; risk saw " << risk_seen << "; the screen saw " << seen
              << " and missed " << missed << '\n';
    if (risk_seen != sent || !risk_in_order || seen + missed != sent) {
        std::cerr << "slow_reader: prices are unaccounted for\n";
        return 1;
    }
}
