// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace support {

/// Another one each run, unless GREGOR_SEED says which: a random test prints it where it fails
/// (`INFO("seed " << seed)`), so that the failure can be had again.
[[nodiscard]] inline std::uint64_t fresh_seed()
{
    if (const char* const given = std::getenv("GREGOR_SEED")) {
        return std::strtoull(given, nullptr, 10);
    }
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
}

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
