// SPDX-License-Identifier: MIT

// durable_latency: one thread appends records one by one, unsynced, to an empty log in a folder of
// its own; ns from the call to its return. The figure of a round is the median of its appends, with
// p99 and p99.9 beside it, and the longest of all. The clock is read twice an append, which is
// some 10 ns of each.
//
// Between two appends the thread only makes the next record: who writes faster than the system
// carries away, or than room is made, waits in some of them. Left out: opening, closing, removing
// the files.

#include "durable/stores.hpp"
#include "payload.hpp"
#include "registry.hpp"
#include "statistics.hpp"
#include "threads.hpp"
#include "ticks.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <vector>

namespace benchmarks {
namespace {

const std::string scenario = "durable_latency";

template <class Store, std::size_t Bytes>
outcome latency_round(const std::string& what, std::uint64_t records)
{
    std::vector<std::uint64_t> ticks(records);
    outcome result;
    const auto append_all = [&] {
        const scratch_folder folder;
        Store store = made_for<Store, Bytes>(folder.path(), records);
        const auto began = std::chrono::steady_clock::now();
        for (std::uint64_t id = 0; id != records; ++id) {
            const auto made = payload<Bytes>::make(0, id);
            const std::uint64_t before = now_ticks();
            store.append(std::as_bytes(std::span{&made, 1}), false);
            ticks[id] = now_ticks() - before;
        }
        store.flush();
        result.seconds = seconds_between(began, std::chrono::steady_clock::now());
    };
    const auto body = [&] {
        try {
            append_all();
        } catch (const std::exception& error) {
            result.failure = error.what();
        }
    };
    run_pinned(what, {{core_list::get().first(), body}});
    const double scale = nanoseconds_a_tick();
    const auto nanoseconds = [&](double fraction) {
        return static_cast<double>(quantile(ticks, fraction)) * scale;
    };
    result.value = nanoseconds(0.5);
    result.extras = {{"p99_ns", nanoseconds(0.99)},
                     {"p999_ns", nanoseconds(0.999)},
                     {"worst_ns", nanoseconds(1)}};
    return result;
}

template <std::size_t Bytes>
void add_length(registry& all)
{
    each_store<Bytes>([&]<class Store>(const std::string& subject) {
        all.push_back({.scenario = scenario,
                       .subject = subject,
                       .payload_bytes = Bytes,
                       .batch = 1,
                       .unit = "ns, median append",
                       .direction = better::lower,
                       .round = [what = scenario + " " + subject](std::uint64_t records) {
                           return latency_round<Store, Bytes>(what, records);
                       }});
    });
}

} // namespace

void add_durable_latency(registry& all)
{
    each_length([&]<std::size_t Bytes> { add_length<Bytes>(all); });
}

} // namespace benchmarks
