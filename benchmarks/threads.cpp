// SPDX-License-Identifier: MIT
#include "threads.hpp"

#include "ticks.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#if defined(__linux__)
#    include <pthread.h>
#    include <sched.h>
#endif

namespace benchmarks {
namespace {

void pin_this_thread(int core)
{
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(core), &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
#else
    static_cast<void>(core);
#endif
}

} // namespace

core_list::core_list()
{
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        for (int core = 0; core < CPU_SETSIZE; ++core)
            if (CPU_ISSET(static_cast<std::size_t>(core), &set))
                cores_.push_back(core);
#endif
    if (!cores_.empty())
        return;
    const unsigned count = std::thread::hardware_concurrency();
    for (unsigned core = 0; core < (count == 0 ? 1 : count); ++core)
        cores_.push_back(static_cast<int>(core));
}

const core_list& core_list::get()
{
    static const core_list list;
    return list;
}

void run_pinned(const std::string& what, const std::vector<worker>& workers)
{
    using namespace std::chrono_literals;
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t finished = 0;

    std::vector<std::thread> threads;
    threads.reserve(workers.size());
    for (const worker& each : workers)
        threads.emplace_back([&] {
            pin_this_thread(each.core);
            each.body();
            const std::lock_guard lock{mutex};
            ++finished;
            changed.notify_one();
        });

    std::unique_lock lock{mutex};
    if (!changed.wait_for(lock, 60s, [&] { return finished == workers.size(); })) {
        fmt::print(stderr, "{}: no end after a minute: records were lost\n", what);
        std::fflush(nullptr);
        std::_Exit(1);
    }
    lock.unlock();
    for (std::thread& thread : threads)
        thread.join();
}

double probe_round_trip_ns()
{
    struct alignas(64) line {
        std::atomic<std::uint64_t> trip{0};
    };
    constexpr std::uint64_t warm_up = 500;
    constexpr std::uint64_t trips = 5000;
    line there;
    line back;
    double nanoseconds = 0;

    const core_list& cores = core_list::get();
    run_pinned("probe", {{cores.first(),
                          [&] {
                              auto from = std::chrono::steady_clock::now();
                              for (std::uint64_t i = 1; i <= warm_up + trips; ++i) {
                                  if (i == warm_up + 1)
                                      from = std::chrono::steady_clock::now();
                                  there.trip.store(i, std::memory_order_release);
                                  eager_back_off waiting;
                                  while (back.trip.load(std::memory_order_acquire) != i)
                                      waiting.wait();
                              }
                              const auto to = std::chrono::steady_clock::now();
                              nanoseconds = seconds_between(from, to) * 1e9;
                          }},
                         {cores.other(0), [&] {
                              for (std::uint64_t i = 1; i <= warm_up + trips; ++i) {
                                  eager_back_off waiting;
                                  while (there.trip.load(std::memory_order_acquire) != i)
                                      waiting.wait();
                                  back.trip.store(i, std::memory_order_release);
                              }
                          }}});
    return nanoseconds / static_cast<double>(trips);
}

} // namespace benchmarks
