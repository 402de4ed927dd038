// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// Runs `misuse` in a child process. True when it aborts there and says the sentence on stderr.
///
/// The child leaves without running destructors or the test framework's handlers, so that a broken
/// precondition in it is all that can be seen.
template <class Misuse>
[[nodiscard]] bool dies_saying(std::string_view sentence, Misuse&& misuse)
{
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) {
        return false;
    }
    const ::pid_t child = ::fork();
    if (child == 0) {
        const int nowhere = ::open("/dev/null", O_WRONLY);
        ::dup2(nowhere, STDOUT_FILENO);
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[0]);
        std::signal(SIGABRT, SIG_DFL);
        const ::rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        misuse();
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string said;
    char part[256];
    for (::ssize_t n = ::read(ends[0], part, sizeof(part)); n > 0;
         n = ::read(ends[0], part, sizeof(part))) {
        said.append(part, static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
           said.find(sentence) != std::string::npos;
}

/// Runs `work` in a child process. True when it comes to its end there within a minute: for what
/// would otherwise hang, and this process with it.
template <class Work>
[[nodiscard]] bool comes_to_an_end(Work&& work)
{
    const ::pid_t child = ::fork();
    if (child == 0) {
        std::signal(SIGALRM, SIG_DFL);
        ::alarm(5);
        work();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace support
