// SPDX-License-Identifier: MIT
// What was sent survives kill -9: a child sends, tells its parent through a pipe what its sends
// returned, and is killed in the middle. The parent opens the log, finds all of it, and goes on.

#include <cstdint>
#include <iostream>
#include <string>

#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if !GREGOR_FILES
#    include "support/no_files.hpp"
#else
#    include <csignal>
#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/scratch_folder.hpp"

using number_log = gregor::topic<std::uint64_t, gregor::storage::mmap_log>;

number_log open(const std::string& folder) // of small files: some are begun meanwhile
{
    return number_log{"numbers", {.log = {.directory = folder, .segment_records = 1024}}};
}

int send_until_killed(const std::string& folder)
{
    number_log numbers = open(folder);
    gregor::producer out{numbers};
    std::uint64_t n = 0;
    while (out.send(n) && ::write(STDOUT_FILENO, &n, sizeof n) == sizeof n) {
        ++n;
    }
    return 1;
}

/// Kills the child after some thousand numbers; returns how many it said were sent.
std::uint64_t sent_by_child(char* program, std::string folder)
{
    int ends[]{-1, -1};
    const pid_t child = ::pipe(ends) == 0 ? ::fork() : -1;
    if (child == 0) {
        char* const again[]{program, folder.data(), nullptr};
        ::dup2(ends[1], STDOUT_FILENO);
        ::_exit(::execv("/proc/self/exe", again)); // anew: topics are not to be used after a fork
    }
    ::close(ends[1]);
    std::uint64_t said = 0;
    for (std::uint64_t n = 0; ::read(ends[0], &n, sizeof n) == sizeof n; said = n + 1) {
        if (n == 5000) {
            ::kill(child, SIGKILL); // what it has said by then is read to its end
        }
    }
    ::waitpid(child, nullptr, 0);
    return said;
}

int main(int count, char** arguments)
{
    if (count > 1) {
        return send_until_killed(arguments[1]);
    }
    const scratch_folder folder;
    const std::uint64_t said = sent_by_child(arguments[0], folder.path());
    number_log numbers = open(folder.path());
    std::uint64_t found = 0;
    gregor::consumer all{numbers, "all"};
    for (auto batch = all.try_poll(); !batch.empty(); batch = all.try_poll()) {
        for (const auto& record : batch) {
            found += record.value() == found ? 1U : 0U;
        }
        batch.let_go();
    }
    std::cout << "said to be sent: " << said << ", found: " << found << '\n';
    const auto next = gregor::producer{numbers}.send(found);
    return said > 5000 && found >= said && next && next.offset() == found ? 0 : 1;
}
#endif
