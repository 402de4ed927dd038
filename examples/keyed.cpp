// SPDX-License-Identifier: MIT
// Records of one key go to one partition, and so stay in order, whatever the other keys do.

#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include <gregor/gregor.hpp>

namespace {

struct payment {
    std::string account;
    std::uint32_t number = 0; // counts the payments of one account
};

// The key is a part of the value: nothing is stored besides it. (`gregor::key<K>` stores one.)
using payment_topic = gregor::topic<payment, gregor::keyed_by<&payment::account>>;

struct account_history {
    gregor::partition_id partition;
    std::uint32_t payments = 0;
};

} // namespace

int main()
{
    const std::string accounts[] = {"alice", "bob", "carol", "dave", "erin"};
    constexpr std::uint32_t payments_each = 100;

    payment_topic payments{"payments", {.partitions = 4}};
    gregor::consumer in{payments, "ledger"};
    gregor::producer out{payments};
    for (std::uint32_t number = 0; number != payments_each; ++number) {
        for (const std::string& account : accounts) {
            out.send(payment{account, number});
        }
    }
    payments.close();

    std::map<std::string, account_history> ledger;
    for (;;) {
        auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            break;
        }
        for (const auto& record : batch) {
            auto& history = ledger[record.key()];
            if (history.payments == 0) {
                history.partition = record.partition();
            }
            if (record.partition() != history.partition ||
                record.value().number != history.payments) {
                std::cerr << "keyed: a payment of " << record.key() << " is out of order\n";
                return 1;
            }
            ++history.payments;
        }
    }

    for (const std::string& account : accounts) {
        const account_history& history = ledger[account];
        std::cout << account << ": " << history.payments << " payments in order, partition "
                  << history.partition.value << '\n';
        if (history.payments != payments_each) {
            std::cerr << "keyed: payments of " << account << " are missing\n";
            return 1;
        }
    }
}
