// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/ring/gate.hpp"
#include "gregor/ring/in_ring.hpp"
#include "gregor/ring/lane.hpp"
#include "gregor/ring/sequence.hpp"
#include "gregor/ring/sole_counter.hpp"
#include "gregor/ring/stamped_run.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// The protocol of one ring: who may write which sequence, and what is published. It knows
/// sequences, no payload. Built for a ring with one producer, and correct for any number.
///
/// While one producer lives it is *sole*: it counts by itself (`sole_counter`) and publishes a
/// batch with one store. When a second one appears it *shares* the ring, for good: claims become a
/// compare-exchange, and each slot is published by its stamp. Which of the two holds is the
/// *regime*; who changes it stores the new one, fences heavily, and waits until the sole producer
/// is quiet. The producer looks at the regime under its mark, so it either sees the change or is
/// waited for.
///
/// Threads   claim, publish, hold, settle: one a lane; open_lane, share, close: under the owner's
///           mutex; available, finished and the snapshots: any
/// Progress  sole: wait-free while there is room. Shared: lock-free. While a second producer is
///           being admitted, or another thread destroys old records, a claim waits for that thread
///
/// Edges
///   (1) -> (2)  regime shared: the stamps, the first shared claim, the last watermark;
///               regime ended: the end of a shared ring, for who leaves the claims' line alone;
///               regime closed: the last watermark
///   (3a) -> (4)  the first shared claim
///   (3b) -> (4)  the closing of a shared ring, and with it its end
///
/// `Parts` says how room comes and where stamps lie: `in_ring`, `in_segments`. Stamps that lie in
/// the slots are stored for each sequence, and what another life has left there is read by them.
template <class Seq, class Env, bool Many, class Parts = in_ring>
class sequencer {
public:
    using stamps_type = typename Parts::template stamps<Seq, Env>;
    static constexpr bool always_stamped = stamps_type::always; ///< they outlive the sequencer

    using lane_type = lane<Seq>;
    using sight_type = sight<Seq>;
    using run_type = run<Seq>;
    using claimed_type = ring::claimed<Seq>;
    using gate_type = ring::gate<Seq, Env>;
    using room_type = typename Parts::template room<Seq, Env>;
    using place = typename gate_type::place;

    /// A ring of `capacity` (a power of two) whose first sequence is `start`.
    sequencer(Seq start, Seq capacity) noexcept
        requires(!always_stamped)
        : room_(start, capacity), begun_(start), sole_(start), claimed_{pack(start, 0)}
    {
    }

    /// Goes on at `start` with what is stamped below it, from `oldest` on; room up to `limit`.
    sequencer(Seq oldest, Seq start, Seq limit, const stamps_type& where, Seq capacity) noexcept
        requires(always_stamped)
        : room_(oldest, limit, capacity), stamps_(where), begun_(start), sole_(start),
          claimed_{pack(start, 0)}
    {
    }

    // --- producers -------------------------------------------------------------------------------

    /// A lane for a producer: the first one, or one that takes over from the last. Under the
    /// owner's mutex; `share` comes first if another producer lives.
    [[nodiscard]] lane_type open_lane() const noexcept { return {room_.limit(), shared(), 0}; }

    /// Claims `count` sequences (at most the capacity) for values that are ready to be moved in: no
    /// user code runs until they are published.
    template <class Retire>
    [[nodiscard]] GREGOR_INLINE claimed_type claim(lane_type& mine, Seq count, Retire&& retire)
    {
        if (!mine.shared) [[likely]] {
            const Seq first = sole_.marked();
            const Seq end = plus(first, count);
            if (!before(mine.limit, end) && mark(first, end)) [[likely]] {
                return {claiming::granted, first};
            }
            return claim_again(mine, count, retire);
        }
        return claim_shared(mine, count, retire);
    }

    /// Publishes what `claim` gave, all of it, as records.
    GREGOR_INLINE void publish(lane_type& mine, Seq first, Seq count) noexcept
    {
        if (!mine.shared) [[likely]] {
            if constexpr (always_stamped) {
                stamp_for_later(first, count);
            }
            sole_.publish(plus(first, count));
        } else {
            stamp_run(stamps_, first, count, count);
        }
    }

    /// Like `claim`, for sequences that user code will fill: `settle` must follow.
    template <class Retire>
    [[nodiscard]] claimed_type hold(lane_type& mine, Seq count, Retire&& retire)
    {
        const claimed_type got = claim(mine, count, retire);
        if (got.outcome == claiming::granted && !mine.shared) {
            sole_.hold();
        }
        return got;
    }

    /// Publishes the first `built` of a hold and drops the rest: taken back while sole, skipped by
    /// readers while shared.
    void settle(lane_type& mine, Seq first, Seq count, Seq built) noexcept
    {
        if (!mine.shared) {
            if constexpr (always_stamped) {
                stamp_for_later(first, built);
            }
            if (sole_.settle(plus(first, built))) {
                return;
            }
            if (!notice(mine)) {
                // the ring was closed meanwhile, and this hold is the last of it
                sole_.settle_adopted(plus(first, built));
                set(regime::closed);
                return;
            }
        }
        stamp_run(stamps_, first, count, built);
    }

