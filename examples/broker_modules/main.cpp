// SPDX-License-Identifier: MIT
// Modules that find each other by name: the application owns a broker, and says how large the
// topics are and which groups must miss nothing. feed.cpp, risk.cpp and screen.cpp each know the
// broker and records.hpp, and nothing of each other.

#include <cstdint>
#include <functional>
#include <future>
#include <iostream>
#include <string>

#include "records.hpp"

std::uint64_t run_feed(gregor::broker& broker);
std::uint64_t run_risk(gregor::broker& broker);
std::uint64_t run_screen(gregor::broker& broker);

int main()
{
    gregor::broker broker;
    broker.create<desk::trade_topic>(desk::trades, {.partitions = 4, .groups = {"risk"}});
    broker.create<desk::alert_topic>(desk::alerts, {.groups = {"screen"}});

    // in any order: what a declared group has not read yet waits for it
    auto feed = std::async(std::launch::async, run_feed, std::ref(broker));
    auto screen = std::async(std::launch::async, run_screen, std::ref(broker));
    auto risk = std::async(std::launch::async, run_risk, std::ref(broker));
    const std::uint64_t sent = feed.get();
    const std::uint64_t seen = risk.get();
    const std::uint64_t shown = screen.get();

    // a topic is found as what it was made, or not at all
    const auto mistaken = broker.try_open<desk::alert_topic>(desk::trades);
    if (mistaken) {
        std::cerr << "broker_modules: trades were opened as alerts\n";
        return 1;
    }
    std::cout << mistaken.error().what() << '\n';

    for (const std::string& name : broker.list()) {
        if (const auto why = broker.remove(name)) { // all who used it are gone
            std::cerr << "broker_modules: " << why->what() << '\n';
            return 1;
        }
    }
    if (sent != 10'000 || seen != sent || shown != 10) {
        std::cerr << "broker_modules: sent " << sent << ", seen " << seen << ", shown " << shown
                  << '\n';
        return 1;
    }
}
