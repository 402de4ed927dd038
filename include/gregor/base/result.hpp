// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <new>
#include <type_traits>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
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
    result(T value) noexcept : value_(static_cast<T&&>(value)), has_value_(true) {}
    // NOLINTNEXTLINE(google-explicit-constructor): like std::unexpected
    result(const gregor::error& why) : why_(why), has_value_(false) {}
    /// `why` holds an error.
    // NOLINTNEXTLINE(google-explicit-constructor): like std::unexpected
    result(objection why) noexcept : why_(static_cast<objection&&>(why)), has_value_(false) {}

    /// The value, unless `why` holds an error.
    result(T value, objection why) noexcept : has_value_(!why)
    {
        if (has_value_) {
            ::new (static_cast<void*>(std::addressof(value_))) T(static_cast<T&&>(value));
        } else {
            ::new (static_cast<void*>(std::addressof(why_)))
                objection(static_cast<objection&&>(why));
        }
    }

    result(result&& other) noexcept : has_value_(other.has_value_)
    {
        if (has_value_) {
            ::new (static_cast<void*>(std::addressof(value_))) T(static_cast<T&&>(other.value_));
        } else {
            ::new (static_cast<void*>(std::addressof(why_)))
                objection(static_cast<objection&&>(other.why_));
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
            why_.~objection();
        }
    }

    [[nodiscard]] bool has_value() const noexcept { return has_value_; }
    explicit operator bool() const noexcept { return has_value_; }

    /// The value; raises the error where there is none.
    [[nodiscard]] T& value() &
    {
        if (!has_value_) {
            raise(*why_);
        }
        return value_;
    }
    [[nodiscard]] T&& value() &&
    {
        if (!has_value_) {
            raise(*why_);
        }
        return static_cast<T&&>(value_);
    }

    [[nodiscard]] T& operator*() & { return value(); }
    [[nodiscard]] T&& operator*() && { return static_cast<T&&>(value()); }
    [[nodiscard]] T* operator->() { return std::addressof(value()); }

    /// The error; only where there is no value.
    [[nodiscard]] const gregor::error& error() const&
    {
        GREGOR_ASSERT(!has_value_, "result::error() was called on a result that holds a value");
        return *why_;
    }

private:
    union {
        T value_;
        objection why_;
    };
    bool has_value_;
};

} // namespace gregor::inline GREGOR_ABI
