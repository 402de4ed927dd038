// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// A text that does not change: the name of something. (Of a `std::string`, each program with a
/// topic would compile forty functions; this has five.)
///
/// Errors    making one: std::bad_alloc. Moving cannot fail
class label {
public:
    label() = default;
    /// Room for so many bytes, to be written by who makes it.
    explicit label(std::size_t size)
        : text_(size == 0 ? nullptr : static_cast<char*>(::operator new(size))), size_(size)
    {
    }
    explicit label(std::string_view text) : label(text.size())
    {
        if (size_ != 0) {
            std::memcpy(text_, text.data(), size_);
        }
    }
    label(label&& other) noexcept : text_(other.text_), size_(other.size_)
    {
        other.text_ = nullptr;
        other.size_ = 0;
    }
    label& operator=(label&& other) noexcept
    {
        char* const text = text_;
        const std::size_t size = size_;
        text_ = other.text_;
        size_ = other.size_;
        other.text_ = text;
        other.size_ = size;
        return *this;
    }
    label(const label&) = delete;
    label& operator=(const label&) = delete;
    ~label() { ::operator delete(text_); }

    // NOLINTNEXTLINE(google-explicit-constructor): it is a text
    operator std::string_view() const noexcept { return {static_cast<const char*>(text_), size_}; }
    [[nodiscard]] char* data() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    char* text_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace gregor::inline GREGOR_ABI
