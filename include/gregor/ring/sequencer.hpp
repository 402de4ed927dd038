// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/ring/gate.hpp"
#include "gregor/ring/room.hpp"
#include "gregor/ring/sequence.hpp"
#include "gregor/ring/stamps.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// What a producer keeps to itself about one ring: no other thread reads it.
template <class Seq>
struct lane {
    Seq next{};          ///< while it is the sole producer: the next sequence
    Seq limit{};         ///< a copy of the limit, refreshed when it is reached
    bool shared = false; ///< the ring is shared, as far as this producer has noticed
};

/// What a reader keeps to itself about one ring.
template <class Seq>
struct sight {
    Seq known{};         ///< all below it is published, and records
    bool shared = false; ///< the ring is shared, as far as this reader has noticed
};

enum class claiming : std::uint8_t { granted, full, closed, busy };

/// What a claim came to, and the first sequence of it.
template <class Seq>
struct claimed {
    claiming outcome;
    Seq first{};
};

/// A run of published records.
template <class Seq>
struct run {
    Seq first{};
    Seq count{};
};

/// The protocol of one ring: who may write which sequence, and what is published. It knows sequences,
/// no payload. Built for the case that a ring has one producer, and correct for any number.
///
/// While one producer lives it is *sole*: it counts by itself, and publishes a batch with one store of
/// the watermark, without a read-modify-write. When a second one appears it *shares* the ring, for
/// good: claims become a compare-exchange, and each slot is published by its stamp.
///
/// The sole producer marks itself busy by moving its counter ahead of the watermark, and then looks at
/// the regime; who changes the regime stores it and then waits until counter and watermark meet. The
/// mark is two plain stores, because the looking is paired by the asymmetric fence (light / heavy). A
/// `hold`, in which user code runs, could keep the changer waiting for ever; it is *adopted* instead:
/// its sequences become claims of the shared ring (or, at close, the last ones of a closed ring).
///
/// Threads   claim, publish, hold, settle: one a lane; share, close, open: under the owner's mutex;
///           available, finished, end: any
/// Progress  sole: wait-free while there is room. Shared: lock-free. While a second producer is being
///           admitted, or another thread destroys old records, a claim waits for that thread
///
/// Edges
///   (1) -> (2)  records below the watermark, whole; the last sole records, to who changes the regime
///   (3) -> (4)  regime shared: stamps, first shared claim, last watermark; regime closed: the end
///   (5) -> (6)  the first shared claim, the closing of a shared ring
///   (7) -> (8)  an open hold: its mark; an adopted one: nothing, the regime follows by (3)
template <class Seq, class Env, bool Many>
class sequencer {
public:
    using lane_type = lane<Seq>;
    using sight_type = sight<Seq>;
    using run_type = run<Seq>;
    using claimed_type = ring::claimed<Seq>;
    using gate_type = ring::gate<Seq, Env>;
    using place = typename gate_type::place;

    /// A ring of `capacity` (a power of two) whose first sequence is `start`.
    sequencer(Seq start, Seq capacity) noexcept
        : room_(start, capacity), marked_(start), watermark_(start), claimed_(pack(start, 0))
    {
    }

    // --- producers -------------------------------------------------------------------------------

    /// A lane for a producer: the first one, or one that takes over from the last. Under the owner's
    /// mutex; `share` comes first if another producer lives.
    [[nodiscard]] lane_type open_lane() const noexcept
    {
        const regime now = look();
        // relaxed: the mutex orders it after the producer before this one
        return {marked_.load(std::memory_order_relaxed), room_.limit(), now == regime::shared};
    }

    /// Claims `count` sequences (at most the capacity) for values that are ready to be moved in: no
    /// user code runs until they are published.
    template <class Retire>
    [[nodiscard]] claimed_type claim(lane_type& mine, Seq count, Retire&& retire)
    {
        if (!mine.shared) [[likely]] {
            const Seq end = plus(mine.next, count);
            if (!before(mine.limit, end) && mark(mine, end)) [[likely]] {
                return {claiming::granted, mine.next};
            }
            return claim_again(mine, count, retire);
        }
        return claim_shared(mine, count, retire);
    }

    /// Publishes what `claim` gave, all of it, as records.
    void publish(lane_type& mine, Seq first, Seq count) noexcept
    {
        const Seq end = plus(first, count);
        if (!mine.shared) [[likely]] {
            mine.next = end;
            // (1) release-store, synchronizes-with the acquire-load (2)
            watermark_.store(end, std::memory_order_release);
        } else {
            stamp(first, count, count);
        }
    }

