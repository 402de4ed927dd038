// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// Owns elements that stay where they were made, in the order in which they came: a `T` has a
/// `next`, which is the chain's.
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

    class iterator {
    public:
        explicit iterator(T* at) noexcept : at_(at) {}

        [[nodiscard]] T& operator*() const noexcept { return *at_; }
        iterator& operator++() noexcept
        {
            at_ = at_->next;
            return *this;
        }
        [[nodiscard]] bool operator!=(iterator other) const noexcept { return at_ != other.at_; }

    private:
        T* at_;
    };

    [[nodiscard]] iterator begin() const noexcept { return iterator{first_}; }
    [[nodiscard]] iterator end() const noexcept { return iterator{nullptr}; }
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
