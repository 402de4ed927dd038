// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"

// What `group_admin` says of groups.

namespace gregor::inline GREGOR_ABI {

/// How a group stands, in Kafka's words where it has one.
enum class group_status : std::uint8_t {
    stable,      ///< each partition is read by the member that is to read it
    rebalancing, ///< members came or went; a partition is still to be given or taken
    empty,       ///< no members, and producers wait for it: it is declared, or they were fenced
    dormant,     ///< no members, and nobody waits for it (to Kafka it is empty, too)
};

[[nodiscard]] constexpr const char* name_of(group_status status) noexcept
{
    switch (status) {
    case group_status::stable: return "stable";
    case group_status::rebalancing: return "rebalancing";
    case group_status::empty: return "empty";
    case group_status::dormant: return "dormant";
    }
    return "?";
}

/// One line of `group_admin::list`.
struct group_listing {
    std::string name;
    group_status status = group_status::dormant;
    std::size_t members = 0;
};

struct member_description {
    std::uint64_t id = 0;
    std::string instance_id;
    bool away = false; ///< a static member that has gone, and whose partitions are kept for it
    std::vector<partition_id> partitions;
};

/// How far a group is in one partition.
struct group_partition {
    partition_id partition;
    std::optional<std::uint64_t> owner; ///< the id of the member that reads it
    std::optional<offset_t> committed;  ///< the next to read for who takes over
    std::string metadata;               ///< what was committed with it
    offset_t end = 0;
    /// End minus committed; where nothing was committed, minus where a first reader would start.
    std::uint64_t lag = 0;
};

/// What `group_admin::describe` says: a snapshot.
struct group_description {
    std::string name;
    group_status status = group_status::dormant;
    bool lossy = false;
    bool declared = false;        ///< in the topic's options
    std::uint64_t generation = 0; ///< how often it was said who is to read what
    std::uint64_t lag = 0;        ///< of all partitions together
    std::vector<member_description> members;
    std::vector<group_partition> partitions;

    /// One line for the group and one a partition, for people.
    [[nodiscard]] std::string to_string() const
    {
        std::string all =
            text({"group \"", name, "\": ", name_of(status), lossy ? ", lossy" : ", lossless",
                  declared ? ", declared" : "", ", generation ", std::to_string(generation), ", ",
                  std::to_string(members.size()), members.size() == 1 ? " member" : " members",
                  ", lag ", std::to_string(lag)});
        for (const group_partition& each : partitions) {
            all += text({"\n  partition ", std::to_string(each.partition.value), ": ",
                         each.owner ? text({"member ", std::to_string(*each.owner)}) : "no owner",
                         each.committed ? text({", committed ", std::to_string(*each.committed)})
                                        : ", nothing committed",
                         ", end ", std::to_string(each.end), ", lag ", std::to_string(each.lag)});
        }
        return all;
    }
};

} // namespace gregor::inline GREGOR_ABI
