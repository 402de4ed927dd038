// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <memory>
#    include <string>
#    include <string_view>
#    include <type_traits>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/upgrades.hpp"

// A log of two partitions with a group that has committed, its upgrade, and what has to be there
// before and after it: by any storage, of trades that become quotes, or of texts that become
// numbers.

namespace upgrade_scene {

using gregor::offset_t;
using support::quote;
using support::segment;
using support::trade;

inline constexpr gregor::partition_id zero{0};
inline constexpr gregor::partition_id one{1};
inline constexpr offset_t begin = segment;
inline constexpr offset_t end = 2 * segment + 70;
inline constexpr offset_t read_to = 700;

using numbers = std::vector<std::uint64_t>;

/// What becomes of a record.
inline quote made_of(const trade& old)
{
    return quote::of(old);
}
inline numbers made_of(std::string_view old)
{
    return {old.size(), old.empty() ? 0U : static_cast<std::uint64_t>(old.front())};
}

inline gregor::topic_options options_in(const std::string& directory)
{
    gregor::topic_options options;
    options.partitions = 2;
    options.log.directory = directory;
    options.log.segment_records = segment;
    options.log.blob_chunk_bytes = 16384;
    return options;
}

/// The old log, open. Those below `lasting` are so, and what the group has committed.
template <class Old, class Storage>
std::unique_ptr<gregor::topic<Old, Storage>> make_log(const std::string& directory,
                                                      offset_t lasting = 0)
{
    auto options = options_in(directory);
    options.log.retention_bytes =
        2 * (std::is_same_v<Old, trade> ? segment * 32 : segment * 40 + 16384);
    auto topic = std::make_unique<gregor::topic<Old, Storage>>("trades", options);
    gregor::producer out{*topic};
    bool sent = true;
    const auto send_to = [&](offset_t n, offset_t until) {
        for (; n != until; ++n) {
            sent = out.send(support::numbered<Old>(n), {.partition = zero}) && sent;
        }
    };
    sent = out.send(support::numbered<Old>(0), {.partition = one}) && sent;
    send_to(0, lasting == 0 ? end : lasting);
    {
        gregor::consumer in{*topic, "risk", {.auto_commit = false}};
        while (!in.try_poll().empty()) {}
        REQUIRE(in.commit(zero, read_to, "as of then") == gregor::commit_status::ok);
    }
    if (lasting != 0) {
        REQUIRE_FALSE(topic->flush());
        send_to(lasting, end);
    }
    REQUIRE(sent);
    REQUIRE(topic->begin_offset(zero) == begin);
    return topic;
}

/// What comes of an upgrade.
template <class Old, class New, class Storage>
gregor::result<gregor::upgrade_report> upgrade(const std::string& directory, bool keeps)
{
    return gregor::upgrade<gregor::topic<Old, Storage>, gregor::topic<New, Storage>>(
        "trades", options_in(directory), [](const auto& old) { return made_of(old.value()); },
        {.keep_old = keeps});
}

/// What is wrong with a log whose records are to be those, made of numbers; empty where nothing is.
/// It may end at `least` or behind it; where it does is said.
template <class Value, class Storage, class Expected>
std::string look_through(const std::string& directory, Expected&& expected, offset_t least,
                         offset_t& ends)
{
    auto topic = gregor::topic<Value, Storage>::create("trades", options_in(directory));
    if (!topic) {
        return topic.error().what();
    }
    ends = topic->end_offset(zero);
    if (topic->partitions() != 2 || topic->begin_offset(zero) != begin || ends < least ||
        ends > end || topic->end_offset(one) != 1) {
        return "it goes from " + std::to_string(topic->begin_offset(zero)) + " to " +
               std::to_string(ends);
    }
    gregor::consumer in{*topic, "risk", {.auto_commit = false}};
    if (in.committed(zero) != read_to || in.committed_metadata(zero) != "as of then") {
        return "another committed offset";
    }
    offset_t next = begin;
    offset_t others = 0;
    in.seek(zero, next);
    for (auto batch = in.try_poll(); !batch.empty(); batch = in.try_poll()) {
        for (const auto& record : batch) {
            offset_t& at = record.partition() == zero ? next : others;
            if (record.offset() != at || record.copy() != expected(at)) {
                return "not what it became at " + std::to_string(record.offset());
            }
            ++at;
        }
        batch.let_go();
    }
    return next == ends && others == 1 ? "" : "it stops at " + std::to_string(next);
}

template <class Old, class Storage>
std::string look_through_old(const std::string& directory, offset_t least, offset_t& ends)
{
    return look_through<Old, Storage>(
        directory, [](offset_t n) { return support::numbered<Old>(n); }, least, ends);
}
template <class Old, class Storage>
std::string look_through_old(const std::string& directory)
{
    offset_t ends = 0;
    return look_through_old<Old, Storage>(directory, end, ends);
}
template <class Old, class New, class Storage>
std::string look_through_new(const std::string& directory, offset_t least, offset_t& ends)
{
    return look_through<New, Storage>(
        directory, [](offset_t n) { return made_of(support::numbered<Old>(n)); }, least, ends);
}
template <class Old, class New, class Storage>
std::string look_through_new(const std::string& directory)
{
    offset_t ends = 0;
    return look_through_new<Old, New, Storage>(directory, end, ends);
}

} // namespace upgrade_scene

#endif
