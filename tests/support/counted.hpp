// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace support {

/// What became of the values of a counting type since the last `reset`.
struct tally {
    std::atomic<long> constructed{0};
    std::atomic<long> destroyed{0};
    /// Destroyed without having been constructed there, or destroyed twice.
    std::atomic<long> corrupt{0};

    void reset() noexcept
    {
        constructed = 0;
        destroyed = 0;
        corrupt = 0;
    }
    [[nodiscard]] long alive() const noexcept { return constructed - destroyed; }
};

inline tally& counts() noexcept
{
    static tally instance;
    return instance;
}

/// Counts its constructions and destructions, and knows its own address: a value that was copied as
/// bytes, destroyed twice, or destroyed where none was made, is found out.
class counted {
public:
    counted() noexcept : counted(0) {}
    // NOLINTNEXTLINE(google-explicit-constructor): converts, as payloads do
    counted(std::uint64_t number) noexcept : number_(number) { ++counts().constructed; }
    counted(const counted& other) noexcept : counted(other.number_) {}
    counted(counted&& other) noexcept : counted(std::exchange(other.number_, moved_from)) {}
    counted& operator=(const counted& other) noexcept
    {
        number_ = other.number_;
        return *this;
    }
    counted& operator=(counted&& other) noexcept
    {
        number_ = std::exchange(other.number_, moved_from);
        return *this;
    }
    ~counted()
    {
        if (self_ != this) {
            ++counts().corrupt;
        }
        self_ = nullptr;
        ++counts().destroyed;
    }

    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    [[nodiscard]] bool intact() const noexcept { return self_ == this; }

    static constexpr std::uint64_t moved_from = ~std::uint64_t{0};

private:
    std::uint64_t number_;
    const counted* volatile self_ = this;
};

/// The n-th thing that may fail does: set `fuse` to n, and the n-th copy, conversion or
/// construction from arguments throws `burnt`. A move never does.
class fragile : public counted {
public:
    struct burnt : std::runtime_error {
        burnt() : std::runtime_error("burnt") {}
    };

    static inline std::atomic<long> fuse{0};

    // NOLINTNEXTLINE(google-explicit-constructor): converts, as payloads do
    fragile(std::uint64_t number) : counted(burn(number)) {}
    fragile(const fragile& other) : counted(burn(other.number())) {}
    fragile(fragile&&) noexcept = default;
    fragile& operator=(const fragile&) = default;
    fragile& operator=(fragile&&) noexcept = default;
    ~fragile() = default;

    /// May fail as a copy does: for what else a test calls that may throw.
    static void risk()
    {
        if (fuse > 0 && --fuse == 0) {
            throw burnt{};
        }
    }

private:
    static std::uint64_t burn(std::uint64_t number)
    {
        risk();
        return number;
    }
};

} // namespace support
