// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/reading.hpp"

#if GREGOR_FILES

// How a log that another life has left is read from a disk.

using gregor::offset_t;
using gregor::partition_id;
using support::log_in;
using support::scratch_directory;
using support::segment;
using support::trade;

namespace {

constexpr partition_id zero{0};

/// Remembers what is asked for ahead.
struct watched_files : gregor::disk::os_files {
    static inline std::vector<std::pair<void*, std::size_t>> ahead;

    static void populate(void* at, std::size_t bytes, bool to_write) noexcept
    {
        if (!to_write) {
            ahead.emplace_back(at, bytes);
        }
        os_files::populate(at, bytes, to_write);
    }
};

struct watched_disk {
    using policy_kind = gregor::kind::storage;
};

} // namespace

template <class Record, bool Many>
struct gregor::log_of<watched_disk, Record, Many> {
    using type = gregor::mapped_log<Record, Many, gregor::ring::std_env, watched_files>;
};

namespace {

using watched_topic = gregor::topic<trade, watched_disk>;

void send(watched_topic& topic, std::uint64_t from, std::uint64_t to)
{
    gregor::producer out{topic};
    for (; from != to; ++from) {
        REQUIRE(out.send(trade::number(from)));
    }
}

/// Reads on from there, and says which segments were asked for ahead.
std::vector<offset_t> asked_for(watched_topic& topic, offset_t from, std::size_t most,
                                const void* of_first)
{
    watched_files::ahead.clear();
    gregor::consumer<watched_topic> in{topic, {.max_poll_records = most}};
    in.assign({zero});
    in.seek(zero, from);
    offset_t next = from;
    for (const trade& value : support::read_values(in)) {
        REQUIRE(value == trade::number(next++));
    }
    CHECK(next == topic.end_offset(zero));
    std::vector<offset_t> segments;
    for (const auto& [at, bytes] : watched_files::ahead) {
        CHECK(bytes == segment * sizeof(watched_topic::slot_type));
        const auto distance = static_cast<const char*>(at) - static_cast<const char*>(of_first);
        segments.push_back(static_cast<offset_t>(distance) / bytes);
    }
    return segments;
}

} // namespace

TEST_CASE("who reads what another life has left asks for a segment ahead", "[durable]")
{
    const scratch_directory folder;
    {
        watched_topic topic{"trades", log_in(folder)};
        send(topic, 0, 4 * segment + 9);
    }
    watched_topic topic{"trades", log_in(folder)};
    send(topic, 4 * segment + 9, 6 * segment);
    gregor::consumer<watched_topic> first{topic, {.max_poll_records = 1}};
    first.assign({zero});
    const auto batch = first.try_poll();
    REQUIRE(batch.size() == 1);
    const char* const of_first = reinterpret_cast<const char*>(&batch[0].stored()) - 16;
    // of the last one, there is something in this life: it is in memory
    using list = std::vector<offset_t>;
    CHECK(asked_for(topic, 0, 100, of_first) == list{1, 2, 3, 4});
    CHECK(asked_for(topic, 0, segment, of_first) == list{1, 2, 3, 4});
    CHECK(asked_for(topic, segment - 1, 1, of_first) == list{2, 3, 4});
    CHECK(asked_for(topic, segment, 1, of_first) == list{2, 3, 4});
    CHECK(asked_for(topic, segment + 1, 7, of_first) == list{3, 4});
    CHECK(asked_for(topic, 3 * segment + 1, 7, of_first) == list{});
}

#endif
