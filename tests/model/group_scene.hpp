// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "model/small_topic.hpp"

namespace gregor::model {

using member = consumer<small_topic>;
inline constexpr partition_id only{0};

/// A topic that holds 2 records, and what its group has read. Whose turn it is to read, it is to
/// count: without an order between the members that would be a data race.
struct scene {
    scene() : topic(2), out(topic) {}

    void send() { (void)out.send(number{sent++}); }

    template <class Batch>
    void read(const Batch& batch)
    {
        for (const auto& record : batch) {
            check(record.value().value.get() == static_cast<int>(record.offset()),
                  "a record is what was sent there");
            check(static_cast<int>(record.offset()) == next.get(), "every record once, in order");
            next.set(next.get() + 1);
        }
    }

    void poll(member& in) { read(in.try_poll()); }

    /// Somebody looks for members that stay away, much later.
    bool look_around(std::chrono::hours now)
    {
        auto& state = *topic.state();
        state.mutex.lock();
        const bool any = state.fence_absent(state, now);
        state.mutex.unlock();
        if (any) {
            state.records_arrived.notify();
        }
        return any;
    }

    small_topic topic;
    producer<small_topic> out;
    int sent = 0;
    cell<int> next{0};
};

inline std::vector<std::size_t> all_to_last(const assignment_request& request)
{
    return std::vector<std::size_t>(request.partitions, request.members.size() - 1);
}

} // namespace gregor::model
