// SPDX-License-Identifier: MIT
#include "options.hpp"
#include "registry.hpp"
#include "report.hpp"
#include "schedule.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>

#include <fmt/format.h>

namespace benchmarks {
namespace {

registry everything()
{
    registry all;
    add_throughput_1p1c(all);
    add_fan_out_1p2g(all);
    add_fan_in_2p1c(all);
    add_crowds(all);
    add_ping_pong(all);
    add_same_thread(all);
    add_wake_up(all);
    add_idle_cost(all);
    add_partitioned_2p4(all);
    add_rebalance_storm(all);
    add_rebalance(all);
    add_poll_cost(all);
    add_word_count(all);
#if defined(GREGOR_BENCH_HAVE_STORES)
    add_durable_append(all);
    add_durable_latency(all);
    add_durable_reread(all);
    add_durable_recovery(all);
#endif
    return all;
}

int run(const options& wanted)
{
    registry selected = everything();
    std::erase_if(selected, [&](const entry& each) { return !wanted.selects(each); });
    if (selected.empty())
        throw usage_error("nothing matches; --list shows what there is");
    if (wanted.list) {
        for (const entry& each : selected)
            fmt::print("{:<16} {:<36} {:>4} B  b{}\n", each.scenario, each.subject,
                       each.payload_bytes, each.batch);
        return 0;
    }

    std::ofstream json;
    if (!wanted.json_file.empty()) {
        json.open(wanted.json_file);
        if (!json)
            throw usage_error("cannot write to " + wanted.json_file);
    }
    const interference others;
    std::vector<group> results;
    if (!run_all(selected, wanted.how, results))
        return 1;
    const std::optional<double> others_per_cent = others.per_cent();
    const machine here = machine::describe();
    print_report(here, others_per_cent, results);
    if (json.is_open()) {
        json << to_json(here, others_per_cent, results) << std::flush;
        if (!json) {
            fmt::print(stderr, "gregor_bench: {} could not be written\n", wanted.json_file);
            return 1;
        }
    }
    return 0;
}

} // namespace
} // namespace benchmarks

int main(int count, char** arguments)
{
    try {
        const auto wanted = benchmarks::parse_options(count, arguments);
        if (wanted.help) {
            fmt::print("{}", benchmarks::usage);
            return 0;
        }
        return benchmarks::run(wanted);
    } catch (const benchmarks::usage_error& error) {
        fmt::print(stderr, "gregor_bench: {}\n\n{}", error.what(), benchmarks::usage);
        return 2;
    } catch (const std::exception& error) {
        fmt::print(stderr, "gregor_bench: {}\n", error.what());
        return 1;
    }
}
