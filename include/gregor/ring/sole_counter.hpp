// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// How the only producer of a ring claims and publishes: two plain counters, `marked` ahead of
/// `published` while it is busy, equal while it is not.
///
/// Moving `marked` ahead is the mark. The producer then looks whether it may go on; who wants it to
/// stop says so first and looks at the mark then (`quiesce`). The asymmetric fence pairs the two,
/// so the mark costs the producer a plain store. A `hold`, in which user code runs, could keep the
/// other one waiting for ever; it is adopted instead: its sequences no longer belong to this
/// counter.
///
/// Threads   the producer; `quiesce` one other thread; `published` and the snapshots any
/// Progress  wait-free; quiesce: blocks while the producer is busy (a few instructions)
///
/// Edges
///   (1) -> (2)  records below the watermark, whole; also to who quiesces
///   (3) -> (4)  an open hold: its mark
///   (4) -> (5)  the regime of who adopted it, which the holder looks at next
///   (6) -> (7)  the last watermark, for who waits until nothing comes any more
///   (8) -> (7)  what user code did under a hold, for who sees that there is none
template <class Seq, class Env>
class sole_counter {
public:
    explicit sole_counter(Seq start) noexcept : marked_{start}, published_{start} {}

    // --- the producer ---------------------------------------------------------------------------

    /// Says that everything below `end` is being written; then look whether that may be.
    GREGOR_INLINE void mark(Seq end) noexcept
    {
        // relaxed: carries nothing; the asymmetric fence orders it before the look that follows
        marked_.store(end, std::memory_order_relaxed);
        Env::light();
    }

    /// Nothing was written under the mark: back to `next`.
    void unmark(Seq next) noexcept
    {
        // relaxed: carries nothing
        marked_.store(next, std::memory_order_relaxed);
    }

    void publish(Seq end) noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        published_.store(end, std::memory_order_release);
    }

    /// User code runs under the mark from here on.
    void hold() noexcept
    {
        // (3) release-store, synchronizes-with the acq_rel-exchange (4)
        held_.store(open, std::memory_order_release);
    }

    /// Ends a hold, publishing what was built below `end`. False when it was adopted: then nothing
    /// is published, and the caller finds out by whom.
    [[nodiscard]] bool settle(Seq end) noexcept
    {
        std::uint8_t expected = open;
        // acq_rel: of settling and adopting, one wins
        // (8) release on success, synchronizes-with the acquire-load (7)
        // (5) acquire-load on failure, synchronizes-with the acq_rel-exchange (4)
        const bool ours = held_.compare_exchange_strong(expected, none, std::memory_order_acq_rel,
                                                        std::memory_order_acquire);
        if (ours) {
            finish(end);
        }
        return ours;
    }

    /// Publishes the last of a hold that was adopted by who takes nothing over.
    void settle_adopted(Seq end) noexcept
    {
        finish(end);
        // (6) release-store, synchronizes-with the acquire-load (7)
        held_.store(none, std::memory_order_release);
    }

    // --- others ---------------------------------------------------------------------------------

    /// One past the last published sequence; only grows.
    [[nodiscard]] Seq published() const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return published_.load(std::memory_order_acquire);
    }

    /// One past the last sequence that was marked, and not taken back. For the producer itself,
    /// and for who takes over from one that is gone.
    [[nodiscard]] Seq marked() const noexcept
    {
        // relaxed: its own, or ordered by what told the caller that the producer is gone
        return marked_.load(std::memory_order_relaxed);
    }

    /// User code holds sequences right now, or some that were adopted from it are not published. A
    /// snapshot; once it says no after a hold was adopted, the watermark is the last one. Who saw
    /// what was done under a hold, and is told no, sees all that was done under it.
    [[nodiscard]] bool held() const noexcept
    {
        // (7) acquire-load, synchronizes-with the release-store (6) and the exchange (8)
        return held_.load(std::memory_order_acquire) != none;
    }

    struct quiet {
        Seq published;
        Seq claimed; ///< beyond it by a hold that was adopted
    };

    /// After the producer was told to stop, and a heavy fence: waits until it is not in the middle
    /// of anything, or adopts what it holds.
    quiet quiesce() noexcept
    {
        for (;;) {
            const Seq end = published();
            // relaxed: paired by the asymmetric fence; what was written under the mark comes with
            // (2)
            if (marked_.load(std::memory_order_relaxed) == end) {
                return {end, end};
            }
            std::uint8_t expected = open;
            // (4) acq_rel-exchange, synchronizes-with (3) and (5); relaxed on failure:
            // the loop looks again
            if (held_.compare_exchange_strong(expected, adopted, std::memory_order_acq_rel,
                                              std::memory_order_relaxed)) {
                // relaxed: (4) ordered it; the holder moves nothing until it sees the new regime
                return {published(), marked_.load(std::memory_order_relaxed)};
            }
            Env::yield();
        }
    }

private:
    enum : std::uint8_t { none, open, adopted };

    /// Publishes the last of a hold, and takes back what is beyond.
    void finish(Seq end) noexcept
    {
        // relaxed: who quiesces waits for both, and (1) carries the records
        marked_.store(end, std::memory_order_relaxed);
        publish(end);
    }

    // Written by the producer; read by who wants it to stop.
    alignas(cache_line_bytes) typename Env::template atomic<Seq> marked_;
    typename Env::template atomic<std::uint8_t> held_{none};

    // Written by the producer; read by readers.
    alignas(cache_line_bytes) typename Env::template atomic<Seq> published_;
};

} // namespace gregor::inline GREGOR_ABI::ring
