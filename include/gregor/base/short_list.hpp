// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// What all short lists share, whatever they hold.
class bytes_of_list {
public:
    bytes_of_list() = default;
    bytes_of_list(const bytes_of_list&) = delete;
    bytes_of_list& operator=(const bytes_of_list&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    /// Keeps its room.
    void clear() noexcept { count_ = 0; }
    void pop_back() noexcept { --count_; }

protected:
    ~bytes_of_list() { ::operator delete(room_); }

    void swap_bytes(bytes_of_list& other) noexcept
    {
        void* const room = room_;
        const std::size_t count = count_;
        const std::size_t most = most_;
        room_ = other.room_;
        count_ = other.count_;
        most_ = other.most_;
        other.room_ = room;
        other.count_ = count;
        other.most_ = most;
    }

    /// Room for so many elements in all, each of so many bytes.
    void make_room(std::size_t count, std::size_t each)
    {
        if (count > most_) {
            const std::size_t most = count > 2 * most_ ? count : 2 * most_;
            void* const wider = ::operator new(most * each);
            if (room_ != nullptr) {
                std::memcpy(wider, room_, count_ * each);
                ::operator delete(room_);
            }
            room_ = wider;
            most_ = most;
        }
    }

    void* room_ = nullptr;
    std::size_t count_ = 0;

private:
    std::size_t most_ = 0;
};

/// The few verbs of a vector that the core needs, for what can be copied by its bytes. (Of a
/// vector, which has them all, each program with a topic would compile a hundred functions for
/// each type of element.)
///
/// Errors    push_back, reserve: std::bad_alloc, and then nothing has changed
/// Cost      amortised as a vector's
template <class T>
class short_list : public bytes_of_list {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T> &&
                  alignof(T) <= alignof(std::max_align_t));

public:
    short_list() = default;
    explicit short_list(const short_list& other) : bytes_of_list()
    {
        reserve(other.size());
        for (const T& each : other) {
            push_back(each);
        }
    }
    short_list& operator=(const short_list&) = delete;

    void swap(short_list& other) noexcept { swap_bytes(other); }

    /// Room for so many in all: until there are more, push_back does not fail.
    void reserve(std::size_t count) { make_room(count, element_bytes); }
    void push_back(T value)
    {
        make_room(count_ + 1, element_bytes);
        ::new (static_cast<void*>(begin() + count_)) T(value);
        ++count_;
    }
    /// Those behind it move up.
    void remove_at(std::size_t i) noexcept
    {
        for (--count_; i != count_; ++i) {
            begin()[i] = begin()[i + 1];
        }
    }

    // As for a pointer, the list is const, not what it lists.
    [[nodiscard]] T& operator[](std::size_t i) const noexcept { return begin()[i]; }
    [[nodiscard]] T* begin() const noexcept { return static_cast<T*>(room_); }
    [[nodiscard]] T* end() const noexcept { return begin() + count_; }

private:
    // NOLINTNEXTLINE(bugprone-sizeof-expression): where it is a pointer, that is what lies here
    static constexpr std::size_t element_bytes = sizeof(T);
};

} // namespace gregor::inline GREGOR_ABI
