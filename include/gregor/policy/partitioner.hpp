// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "gregor/base/types.hpp"
#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI {

/// The hash by which Kafka's producers choose a partition (its `Utils.murmur2`).
[[nodiscard]] constexpr std::uint32_t murmur2(std::span<const std::byte> bytes) noexcept
{
    constexpr std::uint32_t seed = 0x9747b28c;
    constexpr std::uint32_t m = 0x5bd1e995;
    constexpr unsigned r = 24;
    const std::byte* const first = bytes.data();
    const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(first[i]); };

    std::uint32_t h = seed ^ static_cast<std::uint32_t>(bytes.size());
    const std::size_t whole = bytes.size() & ~std::size_t{3};
    for (std::size_t i = 0; i != whole; i += 4) {
        std::uint32_t k = at(i) | at(i + 1) << 8U | at(i + 2) << 16U | at(i + 3) << 24U;
        k *= m;
        k ^= k >> r;
        k *= m;
        h *= m;
        h ^= k;
    }
    const std::size_t rest = bytes.size() - whole;
    if (rest != 0) {
        // One branch, as lengths are hard to predict: of three bytes these are the first, the
        // second and the third, of fewer some are the same.
        const std::size_t middle = rest / 2;
        const std::size_t last = rest - 1;
        h ^= at(whole) | at(whole + middle) << 8 * middle | at(whole + last) << 8 * last;
        h *= m;
    }
    h ^= h >> 13U;
    h *= m;
    h ^= h >> 15U;
    return h;
}

/// The partition of a key, as Kafka has it: the hash without its sign bit, modulo the partitions.
/// (The key is const for the compiler: to copy one that is not, gcc looks at whether it is a range,
/// for 54 M instructions.)
[[nodiscard]] constexpr partition_id partition_of(const std::span<const std::byte> key,
                                                  std::uint32_t partitions) noexcept
{
    return partition_id{(murmur2(key) & 0x7fffffffU) % partitions};
}

namespace partitioner {

/// Kafka's: a record with a key goes where its murmur2 says; without one, to the partition that the
/// producer stays on for a while, then to another one, the likelier the fewer unread records it
/// has.
class kafka {
public:
    using policy_kind = kind::partitioner;
    using type = kafka;

    /// How many records without a key go to one partition before the next is chosen.
    static constexpr std::uint32_t sticky_records = 256;

    template <class Request>
    partition_id operator()(const Request& request)
    {
        if constexpr (!requires { requires Request::keyless; }) {
            if (request.has_key()) {
                return partition_of(request.key_bytes(), request.partitions());
            }
        }
        if (left_ == 0 || current_ >= request.partitions()) {
            choose(request);
        }
        --left_;
        return partition_id{current_};
    }

    /// So many more went where the last record was told to go: a batch, a claim.
    void went_along(std::uint64_t records) noexcept
    {
        left_ = records < left_ ? left_ - static_cast<std::uint32_t>(records) : 0;
    }

    /// The chosen partition was full: the emptiest one, from here on.
    template <class Loads>
    partition_id when_full(const Loads& request)
    {
        std::uint64_t fewest = ~std::uint64_t{0};
        for (std::uint32_t i = 0; i != request.partitions(); ++i) {
            const std::uint64_t queued = request.queued(partition_id{i});
            if (queued < fewest) {
                fewest = queued;
                current_ = i;
            }
        }
        left_ = sticky_records - 1;
        return partition_id{current_};
    }

    /// A point below the sum of weights, where each partition weighs `most queued + 1 - queued`.
    template <class Loads>
    [[nodiscard]] static constexpr std::uint32_t weighted(const Loads& request,
                                                          std::uint64_t random)
    {
        const std::uint32_t partitions = request.partitions();
        std::uint64_t most = 0;
        std::uint64_t sum = 0;
        for (std::uint32_t i = 0; i != partitions; ++i) {
            const std::uint64_t each = bounded(request.queued(partition_id{i}));
            most = each > most ? each : most;
            sum += each;
        }
        std::uint64_t point = random % ((most + 1) * partitions - sum);
        for (std::uint32_t i = 0; i != partitions; ++i) {
            const std::uint64_t weight = most + 1 - bounded(request.queued(partition_id{i}));
            if (point < weight) {
                return i;
            }
            point -= weight;
        }
        return partitions - 1;
    }

private:
    template <class Request>
    GREGOR_COLD void choose(const Request& request)
    {
        left_ = sticky_records;
        if (request.partitions() == 1) {
            current_ = 0;
            return;
        }
        // the queues move while they are looked at: two looks at each may differ, and then the last
        // partition is chosen a little too often
        current_ = weighted(request, next_random(request.seed()));
    }

    /// Keeps the weights positive whatever a snapshot says.
    [[nodiscard]] static constexpr std::uint64_t bounded(std::uint64_t queued) noexcept
    {
        return queued & 0xffffffffU;
    }

    /// splitmix64: enough to spread records.
    [[nodiscard]] std::uint64_t next_random(std::uint64_t seed) noexcept
    {
        state_ += 0x9e3779b97f4a7c15U + (state_ == 0 ? seed : 0);
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    std::uint32_t current_ = 0;
    std::uint32_t left_ = 0;
    std::uint64_t state_ = 0;
};

/// One partition after the other, keys or not.
class round_robin {
public:
    using policy_kind = kind::partitioner;
    using type = round_robin;

    template <class Request>
    partition_id operator()(const Request& request)
    {
        if (next_ >= request.partitions()) {
            next_ = 0;
        }
        return partition_id{next_++};
    }

private:
    std::uint32_t next_ = 0;
};

} // namespace partitioner

/// The user's own partitioner, of which each producer keeps one: a callable that takes a request
/// (`value()`, `has_key()`, `key()`, `partitions()`, `queued(partition_id)`) and returns the
/// partition.
///
/// It may have `when_full(loads)`, which is told `partitions()` and `queued(partition_id)` when a
/// record without a key finds its partition full, and names another one. Topics without keys then
/// ask it once for a batch, not for each record; and tell it by `went_along(records)`, if it has
/// that, how many went with the one it was asked for.
template <class P>
struct partition_by {
    using policy_kind = kind::partitioner;
    using type = P;
};

} // namespace gregor::inline GREGOR_ABI
