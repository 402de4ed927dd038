// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/log/os_file.hpp>

#if GREGOR_FILES

#    include <csignal>
#    include <cstdint>
#    include <cstdlib>
#    include <new>
#    include <string>
#    include <type_traits>

#    include <sys/mman.h>
#    include <sys/ptrace.h>
#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/catch.hpp"

namespace support {

/// Something that a child shares with its parent. What changes in it while both look is volatile.
template <class T>
class shared_with_child {
    static_assert(std::is_trivially_destructible_v<T>);

public:
    shared_with_child()
    {
        void* const at =
            ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        REQUIRE(at != MAP_FAILED);
        at_ = ::new (at) T{};
    }
    shared_with_child(const shared_with_child&) = delete;
    shared_with_child& operator=(const shared_with_child&) = delete;
    ~shared_with_child() { ::munmap(memory_, sizeof(T)); }

    [[nodiscard]] T* operator->() const noexcept { return at_; }
    [[nodiscard]] T& operator*() const noexcept { return *at_; }

private:
    void* memory_ = nullptr;
    T* at_ = nullptr;
};

/// A child that is stopped before each of its instructions, while it wants to be: what is in files
/// and in shared memory then, is what would be there if it were killed at that point.
class stepped_process {
public:
    /// What the child says.
    class wish {
    public:
        /// From here on it is stepped.
        void step()
        {
            stepped_ = true;
            ::raise(SIGSTOP);
        }
        /// From here on it runs.
        void run() { stepped_ = false; }
        [[nodiscard]] bool stepped() const { return stepped_; }

    private:
        volatile bool stepped_ = false;
    };

    /// Of a child that does act(wish&) and ends. It is stopped first where it wants to be stepped.
    template <class Act>
    explicit stepped_process(Act&& act) : child_(::fork())
    {
        REQUIRE(child_ >= 0);
        if (child_ == 0) {
            if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
                ::_exit(untraceable);
            }
            act(*wish_);
            ::_exit(0);
        }
        wait();
    }
    stepped_process(const stepped_process&) = delete;
    stepped_process& operator=(const stepped_process&) = delete;
    ~stepped_process()
    {
        if (is_there_) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, &status_, 0);
        }
    }

    /// On to the next instruction or, where it wants to run, to where it wants to be stepped again.
    /// False once there is none.
    bool next()
    {
        if (!is_there_) {
            return false;
        }
        const bool one = wish_->stepped();
        if (::ptrace(one ? PTRACE_SINGLESTEP : PTRACE_CONT, child_, nullptr, nullptr) != 0) {
            cannot_ = true;
            return false;
        }
        points_ += one ? 1U : 0U;
        wait();
        return is_there_;
    }

    /// It is stopped, and not at its end.
    [[nodiscard]] bool is_there() const noexcept { return is_there_; }
    /// How many instructions it was stopped behind.
    [[nodiscard]] std::uint64_t points() const noexcept { return points_; }

    /// Says so where this system lets no process step another one.
    [[nodiscard]] bool possible() const
    {
        if (instrumented) {
            WARN("what a sanitizer adds to each instruction is not stepped");
            return false;
        }
        const bool so = !cannot_ && !(WIFEXITED(status_) && WEXITSTATUS(status_) == untraceable);
        if (!so) {
            WARN("this system lets no process step another one");
        }
        return so;
    }

    /// Empty, or how it ended otherwise than well.
    [[nodiscard]] std::string trouble() const
    {
        return is_there_                   ? "it has not come to its end"
               : !WIFEXITED(status_)       ? "signal " + std::to_string(WSTOPSIG(status_))
               : WEXITSTATUS(status_) != 0 ? "it ended with " + std::to_string(WEXITSTATUS(status_))
                                           : "";
    }

private:
    void wait()
    {
        if (::waitpid(child_, &status_, 0) != child_) {
            FAIL("a child that is not there");
        }
        is_there_ = WIFSTOPPED(status_);
        const int signal = is_there_ ? WSTOPSIG(status_) : SIGSTOP;
        if (signal != SIGSTOP && signal != SIGTRAP) { // it would die of it
            const int how = status_;
            ::kill(child_, SIGKILL);
            ::waitpid(child_, &status_, 0);
            status_ = how;
            is_there_ = false;
        }
    }

    static constexpr bool instrumented =
#    if GREGOR_TSAN || defined(__SANITIZE_ADDRESS__)
        true;
#    elif defined(__has_feature)
#        if __has_feature(address_sanitizer)
        true;
#        else
        false;
#        endif
#    else
        false;
#    endif
    static constexpr int untraceable = 77;

    const shared_with_child<wish> wish_;
    pid_t child_;
    int status_ = 0;
    bool is_there_ = true;
    bool cannot_ = false;
    std::uint64_t points_ = 0;
};

/// How many points a test is to reach at least, where it can go on: by GREGOR_POINTS.
[[nodiscard]] inline std::uint64_t wanted_points()
{
    const char* const given = std::getenv("GREGOR_POINTS");
    return given == nullptr ? 0 : std::strtoull(given, nullptr, 10);
}

} // namespace support

#endif
