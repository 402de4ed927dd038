// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "gregor/base/error.hpp"

namespace gregor::inline GREGOR_ABI {

/// A value, or the error that stood in its way. What `create` returns, for builds without
/// exceptions and for callers who would rather look than catch. (A variant would do; it costs every
/// user of the library a quarter of the time to compile it.)
template <class T>
class [[nodiscard]] result {
    static_assert(std::is_nothrow_move_constructible_v<T>);

public:
    using value_type = T;

    // NOLINTNEXTLINE(google-explicit-constructor): like std::expected
    result(T value) noexcept : value_(std::move(value)), has_value_(true) {}
    // NOLINTNEXTLINE(google-explicit-constructor): like std::unexpected
    result(gregor::error e) : error_(std::move(e)), has_value_(false) {}

    result(result&& other) noexcept : has_value_(other.has_value_)
    {
        if (has_value_) {
            ::new (static_cast<void*>(std::addressof(value_))) T(std::move(other.value_));
        } else {
            ::new (static_cast<void*>(std::addressof(error_)))
                gregor::error(std::move(other.error_));
        }
    }
    result(const result&) = delete;
    result& operator=(const result&) = delete;
    result& operator=(result&&) = delete;
    ~result()
    {
        if (has_value_) {
            value_.~T();
        } else {
            error_.~error();
        }
    }

    [[nodiscard]] bool has_value() const noexcept { return has_value_; }
    explicit operator bool() const noexcept { return has_value_; }

    /// The value; raises the error where there is none.
    [[nodiscard]] T& value() &
    {
        if (!has_value_) {
            raise(error_);
        }
        return value_;
    }
    [[nodiscard]] T&& value() && { return std::move(value()); }

    [[nodiscard]] T& operator*() & { return value(); }
    [[nodiscard]] T&& operator*() && { return std::move(value()); }
    [[nodiscard]] T* operator->() { return std::addressof(value()); }

    /// The error; only where there is no value.
    [[nodiscard]] const gregor::error& error() const&
    {
        GREGOR_ASSERT(!has_value_, "result::error() was called on a result that holds a value");
        return error_;
    }

private:
    union {
        T value_;
        gregor::error error_;
    };
    bool has_value_;
};

} // namespace gregor::inline GREGOR_ABI
