// SPDX-License-Identifier: MIT
// One outlet is slow: its partition is paused while its tray is full, and the other one goes on.
// The consumer stays a member, goes on polling, and holds no more jobs than it has room for.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iostream>
#include <numeric>
#include <vector>

#include <gregor/gregor.hpp>

int main()
{
    constexpr gregor::partition_id printer{0};
    constexpr gregor::partition_id archive{1};
    constexpr int jobs_each = 100;
    constexpr std::size_t room_in_tray = 3;

    gregor::topic<int> jobs{"jobs", {.partitions = 2, .groups = {"office"}}};
    gregor::producer out{jobs};
    for (int job = 0; job != jobs_each; ++job) {
        out.send(job, {.partition = printer});
        out.send(job, {.partition = archive});
    }
    jobs.close();

    gregor::consumer in{jobs, "office", {.max_poll_records = 1}};
    std::deque<int> tray;
    std::vector<int> printed;
    std::vector<int> archived;
    std::size_t fullest = 0;
    std::size_t archived_during_pauses = 0;
    const auto print = [&] {
        printed.push_back(tray.front());
        tray.pop_front();
        in.resume(printer); // there is room again; also right where it is not paused
    };

    for (int minute = 1;; ++minute) {
        auto batch = in.try_poll();
        if (batch.status() == gregor::poll_status::closed) {
            break;
        }
        for (const auto& record : batch) {
            if (record.partition() == archive) {
                archived.push_back(record.value());
                archived_during_pauses += in.paused().size();
                continue;
            }
            tray.push_back(record.value());
            fullest = std::max(fullest, tray.size());
            if (tray.size() == room_in_tray) {
                in.pause(printer);
            }
        }
        if (minute % 10 == 0 && !tray.empty()) {
            print(); // a page takes as long as ten polls
        }
    }
    while (!tray.empty()) {
        print();
    }

    std::cout << "printed " << printed.size() << ", with " << fullest << " in the tray at most; "
              << "archived " << archived.size() << ", " << archived_during_pauses
              << " of them while the printer was paused\n";
    std::vector<int> all(jobs_each);
    std::iota(all.begin(), all.end(), 0);
    if (printed != all || archived != all || fullest != room_in_tray ||
        archived_during_pauses == 0) {
        std::cerr << "pause_resume: jobs are missing, or out of order, or the tray ran over\n";
        return 1;
    }
}
