// SPDX-License-Identifier: MIT
#pragma once

// What the models use of Catch2, in a page: each mutant compiles it anew. Names the first test that
// fails, and ends: 0 when none does, 1 for a finding, 3 when the time is up.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/time_limit.hpp"

namespace mutant {

struct test {
    test(const char* sentence, void (*test_body)()) : name(sentence), body(test_body)
    {
        *last = this;
        last = &next;
    }

    const char* name;
    void (*body)();
    test* next = nullptr;

    static inline test* first = nullptr;
    static inline test** last = &first;
};

struct failure {
    std::string text;
};

/// The two first lines of a report say what was found.
inline void tell(const char* name, const std::string& text)
{
    const auto line = text.find('\n');
    const auto end = line == std::string::npos ? line : text.find('\n', line + 1);
    std::string what = line == std::string::npos ? text : text.substr(line + 1, end - line - 1);
    std::printf("found by: %s\nbecause: %s\n", name, what.c_str());
    std::fflush(stdout);
}

} // namespace mutant

#define MUTANT_JOINED(a, b) a##b
#define MUTANT_NAMED(a, b) MUTANT_JOINED(a, b)
#define TEST_CASE(sentence, tags)                                                                  \
    static void MUTANT_NAMED(test_body_, __LINE__)();                                              \
    static const ::mutant::test MUTANT_NAMED(test_, __LINE__){sentence,                            \
                                                              MUTANT_NAMED(test_body_, __LINE__)}; \
    static void MUTANT_NAMED(test_body_, __LINE__)()
#define FAIL(message)                                                                              \
    throw ::mutant::failure                                                                        \
    {                                                                                              \
        message                                                                                    \
    }

int main()
{
    for (const mutant::test* each = mutant::test::first; each != nullptr; each = each->next) {
        try {
            each->body();
        } catch (const mutant::failure& found) {
            mutant::tell(each->name, found.text);
            std::_Exit(found.text.find("not everything was explored") == std::string::npos ? 1 : 3);
        }
    }
    std::_Exit(0);
}
