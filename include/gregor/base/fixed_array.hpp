// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// As many elements as it is made with, built in place, never moved: for types that cannot be, and
/// where their number is part of what never changes. Costs less to read (and to compile) than a
/// vector.
///
/// Threads   as its elements
/// Errors    what building an element throws; those built before are destroyed
template <class T>
class fixed_array {
public:
    fixed_array() = default;

    /// `make(i)` returns the i-th element.
    template <class Make>
    fixed_array(std::size_t count, Make&& make) : fixed_array()
    {
        room_ = static_cast<T*>(::operator new(count * sizeof(T), alignment));
        for (; count_ != count; ++count_) {
            ::new (static_cast<void*>(room_ + count_)) T(make(count_));
        }
    }

    fixed_array(const fixed_array&) = delete;
    fixed_array& operator=(const fixed_array&) = delete;
    fixed_array(fixed_array&& other) noexcept : room_(other.room_), count_(other.count_)
    {
        other.room_ = nullptr;
        other.count_ = 0;
    }
    fixed_array& operator=(fixed_array&& other) noexcept
    {
        T* const room = room_;
        const std::size_t count = count_;
        room_ = other.room_;
        count_ = other.count_;
        other.room_ = room;
        other.count_ = count;
        return *this;
    }
    ~fixed_array()
    {
        if (room_ != nullptr) {
            while (count_ != 0) {
                room_[--count_].~T();
            }
            ::operator delete(room_, alignment);
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] T& operator[](std::size_t i) const noexcept { return room_[i]; }
    [[nodiscard]] T* begin() const noexcept { return room_; }
    [[nodiscard]] T* end() const noexcept { return room_ + count_; }

private:
    static constexpr std::align_val_t alignment{alignof(T)};

    T* room_ = nullptr;
    std::size_t count_ = 0;
};

} // namespace gregor::inline GREGOR_ABI
