// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdio>

// A test framework of a screen: this program runs where none is installed, without exceptions and
// RTTI, and on emulated machines.

namespace portable {

inline std::atomic<unsigned long> checks{0};
inline std::atomic<unsigned long> failures{0};

/// Counts; says what was not so, and goes on. From any thread.
inline bool check(bool so, const char* what, const char* file, int line)
{
    ++checks;
    if (!so && ++failures <= 20) {
        std::printf("%s:%d: not so: %s\n", file, line, what);
        std::fflush(stdout);
    }
    return so;
}

// one function for each file
void test_the_machine();
void test_handles();
void test_policies();
void test_threads();
void test_the_disk();

} // namespace portable

#define CHECK(...)                                                                                 \
    ::portable::check(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
