// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/gregor.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "stress/unrest.hpp"
#include "support/catch.hpp"
#include "support/findings.hpp"
#include "support/payloads.hpp"
#include "support/random.hpp"

namespace stress {

/// How long each topology runs: GREGOR_STRESS_MS, or a moment.
[[nodiscard]] inline std::chrono::milliseconds duration()
{
    const char* const given = std::getenv("GREGOR_STRESS_MS");
    return std::chrono::milliseconds{given == nullptr ? 250 : std::strtol(given, nullptr, 10)};
}

/// The end of a run, on the wall: each thread looks for itself.
class stopwatch {
public:
    [[nodiscard]] bool over() const { return std::chrono::steady_clock::now() >= end_; }

private:
    std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + duration();
};

/// Says how much a run has checked: the report of the tests adds these lines up.
inline void tell_checked(std::uint64_t count, const char* what = "records")
{
    std::printf("stress: %s: %llu %s\n", Catch::getResultCapture().getCurrentTestName().c_str(),
                static_cast<unsigned long long>(count), what);
    std::fflush(stdout);
}

/// Sends numbered records in every way there is until the time is over; returns how many were
/// taken.
template <class Topic>
std::uint64_t send_numbers(Topic& topic, std::uint32_t who, const stopwatch& watch,
                           std::uint64_t seed, support::findings& wrong)
{
    using value = typename Topic::value_type;
    using payload = support::payload<value>;
    support::dice dice{seed + who};
    gregor::producer out{topic};
    std::uint64_t next = 0;
    while (!watch.over()) {
        stumble(dice);
        switch (dice.below(4)) {
        case 0: {
            std::vector<value> some;
            for (std::uint64_t i = 0, count = 1 + dice.below(20); i != count; ++i) {
                some.push_back(payload::make(who, next + i));
            }
            const gregor::batch_sent done = out.send_batch(some);
            next += done.count;
            if (!done) {
                return next;
            }
            break;
        }
        case 1: {
            const std::uint64_t wanted = 1 + dice.below(8);
            auto claim = out.claim(wanted, {.partition = gregor::partition_id{0}});
            if (!claim) {
                return next;
            }
            const std::uint64_t built = dice.below(wanted + 1);
            for (std::uint64_t i = 0; i != built; ++i) {
                claim.emplace(payload::make(who, next + i));
            }
            if (dice.one_in(4)) {
                break; // dropped: its numbers are sent again
            }
            claim.publish();
            next += built;
            break;
        }
        default:
            for (std::uint64_t i = 0, count = 1 + dice.below(64); i != count; ++i) {
                if (!out.send(payload::make(who, next))) {
                    return next;
                }
                ++next;
            }
        }
    }
    wrong.expect(next != 0, "a producer sent nothing");
    return next;
}

/// What a lossless reader has seen: each producer's numbers, without a gap, in one partition.
class ledger {
public:
    static constexpr std::size_t most_producers = 16;

    template <class Record>
    void enter(const Record& record, support::findings& wrong)
    {
        using value = std::remove_cvref_t<decltype(record.value())>;
        const support::origin from = support::payload<value>::read(record.value());
        if (!wrong.expect(from.intact, "a torn record") ||
            !wrong.expect(from.producer < most_producers, "a producer that never was")) {
            return;
        }
        std::uint64_t& expected = next_[from.producer];
        if (from.number != expected) {
            wrong.add("producer " + std::to_string(from.producer) + ": expected " +
                      std::to_string(expected) + ", found " + std::to_string(from.number));
        }
        expected = from.number + 1;
    }

    [[nodiscard]] std::uint64_t seen_of(std::uint32_t producer) const { return next_[producer]; }
    [[nodiscard]] std::uint64_t total() const
    {
        return std::accumulate(next_.begin(), next_.end(), std::uint64_t{0});
    }

private:
    std::array<std::uint64_t, most_producers> next_{};
};

/// Reads to the end of a closed topic, committing in every way there is.
template <class Topic>
ledger read_all(gregor::consumer<Topic>& in, std::uint64_t seed, support::findings& wrong)
{
    support::dice dice{seed};
    ledger seen;
    for (;;) {
        const auto batch = in.poll(std::chrono::seconds{60});
        if (batch.status() == gregor::poll_status::closed) {
            return seen;
        }
        if (!wrong.expect(batch.status() == gregor::poll_status::records,
                          "a poll that never ended")) {
            return seen;
        }
        for (const auto& record : batch) {
            seen.enter(record, wrong);
            if (dice.one_in(64)) {
                in.commit(record); // the batch stays ours all the same
            }
        }
        wrong.expect(batch.missed() == 0, "a lossless reader missed something");
        stumble(dice);
    }
}

} // namespace stress
