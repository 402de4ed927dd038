// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <new>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// What all growing arrays share, whatever they hold: how many elements there are, and where they
/// lie.
template <class Env>
class bytes_of_growing_array {
public:
    static constexpr std::size_t most_chunks = 17;
    static constexpr std::size_t most_elements = (std::size_t{1} << most_chunks) - 1;

    bytes_of_growing_array() = default;
    bytes_of_growing_array(const bytes_of_growing_array&) = delete;
    bytes_of_growing_array& operator=(const bytes_of_growing_array&) = delete;

    /// Everybody finds what was built.
    void publish() noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        count_.store(built_, std::memory_order_release);
    }

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

protected:
    ~bytes_of_growing_array() = default;

    /// Where the element lies whose size is `each`.
    [[nodiscard]] void* at(std::size_t i, std::size_t each) const noexcept
    {
        const std::size_t chunk = chunk_of(i);
        return static_cast<std::byte*>(chunks_[chunk]) + (i + 1 - (std::size_t{1} << chunk)) * each;
    }

    /// The same, for the one to build next: its chunk is there.
    [[nodiscard]] void* room_for_next(std::size_t each, std::align_val_t alignment)
    {
        GREGOR_ASSERT(built_ != most_elements, "a growing_array is full");
        const std::size_t chunk = chunk_of(built_);
        if (chunks_[chunk] == nullptr) {
            chunks_[chunk] = ::operator new((std::size_t{1} << chunk) * each, alignment);
        }
        return at(built_, each);
    }

    /// The chunks that nothing lies in any more, and one that nothing could be built in.
    void free_chunks(std::align_val_t alignment) noexcept
    {
        for (std::size_t k = most_chunks; k-- != 0 && (std::size_t{1} << k) > built_;) {
            ::operator delete(chunks_[k], alignment);
            chunks_[k] = nullptr;
        }
    }

    std::size_t built_ = 0; // under the owner's mutex

private:
    /// Chunk k holds 2^k elements, those from 2^k - 1 on.
    [[nodiscard]] static std::size_t chunk_of(std::size_t i) noexcept
    {
#if defined(__GNUC__)
        return static_cast<std::size_t>(63 - __builtin_clzll(i + 1));
#else
        return static_cast<std::size_t>(std::bit_width(i + 1)) - 1;
#endif
    }

    // Read by everybody, written when the array grows.
    typename Env::template atomic<std::size_t> count_{0};
    void* chunks_[most_chunks] = {};
};

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
class growing_array : public bytes_of_growing_array<Env> {
    using bytes = bytes_of_growing_array<Env>;

public:
    growing_array() = default;

    /// With so many elements; `make(i)` returns the i-th.
    template <class Make>
    growing_array(std::size_t count, Make&& make) : growing_array()
    {
        // NOLINTNEXTLINE(bugprone-infinite-loop): what is built grows
        for (; this->built_ != count; ++this->built_) {
            ::new (this->room_for_next(sizeof(T), alignment)) T(make(this->built_));
        }
        this->publish();
    }

    growing_array(const growing_array&) = delete;
    growing_array& operator=(const growing_array&) = delete;
    ~growing_array()
    {
        while (this->built_ != 0) {
            drop_last();
        }
        this->free_chunks(alignment);
    }

    // --- the owner, under its mutex --------------------------------------------------------------

    /// Builds `make(i)` beyond the end; i is how many were built before. To be found by its number,
    /// but not counted yet.
    template <class Make>
    T& append(Make&& make)
    {
        T* const made = ::new (this->room_for_next(sizeof(T), alignment)) T(make(this->built_));
        ++this->built_;
        return *made;
    }

    /// What was built and not published goes.
    void withdraw() noexcept
    {
        while (this->built_ != this->size()) {
            drop_last();
        }
        this->free_chunks(alignment);
    }

    // --- everybody -------------------------------------------------------------------------------

    [[nodiscard]] T& operator[](std::size_t i) const noexcept
    {
        return *static_cast<T*>(this->at(i, sizeof(T)));
    }

    struct iterator {
        const growing_array* in;
        std::size_t at;

        [[nodiscard]] T& operator*() const noexcept { return (*in)[at]; }
        iterator& operator++() noexcept
        {
            ++at;
            return *this;
        }
        [[nodiscard]] bool operator!=(std::size_t end) const noexcept { return at != end; }
    };

    [[nodiscard]] iterator begin() const noexcept { return {this, 0}; }
    /// Behind those that are there now.
    [[nodiscard]] std::size_t end() const noexcept { return this->size(); }

private:
    static constexpr std::align_val_t alignment{alignof(T)};

    void drop_last() noexcept
    {
        --this->built_;
        (*this)[this->built_].~T();
    }
};

} // namespace gregor::inline GREGOR_ABI::ring
