// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <string_view>

#include "gregor/base/config.hpp"
#include "gregor/base/label.hpp"
#include "gregor/ring/sequence.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// A place that says "nothing from here on may be overwritten": the cursor of a group, or the lease
/// of a batch. One line, one writer at a time; producers read it when they run out of room.
///
/// Edges
///   (1) -> (2)  all that the reader did with the records below the value: producers overwrite them
///               only after they have seen the reader move on.
template <class Seq, class Env>
class alignas(cache_line_bytes) protection {
public:
    using word = word_t<Seq>;

    /// The value holds producers back.
    static constexpr unsigned holds = 1;
    /// The value was committed, whether it holds or not.
    static constexpr unsigned committed = 2;

    /// Moves forward, or lets go; by the one writer. Never moves a holding value back: see `enter`.
    void set(Seq sequence, unsigned flags) noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        word_.store(pack(sequence, flags), std::memory_order_release);
    }

    /// Takes a place further back than the last, or in a place that another one has left. The
    /// caller then fences and looks at the log start, for the scan that did not see it.
    void enter(Seq sequence, unsigned flags) noexcept
    {
        // acq_rel: a reused place carries on what its last owner released by (1)
        word_.exchange(pack(sequence, flags), std::memory_order_acq_rel);
    }

    [[nodiscard]] word get() const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return word_.load(std::memory_order_acquire);
    }

    [[nodiscard]] Seq sequence() const noexcept { return sequence_in<Seq>(get()); }
    [[nodiscard]] bool holding() const noexcept { return (get() & holds) != 0; }

    /// Who holds it, for people; under the owner's mutex.
    label holder;

private:
    template <class, class>
    friend class gate;

    typename Env::template atomic<word> word_{0};
    protection* next_ = nullptr; // written once, before the place is linked
    bool taken_ = false;         // under the owner's mutex
};

/// Whom producers wait for: all cursors and all leases of one partition.
///
/// The scan reads all cursors first and all leases after them. A protection only ever moves from a
/// cursor to a lease (a batch is leased before anything after it is committed), with the lease
/// stored first, so what the scan no longer finds at the cursor it finds at the lease.
///
/// Threads   `scan` any; `cursor`, `lease` and `give_back` under the owner's mutex
/// Progress  scan: wait-free, in the number of places ever in use at once
/// Lifetime  places live as long as the gate; given back, they serve again
///
/// Edges
///   (3) -> (4)  a new place, whole, before it is found in the list
template <class Seq, class Env>
class gate {
public:
    using place = protection<Seq, Env>;

    gate() = default;
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;
    ~gate()
    {
        drop(cursors_);
        drop(leases_);
    }

    [[nodiscard]] place& cursor(std::string_view holder) { return take(cursors_, holder); }
    [[nodiscard]] place& lease(std::string_view holder) { return take(leases_, holder); }

    void give_back(place& p) noexcept
    {
        p.set(Seq{0}, 0);
        p.taken_ = false;
    }

    /// A place that is given back to its gate when this goes, under the owner's mutex as well;
    /// without a gate, it is left to who has it.
    class owned_place {
    public:
        using element_type = place;

        owned_place() = default;
        explicit owned_place(place* p, gate* from = nullptr) noexcept : place_(p), from_(from) {}
        owned_place(owned_place&& other) noexcept : place_(other.place_), from_(other.from_)
        {
            other.from_ = nullptr;
        }
        owned_place& operator=(owned_place other) noexcept
        {
            place* const place_before = place_;
            gate* const from_before = from_;
            place_ = other.place_;
            from_ = other.from_;
            other.place_ = place_before;
            other.from_ = from_before;
            return *this;
        }
        ~owned_place()
        {
            if (from_ != nullptr) {
                from_->give_back(*place_);
            }
        }

        [[nodiscard]] place* get() const noexcept { return place_; }
        [[nodiscard]] place& operator*() const noexcept { return *place_; }
        [[nodiscard]] place* operator->() const noexcept { return place_; }

    private:
        place* place_ = nullptr;
        gate* from_ = nullptr;
    };

    [[nodiscard]] owned_place own(place& p) noexcept { return owned_place{&p, this}; }

    /// The lowest protection, or `none` where nothing below `none` is protected.
    [[nodiscard]] Seq scan(Seq none) const noexcept
    {
        const Seq lowest = lowest_in(cursors_, none);
        return lowest_in(leases_, lowest);
    }

    /// Visits all cursors (`is_lease` false), then all leases, those at rest too.
    template <class Visit>
    void visit(Visit&& visit) const
    {
        for (const place* p = first_of(cursors_); p != nullptr; p = p->next_) {
            visit(*p, false);
        }
        for (const place* p = first_of(leases_); p != nullptr; p = p->next_) {
            visit(*p, true);
        }
    }

private:
    using list = typename Env::template atomic<place*>;

    [[nodiscard]] static const place* first_of(const list& places) noexcept
    {
        // (4) acquire-load, synchronizes-with the release-store (3)
        return places.load(std::memory_order_acquire);
    }

    [[nodiscard]] static Seq lowest_in(const list& places, Seq lowest) noexcept
    {
        for (const place* p = first_of(places); p != nullptr; p = p->next_) {
            const word_t<Seq> word = p->get();
            if ((word & place::holds) != 0) {
                lowest = earlier(lowest, sequence_in<Seq>(word));
            }
        }
        return lowest;
    }

    static place& take(list& places, std::string_view holder)
    {
        // relaxed: only this thread links, under the owner's mutex
        place* const first = places.load(std::memory_order_relaxed);
        place* p = first;
        while (p != nullptr && p->taken_) {
            p = p->next_;
        }
        if (p == nullptr) {
            p = new place;
            p->next_ = first;
            // (3) release-store, synchronizes-with the acquire-load (4)
            places.store(p, std::memory_order_release);
        }
        p->holder = label{holder};
        p->taken_ = true;
        return *p;
    }

    static void drop(list& places) noexcept
    {
        // relaxed: nobody else is left
        for (place* p = places.load(std::memory_order_relaxed); p != nullptr;) {
            place* const gone = p;
            p = p->next_;
            delete gone;
        }
    }

    list cursors_{nullptr};
    list leases_{nullptr};
};

} // namespace gregor::inline GREGOR_ABI::ring
