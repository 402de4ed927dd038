// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/log/os_file.hpp>

#if GREGOR_FILES

#    include <chrono>
#    include <csignal>
#    include <cstdint>
#    include <cstdlib>
#    include <string>
#    include <thread>
#    include <type_traits>

#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/random.hpp"

namespace support {

/// A child that tells what it has done, and is killed. What is told is whole or not there: one
/// write for each.
template <class Told>
class telling_child {
    static_assert(std::is_trivially_copyable_v<Told>);

public:
    /// Of a child that does live(where to tell) and does not come back.
    template <class Live>
    explicit telling_child(Live&& live)
    {
        int pipe[2] = {};
        REQUIRE(::pipe(pipe) == 0);
        child_ = ::fork();
        REQUIRE(child_ >= 0);
        if (child_ == 0) {
            ::close(pipe[0]);
            live(pipe[1]);
            ::_exit(9);
        }
        ::close(pipe[1]);
        from_ = pipe[0];
    }
    telling_child(const telling_child&) = delete;
    telling_child& operator=(const telling_child&) = delete;
    ~telling_child()
    {
        static_cast<void>(end());
        ::close(from_);
    }

    /// Kills it at some moment before it has told much, where it is to be soon.
    void kill_within(std::chrono::microseconds most, dice& chance)
    {
        std::this_thread::sleep_for(
            std::chrono::microseconds{chance.below(static_cast<std::uint64_t>(most.count()))});
        kill();
    }
    /// What it has told already can still be heard.
    void kill() const { ::kill(child_, SIGKILL); }

    /// What it tells next; false once there is nothing more.
    [[nodiscard]] bool hear(Told& what) const
    {
        return ::read(from_, &what, sizeof what) == sizeof what;
    }
    /// The same, and it is killed when it has told so many.
    [[nodiscard]] bool hear(Told& what, std::uint64_t& left) const
    {
        const bool heard = hear(what);
        if (heard && left != 0 && --left == 0) {
            kill();
        }
        return heard;
    }

    /// Kills it, where it lives. Empty, or how it had ended by itself.
    [[nodiscard]] std::string end()
    {
        if (child_ != 0) {
            kill();
            ::waitpid(child_, &status_, 0);
            child_ = 0;
        }
        return WIFSIGNALED(status_) && WTERMSIG(status_) == SIGKILL
                   ? ""
                   : "it ended by itself: " +
                         std::to_string(WIFEXITED(status_) ? WEXITSTATUS(status_) : status_);
    }

private:
    pid_t child_ = 0;
    int from_ = -1;
    int status_ = 0;
};

/// One write, of what a child tells.
template <class Told>
[[nodiscard]] bool tell(int where, const Told& what)
{
    return ::write(where, &what, sizeof what) == sizeof what;
}

/// How many children a test kills: so many, or what GREGOR_KILLS says.
[[nodiscard]] inline int kills(int usual)
{
    const char* const given = std::getenv("GREGOR_KILLS");
    return given == nullptr ? usual : std::atoi(given);
}

} // namespace support

#endif
