// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

namespace gregor::model {

inline constexpr unsigned max_threads = 8; ///< the main thread, number 0, is one of them
inline constexpr unsigned max_locations = 128;

using thread_id = unsigned;

/// An atomic object or a mutex, by the order in which they were made.
using location_id = std::uint16_t;
inline constexpr location_id nowhere = 0xffff;

/// A place in the modification order of a location. Gaps are left, so that a store can be put
/// between two older ones.
using timestamp = std::uint32_t;

/// The line of the program under test that called.
struct place {
    const char* file = "";
    int line = 0;

    static constexpr place here(const char* file = __builtin_FILE(), int line = __builtin_LINE())
    {
        return {file, line};
    }
};

[[nodiscard]] inline std::string to_string(place where)
{
    const std::string file = where.file;
    return file.substr(file.find_last_of('/') + 1) + ":" + std::to_string(where.line);
}

/// What the checker keeps for itself lives outside the memory of the execution, which is thrown
/// away.
template <class T>
struct outside_allocator {
    using value_type = T;
    outside_allocator() = default;
    template <class U>
    outside_allocator(const outside_allocator<U>&) noexcept
    {
    }
    T* allocate(std::size_t count)
    {
        void* memory = std::malloc(count * sizeof(T));
        if (memory == nullptr) {
            throw std::bad_alloc{};
        }
        return static_cast<T*>(memory);
    }
    void deallocate(T* memory, std::size_t) noexcept { std::free(memory); }
    friend bool operator==(outside_allocator, outside_allocator) noexcept { return true; }
};

template <class T>
using outside_vector = std::vector<T, outside_allocator<T>>;

/// What a thread knows of the others, or what a store tells whoever acquires it.
///
/// `clock` is happens-before, used for data races alone. `seen` says for each location which store
/// is the oldest that may still be read; it also grows by what fences order without any
/// happens-before.
struct knowledge {
    unsigned locations = 0; ///< beyond it nothing is known, and nothing is initialised
    std::array<std::uint32_t, max_threads> clock;
    std::array<timestamp, max_locations> seen;

    void clear()
    {
        locations = 0;
        clock.fill(0);
    }

    void cover(unsigned count)
    {
        while (locations < count) {
            seen[locations++] = 0;
        }
    }

    [[nodiscard]] timestamp of(location_id location) const
    {
        return location < locations ? seen[location] : 0;
    }

    void see(location_id location, timestamp at)
    {
        cover(location + 1U);
        seen[location] = std::max(seen[location], at);
    }

    void join_seen(const knowledge& other)
    {
        cover(other.locations);
        for (unsigned i = 0; i < other.locations; ++i) {
            seen[i] = std::max(seen[i], other.seen[i]);
        }
    }

    void join(const knowledge& other)
    {
        for (unsigned i = 0; i < max_threads; ++i) {
            clock[i] = std::max(clock[i], other.clock[i]);
        }
        join_seen(other);
    }

    void become(const knowledge& other)
    {
        locations = other.locations;
        clock = other.clock;
        std::copy_n(other.seen.begin(), other.locations, seen.begin());
    }
};

} // namespace gregor::model
