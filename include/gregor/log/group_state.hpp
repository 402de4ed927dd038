// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/label.hpp"
#include "gregor/base/text.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/consumer_terms.hpp"
#include "gregor/log/kept_nowhere.hpp"
#include "gregor/options.hpp"
#include "gregor/ring/growing_array.hpp"
#include "gregor/ring/sequence.hpp"
#include "gregor/ring/shared.hpp"

namespace gregor::inline GREGOR_ABI {

/// One member of a group, as the others see it. It marks itself while it is inside one of its own
/// calls; who takes something from it gives it an order, fences heavily, and then looks whether it
/// is outside. If so, the member sees the order before it touches anything again; if not, it is
/// alive, and will see the order soon.
///
/// Threads   enter, leave, has_orders: the member; order, activity: under the topic's mutex
/// Progress  wait-free
/// Cost      enter and leave: a plain store each to a line of its own, and a load
///
/// Edges
///   (1) -> (2)  what the member did in its calls: its position, its leases, its commits
///   (3) -> (4)  that something was ordered; what it is, the topic's mutex brings
template <class Env>
class alignas(cache_line_bytes) group_member {
public:
    group_member(std::uint64_t number, const consumer_terms& options)
        : id(number), instance_id(std::string_view{options.instance_id}),
          max_poll_interval(options.max_poll_interval), listens(options.listener != nullptr)
    {
    }

    // --- the member ------------------------------------------------------------------------------

    GREGOR_INLINE void enter() noexcept
    {
        // relaxed: carries nothing; only the member writes it
        const std::uint64_t number = activity_.load(std::memory_order_relaxed) + 1;
        // relaxed: carries nothing; the asymmetric fence orders it before the look at the orders
        activity_.store(number, std::memory_order_relaxed);
        Env::light();
    }

    GREGOR_INLINE void leave() noexcept
    {
        // relaxed: only the member writes it
        const std::uint64_t number = activity_.load(std::memory_order_relaxed) + 1;
        // (1) release-store, synchronizes-with the acquire-load (2)
        activity_.store(number, std::memory_order_release);
    }

    /// The number of the last order.
    [[nodiscard]] std::uint64_t orders() const noexcept
    {
        // (4) acquire-load, synchronizes-with the release-store (3)
        return orders_.load(std::memory_order_acquire);
    }

    // --- the others, under the topic's mutex -----------------------------------------------------

    /// There is something for it to look at. The caller wakes it.
    void order() noexcept
    {
        // relaxed: only under the mutex
        const std::uint64_t number = orders_.load(std::memory_order_relaxed) + 1;
        // (3) release-store, synchronizes-with the acquire-load (4)
        orders_.store(number, std::memory_order_release);
    }

    /// Moves whenever the member enters and leaves; odd while it is inside.
    [[nodiscard]] std::uint64_t activity() const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        return activity_.load(std::memory_order_acquire);
    }

    /// Gives it an order, and says whether it is outside: then it will see it on its way in, and
    /// what it left is there to be looked at.
    [[nodiscard]] bool order_and_see_outside() noexcept
    {
        order();
        Env::heavy();
        return activity() % 2 == 0;
    }

    /// The same, once a round, whichever of its partitions it is about: who was outside when it got
    /// the order gets no further than to the mutex.
    [[nodiscard]] bool is_outside(std::uint64_t round) noexcept
    {
        if (asked_in_ != round) {
            asked_in_ = round;
            was_outside_ = order_and_see_outside();
        }
        return was_outside_;
    }

    /// Whoever holds it no longer needs it. The last one destroys it.
    void let_go() noexcept
    {
        if (holders.remove()) {
            delete this;
        }
    }

    ring::holder_count holders; ///< its consumer, and its group
    const std::uint64_t id;
    const label instance_id;
    const std::chrono::nanoseconds max_poll_interval;
    const bool listens; ///< it wants to know before a partition goes

    // Under the topic's mutex.
    bool fenced = false; ///< it was away for too long: nothing is its own any more
    bool away = false;   ///< a static member whose consumer is gone, and may come back
    std::uint64_t seen_activity = ~std::uint64_t{0};
    std::chrono::nanoseconds seen_at = {}; ///< when that was first seen
    std::size_t dealt = 0;                 ///< how much it gets, while somebody shares out
    group_member* next = nullptr;          ///< of the list

private:
    std::uint64_t asked_in_ = 0; // under the topic's mutex, as these are
    bool was_outside_ = false;

    // Written by the member at every call; read by who wants something of it.
    alignas(cache_line_bytes) typename Env::template atomic<std::uint64_t> activity_{0};
    // Written seldom; read by the member at every call.
    alignas(cache_line_bytes) typename Env::template atomic<std::uint64_t> orders_{0};
};

/// The members of a group, which it holds, in Kafka's order: those with an instance id by that,
/// then the others by id. From the first one on, each has the next.
///
/// Threads   under the topic's mutex
template <class Env>
class member_list {
public:
    using member = group_member<Env>;

