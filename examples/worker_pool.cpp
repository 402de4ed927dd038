// SPDX-License-Identifier: MIT
// A pool of workers: threads that call a handler for each order, as members of one group. What
// fails is tried again, and then goes to a topic of dead letters, with the reason.

#include <array>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <stdexcept>

#include <gregor/gregor.hpp>
#include <gregor/run.hpp>

using namespace std::chrono_literals;

namespace {

struct order {
    std::uint64_t id;
    int quantity;
};

constexpr std::uint64_t orders_sent = 10'000;

} // namespace

int main()
{
#if GREGOR_STOP_TOKEN
    gregor::topic<order> orders{"orders", {.partitions = 4, .groups = {"workers"}}};
    gregor::topic<gregor::dead_letter<order>> dead{"orders.dead", {.groups = {"clerk"}}};

    std::atomic<std::uint64_t> packed{0};
    std::array<std::atomic<bool>, 10> slipped{};
    auto pack = [&](const auto& record) {
        if (record.value().quantity < 0) {
            throw std::invalid_argument("less than nothing is ordered");
        }
        const std::uint64_t id = record.value().id;
        if (id % 1000 == 1 && !slipped[id / 1000].exchange(true)) {
            throw std::runtime_error("dropped it"); // picked up at the second attempt
        }
        ++packed;
    };
    auto workers = gregor::run(orders, "workers", pack,
                               {.members = 2, .retry = {.attempts = 2, .first_delay = 1ms}},
                               gregor::dead_letters_to(dead));

    gregor::producer out{orders};
    for (std::uint64_t id = 0; id != orders_sent; ++id) {
        out.send({.id = id, .quantity = id % 2500 == 7 ? -1 : 3});
        if (id == orders_sent / 2) {
            workers.set_members(4); // there is a lot to do
        }
    }
    orders.close();
    workers.wait(); // everything is handled, or in a letter, and committed
    dead.close();

    std::uint64_t letters = 0;
    gregor::consumer clerk{dead, "clerk"};
    for (auto batch = clerk.poll(); !batch.empty(); batch = clerk.try_poll()) {
        for (const auto& record : batch) {
            const auto& letter = record.value();
            std::cout << letter.topic << ' ' << letter.partition.value << '@' << letter.offset
                      << ", order " << letter.value->id << ", after " << letter.attempts
                      << " attempts: " << letter.reason << '\n';
            ++letters;
        }
        batch.let_go();
    }
    const gregor::run_counts counts = workers.counts();
    std::cout << packed << " packed, " << counts.retried << " calls again, " << letters
              << " dead letters\n";
    return packed == orders_sent - 4 && counts.handled == packed && letters == 4 ? 0 : 1;
#endif
}
