// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// Hands out bytes of a stretch that only grows, in pieces side by side, each within one block.
/// What lies in them is told by who got them, not here: by the stamp of a slot that names them.
///
/// Threads   take: any; grant: one at a time
/// Progress  take: lock-free; the others wait-free
/// Edges     (1) -> (2)  what made the bytes ready to be written
///           (3) -> (4)  the claim of the record for which bytes were taken
template <class Env>
class byte_room {
public:
    static constexpr std::uint64_t none = ~std::uint64_t{0};

    /// From `start` on, nothing granted. Blocks are of `block_bytes`, a power of two.
    byte_room(std::uint64_t start, std::uint64_t block_bytes) noexcept
        : block_(block_bytes), taken_{start}, limit_{start}
    {
    }

    /// Where so many bytes are the caller's from now on; `none` where they are not granted. No more
    /// than a block.
    [[nodiscard]] std::uint64_t take(std::size_t count) noexcept
    {
        // relaxed: it says whose bytes these are, no more
        std::uint64_t seen = taken_.load(std::memory_order_relaxed);
        for (;;) {
            const std::uint64_t at = start_of(seen, count);
            if (at + count > limit()) {
                return none;
            }
            // (3) release, synchronizes-with the acquire-load (4); where it fails relaxed, as above
            if (taken_.compare_exchange_weak(seen, at + count, std::memory_order_release,
                                             std::memory_order_relaxed)) {
                return at;
            }
        }
    }

    /// How far it has to be granted for so many bytes to be had, if nobody else takes any. A
    /// snapshot.
    [[nodiscard]] std::uint64_t needed(std::size_t count) const noexcept
    {
        const std::uint64_t seen = taken();
        return start_of(seen, count) + count;
    }

    /// Everything below it was taken, or passed over, for records that who asks can see to be
    /// claimed. Who comes to know that a slot was granted takes nothing below what this said before
    /// the grant.
    [[nodiscard]] std::uint64_t taken() const noexcept
    {
        // (4) acquire-load, synchronizes-with the compare-exchange (3); of a sequence of these
        return taken_.load(std::memory_order_acquire);
    }

    [[nodiscard]] std::uint64_t limit() const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return limit_.load(std::memory_order_acquire);
    }

    /// The bytes below `to` are ready to be written.
    void grant(std::uint64_t to) noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        limit_.store(to, std::memory_order_release);
    }

private:
    [[nodiscard]] std::uint64_t start_of(std::uint64_t seen, std::size_t count) const noexcept
    {
        const std::uint64_t left = block_ - (seen & (block_ - 1));
        return count <= left ? seen : seen + left;
    }

    const std::uint64_t block_;
    typename Env::template atomic<std::uint64_t> taken_;
    typename Env::template atomic<std::uint64_t> limit_;
};

} // namespace gregor::inline GREGOR_ABI::ring