    // --- the owner, under its mutex --------------------------------------------------------------

    /// Before a second producer: from now on claims are shared. Throws std::bad_alloc, changing
    /// nothing.
    void share()
        requires Many
    {
        if (look() != regime::sole) {
            return;
        }
        if constexpr (!always_stamped) {
            stamps_.allocate(room_.capacity());
        }
        set(regime::sharing);
        Env::heavy();
        const auto at = sole_.quiesce();
        if constexpr (!always_stamped) {
            for (Seq back = room_.capacity(); back != 0; --back) {
                // what the sole producer published is published in the shared ring too
                stamps_.publish(minus(at.published, back), stamps_type::record);
            }
            room_.settle(at.published);
        }
        // (3a) release-store, synchronizes-with the acquire-load (4)
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
            const auto at = sole_.quiesce();
            if (at.claimed == at.published) {
                set(regime::closed);
            } // else who settles the adopted hold does
            return;
        }
        case regime::shared:
            // (3b) release-store, synchronizes-with the acquire-load (4)
            claimed_.fetch_or(closed_flag, std::memory_order_acq_rel);
            set(regime::ended);
            return;
        case regime::sharing:
        case regime::ended:
        case regime::closing:
        case regime::closed: return;
        }
    }

    // --- readers ---------------------------------------------------------------------------------

    /// The next run of published records at or after `from`, `most` at the most; skipped sequences
    /// before it are passed over (`first` says how far, also when `count` is 0).
    [[nodiscard]] GREGOR_INLINE run_type available(sight_type& mine, Seq from,
                                                   Seq most) const noexcept
    {
        if (!mine.shared) [[likely]] {
            if (before(from, mine.known) || see(mine, from)) [[likely]] {
                return known_run(mine, from, most);
            }
        }
        if constexpr (Many) {
            if (mine.shared) {
                return followed_run(stamps_, room_, mine, from, most);
            }
        }
        return {from, 0};
    }

    /// Nothing will ever stand at `position`: the ring is closed and read to its end.
    [[nodiscard]] GREGOR_INLINE bool finished(Seq position) const noexcept
    {
        const regime now = look();
        return now != regime::sole && finished(now, position);
    }

    /// One past the last sequence that was claimed (shared) or published (sole). A snapshot that
    /// never goes back.
    [[nodiscard]] Seq end() const noexcept
    {
        return shared() ? sequence_in<Seq>(claimed()) : sole_.published();
    }

    /// One past the last of the sequences that are published, each after the other, from `from` on;
    /// all before it are.
    [[nodiscard]] Seq published_end(Seq from) const noexcept
    {
        return shared() ? stamped_end(stamps_, from, sequence_in<Seq>(claimed()))
                        : sole_.published();
    }

    /// More than one producer has been alive at once.
    [[nodiscard]] bool shared() const noexcept
    {
        const regime now = look();
        return now == regime::shared || now == regime::ended;
    }

    /// A published sequence holds a record: it was not skipped.
    [[nodiscard]] bool is_record(Seq sequence) const noexcept
    {
        if constexpr (!Many && !always_stamped) {
            return true;
        } else {
            const bool by_stamp = always_stamped || shared();
            return !by_stamp || stamps_.look(sequence) == stamps_type::record;
        }
    }

    /// Whether readers at or after `from` stop before a claim that is not published yet, and where.
    /// A snapshot, for people.
    [[nodiscard]] bool stuck(Seq from, Seq& at) const noexcept
    {
        if (shared()) {
            const Seq claims_end = sequence_in<Seq>(claimed());
            at = stamped_end(stamps_, from, claims_end);
            return before(at, claims_end);
        }
        at = sole_.published();
        return sole_.held();
    }

    [[nodiscard]] gate_type& gate() noexcept { return gate_; }
    [[nodiscard]] const gate_type& gate() const noexcept { return gate_; }
    [[nodiscard]] room_type& room() noexcept { return room_; }
    [[nodiscard]] const room_type& room() const noexcept { return room_; }

