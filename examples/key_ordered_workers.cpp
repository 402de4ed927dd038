// SPDX-License-Identifier: MIT
// More workers than partitions: the transfers of one account are done in order, those of different
// accounts at once. A slow account stops neither the others nor the commits before it.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <thread>

#include <gregor/gregor.hpp>
#include <gregor/run.hpp>

using namespace std::chrono_literals;

namespace {

struct transfer {
    std::uint32_t account;
    std::uint32_t number; // of the account's transfers
    std::int64_t amount;
};

constexpr std::uint32_t accounts = 64;
constexpr std::uint32_t transfers_each = 100;

/// One page an account. No locks: the transfers of an account are never done at once, and each
/// sees what the one before it has done.
struct alignas(64) page {
    std::uint32_t next = 0;
    std::int64_t balance = 0;
    bool in_order = true;
};

} // namespace

int main()
{
#if GREGOR_STOP_TOKEN
    using transfer_topic = gregor::topic<transfer, gregor::keyed_by<&transfer::account>>;
    transfer_topic transfers{"transfers", {.partitions = 1, .groups = {"bank"}}};

    std::array<page, accounts> book{};
    auto bank =
        gregor::run_keyed(transfers, "bank",
                          [&](const auto& record) {
                              const transfer& t = record.value();
                              page& its = book[t.account];
                              if (t.account == 7) {
                                  std::this_thread::sleep_for(50us); // asks somebody else each time
                              }
                              its.in_order = its.in_order && t.number == its.next++;
                              its.balance += t.amount;
                          },
                          {.workers = 8, .window_records = 512});

    gregor::producer out{transfers};
    for (std::uint32_t number = 0; number != transfers_each; ++number) {
        for (std::uint32_t account = 0; account != accounts; ++account) {
            out.send({.account = account, .number = number, .amount = number % 2 == 0 ? 5 : -3});
        }
    }
    transfers.close();
    bank.wait();

    std::size_t right = 0;
    for (const page& each : book) {
        right += each.in_order && each.next == transfers_each && each.balance == 100 ? 1 : 0;
    }
    std::cout << bank.counts().handled
              << " transfers through one partition, by 8 workers: " << right << " of " << accounts
              << " accounts are right\n";
    return right == accounts ? 0 : 1;
#endif
}
