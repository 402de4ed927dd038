// SPDX-License-Identifier: MIT
// A partitioner of one's own: a callable that sees the record and says where it goes. Here urgent
// tickets have a partition to themselves, so that they never queue behind the others.

#include <cstdint>
#include <iostream>

#include <gregor/gregor.hpp>

namespace {

struct ticket {
    std::uint32_t number;
    bool urgent;
};

constexpr gregor::partition_id express{0};

// Each producer has an instance of its own, so it may keep state without a lock.
class express_lane {
public:
    template <class Request>
    gregor::partition_id operator()(const Request& request)
    {
        if (request.value().urgent) {
            return express;
        }
        turn_ = turn_ % (request.partitions() - 1) + 1;
        return gregor::partition_id{turn_};
    }

private:
    std::uint32_t turn_ = 0;
};

using ticket_topic = gregor::topic<ticket, gregor::partition_by<express_lane>>;

} // namespace

int main()
{
    constexpr std::uint32_t tickets = 900;

    ticket_topic topic{"tickets", {.partitions = 4}};
    gregor::consumer in{topic, "desk"};
    gregor::producer out{topic};
    for (std::uint32_t i = 0; i != tickets; ++i) {
        out.send({.number = i, .urgent = i % 10 == 0});
    }
    topic.close();

    std::uint32_t in_partition[4] = {};
    for (;;) {
        auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            break;
        }
        for (const auto& record : batch) {
            if (record.value().urgent != (record.partition() == express)) {
                std::cerr << "custom_partitioner: ticket " << record.value().number
                          << " is in the wrong lane\n";
                return 1;
            }
            ++in_partition[record.partition().value];
        }
    }

    std::cout << "express lane: " << in_partition[0] << " tickets; the others: " << in_partition[1]
              << ", " << in_partition[2] << ", " << in_partition[3] << '\n';
    if (in_partition[0] != 90 || in_partition[1] != 270 || in_partition[2] != 270 ||
        in_partition[3] != 270) {
        std::cerr << "custom_partitioner: tickets were lost, or spread unevenly\n";
        return 1;
    }
}
