// SPDX-License-Identifier: MIT

// idle_cost: a consumer waits for two seconds in which nothing is sent; the processor time of its
// thread in per cent of a core, as the kernel accounts it. The record that ends the wait is
// checked like any other.
//
// Left out: wait strategies that are asked not to sleep, which take all of a core by intention,
// and what the machine as a whole spends on timers.

#include "sleepers.hpp"
#include "threads.hpp"
#include "ticks.hpp"

#include <ctime>
#include <memory>
#include <thread>

namespace benchmarks {
namespace {

const std::string scenario = "idle_cost";

double thread_cpu_seconds()
{
#if defined(CLOCK_THREAD_CPUTIME_ID)
    std::timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
#else
    return 0;
#endif
}

template <class Sleeper>
outcome idle(const std::string& what, std::uint64_t seconds)
{
    using clock = std::chrono::steady_clock;
    const auto sleeper = std::make_unique<Sleeper>();
    meeting_point meeting{2};
    outcome result;

    const auto wake = [&] {
        auto writer = sleeper->writer();
        meeting.arrive_and_wait();
        std::this_thread::sleep_for(std::chrono::seconds{seconds});
        writer.send(sleeper_record::make(0, 0));
        meeting.arrive_and_wait();
    };
    const auto sleep = [&] {
        auto reader = sleeper->reader();
        sequence_check<1> check;
        meeting.arrive_and_wait();
        const auto began = clock::now();
        const double cpu_before = thread_cpu_seconds();
        check(reader.receive());
        const double cpu = thread_cpu_seconds() - cpu_before;
        result.seconds = seconds_between(began, clock::now());
        result.value = 100 * cpu / result.seconds;
        meeting.arrive_and_wait();
        result.failure = check.failure(1);
    };
    run_pinned(what, {{core_list::get().first(), wake}, {core_list::get().other(0), sleep}});
    return result;
}

} // namespace

void add_idle_cost(registry& all)
{
    for_each_sleeper([&]<class Sleeper>(const std::string& subject) {
        all.push_back({.scenario = scenario,
                       .subject = subject,
                       .payload_bytes = sleeper_record::bytes,
                       .batch = 1,
                       .unit = "% of a core",
                       .direction = better::lower,
                       .round = [what = scenario + " " + subject](
                                    std::uint64_t seconds) { return idle<Sleeper>(what, seconds); },
                       .fixed_work = 2,
                       .most_rounds = 2});
    });
}

} // namespace benchmarks
