// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <cstdlib>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// Prints the sentence and ends the process: a broken precondition is a bug in the caller.
[[noreturn]] GREGOR_COLD inline void precondition_broken(const char* sentence, const char* file,
                                                         int line) noexcept
{
    std::fprintf(stderr, "gregor: %s (%s:%d)\n", sentence, file, line);
    std::fflush(stderr);
    std::abort();
}

} // namespace gregor::inline GREGOR_ABI

#ifndef GREGOR_ASSERT_HANDLER
#    define GREGOR_ASSERT_HANDLER(sentence)                                                        \
        ::gregor::precondition_broken(sentence, __FILE__, __LINE__)
#endif

/// A precondition, in every build.
#define GREGOR_ASSERT(condition, sentence)                                                         \
    do {                                                                                           \
        if (!(condition)) [[unlikely]] {                                                           \
            GREGOR_ASSERT_HANDLER(sentence);                                                       \
        }                                                                                          \
    } while (false)

/// A precondition of the hot path, in checked builds only.
#if GREGOR_CHECKED
#    define GREGOR_DEBUG_ASSERT(condition, sentence) GREGOR_ASSERT(condition, sentence)
#else
#    define GREGOR_DEBUG_ASSERT(condition, sentence) static_cast<void>(0)
#endif
