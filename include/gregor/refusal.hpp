// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/options.hpp"

// What cannot be opened, and the sentence that says so. Nothing here depends on a topic's type, so
// it is compiled once.

namespace gregor::inline GREGOR_ABI::refusal {

[[nodiscard]] inline std::string quoted(std::string_view kind, std::string_view name)
{
    return text({kind, " \"", name, "\""});
}

inline constexpr std::uint32_t most_partitions = 65536;

/// The options of a topic whose partitions can hold `most_records`, in one group only or in many.
[[nodiscard]] inline std::optional<error> of_topic(std::string_view name,
                                                   const topic_options& options,
                                                   std::size_t most_records, bool one_group)
{
    const auto no = [&](errc code, std::string_view expected,
                        std::string_view found) -> std::optional<error> {
        return error{code, quoted("topic", name), expected, found};
    };
    if (name.empty()) {
        return no(errc::invalid_name, "a name", "an empty one");
    }
    if (options.partitions == 0 || options.partitions > most_partitions) {
        return no(errc::invalid_option, "1 to 65536 partitions",
                  std::to_string(std::size_t{options.partitions}));
    }
    const std::size_t capacity = options.capacity_records;
    if (capacity < 2 || capacity > most_records || (capacity & (capacity - 1)) != 0) {
        return no(errc::invalid_option,
                  text({"capacity_records to be a power of two from 2 to ",
                        std::to_string(most_records)}),
                  std::to_string(capacity));
    }
    if (one_group && options.groups.size() > 1) {
        return no(errc::group_not_allowed, "one group at most, by groups::one",
                  text({std::to_string(options.groups.size()), " declared groups"}));
    }
    for (std::size_t i = 0; i != options.groups.size(); ++i) {
        if (options.groups[i].empty()) {
            return no(errc::invalid_name, "declared groups to have names", "an empty one");
        }
        for (std::size_t j = 0; j != i; ++j) {
            if (options.groups[i] == options.groups[j]) {
                return no(errc::invalid_option, "each group to be declared once",
                          text({quoted("group", options.groups[i]), " twice"}));
            }
        }
    }
    return std::nullopt;
}

[[nodiscard]] inline error log_in_memory(std::string_view name, std::string_view directory)
{
    return error{errc::invalid_option, quoted("topic", name),
                 "no log.directory, without storage::mmap_log", text({"\"", directory, "\""})};
}

[[nodiscard]] inline error no_memory_for_topic(std::string_view name, const topic_options& options,
                                               std::size_t slot_bytes)
{
    return error{errc::out_of_memory, quoted("topic", name),
                 text({"memory for ", std::to_string(std::size_t{options.partitions}),
                       " partitions of ", std::to_string(options.capacity_records), " records of ",
                       std::to_string(slot_bytes), " bytes"}),
                 "less"};
}

/// So many partitions more in a topic that has `there`.
[[nodiscard]] inline std::optional<error> of_growth(std::string_view name, bool closed,
                                                    std::size_t there, std::uint32_t more)
{
    const std::string operation = text({"partitions added to ", quoted("topic", name)});
    if (closed) {
        return error{errc::topic_closed, operation, "an open topic", "a closed one"};
    }
    const std::size_t room = most_partitions - there;
    if (more == 0 || more > room) {
        const std::string some = text({"1 to ", std::to_string(room), " more"});
        return error{errc::invalid_option, operation,
                     text({room == 0 ? "none more" : some, ", of ", std::to_string(most_partitions),
                           " in all"}),
                     std::to_string(more)};
    }
    return std::nullopt;
}

[[nodiscard]] inline error no_memory_for_growth(std::string_view name, std::uint32_t more)
{
    return error{errc::out_of_memory, text({"partitions added to ", quoted("topic", name)}),
                 text({"memory for ", std::to_string(more), " more"}), "less"};
}

[[nodiscard]] inline error second_producer(std::string_view topic)
{
    return error{errc::producer_exists, text({"producer of ", quoted("topic", topic)}),
                 "no other producer, by producers::single", "one alive"};
}

[[nodiscard]] inline error no_memory_for_producer(std::string_view topic)
{
    return error{errc::out_of_memory, text({"producer of ", quoted("topic", topic)}),
                 "memory for it, and for 8 bytes a slot when it is the second", "less"};
}

/// The options of a consumer, with or without a group, of a topic for one group only or for many.
[[nodiscard]] inline std::optional<error>
of_consumer(std::string_view topic, bool in_group, std::string_view group,
            const consumer_options& options, bool one_group, bool has_timestamps, bool durable)
{
    const auto no = [&](errc code, std::string_view expected,
                        std::string_view found) -> std::optional<error> {
        return error{code, text({"consumer of ", quoted("topic", topic)}), expected, found};
    };
    if (options.max_poll_records == 0) {
        return no(errc::invalid_option, "max_poll_records of 1 or more", "0");
    }
    if (options.max_poll_interval <= std::chrono::nanoseconds{0}) {
        return no(errc::invalid_option, "a max_poll_interval above 0",
                  text({std::to_string(options.max_poll_interval.count()), " ns"}));
    }
    if (options.reset == auto_offset_reset::by_duration && !has_timestamps) {
        return no(errc::invalid_option,
                  "a topic with timestamps, by auto_offset_reset::by_duration", "one without");
    }
    if (options.isolation == isolation::durable && !durable) {
        return no(errc::invalid_option, "a topic with storage::mmap_log, by isolation::durable",
                  "one in memory");
    }
    if (options.reset_duration < std::chrono::nanoseconds{0}) {
        return no(errc::invalid_option, "a reset_duration of 0 or more",
                  text({std::to_string(options.reset_duration.count()), " ns"}));
    }
    if (in_group && group.empty()) {
        return no(errc::invalid_name, "a group name", "an empty one");
    }
    if (one_group && options.lossy) {
        return no(errc::group_not_allowed, "a lossless group, by groups::one", "lossy");
    }
    if (one_group && !in_group) {
        return no(errc::group_not_allowed, "a group, by groups::one", "none");
    }
    return std::nullopt;
}

[[nodiscard]] inline error no_memory_for_consumer(std::string_view topic)
{
    return error{errc::out_of_memory, text({"consumer of ", quoted("topic", topic)}),
                 "memory for it", "less"};
}

[[nodiscard]] inline error second_group(std::string_view topic, std::string_view group,
                                        std::string_view there)
{
    return error{errc::group_not_allowed,
                 text({"consumer of ", quoted("topic", topic), " in ", quoted("group", group)}),
                 "one group only, by groups::one", quoted("group", there)};
}

[[nodiscard]] inline error declared_lossy(std::string_view topic, std::string_view group)
{
    return error{errc::invalid_option, quoted("topic", topic),
                 text({"declared groups to be lossless, as ", quoted("group", group), " too"}),
                 "a lossy one in the log"};
}

[[nodiscard]] inline error other_loss(std::string_view topic, std::string_view group,
                                      bool made_lossy)
{
    return error{errc::invalid_option,
                 text({"consumer of ", quoted("topic", topic), " in ", quoted("group", group)}),
                 made_lossy ? "lossy, as the group was made" : "lossless, as the group was made",
                 made_lossy ? "lossless" : "lossy"};
}

} // namespace gregor::inline GREGOR_ABI::refusal
