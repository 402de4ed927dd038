// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
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

[[nodiscard]] inline error unnamed_topic()
{
    return error{errc::invalid_name, "topic \"\"|a name|an empty one", {}};
}

/// The options of a topic whose partitions can hold `most_records`, in one group only or in many.
[[nodiscard]] inline objection of_topic(std::string_view name, const topic_options& options,
                                        std::size_t most_records, bool one_group)
{
    const auto no = [&](errc code, text_parts expected, text_parts found) -> objection {
        return error{code, {"topic \"", name, "\""}, expected, found};
    };
    if (name.empty()) {
        return unnamed_topic();
    }
    if (options.partitions == 0 || options.partitions > most_partitions) {
        return no(errc::invalid_option, {"1 to 65536 partitions"}, {digits{options.partitions}});
    }
    const std::size_t capacity = options.capacity_records;
    if (capacity < 2 || capacity > most_records || (capacity & (capacity - 1)) != 0) {
        return no(errc::invalid_option,
                  {"capacity_records to be a power of two from 2 to ", digits{most_records}},
                  {digits{capacity}});
    }
    if (one_group && options.groups.size() > 1) {
        return no(errc::group_not_allowed, {"one group at most, by groups::one"},
                  {digits{options.groups.size()}, " declared groups"});
    }
    for (std::size_t i = 0; i != options.groups.size(); ++i) {
        const std::string_view group = options.groups[i];
        if (group.empty()) {
            return no(errc::invalid_name, {"declared groups to have names"}, {"an empty one"});
        }
        for (std::size_t j = 0; j != i; ++j) {
            if (same_text(group, options.groups[j])) {
                return no(errc::invalid_option, {"each group to be declared once"},
                          {"group \"", group, "\" twice"});
            }
        }
    }
    return {};
}

[[nodiscard]] inline error log_in_memory(std::string_view name, std::string_view directory)
{
    return error{errc::invalid_option,
                 {"topic \"", name, "\""},
                 {"no log.directory, without storage::mmap_log"},
                 {"\"", directory, "\""}};
}

[[nodiscard]] inline error no_memory_for_topic(std::string_view name, std::size_t partitions,
                                               std::size_t capacity_records, std::size_t slot_bytes)
{
    return error{errc::out_of_memory,
                 "topic \"%\"|memory for % partitions of % records of % bytes|less",
                 {name, digits{partitions}, digits{capacity_records}, digits{slot_bytes}}};
}

/// So many partitions more in a topic that has `there`.
[[nodiscard]] inline objection of_growth(std::string_view name, bool closed, std::size_t there,
                                         std::uint32_t more)
{
    const auto no = [&](errc code, text_parts expected, text_parts found) -> objection {
        return error{code, {"partitions added to topic \"", name, "\""}, expected, found};
    };
    if (closed) {
        return no(errc::topic_closed, {"an open topic"}, {"a closed one"});
    }
    const std::size_t room = most_partitions - there;
    if (more == 0 || more > room) {
        const digits most{room};
        return no(errc::invalid_option,
                  {room == 0 ? "none" : "1 to ", room == 0 ? "" : std::string_view{most},
                   " more, of ", digits{most_partitions}, " in all"},
                  {digits{more}});
    }
    return {};
}

[[nodiscard]] inline error no_memory_for_growth(std::string_view name, std::uint32_t more)
{
    return error{errc::out_of_memory,
                 {"partitions added to topic \"", name, "\""},
                 {"memory for ", digits{more}, " more"},
                 {"less"}};
}

[[nodiscard]] inline error second_producer(std::string_view topic)
{
    return error{errc::producer_exists,
                 "producer of topic \"%\"|no other producer, by producers::single|one alive",
                 {topic}};
}

/// The options of a consumer, with or without a group, of a topic for one group only or for many.
[[nodiscard]] inline objection of_consumer(std::string_view topic, bool in_group,
                                           const consumer_options& options, bool one_group,
                                           bool has_timestamps, bool durable)
{
    const auto no = [&](errc code, const char* expected, text_parts found) -> objection {
        return error{code, {"consumer of topic \"", topic, "\""}, {expected}, found};
    };
    const auto no_time = [&](const char* expected, std::int64_t ns) {
        const auto number = static_cast<std::uint64_t>(ns);
        return no(errc::invalid_option, expected,
                  {ns < 0 ? "-" : "", digits{ns < 0 ? 0 - number : number}, " ns"});
    };
    if (options.max_poll_records == 0) {
        return no(errc::invalid_option, "max_poll_records of 1 or more", {"0"});
    }
    if (options.max_poll_interval.count() <= 0) {
        return no_time("a max_poll_interval above 0", options.max_poll_interval.count());
    }
    if (options.reset == auto_offset_reset::by_duration && !has_timestamps) {
        return no(errc::invalid_option,
                  "a topic with timestamps, by auto_offset_reset::by_duration", {"one without"});
    }
    if (options.isolation == isolation::durable && !durable) {
        return no(errc::invalid_option, "a topic with storage::mmap_log, by isolation::durable",
                  {"one in memory"});
    }
    if (options.reset_duration.count() < 0) {
        return no_time("a reset_duration of 0 or more", options.reset_duration.count());
    }
    if (one_group && options.lossy) {
        return no(errc::group_not_allowed, "a lossless group, by groups::one", {"lossy"});
    }
    if (one_group && !in_group) {
        return no(errc::group_not_allowed, "a group, by groups::one", {"none"});
    }
    return {};
}

[[nodiscard]] inline error unnamed_group(std::string_view topic)
{
    return error{errc::invalid_name, "consumer of topic \"%\"|a group name|an empty one", {topic}};
}

/// `what` is a consumer, or a producer.
[[nodiscard]] inline error no_memory_for(const char* what, std::string_view topic,
                                         const char* expected)
{
    return error{errc::out_of_memory, "% of topic \"%\"|%|less", {what, topic, expected}};
}

[[nodiscard]] inline error second_group(std::string_view topic, std::string_view group,
                                        std::string_view there)
{
    return error{errc::group_not_allowed,
                 "consumer of topic \"%\" in group \"%\"|one group only, by groups::one|"
                 "group \"%\"",
                 {topic, group, there}};
}

[[nodiscard]] inline error declared_lossy(std::string_view topic, std::string_view group)
{
    return error{errc::invalid_option,
                 {"topic \"", topic, "\""},
                 {"declared groups to be lossless, as group \"", group, "\" too"},
                 {"a lossy one in the log"}};
}

[[nodiscard]] inline error other_loss(std::string_view topic, std::string_view group,
                                      bool made_lossy)
{
    return error{errc::invalid_option,
                 made_lossy ? "consumer of topic \"%\" in group \"%\"|"
                              "lossy, as the group was made|lossless"
                            : "consumer of topic \"%\" in group \"%\"|"
                              "lossless, as the group was made|lossy",
                 {topic, group}};
}

} // namespace gregor::inline GREGOR_ABI::refusal
