// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <variant>

#include "gregor/base/error.hpp"

namespace gregor::inline GREGOR_ABI {

/// A value, or the error that stood in its way. What `create` returns, for builds without exceptions
/// and for callers who would rather look than catch.
template <class T>
class [[nodiscard]] result {
public:
    using value_type = T;

    // NOLINTNEXTLINE(google-explicit-constructor): like std::expected
    result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    // NOLINTNEXTLINE(google-explicit-constructor): like std::unexpected
    result(gregor::error e) : held_(std::in_place_index<1>, std::move(e)) {}

    [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// The value; raises the error where there is none.
    [[nodiscard]] T& value() &
    {
        check();
        return *std::get_if<0>(&held_);
    }
    [[nodiscard]] T&& value() &&
    {
        check();
        return std::move(*std::get_if<0>(&held_));
    }

    [[nodiscard]] T& operator*() & { return value(); }
    [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
    [[nodiscard]] T* operator->() { return &value(); }

    /// The error; only where there is no value.
    [[nodiscard]] const gregor::error& error() const&
    {
        GREGOR_ASSERT(!has_value(), "result::error() was called on a result that holds a value");
        return *std::get_if<1>(&held_);
    }

private:
    void check() const
    {
        if (!has_value()) {
            raise(*std::get_if<1>(&held_));
        }
    }

    std::variant<T, gregor::error> held_;
};

} // namespace gregor::inline GREGOR_ABI
