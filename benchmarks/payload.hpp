// SPDX-License-Identifier: MIT
#pragma once

#include "back_off.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace benchmarks {

/// A record of exactly `Bytes` bytes: who wrote it, the how-manieth it is, and filler.
///
/// Every word holds the same tag. The compiler turns that into full-width stores, so that a queue
/// which copies the record right after it was built does not wait for stores of another width to
/// leave the store buffer: otherwise the benchmark would measure that stall, five times the cost
/// of the fastest queues. And a reader can tell a torn record from a whole one.
template <std::size_t Bytes>
struct payload {
    static_assert(Bytes % sizeof(std::uint64_t) == 0 && Bytes >= sizeof(std::uint64_t));
    static constexpr std::size_t bytes = Bytes;
    static constexpr std::size_t words = Bytes / sizeof(std::uint64_t);
    static constexpr std::size_t words_a_line = 64 / sizeof(std::uint64_t);

    std::array<std::uint64_t, words> word;

    GREGOR_BENCH_INLINE static payload make(std::uint64_t producer, std::uint64_t id) noexcept
    {
        payload result;
        result.word.fill(producer << 56 | id);
        return result;
    }

    std::uint64_t tag() const noexcept { return word[0]; }

    /// Zero when the last word of every cache line agrees with the tag. Reads each line of the
    /// record once, as a consumer that uses its records would.
    GREGOR_BENCH_INLINE std::uint64_t torn() const noexcept
    {
        std::uint64_t difference = 0;
        for (std::size_t i = words_a_line - 1; i < words; i += words_a_line)
            difference |= word[i] ^ word[0];
        return difference;
    }
};

static_assert(sizeof(payload<8>) == 8 && sizeof(payload<64>) == 64 && sizeof(payload<256>) == 256);

/// Sees to it that every record arrives once, whole, and in the order its producer sent it.
///
/// Differences are collected without a branch: the check costs every subject the same few
/// instructions a record, and is judged once at the end.
template <std::size_t Producers>
class sequence_check {
    static_assert((Producers & (Producers - 1)) == 0, "the producer's number is masked");

public:
    template <std::size_t Bytes>
    GREGOR_BENCH_INLINE void operator()(const payload<Bytes>& record) noexcept
    {
        const std::uint64_t producer = Producers == 1 ? 0 : (record.tag() >> 56 & (Producers - 1));
        difference_ |= record.torn() | (record.tag() ^ (producer << 56 | next_[producer]));
        ++next_[producer];
    }

    /// Empty when all went well; else a sentence.
    std::string failure(std::uint64_t expected_of_each) const
    {
        if (difference_ != 0)
            return "a record was lost, repeated, torn or out of order";
        for (const std::uint64_t seen : next_)
            if (seen != expected_of_each)
                return "expected " + std::to_string(expected_of_each) +
                       " records of each producer, saw " + std::to_string(seen) + " of one";
        return {};
    }

private:
    std::array<std::uint64_t, Producers> next_{};
    std::uint64_t difference_ = 0;
};

} // namespace benchmarks
