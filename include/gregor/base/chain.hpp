// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// Owns elements that stay where they were made, in the order in which they came: a `T` has a
/// `next`, which is the chain's. (No iterators: they are five functions to compile for each type.)
template <class T>
class chain {
public:
    chain() = default;
    chain(const chain&) = delete;
    chain& operator=(const chain&) = delete;
    ~chain()
    {
        while (first_ != nullptr) {
            remove(*first_);
        }
    }

    /// From here on each has the next.
    [[nodiscard]] T* first() const noexcept { return first_; }
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] T& front() const noexcept { return *first_; }

    /// Comes last. Made by `new`.
    T& append(T* made) noexcept
    {
        *link_to(nullptr) = made;
        return *made;
    }
    /// Destroys it; it is there.
    void remove(const T& one) noexcept
    {
        T** const link = link_to(&one);
        T* const gone = *link;
        *link = gone->next;
        delete gone;
    }

private:
    T** link_to(const T* one) noexcept
    {
        T** link = &first_;
        while (*link != one) {
            link = &(*link)->next;
        }
        return link;
    }

    T* first_ = nullptr;
};

} // namespace gregor::inline GREGOR_ABI
