// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

/// What keeps a partition from going on.
enum class holder_kind : std::uint8_t {
    group, ///< a committed offset: the group has not committed beyond it
    batch, ///< a batch in somebody's hands, from its first record on
    claim, ///< a claim that was neither published nor dropped: readers stop before it
};

struct holder {
    partition_id partition;
    holder_kind kind;
    std::string name;               ///< the group; "(no group)" for a consumer without one
    offset_t offset;                ///< nothing from here on can be overwritten, or read
    std::uint64_t behind_records;   ///< from there to the end
    std::chrono::nanoseconds since; ///< how long producers have found no room; 0 while they do
};

template <class Explanation>
[[nodiscard]] std::string in_words(const Explanation& why);

/// What `topic.explain()` found: nobody in it means that nobody holds anybody back.
struct explanation {
    std::string topic;
    std::vector<holder> holders;

    /// One line a holder, for people. (A template, to be compiled by who calls it.)
    template <class Self = explanation>
    [[nodiscard]] std::string to_string() const
    {
        return in_words(static_cast<const Self&>(*this));
    }
};

template <class Explanation>
[[nodiscard]] std::string in_words(const Explanation& why)
{
    if (why.holders.empty()) {
        return "topic \"" + why.topic + "\": nobody holds producers back";
    }
    std::string text;
    for (const auto& each : why.holders) {
        text += text.empty() ? "" : "\n";
        text += "topic \"" + why.topic + "\" partition " + std::to_string(each.partition.value);
        switch (each.kind) {
        case holder_kind::group: text += ": committed offset of \"" + each.name + "\""; break;
        case holder_kind::batch: text += ": batch held by \"" + each.name + "\""; break;
        case holder_kind::claim: text += ": " + each.name; break;
        }
        text += " at offset " + std::to_string(each.offset) + ", " +
                std::to_string(each.behind_records) + " records behind the end";
        if (each.since.count() > 0) {
            text += ", no room for " +
                    std::to_string(
                        std::chrono::duration_cast<std::chrono::milliseconds>(each.since).count()) +
                    " ms";
        }
    }
    return text;
}

} // namespace gregor::inline GREGOR_ABI
