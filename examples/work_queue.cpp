// SPDX-License-Identifier: MIT
// A topic as a work queue: `groups::one` lets the reader move values out, so jobs may be move-only.
// A job that was taken is not delivered again, even if its taker goes away without committing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <gregor/gregor.hpp>

namespace {

struct job {
    std::uint32_t number;
};

using job_queue = gregor::topic<std::unique_ptr<job>, gregor::groups::one>;

constexpr std::uint32_t jobs_each = 1000;

void submit(job_queue& queue, std::uint32_t first)
{
    gregor::producer out{queue};
    for (std::uint32_t i = 0; i != jobs_each; ++i) {
        out.send(std::make_unique<job>(job{first + i}));
    }
}

} // namespace

int main()
{
    job_queue queue{"jobs", {.partitions = 2, .capacity_records = 256, .groups = {"workers"}}};
    std::thread submitters[] = {
        std::thread{submit, std::ref(queue), 0},
        std::thread{submit, std::ref(queue), jobs_each},
    };

    std::vector<int> times_done(std::size_t{2} * jobs_each);
    {
        // This worker takes one job of the batch it got, and is gone.
        gregor::consumer worker{queue, "workers", {.auto_commit = false}};
        auto batch = worker.poll();
        const std::unique_ptr<job> mine = batch.front().take();
        ++times_done[mine->number];
    }
    std::thread rest{[&] {
        gregor::consumer worker{queue, "workers"};
        for (;;) {
            auto batch = worker.poll();
            if (batch.status() == gregor::poll_status::closed) {
                return;
            }
            for (const auto& record : batch) {
                const std::unique_ptr<job> mine = record.take();
                ++times_done[mine->number];
            }
        }
    }};

    for (std::thread& each : submitters) {
        each.join();
    }
    queue.close();
    rest.join();

    const auto wrong =
        std::count_if(times_done.begin(), times_done.end(), [](int n) { return n != 1; });
    std::cout << times_done.size() << " jobs, " << wrong << " not done exactly once\n";
    return wrong == 0 ? 0 : 1;
}
