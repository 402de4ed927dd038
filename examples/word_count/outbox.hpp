// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gregor/gregor.hpp>

#include "topics.hpp"
#include "words.hpp"

namespace word_count {

/// Words on their way into the topic, put together by the partition that their key leads to. A box
/// is published at once, so tokenizers meet at a partition once a box and not once a word. A word
/// in a box is a view of letters that lie here; it becomes a string where it is read, in the topic.
class outbox {
public:
    explicit outbox(word_topic& words)
        : out_{words}, boxes_(words.partitions()), letters_(most_letters)
    {
    }

    /// Where the next word is to be written: there is room for the longest.
    char* room()
    {
        if (letters_.size() - used_ < longest_word) {
            send_all();
        }
        return letters_.data() + used_;
    }

    /// Takes the word that was written there.
    void add(std::string_view word)
    {
        used_ += word.size();
        const auto key = gregor::key_bytes<std::string_view>::of(word);
        const auto partition = gregor::partition_of(key, static_cast<std::uint32_t>(boxes_.size()));
        boxes_[partition.value].push_back(word);
        if (boxes_[partition.value].size() == full) {
            send(partition);
        }
    }

    void send_all()
    {
        for (std::uint32_t p = 0; p != boxes_.size(); ++p) {
            if (!boxes_[p].empty()) {
                send(gregor::partition_id{p});
            }
        }
        used_ = 0;
    }

private:
    static constexpr std::size_t full = 256;
    static constexpr std::size_t most_letters = 1 << 16;
    static constexpr std::size_t short_word =
        15; // a string holds so many without memory of its own

    void send(gregor::partition_id partition)
    {
        std::vector<std::string_view>& box = boxes_[partition.value];
        // waits while the counters are behind; refused when they have been given up
        if (auto claim = out_.claim(box.size(), {.partition = partition})) {
            for (const std::string_view word : box) {
                build(claim, word);
            }
            claim.publish();
        }
        box.clear();
    }

    /// Nearly all words are short. Letters that lie behind the word are copied, too, and cut off:
    /// to copy so many, whatever the word, takes a third of what it takes to copy just the word.
    static void build(gregor::claim<word_topic>& claim, std::string_view word)
    {
        if (word.size() <= short_word) {
            claim.emplace(word.data(), short_word).resize(word.size());
        } else {
            claim.emplace(word);
        }
    }

    gregor::producer<word_topic> out_;
    std::vector<std::vector<std::string_view>> boxes_; // one for each partition
    std::vector<char> letters_;                        // of the words in the boxes
    std::size_t used_ = 0;
};

} // namespace word_count
