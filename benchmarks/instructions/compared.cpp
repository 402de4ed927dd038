// SPDX-License-Identifier: MIT
#include "work.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "gregor/gregor.hpp"

#include "../limits.hpp"

namespace {

struct record {
    std::array<std::uint64_t, 8> words;
};

/// The least that could be called a queue, used like a topic: push, and read.
template <std::size_t Batch>
bool bare_ring(long times)
{
    using ring = benchmarks::bare_cursor_ring<record>;
    ring between;
    ring::sender out{between, 1};
    ring::receiver in{between};
    const std::array<record, Batch> values{};
    std::size_t read = 0;
    const auto count = [&](const record&) { ++read; };
    for (long done = 0; done != times; ++done) {
        if constexpr (Batch == 1) {
            out.push(values[0]);
        } else {
            out.push(std::span{values});
        }
        in.read(count);
    }
    return read == Batch * static_cast<std::size_t>(times);
}

/// A send where so many groups have yet to read everything: it all fits the ring.
template <std::size_t Groups>
bool for_groups(long times)
{
    using topic_type = gregor::topic<record>;
    std::vector<std::string> names;
    for (std::size_t i = 0; i != Groups; ++i) {
        names.push_back("readers " + std::to_string(i));
    }
    topic_type topic{"counted", {.capacity_records = std::size_t{1} << 17U, .groups = names}};
    gregor::producer out{topic};
    std::list<gregor::consumer<topic_type>> in;
    for (const std::string& name : names) {
        in.emplace_back(topic, name);
    }
    const record value{};
    for (long done = 0; done != times; ++done) {
        if (!out.try_send(value)) {
            return false;
        }
    }
    return true;
}

constexpr work all[] = {
    {"bare_ring", bare_ring<1>},
    {"bare_ring,batch", bare_ring<16>},
    {"send,1_group", for_groups<1>},
    {"send,100_groups", for_groups<100>},
};

} // namespace

std::span<const work> compared_work()
{
    return all;
}
