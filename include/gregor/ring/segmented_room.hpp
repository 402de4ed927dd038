// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "gregor/base/config.hpp"
#include "gregor/ring/gate.hpp"
#include "gregor/ring/room.hpp"
#include "gregor/ring/sequence.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// The end of what may be written now, and the start of what may still be read, of a log that grows
/// at one end and is cut off at the other: each moves by itself, as its owner says. Producers claim
/// only below the limit; what lies there is prepared.
///
/// Cutting off takes two steps, as in `room` and for the same reason: no protection stands below
/// the new start; the start is moved, so that who arrives sees it; no protection stands there
/// still. Then nobody reads there, and nobody will.
///
/// Threads   limit, log_start, extend: any; grant, cut_off: under the owner's mutex
/// Progress  limit, log_start: wait-free; extend: as what supplies the room
/// Cost      cut_off: a scan of the gate, twice, and a fence
///
/// Edges
///   (1) -> (2)  the slots below the limit, prepared: a claim below it may write at once
///   (3) -> (4)  what was published before the start was moved: who looks at the start and then at
///               the end finds no end before it
template <class Seq, class Env>
class segmented_room {
public:
    /// Room from `start` to `limit`; `capacity` is the most that can ever be between them.
    segmented_room(Seq start, Seq limit, Seq capacity) noexcept
        : capacity_(capacity), limit_{limit}, start_{start}
    {
    }

    [[nodiscard]] Seq capacity() const noexcept { return capacity_; }

    [[nodiscard]] Seq limit() const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return limit_.load(std::memory_order_acquire);
    }

    /// The oldest sequence that a new reader may still count on, once it has published itself.
    [[nodiscard]] Seq log_start() const noexcept
    {
        // (4) acquire-load, synchronizes-with the release-store (3); the fences of reader and
        // cutter order it against the protections
        return start_.load(std::memory_order_acquire);
    }

    /// From now on readers that hold nothing back register with the cheap side of the fence. Cold:
    /// they call it once, before their first lease, and then fence heavily.
    void expect_light_readers() noexcept
    {
        // relaxed: the heavy fence orders it
        light_readers_.store(true, std::memory_order_relaxed);
        Env::heavy();
    }

    /// Asks for room for `count` sequences from `first` on: supply(end) makes some below `end`, by
    /// `grant`, or says why it cannot.
    template <class Settled, class Supply>
    [[nodiscard]] extension extend(Seq first, Seq count, const gate<Seq, Env>& /*protections*/,
                                   Settled&& /*settled*/, Supply&& supply)
    {
        return supply(plus(first, count));
    }

    /// Everything below `limit` may be written from now on.
    void grant(Seq limit) noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        limit_.store(limit, std::memory_order_release);
    }

    /// The log begins at `start` from now on. True when nobody reads below it any more; false where
    /// somebody still does (it may begin there already, for those who come): ask again.
    [[nodiscard]] bool cut_off(Seq start, const gate<Seq, Env>& protections) noexcept
    {
        if (before(protections.scan(start), start)) {
            return false;
        }
        if (before(log_start(), start)) {
            // (3) release-store, synchronizes-with the acquire-load (4)
            start_.store(start, std::memory_order_release);
        }
        // Either this look at the flag sees a reader that fences lightly, or the reader's heavy
        // fence came before it, and the reader sees the new start.
        Env::light();
        // relaxed: see above
        if (light_readers_.load(std::memory_order_relaxed)) {
            Env::heavy();
        } else {
            Env::fence();
        }
        return !before(protections.scan(start), start);
    }

private:
    const Seq capacity_;

    // Written by the owner; read by producers that run out, and by readers that arrive.
    alignas(cache_line_bytes) typename Env::template atomic<Seq> limit_;
    typename Env::template atomic<Seq> start_;
    typename Env::template atomic<bool> light_readers_{false};
};

} // namespace gregor::inline GREGOR_ABI::ring
