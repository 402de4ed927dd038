// SPDX-License-Identifier: MIT
// The in-memory core on machines and with compilers that the other tests do not reach: one program
// that needs nothing but the headers, and checks itself.
#include <gregor/version.hpp>

#include <bit>
#include <chrono>
#include <cstdio>
#include <thread>

#include <gregor/ring/env.hpp>

#include "portable/check.hpp"

namespace {

void describe()
{
    const bool little = std::endian::native == std::endian::little;
    std::printf("gregor %d.%d.%d, C++ %ld, %u-bit pointers, %s-endian, %s, %s, %u processors\n",
                GREGOR_VERSION_MAJOR, GREGOR_VERSION_MINOR, GREGOR_VERSION_PATCH,
                static_cast<long>(__cplusplus), static_cast<unsigned>(8 * sizeof(void*)),
                little ? "little" : "big",
                gregor::ring::barrier_is_asymmetric ? "barriers by the kernel" : "fences",
                GREGOR_EXCEPTIONS != 0 ? "exceptions" : "no exceptions",
                std::thread::hardware_concurrency());
#if defined(__VERSION__)
    std::printf("compiler %s\n", __VERSION__);
#endif
    std::fflush(stdout);
}

void run(const char* name, void (*test)())
{
    const auto start = std::chrono::steady_clock::now();
    const unsigned long before = portable::checks.load();
    test();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("%-8s %8lu checks %6.2f s\n", name, portable::checks.load() - before, took.count());
    std::fflush(stdout);
}

} // namespace

int main()
{
    describe();
    run("machine", portable::test_the_machine);
    run("handles", portable::test_handles);
    run("policies", portable::test_policies);
    run("threads", portable::test_threads);
    run("disk", portable::test_the_disk);
    const unsigned long failed = portable::failures.load();
    std::printf("%lu checks passed, %lu failed\n", portable::checks.load() - failed, failed);
    return failed == 0 ? 0 : 1;
}