    member_list() = default;
    member_list(const member_list&) = delete;
    member_list& operator=(const member_list&) = delete;
    ~member_list()
    {
        while (first_ != nullptr) {
            remove(*first_);
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] member* first() const noexcept { return first_; }

    /// Its id is the highest.
    void add(member& one) noexcept
    {
        member** link = &first_;
        while (*link != nullptr && (one.instance_id.empty() || comes_before(**link, one))) {
            link = &(*link)->next;
        }
        one.next = *link;
        *link = &one;
        one.holders.add();
        ++count_;
    }
    /// It is there.
    void remove(member& one) noexcept
    {
        member** link = &first_;
        while (*link != &one) {
            link = &(*link)->next;
        }
        *link = one.next;
        --count_;
        one.let_go();
    }

private:
    static bool comes_before(const member& a, const member& b) noexcept
    {
        return !a.instance_id.empty() && order_of_texts(a.instance_id, b.instance_id) < 0;
    }

    member* first_ = nullptr;
    std::size_t count_ = 0;
};

/// What was given with a committed offset, for who takes over. It says nothing of any other offset.
struct offset_note {
    offset_t of = 0;
    label text = {};
};

/// How many offsets before this one were overwritten before they could be read, and nobody was told
/// so yet.
struct untold_loss {
    offset_t before = 0;
    std::uint64_t missed = 0;
};

/// What the last reader of a partition left to the next one: where it was, where it could not leave
/// that in the cursor, and what it was not told.
struct left_behind {
    offset_t resume = no_such_offset;
    untold_loss loss = {};
};

/// What a log remembers of one group: its committed offset in each partition, in the very place
/// that holds producers back, and who reads which. It outlives the group's members.
///
/// Threads   under the topic's mutex; the offsets themselves are moved by the partition's owner
template <class OwnedPlace, class Env, class Kept = kept_nowhere>
struct group_state {
    using member = group_member<Env>;
    using place = typename OwnedPlace::element_type;

    /// One partition of the group.
    struct share {
        OwnedPlace cursor;
        member* owner = nullptr;        ///< who reads it
        const member* target = nullptr; ///< who is to read it
        /// The owner's lease, position, and what it is still to be told that it missed before that:
        /// to be looked at while it is outside. Without a position there is nothing to look at.
        const place* lease = nullptr;
        const offset_t* position = nullptr;
        const std::uint64_t* missed = nullptr;
        /// Where the last owner was, where it could not leave that in the cursor.
        offset_t resume = no_such_offset;
        untold_loss untold = {}; ///< of the last owner
        offset_note note = {};
        GREGOR_NO_UNIQUE_ADDRESS Kept kept = {}; ///< where the cursor is kept, too

        /// Moves the cursor forward, or lets go. What is kept moves first: producers overwrite what
        /// the cursor has let go at once, and it must not come back.
        void move(offset_t to, unsigned flags) noexcept
        {
            kept.set(ring::pack(to, flags));
            cursor->set(to, flags);
        }
        /// The cursor has been moved in another way.
        void keep() noexcept
        {
            if constexpr (Kept::kept) {
                kept.set(cursor->get());
            }
        }

        /// The owner's, as long as it can be looked at; then what it has left.
        [[nodiscard]] untold_loss loss() const noexcept
        {
            return position != nullptr ? untold_loss{*position, *missed} : untold;
        }

        /// Nobody looks at the owner any more.
        void hide_owner() noexcept
        {
            untold = loss();
            lease = nullptr;
            position = nullptr;
        }

        void give_back(offset_t at) noexcept
        {
            hide_owner();
            owner = nullptr;
            resume = at;
        }
    };

    label name;
    bool lossy = false;
    /// Named in the topic's options: holds producers back with or without members.
    bool declared = false;
    /// Its first member has come in. Where memory was short, it has not, and there is no group.
    bool joined = false;
    /// One a partition; as many as the topic has, and published before its partition is.
    ring::growing_array<share, Env> shares = {};

    member_list<Env> members = {}; ///< in Kafka's order
    std::uint64_t members_ever = 0;
    std::size_t users = 0;        ///< consumers that refer to this: members, and fenced ones
    std::uint64_t generation = 0; ///< how often it was said who is to read what
    std::uint64_t fenced = 0;     ///< members that were taken for dead, or came back too early
    bool stale = false;           ///< members or partitions came, or members went, since
    std::uint64_t rounds = 0;     ///< how often somebody looked for what it may take
    assignor assign = {};
    group_state* next = nullptr; ///< of the topic's

    /// Producers wait for it, with members or (declared, or all of them fenced) without.
    [[nodiscard]] bool holds_producers_back() const noexcept
    {
        bool holds = declared || !members.empty();
        for (std::size_t p = shares.size(); p-- != 0 && !holds;) {
            holds = shares[p].cursor->holding();
        }
        return holds && !lossy;
    }
};

} // namespace gregor::inline GREGOR_ABI
