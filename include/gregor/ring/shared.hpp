// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/ring/atomic.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// How many hold an object: its member `holders`. Not an `Env`'s, since nothing waits for it.
///
/// Edges
///   (1) -> (1)  what each holder did with the object: the last one destroys it
class holder_count {
public:
    // relaxed: who adds one has one
    void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }

    /// True for the last one.
    [[nodiscard]] bool remove() noexcept
    {
        // (1) acq_rel: its release synchronizes-with the acquire of the last one's removal (1)
        return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }

    /// A snapshot.
    [[nodiscard]] std::size_t value() const noexcept
    {
        // relaxed: a snapshot
        return count_.load(std::memory_order_relaxed);
    }

private:
    atomic<std::uint32_t> count_{0};
};

/// Holds an object together with others; the last one destroys it. A `std::shared_ptr` of what
/// counts its holders itself, for a tenth of its functions.
///
/// Threads   one at a time, each with its own
template <class T>
class shared {
public:
    shared() = default;
    /// Holds it, too.
    explicit shared(T* object) noexcept : object_(object)
    {
        if (object_ != nullptr) {
            object_->holders.add();
        }
    }
    shared(const shared& other) noexcept : shared(other.object_) {}
    shared(shared&& other) noexcept : object_(other.object_) { other.object_ = nullptr; }
    shared& operator=(shared other) noexcept
    {
        T* const before = object_;
        object_ = other.object_;
        other.object_ = before;
        return *this;
    }
    ~shared()
    {
        if (object_ != nullptr && object_->holders.remove()) {
            delete object_;
        }
    }

    [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }
    [[nodiscard]] T* get() const noexcept { return object_; }
    [[nodiscard]] T& operator*() const noexcept { return *object_; }
    [[nodiscard]] T* operator->() const noexcept { return object_; }

private:
    T* object_ = nullptr;
};

} // namespace gregor::inline GREGOR_ABI::ring