    /// Like `claim`, for sequences that user code will fill: `settle` must follow.
    template <class Retire>
    [[nodiscard]] claimed_type hold(lane_type& mine, Seq count, Retire&& retire)
    {
        const claimed_type got = claim(mine, count, retire);
        if (got.outcome == claiming::granted && !mine.shared) {
            // (7) release-store, synchronizes-with the acq_rel-exchange (8)
            held_.store(open, std::memory_order_release);
        }
        return got;
    }

    /// Publishes the first `built` of a hold and drops the rest: rolled back while sole, skipped by
    /// readers while shared.
    void settle(lane_type& mine, Seq first, Seq count, Seq built) noexcept
    {
        if (!mine.shared && !release_hold(mine, plus(first, built))) {
            return;
        }
        stamp(first, count, built);
    }

    // --- the owner, under its mutex --------------------------------------------------------------

    /// Before a second producer: from now on claims are shared. Throws std::bad_alloc, changing nothing.
    void share()
        requires Many
    {
        if (look() != regime::sole) {
            return;
        }
        stamps_.allocate(room_.capacity());
        set(regime::sharing);
        Env::heavy();
        const quiet at = quiesce();
        stamp_sole_records(at.published);
        // (5) release-store, synchronizes-with the acquire-load (6)
        claimed_.store(pack(at.claimed, 0), std::memory_order_release);
        set(regime::shared);
    }

    /// Claims fail from now on; the end is what was claimed. The caller wakes everybody.
    void close() noexcept
    {
        switch (look()) {
        case regime::sole: {
            set(regime::closing);
            Env::heavy();
            const quiet at = quiesce();
            if (at.claimed == at.published) {
                set(regime::closed);
            } // else who settles the adopted hold does
            return;
        }
        case regime::shared:
            // (5) release-store, synchronizes-with the acquire-load (6)
            claimed_.fetch_or(closed_flag, std::memory_order_acq_rel);
            return;
        case regime::sharing:
        case regime::closing:
        case regime::closed: return;
        }
    }

    // --- readers ---------------------------------------------------------------------------------

    /// The next run of published records at or after `from`, `most` at the most; skipped sequences
    /// before it are passed over (`first` says how far, also when `count` is 0).
    [[nodiscard]] run_type available(sight_type& mine, Seq from, Seq most) const noexcept
    {
        if (before(from, mine.known) || see(mine, from)) [[likely]] {
            return {from, earlier(static_cast<Seq>(mine.known - from), most)};
        }
        if constexpr (Many) {
            if (mine.shared) {
                return stamped(from, most);
            }
        }
        return {from, 0};
    }

    /// Nothing will ever stand at `position`: the ring is closed and read to its end.
    [[nodiscard]] bool finished(Seq position) const noexcept
    {
        const regime now = look();
        if (now == regime::closed) {
            return !before(position, watermark());
        }
        if (now == regime::shared) {
            const word last = claimed();
            return (flags_in(last) & closed_flag) != 0 &&
                   !before(position, sequence_in<Seq>(last));
        }
        return false;
    }

    /// One past the last sequence that was claimed (shared) or published (sole). A snapshot that never
    /// goes back.
    [[nodiscard]] Seq end() const noexcept
    {
        return look() == regime::shared ? sequence_in<Seq>(claimed()) : watermark();
    }

    [[nodiscard]] bool shared() const noexcept { return look() == regime::shared; }
    [[nodiscard]] bool is_record(Seq sequence) const noexcept
    {
        if constexpr (Many) {
            return !shared() || stamps_.look(sequence) == stamps_type::record;
        } else {
            return true;
        }
    }

    /// Whether readers at or after `from` stop before a claim that is not published yet, and where. A
    /// snapshot, for people.
    [[nodiscard]] bool stuck(Seq from, Seq& at) const noexcept
    {
        if constexpr (Many) {
            if (shared()) {
                const Seq claims_end = sequence_in<Seq>(claimed());
                for (at = from; before(at, claims_end); at = plus(at, 1)) {
                    if (stamps_.look(at) == stamps_type::nothing) {
                        return true;
                    }
                }
                return false;
            }
        }
        at = watermark();
        // relaxed: a snapshot
        return held_.load(std::memory_order_relaxed) == open;
    }

