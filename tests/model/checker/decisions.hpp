// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "model/checker/basics.hpp"

namespace gregor::model {

/// The choices of one execution, in order. The program is run again from its start with the same
/// choices up to some point, and another one there; so the list is all that tells executions apart.
class decisions {
public:
    enum class source { depth_first, random, replay };

    explicit decisions(source from, std::uint64_t seed = 0) : source_(from), random_(seed) {}

    /// One of `count`. The first is what a machine would most likely do.
    [[nodiscard]] unsigned choose(unsigned count)
    {
        if (count < 2) {
            return 0;
        }
        if (next_ < taken_.size()) [[likely]] {
            return again(count);
        }
        return record(source_ == source::random ? at_random(count) : 0, count);
    }

    /// One of `count`; where this search does not choose by itself, the one that the caller wants.
    [[nodiscard]] unsigned choose(unsigned count, unsigned wanted)
    {
        if (count < 2 || source_ != source::random) {
            return choose(count);
        }
        return record(wanted, count);
    }

    [[nodiscard]] std::uint64_t random_number() { return random_(); }

    /// Before an execution: of a search by depth its prefix is kept.
    void rewind();

    /// To the next execution of a search by depth; false when there is none.
    [[nodiscard]] bool advance();

    void forget() { taken_.clear(); }

    [[nodiscard]] std::string encode() const;

    /// False for a text that is no list of choices.
    [[nodiscard]] bool decode(std::string_view text);

private:
    struct decision {
        std::uint32_t chosen;
        std::uint32_t count; ///< 0 when it is not known: it comes from a text
    };

    unsigned again(unsigned count)
    {
        decision& known = taken_[next_++];
        known.count = count;
        // a text that belongs to another program: anything will do
        return known.chosen < count ? known.chosen : count - 1;
    }

    unsigned record(unsigned chosen, unsigned count)
    {
        taken_.push_back({chosen, count});
        ++next_;
        return chosen;
    }

    unsigned at_random(unsigned count)
    {
        const std::uint64_t bits = random_();
        return (bits & 1U) != 0 ? 0 : static_cast<unsigned>((bits >> 1U) % count);
    }

    source source_;
    std::mt19937_64 random_;
    outside_vector<decision> taken_;
    std::size_t next_ = 0;
};

} // namespace gregor::model
