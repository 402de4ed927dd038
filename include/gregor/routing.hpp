// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/policy/key.hpp"
#include "gregor/policy/partitioner.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a partitioner is told about the partitions.
///
/// Lifetime  the call
template <class State>
class partition_loads {
public:
    /// Of the first so many partitions: those that the producer knows of.
    partition_loads(const State& state, std::size_t partitions) noexcept
        : state_(state), partitions_(static_cast<std::uint32_t>(partitions))
    {
    }

    [[nodiscard]] std::uint32_t partitions() const noexcept { return partitions_; }

    /// How many records of the partition the slowest group has not read. A snapshot.
    [[nodiscard]] std::uint64_t queued(partition_id p) const { return state_.at(p).log.unread(); }

    /// Differs between topics.
    [[nodiscard]] std::uint64_t seed() const noexcept
    {
        return reinterpret_cast<std::uintptr_t>(&state_);
    }

private:
    const State& state_;
    std::uint32_t partitions_;
};

/// What a partitioner is told about a record that is looking for its partition, too.
template <class State, class Layout>
class routing_request : public partition_loads<State> {
public:
    using value_type = typename Layout::value_type;

    /// No record has a key: a partitioner need not even compile what it does with one.
    static constexpr bool keyless = !Layout::has_key;

    routing_request(const State& state, std::size_t partitions, const value_type& value,
                    const typename Layout::stored_key& key) noexcept
        : partition_loads<State>(state, partitions), value_(value), key_(key)
    {
    }

    [[nodiscard]] const value_type& value() const noexcept { return value_; }

    [[nodiscard]] bool has_key() const noexcept
    {
        if constexpr (Layout::key_policy::stored) {
            return key_.has_value();
        } else {
            return Layout::key_policy::derived;
        }
    }

    /// The key; only where there is one.
    [[nodiscard]] decltype(auto) key() const
        requires(Layout::has_key)
    {
        if constexpr (Layout::key_policy::stored) {
            return *key_;
        } else {
            return Layout::key_policy::of(value_);
        }
    }

    /// The key as Kafka would write it. Its bytes live in what is returned, or in the key.
    [[nodiscard]] auto key_bytes() const
    {
        if constexpr (Layout::has_key) {
            using key_type = std::remove_cvref_t<decltype(key())>;
            static_assert(
                keyable<key_type>,
                "gregor: the key's type needs key_bytes<K>: integers, enumerations, strings "
                "and arrays of bytes have it, others are given it by a specialisation");
            return gregor::key_bytes<key_type>::of(key());
        } else {
            return std::span<const std::byte>{};
        }
    }

private:
    const value_type& value_;
    const typename Layout::stored_key& key_;
};

} // namespace gregor::inline GREGOR_ABI
