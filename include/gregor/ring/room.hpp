// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <type_traits>

#include "gregor/base/config.hpp"
#include "gregor/ring/gate.hpp"
#include "gregor/ring/sequence.hpp"

namespace gregor::inline GREGOR_ABI::ring {

enum class extension {
    granted, ///< what was needed may be written
    full,    ///< somebody still needs what would be overwritten
    busy,    ///< another thread extends at this moment: look again
    failed,  ///< the room could not be had
};

/// The end of what may be written now, and the start of what may still be read. Producers claim
/// only below the limit, so no producer ever owns a place that it cannot write at once.
///
/// Only what was published can give way: in a shared ring a claim may lie open while others pass
/// it, and no extension passes an open claim, whoever reads or does not. To see that none is open
/// is to look at every stamp once more. Readers have looked at them already, so now and then one
/// tells up to where all is published; an extension looks only at what nobody has told of.
///
/// Raising the limit takes two steps, because a reader may arrive while it happens: the target is
/// *reserved*, then all protections are looked at once more, and only then it is *granted*. A new
/// reader publishes itself, fences, and starts no lower than what was reserved; so either the
/// second look sees the reader, or the reader sees the reservation. Nothing is reserved that a
/// standing protection forbids, so a reader that stands is never overtaken.
///
/// Threads   any
/// Progress  lock-free; where records have destructors, `busy` while another thread destroys them
/// Cost      a scan of the gate, twice, and a fence, once per sixteenth of the ring; where it is
///           shared, a look at each stamp that no reader has told of
///
/// Edges
///   (1) -> (2a)  all readers are done with what lies below limit - capacity, and what lay there is
///               destroyed: a claim below the limit may write without looking further.
///   (1) -> (2b)  what was published before a reservation: who looks at the start and then at the
///               end finds no end before it
///   (1) -> (2c)  what was published below what is told: whoever looked at a stamp, it is as if the
///               extension, or the next who tells, had looked at it
///   (4) -> (3)  what the last extension destroyed, and the limit that it left
template <class Seq, class Env>
class room {
public:
    room(Seq start, Seq capacity) noexcept
        : capacity_(capacity), step_(capacity / 16 > 0 ? static_cast<Seq>(capacity / 16) : Seq{1}),
          limit_{plus(start, capacity)}, reserved_{plus(start, capacity)}, settled_{start}
    {
    }

    [[nodiscard]] Seq capacity() const noexcept { return capacity_; }
    /// By how much the limit is raised at once, if it can be.
    [[nodiscard]] Seq step() const noexcept { return step_; }

    [[nodiscard]] Seq limit() const noexcept
    {
        // (2a) acquire-load, synchronizes-with the release-store (1)
        return limit_.load(std::memory_order_acquire);
    }

    /// The oldest sequence that a new reader may still count on, once it has published itself.
    [[nodiscard]] Seq log_start() const noexcept
    {
        // (2b) acquire-load, synchronizes-with the release-store (1); the fences of reader and
        // extension order it against the protections
        return minus(reserved_.load(std::memory_order_acquire), capacity_);
    }

    /// From now on readers that hold nothing back register with the cheap side of the fence. Cold:
    /// they call it once, before their first lease, and then fence heavily.
    void expect_light_readers() noexcept
    {
        // relaxed: the heavy fence orders it
        light_readers_.store(true, std::memory_order_relaxed);
        Env::heavy();
    }

    /// The ring is shared from now on, and all below `to` is published. Before anybody knows.
    void settle(Seq to) noexcept
    {
        // relaxed: the new regime carries it
        settled_.store(to, std::memory_order_relaxed);
    }

    /// Of a shared ring: who calls has seen, with acquire, that all from `since` up to `to` is
    /// published. False where it is not known of all that is before.
    bool tell_settled(Seq since, Seq to) const noexcept
    {
        // what no longer has to be there was published
        const bool joins = !before(settled(), since) || !before(limit(), plus(since, capacity_));
        if (joins) {
            raise(settled_, to);
        }
        return joins;
    }

