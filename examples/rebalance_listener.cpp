// SPDX-License-Identifier: MIT
// What a member knows about its partitions goes where they go: its listener saves it when they are
// revoked, and loads it when they are assigned. Members come and go here, and the sums stay right.

#include <array>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <span>
#include <thread>

#include <gregor/gregor.hpp>

using deposit_topic = gregor::topic<std::uint64_t>;

// One a partition. What one owner saves, the next one loads; the hand-over in between is the lock.
using sums = std::array<std::uint64_t, 6>;

struct desk : gregor::rebalance_listener {
    explicit desk(sums& s) : saved(s) {}
    void on_assigned(std::span<const gregor::partition_id> partitions) override
    {
        for (const auto p : partitions) {
            mine[p.value] = saved[p.value];
        }
    }
    void on_revoked(std::span<const gregor::partition_id> partitions) override
    {
        for (const auto p : partitions) { // what was polled is committed by now, and in the sum
            saved[p.value] = mine[p.value];
        }
    }
    sums& saved;
    sums mine{}; // counts only for the partitions that it owns
};

/// Joins, works for a while, and leaves; false when there is nothing left to do.
bool work_a_shift(deposit_topic& deposits, sums& saved)
{
    desk of{saved}; // outlives the consumer
    gregor::consumer in{deposits, "tellers", {.listener = &of}};
    for (std::size_t done = 0; done < 5000;) {
        const auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            return false;
        }
        const auto amounts = batch.values();
        std::uint64_t& sum = of.mine[batch.partition().value];
        sum = std::accumulate(amounts.begin(), amounts.end(), sum);
        done += batch.size();
    }
    return true;
}

int main()
{
    constexpr std::uint64_t last = 100'000;
    constexpr std::uint64_t expected = last * (last + 1) / 2;
    deposit_topic deposits{"deposits", {.partitions = 6, .groups = {"tellers"}}};
    sums saved{};
    const auto teller = [&] {
        while (work_a_shift(deposits, saved)) {}
    };
    std::thread one{teller};
    std::thread other{teller};
    gregor::producer out{deposits};
    for (std::uint64_t amount = 1; amount <= last; ++amount) {
        out.send(amount);
    }
    deposits.close();
    one.join();
    other.join();
    const auto sum = std::accumulate(saved.begin(), saved.end(), std::uint64_t{0});
    std::cout << "sum " << sum << '\n';
    if (sum != expected) {
        std::cerr << "rebalance_listener: expected " << expected << '\n';
        return 1;
    }
}
