// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#if !(defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)) && !defined(__ILP32__))
#    define GREGOR_MODEL_UCONTEXT 1
#    include <ucontext.h>
#else
#    define GREGOR_MODEL_UCONTEXT 0
#endif

namespace gregor::model {

/// A stack of its own and a place where it goes on. All run on one thread of the machine.
class fiber {
public:
    /// The one that runs now; it has the stack that it has.
    fiber() = default;
    fiber(const fiber&) = delete;
    fiber& operator=(const fiber&) = delete;
    ~fiber();

    /// Makes it begin anew with `entry`, which never returns. What was on its stack is gone.
    void begin(void (*entry)());

    /// Leaves `from`, the one that runs, and goes on where `to` was left.
    static void go(fiber& from, fiber& to);

private:
    static constexpr std::size_t stack_bytes = 256 * 1024;

    /// The exceptions in flight, which the runtime keeps by thread and so would mix up.
    struct exceptions {
        void* caught = nullptr;
        unsigned uncaught = 0;
    };

    void need_stack();

    exceptions exceptions_;
    char* stack_ = nullptr;
#if GREGOR_MODEL_UCONTEXT
    ::ucontext_t context_{};
#else
    void* top_ = nullptr;
#endif
};

} // namespace gregor::model
