// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <gregor/gregor.hpp>

#include "topics.hpp"

namespace word_count {

/// Words on their way into the topic, put together by the partition that their key leads to. A box
/// is published at once, so tokenizers meet at a partition once a box and not once a word.
class outbox {
public:
    explicit outbox(word_topic& words) : out_{words}, boxes_(words.partitions()) {}

    void add(std::string_view letters)
    {
        const std::uint32_t hash = hash_of(letters);
        // where the topic's partitioner leads such a key, by the same hash
        const std::uint32_t partition =
            (hash & 0x7fffffffU) % static_cast<std::uint32_t>(boxes_.size());
        boxes_[partition].emplace_back(letters, hash);
        if (boxes_[partition].size() == full) {
            send(partition);
        }
    }

    void send_all()
    {
        for (std::uint32_t p = 0; p != boxes_.size(); ++p) {
            send(p);
        }
    }

private:
    static constexpr std::size_t full = 256;

    void send(std::uint32_t partition)
    {
        std::vector<word>& box = boxes_[partition];
        // waits while the counters are behind
        out_.send_batch(std::move(box), {.partition = gregor::partition_id{partition}});
        box.clear();
    }

    gregor::producer<word_topic> out_;
    std::vector<std::vector<word>> boxes_; // one for each partition
};

} // namespace word_count
