// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "gregor/base/config.hpp"

// Figures of a topic, its producers, consumers and groups: totals since each was made. They come
// from what is there anyway (offsets, positions), and from notes made where a thread waits: nothing
// is counted where records pass. A rate is the difference of two of them:
//
//     const auto before = trades.stats();
//     ...
//     const auto rates = (trades.stats() - before).rates();

namespace gregor::inline GREGOR_ABI {

/// What happened in a second, on the average of the time between two snapshots; 0 where that is
/// none.
struct rates {
    double records_per_second = 0;
    /// The share of the time that was spent waiting: 0 to 1; of several threads together, how many
    /// of them waited.
    double blocked = 0;
};

/// A total never goes back; where a snapshot of one that lasts did, by a little, it has stood.
[[nodiscard]] constexpr std::uint64_t growth(std::uint64_t later, std::uint64_t earlier) noexcept
{
    return later > earlier ? later - earlier : 0;
}
[[nodiscard]] constexpr std::chrono::nanoseconds growth(std::chrono::nanoseconds later,
                                                        std::chrono::nanoseconds earlier) noexcept
{
    return std::chrono::nanoseconds{
        later.count() > earlier.count() ? later.count() - earlier.count() : 0};
}

[[nodiscard]] constexpr rates rates_in(std::chrono::nanoseconds time, std::uint64_t records,
                                       std::chrono::nanoseconds blocked) noexcept
{
    if (time.count() <= 0) {
        return {};
    }
    const auto whole = static_cast<double>(time.count());
    return {static_cast<double>(records) * 1e9 / whole,
            static_cast<double>(blocked.count()) / whole};
}

/// Of `topic.stats()`. Costs the topic's mutex and a few loads a partition and a producer.
struct topic_stats {
    /// When it was taken, by the topic's clock; of a difference: the time between.
    std::chrono::nanoseconds time{};
    std::uint64_t records = 0;     ///< sent; what a dropped claim left out among them
    std::uint64_t overwritten = 0; ///< of these, what is not there any more
    std::size_t producers = 0;     ///< alive; of a difference: at the later time
    std::uint64_t waits = 0;       ///< how often one waited for room
    std::uint64_t refused = 0;     ///< how often one found none, or not in time
    /// How long producers waited for room, all together, what lasts included. Not the first
    /// microseconds of a wait, after which they look at the clock.
    std::chrono::nanoseconds blocked{};

    friend topic_stats operator-(const topic_stats& later, const topic_stats& earlier) noexcept
    {
        return {growth(later.time, earlier.time),
                growth(later.records, earlier.records),
                growth(later.overwritten, earlier.overwritten),
                later.producers,
                growth(later.waits, earlier.waits),
                growth(later.refused, earlier.refused),
                growth(later.blocked, earlier.blocked)};
    }

    /// Of a difference.
    [[nodiscard]] gregor::rates rates() const noexcept { return rates_in(time, records, blocked); }
};

/// Of `producer.stats()`, on the producer's thread. (How many records it sent it does not count: it
/// would at each of them. The topic knows of all together.) Costs a look at the clock.
struct producer_stats {
    std::chrono::nanoseconds time{};
    std::uint64_t waits = 0;
    std::uint64_t refused = 0;
    std::chrono::nanoseconds blocked{};

    friend producer_stats operator-(const producer_stats& later,
                                    const producer_stats& earlier) noexcept
    {
        return {growth(later.time, earlier.time), growth(later.waits, earlier.waits),
                growth(later.refused, earlier.refused), growth(later.blocked, earlier.blocked)};
    }

    /// Of a difference: the share of the time in which it waited for room.
    [[nodiscard]] double blocked_share() const noexcept
    {
        return rates_in(time, 0, blocked).blocked;
    }
};

/// Of `consumer.stats()` or, of all its topics together, `multi_topic_consumer.stats()`; on the
/// consumer's thread. Costs a look at the clock.
struct consumer_stats {
    std::chrono::nanoseconds time{};
    std::uint64_t polls = 0;
    std::uint64_t records = 0;    ///< returned by them
    std::uint64_t missed = 0;     ///< offsets that were overwritten before it came to them
    std::uint64_t waits = 0;      ///< polls that found nothing at first, and had time
    std::uint64_t sleeps = 0;     ///< how often it fell asleep in them
    std::uint64_t rebalances = 0; ///< how often it gave or took partitions, or saw that it need not
    std::uint64_t fenced = 0;     ///< how often it was taken for dead
    /// How long it slept; looking for records without a break is not sleep.
    std::chrono::nanoseconds asleep{};

    friend consumer_stats operator-(const consumer_stats& later,
                                    const consumer_stats& earlier) noexcept
    {
        return {growth(later.time, earlier.time),
                growth(later.polls, earlier.polls),
                growth(later.records, earlier.records),
                growth(later.missed, earlier.missed),
                growth(later.waits, earlier.waits),
                growth(later.sleeps, earlier.sleeps),
                growth(later.rebalances, earlier.rebalances),
                growth(later.fenced, earlier.fenced),
                growth(later.asleep, earlier.asleep)};
    }

    /// Of a difference; `blocked` is the share of the time that it slept.
    [[nodiscard]] gregor::rates rates() const noexcept { return rates_in(time, records, asleep); }
};

/// Of `group_admin.stats()`. Costs the topic's mutex and a few loads a partition.
struct group_stats {
    std::chrono::nanoseconds time{};
    std::uint64_t records = 0; ///< done: the committed offsets together. A reset back is no growth
    std::uint64_t lag = 0;     ///< end minus committed; of a difference: at the later time
    std::size_t members = 0;   ///< of a difference: at the later time
    std::uint64_t rebalances = 0; ///< how often it was said who is to read what
    std::uint64_t fenced = 0;     ///< members that were taken for dead, or came back too early

    friend group_stats operator-(const group_stats& later, const group_stats& earlier) noexcept
    {
        return {growth(later.time, earlier.time),
                growth(later.records, earlier.records),
                later.lag,
                later.members,
                growth(later.rebalances, earlier.rebalances),
                growth(later.fenced, earlier.fenced)};
    }

    /// Of a difference; nobody is said to be blocked.
    [[nodiscard]] gregor::rates rates() const noexcept
    {
        return rates_in(time, records, std::chrono::nanoseconds{0});
    }
};

/// The figures of a topic, from what its handles share.
template <class State>
[[nodiscard]] topic_stats stats_of(State& state)
{
    topic_stats all;
    const std::lock_guard lock{state.mutex};
    const auto now = [&state] { return std::chrono::nanoseconds{state.time.steady_now()}; };
    const auto senders = state.senders.all(now);
    all.waits = senders.waits;
    all.refused = senders.refused;
    all.blocked = std::chrono::nanoseconds{senders.blocked};
    all.producers = state.live_producers;
    for (const auto& each : state.partitions) {
        all.overwritten += each.log.begin_offset(); // before the end, which never is less
        all.records += each.log.end_offset();
    }
    all.time = now();
    return all;
}

} // namespace gregor::inline GREGOR_ABI