private:
    using word = word_t<Seq>;

    enum class regime : std::uint8_t { sole, sharing, shared, ended, closing, closed };
    static constexpr unsigned closed_flag = 1;

    [[nodiscard]] regime look() const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return static_cast<regime>(regime_.load(std::memory_order_acquire));
    }

    void set(regime next) noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        regime_.store(static_cast<std::uint8_t>(next), std::memory_order_release);
    }

    [[nodiscard]] word claimed() const noexcept
    {
        // (4) acquire-load, synchronizes-with the release-stores (3a), (3b)
        return claimed_.load(std::memory_order_acquire);
    }

    /// The sole producer says that it is busy, unless the regime is changing.
    [[nodiscard]] GREGOR_INLINE bool mark(Seq first, Seq end) noexcept
    {
        sole_.mark(end);
        if (look() == regime::sole) [[likely]] {
            return true;
        }
        sole_.unmark(first);
        return false;
    }

    /// The sole producer has seen another regime: true when it is to share from now on.
    GREGOR_COLD bool notice(lane_type& mine) noexcept
    {
        regime now = look();
        while (now == regime::sharing) {
            Env::yield();
            now = look();
        }
        mine.shared = shared();
        return mine.shared;
    }

    /// The sole producer has no room left in its copy of the limit, or met another regime. (What is
    /// called out of line takes values: a reference would put its object on the stack at every
    /// claim, and while a reader takes the watermark's line away, a producer gets on by so many
    /// stores.)
    template <class Retire>
    GREGOR_NOINLINE claimed_type claim_again(lane_type& mine, Seq count, Retire retire)
    {
        const Seq first = sole_.marked();
        const claiming outcome = make_room(mine, first, count, retire);
        if (outcome != claiming::granted) {
            return {outcome};
        }
        if (mark(first, plus(first, count))) {
            return {claiming::granted, first};
        }
        return notice(mine) ? claim_shared(mine, count, retire) : claimed_type{claiming::closed};
    }

    template <class Retire>
    GREGOR_NOINLINE claimed_type claim_shared(lane_type& mine, Seq count, Retire retire)
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
                const claiming outcome = make_room(mine, at, count, retire);
                if (outcome != claiming::granted) {
                    return {outcome};
                }
            }
            // relaxed: the slots below the limit were handed over with the limit; this only divides
            // them among producers
            if (claimed_.compare_exchange_weak(seen, pack(end, 0), std::memory_order_relaxed,
                                               std::memory_order_relaxed)) {
                mine.courtesy -= mine.courtesy != 0 ? 1U : 0U;
                return {claiming::granted, at};
            }
            give_way<Env>(mine);
            // relaxed: as above
            seen = claimed_.load(std::memory_order_relaxed);
        }
    }

    /// Sees to it that the claim may be written, as far as readers and open claims let it.
    template <class Retire>
    GREGOR_NOINLINE claiming make_room(lane_type& mine, Seq first, Seq count, Retire&& retire)
    {
        mine.limit = room_.limit();
        if (!before(mine.limit, plus(first, count))) {
            return claiming::granted;
        }
        if (is_closed()) {
            return claiming::closed; // a hold that outlives the closing is not known to be open
        }
        // what the sole producer has not published is ahead of its own claim, so nobody asks
        const auto settled = [this](Seq from, Seq to) {
            return shared() ? settled_end(stamps_, room_, from, to) : to;
        };
        const extension outcome = room_.extend(first, count, gate_, settled, retire);
        mine.limit = room_.limit();
        if (outcome == extension::granted) {
            return claiming::granted;
        }
        if (is_closed()) {
            return claiming::closed;
        }
        return outcome == extension::busy     ? claiming::busy
               : outcome == extension::failed ? claiming::failed
                                              : claiming::full;
    }

    [[nodiscard]] GREGOR_NOINLINE bool finished(regime now, Seq position) const noexcept
    {
        if (now == regime::closed) {
            return !before(position, sole_.published());
        }
        return now == regime::ended && !before(position, sequence_in<Seq>(claimed()));
    }

    [[nodiscard]] bool is_closed() const noexcept
    {
        const regime now = look();
        return now == regime::closed || now == regime::closing || now == regime::ended;
    }

    /// Published by the watermark, to this process; by the stamps, to the next one.
    void stamp_for_later(Seq first, Seq count) noexcept { stamp_run(stamps_, first, count, count); }

    /// Of what the watermark shows.
    [[nodiscard]] run_type known_run(const sight_type& mine, Seq from, Seq most) const noexcept
    {
        if constexpr (always_stamped) {
            // what this life has stamped is not there before the watermark says so
            if (before(from, begun_) && stamped_before(stamps_, begun_, from, most)) {
                return {from, most};
            }
        }
        return {from, earlier(minus(mine.known, from), most)};
    }

    /// Looks at the watermark again; and, where it says nothing new, whether the stamps count now:
    /// they say all that the watermark said.
    [[nodiscard]] GREGOR_INLINE bool see(sight_type& mine, Seq from) const noexcept
    {
        mine.known = sole_.published();
        if (before(from, mine.known)) {
            return true;
        }
        if constexpr (Many) {
            mine.shared = shared();
        }
        return false;
    }

    room_type room_;
    gate_type gate_;
    stamps_type stamps_;
    const Seq begun_; // what this life has published begins here

    // A `regime`: sole. Read by everybody, written when it changes.
    alignas(cache_line_bytes) typename Env::template atomic<std::uint8_t> regime_{0};

    sole_counter<Seq, Env> sole_;

    // Written by all producers of a shared ring; read by those who ask for its end.
    alignas(cache_line_bytes) typename Env::template atomic<word> claimed_;
};

} // namespace gregor::inline GREGOR_ABI::ring