    [[nodiscard]] gate_type& gate() noexcept { return gate_; }
    [[nodiscard]] const gate_type& gate() const noexcept { return gate_; }
    [[nodiscard]] ring::room<Seq, Env>& room() noexcept { return room_; }
    [[nodiscard]] const ring::room<Seq, Env>& room() const noexcept { return room_; }

private:
    using stamps_type = ring::stamps<Seq, Env>;
    using word = word_t<Seq>;

    enum class regime : std::uint8_t { sole, sharing, shared, closing, closed };
    enum : std::uint8_t { none, open, adopted };
    static constexpr unsigned closed_flag = 1;

    [[nodiscard]] regime look() const noexcept
    {
        // (4) acquire-load, synchronizes-with the release-store (3)
        return regime_.load(std::memory_order_acquire);
    }

    void set(regime next) noexcept
    {
        // (3) release-store, synchronizes-with the acquire-load (4)
        regime_.store(next, std::memory_order_release);
    }

    [[nodiscard]] Seq watermark() const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return watermark_.load(std::memory_order_acquire);
    }

    [[nodiscard]] word claimed() const noexcept
    {
        // (6) acquire-load, synchronizes-with the release-store (5)
        return claimed_.load(std::memory_order_acquire);
    }

    /// The sole producer says that it is busy, unless the regime is changing.
    [[nodiscard]] bool mark(lane_type& mine, Seq end) noexcept
    {
        // relaxed: carries nothing; the asymmetric fence orders it before the look at the regime
        marked_.store(end, std::memory_order_relaxed);
        Env::light();
        if (look() == regime::sole) [[likely]] {
            return true;
        }
        unmark(mine.next);
        return false;
    }

    void unmark(Seq next) noexcept
    {
        // relaxed: nothing was written under the mark
        marked_.store(next, std::memory_order_relaxed);
    }

    /// The sole producer has seen another regime: true when it is to share from now on.
    GREGOR_COLD bool notice(lane_type& mine) noexcept
    {
        regime now = look();
        while (now == regime::sharing) {
            Env::yield();
            now = look();
        }
        mine.shared = now == regime::shared;
        return mine.shared;
    }

    template <class Retire>
    GREGOR_NOINLINE claiming make_room(lane_type& mine, Seq end, Retire&& retire)
    {
        mine.limit = room_.limit();
        if (!before(mine.limit, end)) {
            return claiming::granted;
        }
        const extension outcome = room_.extend(end, gate_, retire);
        mine.limit = room_.limit();
        if (outcome == extension::granted) {
            return claiming::granted;
        }
        if (is_closed()) {
            return claiming::closed;
        }
        return outcome == extension::busy ? claiming::busy : claiming::full;
    }

    [[nodiscard]] bool is_closed() const noexcept
    {
        const regime now = look();
        return now == regime::closed || now == regime::closing ||
               (now == regime::shared && (flags_in(claimed()) & closed_flag) != 0);
    }

    /// The sole producer has no room left in its copy of the limit, or met another regime.
    template <class Retire>
    GREGOR_NOINLINE claimed_type claim_again(lane_type& mine, Seq count, Retire&& retire)
    {
        const Seq end = plus(mine.next, count);
        const claiming outcome = make_room(mine, end, retire);
        if (outcome != claiming::granted) {
            return {outcome};
        }
        if (mark(mine, end)) {
            return {claiming::granted, mine.next};
        }
        return notice(mine) ? claim_shared(mine, count, retire) : claimed_type{claiming::closed};
    }

    template <class Retire>
    GREGOR_NOINLINE claimed_type claim_shared(lane_type& mine, Seq count, Retire&& retire)
    {
        // relaxed: re-checked by the exchange
        word seen = claimed_.load(std::memory_order_relaxed);
        for (;;) {
            if ((flags_in(seen) & closed_flag) != 0) {
                return {claiming::closed};
            }
            const Seq at = sequence_in<Seq>(seen);
            const Seq end = plus(at, count);
            if (before(mine.limit, end)) [[unlikely]] {
                const claiming outcome = make_room(mine, end, retire);
                if (outcome != claiming::granted) {
                    return {outcome};
                }
            }
            // relaxed: the slots below the limit were handed over with the limit; this only divides
            // them among producers
            if (claimed_.compare_exchange_weak(seen, pack(end, 0), std::memory_order_relaxed,
                                               std::memory_order_relaxed)) {
                return {claiming::granted, at};
            }
        }
    }

    /// From last to first: a reader that finds the first stamp finds the whole batch.
    void stamp(Seq first, Seq count, Seq built) noexcept
    {
        if constexpr (Many) {
            for (Seq i = count; i != 0; --i) {
                stamps_.publish(plus(first, static_cast<Seq>(i - 1)),
                                i > built ? stamps_type::skipped : stamps_type::record);
            }
        }
    }

    /// Ends a hold of the sole producer. True when it was adopted by a ring that is shared now.
    bool release_hold(lane_type& mine, Seq end) noexcept
    {
        std::uint8_t expected = open;
        // acq_rel: of two who want it, hold or adoption, one wins; relaxed on failure: `notice` follows
        const bool ours = held_.compare_exchange_strong(expected, none, std::memory_order_acq_rel,
                                                        std::memory_order_relaxed);
        if (!ours) {
            // relaxed: only this producer opens holds
            held_.store(none, std::memory_order_relaxed);
            if (notice(mine)) {
                return true;
            }
        }
        mine.next = end;
        // relaxed: who changes the regime waits for both, and (1) carries the records
        marked_.store(end, std::memory_order_relaxed);
        // (1) release-store, synchronizes-with the acquire-load (2)
        watermark_.store(end, std::memory_order_release);
        if (!ours) {
            set(regime::closed);
        }
        return false;
    }

    struct quiet {
        Seq published;
        Seq claimed; // beyond it by a hold that was adopted
    };

    /// Waits until the sole producer is not in the middle of anything, or adopts what it holds.
    quiet quiesce() noexcept
    {
        for (;;) {
            const Seq end = watermark();
            // relaxed: paired by the asymmetric fence; what was written under the mark comes with (2)
            const Seq marked = marked_.load(std::memory_order_relaxed);
            if (marked == end) {
                return {end, end};
            }
            std::uint8_t expected = open;
            // (8) acq_rel-exchange, synchronizes-with the release-store (7); relaxed on failure: the
            // loop looks again
            if (held_.compare_exchange_strong(expected, adopted, std::memory_order_acq_rel,
                                              std::memory_order_relaxed)) {
                // relaxed: (8) ordered it; the holder changes nothing until it sees the new regime
                return {watermark(), marked_.load(std::memory_order_relaxed)};
            }
            Env::yield();
        }
    }

    /// What the sole producer published is published in the shared ring too.
    void stamp_sole_records(Seq end) noexcept
    {
        if constexpr (Many) {
            for (Seq back = room_.capacity(); back != 0; --back) {
                stamps_.publish(minus(end, back), stamps_type::record);
            }
        }
    }

    [[nodiscard]] bool see(sight_type& mine, Seq from) const noexcept
    {
        if constexpr (Many) {
            if (mine.shared) {
                return false;
            }
        }
        mine.known = watermark();
        if (before(from, mine.known)) {
            return true;
        }
        if constexpr (Many) {
            if (look() == regime::shared) {
                // the watermark moves no more: what it says after (4) is where the stamps begin
                mine.shared = true;
                mine.known = watermark();
                return before(from, mine.known);
            }
        }
        return false;
    }

    [[nodiscard]] GREGOR_NOINLINE run_type stamped(Seq from, Seq most) const noexcept
    {
        unsigned what = stamps_.look(from);
        while (what == stamps_type::skipped) {
            from = plus(from, 1);
            what = stamps_.look(from);
        }
        Seq count = 0;
        while (what == stamps_type::record && ++count != most) {
            what = stamps_.look(plus(from, count));
        }
        return {from, count};
    }

    ring::room<Seq, Env> room_;
    gate_type gate_;
    stamps_type stamps_;

    // Read by everybody, written when the regime changes.
    alignas(cache_line_bytes) typename Env::template atomic<regime> regime_{regime::sole};

    // Written by the sole producer; read when the regime changes.
    alignas(cache_line_bytes) typename Env::template atomic<Seq> marked_;
    typename Env::template atomic<std::uint8_t> held_{none};

    // Written by the sole producer; read by readers.
    alignas(cache_line_bytes) typename Env::template atomic<Seq> watermark_;

    // Written by all producers of a shared ring; read by those who ask for its end.
    alignas(cache_line_bytes) typename Env::template atomic<word> claimed_;
};

} // namespace gregor::inline GREGOR_ABI::ring