    /// Raises the limit so that the claim of `count` sequences from `first` on may be written.
    /// `settled(from, to)` says up to where everything is published, with acquire; `retire(from,
    /// to)` destroys the records that go: it is called by one thread at a time, in order.
    template <class Settled, class Retire>
    [[nodiscard]] extension extend(Seq first, Seq count, const gate<Seq, Env>& protections,
                                   Settled&& settled, Retire&& retire)
    {
        const Seq need = plus(first, count);
        if constexpr (std::remove_cvref_t<Retire>::needed) {
            // (3) acquire-exchange, synchronizes-with the release-store (4)
            if (retiring_.exchange(true, std::memory_order_acquire)) {
                return before(limit(), need) ? extension::busy : extension::granted;
            }
            const extension outcome = extend_alone(first, need, protections, settled, retire);
            // (4) release-store, synchronizes-with the acquire-exchange (3)
            retiring_.store(false, std::memory_order_release);
            return outcome;
        } else {
            return extend_alone(first, need, protections, settled, retire);
        }
    }

private:
    template <class Settled, class Retire>
    extension extend_alone(Seq first, Seq need, const gate<Seq, Env>& protections,
                           Settled&& settled, Retire&& retire)
    {
        for (;;) {
            const Seq from = limit();
            if (!before(from, need)) {
                return extension::granted;
            }
            // a step further than needed, but never past a record that does not exist yet
            const Seq stride = before(plus(from, step_), need) ? need : plus(from, step_);
            const Seq wanted = earlier(stride, plus(first, capacity_));
            const Seq oldest = minus(from, capacity_);
            Seq lowest = protections.scan(minus(wanted, capacity_));
            const Seq told = this->settled();
            const Seq unknown = before(oldest, told) ? told : oldest;
            if (before(unknown, lowest)) {
                lowest = settled(unknown, lowest);
            }
            const Seq target = plus(lowest, capacity_);
            if (before(target, need)) {
                if (limit() != from) {
                    continue; // what we looked at was overwritten meanwhile
                }
                return extension::full;
            }
            raise(reserved_, target);
            // Either this look at the flag sees a reader that fences lightly, or the reader's heavy
            // fence came before it, and the reader sees the reservation.
            Env::light();
            // relaxed: see above
            if (light_readers_.load(std::memory_order_relaxed)) {
                Env::heavy();
            } else {
                Env::fence();
            }
            if (before(protections.scan(lowest), lowest)) {
                continue;
            }
            retire(oldest, lowest);
            raise(limit_, target);
        }
    }

    [[nodiscard]] Seq settled() const noexcept
    {
        // (2c) acquire-load, synchronizes-with the release-store (1)
        return settled_.load(std::memory_order_acquire);
    }

    static void raise(typename Env::template atomic<Seq>& value, Seq target) noexcept
    {
        // relaxed: re-checked by the exchange
        Seq seen = value.load(std::memory_order_relaxed);
        while (before(seen, target)) {
            // (1) release-store, synchronizes-with the acquire-loads (2a), (2b), (2c); acquire:
            // what an extension before this one released goes on. relaxed on failure: the loop
            // looks again
            if (value.compare_exchange_weak(seen, target, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
                return;
            }
        }
    }

    const Seq capacity_;
    const Seq step_;

    // Written by whoever extends; read by producers that run out, and by readers that arrive. Of a
    // shared ring also by readers, as often as it is extended.
    alignas(cache_line_bytes) typename Env::template atomic<Seq> limit_;
    typename Env::template atomic<Seq> reserved_;
    mutable typename Env::template atomic<Seq> settled_; // all below it is published
    typename Env::template atomic<bool> light_readers_{false};
    typename Env::template atomic<bool> retiring_{false};
};

} // namespace gregor::inline GREGOR_ABI::ring
