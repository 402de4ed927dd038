// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace support {

/// What one partition promises, in plain words: what was sent where, what may still be read, and
/// whether there is room for more. One thread; nothing of the ring's protocols is in here.
class log_model {
public:
    enum class entry : std::uint8_t { pending, record, skipped };

    struct place {
        entry what;
        std::uint64_t value;
    };

    explicit log_model(std::uint64_t capacity) : capacity_(capacity), limit_(capacity) {}

    [[nodiscard]] std::uint64_t capacity() const { return capacity_; }
    [[nodiscard]] std::uint64_t begin() const { return limit_ - capacity_; }
    [[nodiscard]] std::uint64_t end() const { return places_.size(); }
    [[nodiscard]] bool holds_record(std::uint64_t at) const
    {
        return at < end() && places_[at].what == entry::record;
    }
    [[nodiscard]] bool holds_skipped(std::uint64_t at) const
    {
        return at < end() && places_[at].what == entry::skipped;
    }
    [[nodiscard]] std::uint64_t value(std::uint64_t at) const { return places_[at].value; }

    /// Whether `count` records can be claimed now, while nothing from `protection` on may be
    /// overwritten. What gives way then goes in steps of a sixteenth, as documented.
    bool make_room(std::uint64_t count, std::uint64_t protection)
    {
        return make_room(end(), count, protection);
    }
    bool make_room(std::uint64_t first, std::uint64_t count, std::uint64_t protection)
    {
        const std::uint64_t need = first + count;
        if (need <= limit_) {
            return true;
        }
        const std::uint64_t step = std::max<std::uint64_t>(1, capacity_ / 16);
        const std::uint64_t wanted = std::min(std::max(limit_ + step, need), first + capacity_);
        const std::uint64_t to =
            std::min({wanted, protection + capacity_, first_pending() + capacity_});
        if (to < need) {
            return false;
        }
        limit_ = to;
        return true;
    }

    void append(entry what, std::uint64_t value) { places_.push_back({what, value}); }
    void settle(std::uint64_t at, entry what, std::uint64_t value) { places_[at] = {what, value}; }

    /// Somebody's claim is in the way of readers: where the first one is, or far away.
    [[nodiscard]] std::uint64_t first_pending() const
    {
        for (std::uint64_t at = begin(); at < end(); ++at) {
            if (places_[at].what == entry::pending) {
                return at;
            }
        }
        return ~std::uint64_t{0} / 2;
    }

    // Set by who closes, and who settles the last claim.
    bool closed = false;
    bool sole_claim_is_open = false; ///< when it was closed: the end is not known yet

    [[nodiscard]] bool finished(std::uint64_t position) const
    {
        return closed && !sole_claim_is_open && position >= end();
    }

private:
    std::uint64_t capacity_;
    std::uint64_t limit_;
    std::vector<place> places_;
};

} // namespace support
