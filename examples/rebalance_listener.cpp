// SPDX-License-Identifier: MIT
// What a member knows about its partitions goes where they go: its listener saves it when they are
// revoked, and loads it when they are assigned. Members come and go here, and the sums stay right.

#include <array>
#include <cstdint>
#include <iostream>
#include <map>
#include <mutex>
#include <numeric>
#include <span>
#include <thread>
#include <utility>

#include <gregor/gregor.hpp>

namespace {

constexpr std::uint32_t partitions = 6;
using deposit_topic = gregor::topic<std::uint64_t>;

struct safe { // what nobody has in hand; it could as well be a file
    std::mutex mutex;
    std::array<std::uint64_t, partitions> sums{};
    std::uint64_t moves = 0;
};

struct desk : gregor::rebalance_listener {
    explicit desk(safe& s) : behind(s) {}
    void on_assigned(std::span<const gregor::partition_id> come) override
    {
        const std::lock_guard lock{behind.mutex};
        for (const auto p : come) {
            sums[p.value] = behind.sums[p.value];
        }
    }
    void on_revoked(std::span<const gregor::partition_id> gone) override
    {
        const std::lock_guard lock{behind.mutex};
        for (const auto p : gone) { // committed as far as it was polled, and all that is in the sum
            behind.sums[p.value] = std::exchange(sums[p.value], 0);
            ++behind.moves;
        }
    }
    safe& behind;
    std::map<std::uint32_t, std::uint64_t> sums; // of the partitions that it owns
};

/// Joins, works for a while, and leaves; false when there is nothing left to do.
bool work_a_shift(deposit_topic& deposits, safe& behind)
{
    desk mine{behind}; // outlives the consumer
    gregor::consumer in{deposits, "tellers", {.listener = &mine}};
    for (std::size_t done = 0; done < 5000;) {
        const auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            return false;
        }
        const auto values = batch.values();
        mine.sums[batch.partition().value] +=
            std::accumulate(values.begin(), values.end(), std::uint64_t{0});
        done += batch.size();
    }
    return true;
}

} // namespace

int main()
{
    constexpr std::uint64_t last = 100'000;
    deposit_topic deposits{"deposits", {.partitions = partitions, .groups = {"tellers"}}};
    safe behind;
    const auto come_and_go = [&] {
        while (work_a_shift(deposits, behind)) {}
    };
    std::thread one{come_and_go};
    std::thread other{come_and_go};
    gregor::producer out{deposits};
    for (std::uint64_t amount = 1; amount <= last; ++amount) {
        out.send(amount);
    }
    deposits.close();
    one.join();
    other.join();

    const auto sum = std::accumulate(behind.sums.begin(), behind.sums.end(), std::uint64_t{0});
    std::cout << "sum " << sum << "; partitions were given away " << behind.moves << " times\n";
    if (sum != last * (last + 1) / 2) {
        std::cerr << "rebalance_listener: expected " << last * (last + 1) / 2 << '\n';
        return 1;
    }
}
