// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <new>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// An array that only grows. Elements are built in place and never move, so who has found one keeps
/// it; they lie in chunks, each twice as large as the one before.
///
/// It grows in two steps, so that several arrays can grow together or not at all: `append` builds
/// beyond the end, where nobody looks; `publish` shows what was built, `withdraw` destroys it.
///
/// Threads   append, publish, withdraw: under the owner's mutex; the others any
/// Progress  size, operator[]: wait-free
/// Errors    append: what building an element throws, and std::bad_alloc; nothing is appended then
/// Cost      size: a load; operator[]: two; no element is ever copied or moved
/// Lifetime  elements: until the array goes
///
/// Edges
///   (1) -> (2)  the elements below the new size, and where they lie
template <class T, class Env>
class growing_array {
public:
    static constexpr std::size_t most_chunks = 17;
    static constexpr std::size_t most_elements = (std::size_t{1} << most_chunks) - 1;

    growing_array() = default;

    /// With so many elements; `make(i)` returns the i-th.
    template <class Make>
    growing_array(std::size_t count, Make&& make) : growing_array()
    {
        while (built_ != count) {
            append(make);
        }
        publish();
    }

    growing_array(const growing_array&) = delete;
    growing_array& operator=(const growing_array&) = delete;
    ~growing_array() { shrink_to(0); }

    // --- the owner, under its mutex --------------------------------------------------------------

    /// Builds `make(i)` beyond the end; i is how many were built before. To be found by its number,
    /// but not counted yet.
    template <class Make>
    T& append(Make&& make)
    {
        GREGOR_ASSERT(built_ != most_elements, "a growing_array is full");
        const place at{built_};
        if (chunks_[at.chunk] == nullptr) {
            chunks_[at.chunk] = static_cast<T*>(
                ::operator new((std::size_t{1} << at.chunk) * sizeof(T), alignment));
        }
        T* const made = ::new (static_cast<void*>(chunks_[at.chunk] + at.index)) T(make(built_));
        ++built_;
        return *made;
    }

    /// Everybody finds what was built.
    void publish() noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        count_.store(built_, std::memory_order_release);
    }

    /// What was built and not published goes.
    void withdraw() noexcept { shrink_to(size()); }

    // --- everybody -------------------------------------------------------------------------------

    /// A snapshot; only grows.
    [[nodiscard]] std::size_t size() const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return count_.load(std::memory_order_acquire);
    }

    /// The size, for who compares it with what he knows, and looks at nothing that is new to him.
    [[nodiscard]] std::size_t size_to_compare() const noexcept
    {
        // relaxed: it brings nothing along
        return count_.load(std::memory_order_relaxed);
    }

    [[nodiscard]] T& operator[](std::size_t i) const noexcept
    {
        const place at{i};
        return chunks_[at.chunk][at.index];
    }

    class iterator {
    public:
        iterator(const growing_array& in, std::size_t at) noexcept : in_(&in), at_(at) {}

        [[nodiscard]] T& operator*() const noexcept { return (*in_)[at_]; }
        [[nodiscard]] T* operator->() const noexcept { return &**this; }
        iterator& operator++() noexcept
        {
            ++at_;
            return *this;
        }
        [[nodiscard]] bool operator==(const iterator&) const noexcept = default;

    private:
        const growing_array* in_;
        std::size_t at_;
    };

    [[nodiscard]] iterator begin() const noexcept { return {*this, 0}; }
    /// Behind those that are there now.
    [[nodiscard]] iterator end() const noexcept { return {*this, size()}; }

private:
    static constexpr std::align_val_t alignment{alignof(T)};

    /// Chunk k holds 2^k elements, those from 2^k - 1 on.
    struct place {
        explicit place(std::size_t i) noexcept
            : chunk(static_cast<std::size_t>(std::bit_width(i + 1)) - 1),
              index(i + 1 - (std::size_t{1} << chunk))
        {
        }

        std::size_t chunk;
        std::size_t index;
    };

    void shrink_to(std::size_t count) noexcept
    {
        while (built_ != count) {
            --built_;
            (*this)[built_].~T();
        }
        // the chunks that nothing lies in any more, and one that nothing could be built in
        for (std::size_t k = most_chunks; k-- != 0 && (std::size_t{1} << k) > built_;) {
            if (chunks_[k] != nullptr) {
                ::operator delete(chunks_[k], alignment);
                chunks_[k] = nullptr;
            }
        }
    }

    // Read by everybody, written when the array grows.
    typename Env::template atomic<std::size_t> count_{0};
    std::size_t built_ = 0; // under the owner's mutex
    T* chunks_[most_chunks] = {};
};

} // namespace gregor::inline GREGOR_ABI::ring
