// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/producer_lanes.hpp"
#include "gregor/ring/shared.hpp"
#include "gregor/routing.hpp"

namespace gregor::inline GREGOR_ABI {

/// A producer's lanes, and which of them a record takes: the one it is told, or the one that the
/// partitioner says; another one, where that is full and the record may go anywhere.
///
/// Threads   the producer's
template <class Topic>
class routed_lanes {
public:
    using layout = typename Topic::layout;
    using value_type = typename Topic::value_type;
    using attributes = typename Topic::attributes;
    using policies = typename Topic::policies;
    using state_type = typename Topic::state_type;
    using log_type = typename state_type::log_type;
    using claiming = typename log_type::claiming;
    using claimed = typename log_type::claimed;
    using partitioner = typename policies::partitioner;
    using request = routing_request<state_type, layout>;
    using lanes = producer_lanes<state_type, policies::producers::many>;
    using lane = typename lanes::lane;

    /// Records without a key may go to another partition when theirs is full.
    static constexpr bool has_elsewhere =
        requires(partitioner& c, partition_loads<state_type> loads) { c.when_full(loads); };

    /// The partitioner has a word on every record of a batch (a key, or a user's own).
    static constexpr bool routes_each_record = layout::has_key || !has_elsewhere;

    /// The rare paths of a send are given copies of small values: a reference to the value itself
    /// would put it on the stack in the frequent one, too.
    static constexpr bool copied_to_stay_in_registers = std::is_trivially_copyable_v<value_type> &&
                                                        sizeof(value_type) <= 256 &&
                                                        std::is_trivially_copyable_v<attributes>;

    // NOLINTNEXTLINE(modernize-pass-by-value): a copy, and no move to compile beside it
    routed_lanes(const ring::shared<state_type>& state, partitioner&& choose)
        : state_(state), lanes_(*state_), choose_(static_cast<partitioner&&>(choose))
    {
    }

    [[nodiscard]] state_type& state() const noexcept { return *state_; }
    /// Those that it knows of.
    [[nodiscard]] std::size_t partitions() const noexcept { return lanes_.size(); }

    [[nodiscard]] lane& lane_of(partition_id p) { return lanes_[p]; }
    [[nodiscard]] partition_id existing(partition_id p) { return lanes_.existing(*state_, p); }

    /// Where the record goes: where it is told, or where the partitioner says.
    [[nodiscard]] partition_id route(const value_type& value, const attributes& given)
    {
        if (given.partition != any_partition) [[unlikely]] {
            return existing(given.partition);
        }
        const std::size_t known = lanes_.known(*state_);
        if (known == 1) [[likely]] {
            return partition_id{0};
        }
        if constexpr (copied_to_stay_in_registers) {
            const value_type copy = value;
            const attributes taken = given;
            return existing(choose_(request{*state_, known, copy, taken.key}));
        } else {
            return existing(choose_(request{*state_, known, value, given.key}));
        }
    }

    /// The same for a run of records that are not looked at.
    template <class Attempt>
    claimed claim_or_move(partition_id& p, const attributes& given, Attempt&& attempt)
    {
        const claimed got = attempt(lane_of(p));
        if (got.outcome == claiming::full && !routes_each_record && goes_elsewhere(p, given)) {
            return attempt(lane_of(p));
        }
        return got;
    }

    /// The partition is full, and the record has no key: another one, where it may choose.
    [[nodiscard]] bool goes_elsewhere(partition_id& p, const attributes& given)
    {
        if constexpr (has_elsewhere) {
            const std::size_t known = lanes_.known(*state_);
            if (known > 1 && given.partition == any_partition) {
                p = existing(choose_.when_full(partition_loads{*state_, known}));
                return true;
            }
        }
        return false;
    }

    /// A run of records went where the partitioner had said for the first of them.
    void note_run(const attributes& given, std::size_t count)
    {
        if constexpr (!routes_each_record && requires { choose_.went_along(count); }) {
            if (given.partition == any_partition) {
                choose_.went_along(count - 1);
            }
        }
    }

    /// A claim is for values that do not exist yet: without a partition or a key it goes where a
    /// record without a key would.
    partition_id route_claim(const attributes& given)
    {
        const std::size_t known = lanes_.known(*state_);
        if (known == 1) {
            return partition_id{0};
        }
        if constexpr (std::is_default_constructible_v<value_type> && !layout::key_policy::derived) {
            return existing(choose_(request{*state_, known, value_type{}, given.key}));
        } else {
            GREGOR_ASSERT(false,
                          "a claim of this topic needs .partition: its values choose it, and do "
                          "not exist yet");
            return partition_id{0};
        }
    }

private:
    ring::shared<state_type> state_;
    lanes lanes_;
    GREGOR_NO_UNIQUE_ADDRESS partitioner choose_;
};

} // namespace gregor::inline GREGOR_ABI
