// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

/// Where a group is put: to a place, or by so many records on (or back) from where it is. What lies
/// outside of the log is its nearer end.
class reset_to {
public:
    [[nodiscard]] static reset_to beginning() noexcept { return {kind::offset, 0}; }
    [[nodiscard]] static reset_to end() noexcept { return {kind::offset, ~offset_t{0}}; }
    [[nodiscard]] static reset_to offset(offset_t to) noexcept { return {kind::offset, to}; }
    [[nodiscard]] static reset_to shifted_by(std::int64_t records) noexcept
    {
        return records < 0 ? reset_to{kind::back, offset_t{0} - static_cast<offset_t>(records)}
                           : reset_to{kind::on, static_cast<offset_t>(records)};
    }

    /// In a log from `begin` to `end`, from `here`.
    [[nodiscard]] offset_t in(offset_t begin, offset_t end, offset_t here) const noexcept
    {
        offset_t to = value_;
        if (kind_ == kind::on) {
            to = value_ < end && here < end - value_ ? here + value_ : end;
        } else if (kind_ == kind::back) {
            to = here > value_ ? here - value_ : 0;
        }
        const offset_t at_least = to < begin ? begin : to;
        return at_least < end ? at_least : end;
    }

private:
    enum class kind : std::uint8_t { offset, on, back };

    reset_to(kind what, offset_t value) noexcept : value_(value), kind_(what) {}

    offset_t value_;
    kind kind_;
};

} // namespace gregor::inline GREGOR_ABI
