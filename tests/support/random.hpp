// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <random>
#include <string>

namespace support {

/// The ctest of a file below tests/: "/where/ever/tests/stress/closing_test.cpp" is
/// "stress/closing_test".
[[nodiscard]] inline std::string ctest_of(std::string file)
{
    for (char& each : file) {
        each = each == '\\' ? '/' : each;
    }
    const auto folder = file.rfind("tests/");
    file.erase(0, folder == std::string::npos ? 0 : folder + 6);
    return file.substr(0, file.rfind('.'));
}

/// What a random test begins with: another one each run, unless GREGOR_SEED says which. Printed,
/// with the command that begins with the same again; `INFO(seed)` repeats that where a test fails.
class fresh_seed {
public:
    explicit fresh_seed(const char* file = __builtin_FILE()) : test_(ctest_of(file))
    {
        if (const char* const given = std::getenv("GREGOR_SEED")) {
            value_ = std::strtoull(given, nullptr, 10);
        } else {
            std::random_device device;
            value_ = (std::uint64_t{device()} << 32U) | device();
        }
        std::printf("%s\n", replay().c_str());
        std::fflush(stdout);
    }

    // NOLINTNEXTLINE(google-explicit-constructor): a number, in all respects but printing
    operator std::uint64_t() const noexcept { return value_; }

    [[nodiscard]] std::string replay() const
    {
        return "seed: GREGOR_SEED=" + std::to_string(value_) + " ./tests/run -R " + test_;
    }

    friend std::ostream& operator<<(std::ostream& out, const fresh_seed& seed)
    {
        return out << seed.replay();
    }

private:
    std::string test_;
    std::uint64_t value_ = 0;
};

/// Random numbers that are the same with every standard library.
class dice {
public:
    explicit dice(std::uint64_t seed) : engine_(seed) {}

    /// 0 to n - 1.
    [[nodiscard]] std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    [[nodiscard]] bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

} // namespace support
