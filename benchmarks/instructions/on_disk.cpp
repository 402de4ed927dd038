// SPDX-License-Identifier: MIT
#include "work.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gregor/gregor.hpp"
#include "gregor/mmap_log.hpp"

#if GREGOR_FILES

#    include "../durable/store.hpp"

namespace {

struct record {
    std::array<std::uint64_t, 8> words;
};

constexpr std::size_t batch = 16;

/// Sends into room that is prepared before, as much of it whatever is sent.
template <class Work>
bool in_prepared_room(long times, std::size_t records_each, Work&& work)
{
    constexpr std::size_t room = std::size_t{128} << 20U;
    using topic_type = gregor::topic<record, gregor::storage::mmap_log>;
    const benchmarks::scratch_folder folder;
    gregor::topic_options options;
    options.log.directory = folder.path().string();
    options.log.segment_bytes = room;
    options.log.prepare_bytes = room;
    topic_type topic{"counted", options};
    topic.maintain();
    gregor::producer out{topic};
    for (long done = 0; done != times; ++done) {
        work(out);
    }
    return topic.end_offset(gregor::partition_id{0}) ==
           records_each * static_cast<std::size_t>(times);
}

bool one_by_one(long times)
{
    const record value{};
    return in_prepared_room(times, 1, [&](auto& out) { (void)out.send(value); });
}

bool by_batch(long times)
{
    const std::vector<record> values(batch);
    return in_prepared_room(times, batch, [&](auto& out) { (void)out.send_batch(values); });
}

constexpr work all[] = {
    {"send,on_disk", one_by_one},
    {"send_batch,on_disk", by_batch},
};

} // namespace

std::span<const work> on_disk_work()
{
    return all;
}

#else

std::span<const work> on_disk_work()
{
    return {};
}

#endif
