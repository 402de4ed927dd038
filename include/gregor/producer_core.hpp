// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/handle.hpp"
#include "gregor/base/stop.hpp"
#include "gregor/base/types.hpp"
#include "gregor/claim.hpp"
#include "gregor/log/sender_figures.hpp"
#include "gregor/policy/wait.hpp"
#include "gregor/refusal.hpp"
#include "gregor/ring/shared.hpp"
#include "gregor/ring/stopwatch.hpp"
#include "gregor/routed_lanes.hpp"
#include "gregor/sent.hpp"
#include "gregor/slot_filling.hpp"
#include "gregor/stats.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a producer handle and its open claim share: the lanes into each partition, and how a value
/// gets from the caller's hands into a slot. It goes when both are gone.
template <class Topic>
class alignas(cache_line_bytes) producer_core : slot_filling<Topic>, public routed_lanes<Topic> {
    using filling = slot_filling<Topic>;
    using routing = routed_lanes<Topic>;

public:
    using layout = typename Topic::layout;
    using value_type = typename Topic::value_type;
    using slot_type = typename Topic::slot_type;
    using stored_type = typename Topic::stored_type;
    using attributes = typename Topic::attributes;
    using policies = typename Topic::policies;
    using state_type = typename Topic::state_type;
    using env = typename state_type::env;
    using routing::copied_to_stay_in_registers;
    using routing::partitions;
    using routing::route;
    using routing::state;
    using typename routing::claimed;
    using typename routing::claiming;
    using typename routing::lane;
    using typename routing::partitioner;
    using typename routing::request;

    /// Admits one more producer, sharing the topic when it is not the first. Under the topic's
    /// mutex.
    // NOLINTNEXTLINE(modernize-pass-by-value): a copy, and no move to compile beside it
    producer_core(const ring::shared<state_type>& topic, partitioner&& choose)
        : routing(topic, static_cast<partitioner&&>(choose))
    {
        ++topic->live_producers;
        topic->senders.add(figures_);
    }

    /// One more of the topic's, or why there is none.
    [[nodiscard]] static objection
    make(handle<producer_core>& into, const ring::shared<state_type>& topic, partitioner&& choose);

    producer_core(const producer_core&) = delete;
    producer_core& operator=(const producer_core&) = delete;
    ~producer_core()
    {
        const std::lock_guard lock{state().mutex};
        --state().live_producers;
        state().senders.remove(figures_);
    }

    /// The handle goes; the core too, unless a claim is open.
    static void release(producer_core* core) noexcept
    {
        if (core->claim_open_) {
            core->orphaned_ = true;
        } else {
            delete core;
        }
    }

    [[nodiscard]] producer_stats stats() const
    {
        const std::chrono::nanoseconds now = state().time.steady_now();
        return {now, figures_.blocked.count(), figures_.refused.value(),
                figures_.blocked.total([now] { return now; })};
    }

    // --- one record ------------------------------------------------------------------------------

    /// Claims, moves the value in, publishes. `value` is a T to move or, where T is trivially
    /// copyable, one to copy: nothing that can fail runs after the claim.
    template <class V, class Stop>
    GREGOR_INLINE sent put(V&& value, attributes&& given, std::chrono::nanoseconds timeout,
                           const Stop& stop)
    {
        expect_no_claim();
        const partition_id p = route(value, given);
        const typename layout::stored_timestamp time = stamp(given);
        lane& into = lane_of(p);
        if constexpr (Topic::encoded) {
            if (stored_type::size(value, given) > into.log->most_blob_bytes()) {
                return {p, send_status::too_large};
            }
        }
        const claimed got = claim_one(*into.log, into.mine, value, given);
        if (got.outcome != claiming::granted) [[unlikely]] {
            if constexpr (copied_to_stay_in_registers) {
                value_type copy = value;
                attributes taken = given;
                return put_patiently(static_cast<value_type&&>(copy), std::move(taken), p, got,
                                     timeout, stop);
            } else {
                return put_patiently(static_cast<V&&>(value), std::move(given), p, got, timeout,
                                     stop);
            }
        }
        return deliver(into, p, got.first, static_cast<V&&>(value), std::move(given), time);
    }

    // --- a run of records of one partition -------------------------------------------------------

    /// Takes up to `count` values, `next()` yields them one after the other and cannot fail.
    template <class Next, class Stop>
    batch_sent put_run(partition_id p, std::size_t count, const attributes& given, Next&& next,
                       std::chrono::nanoseconds timeout, const Stop& stop)
    {
        expect_no_claim();
        lane& into = lane_of(p);
        if (count <= into.log->capacity()) [[likely]] {
            const typename layout::stored_timestamp time = stamp(given);
            const claimed got = claim_run(*into.log, into.mine, count);
            if (got.outcome == claiming::granted) [[likely]] {
                const batch_sent done = deliver_run(into, got.first, count, given, next, time);
                if (done) {
                    note_run(given, count);
                }
                return done;
            }
        }
        return put_run_patiently(p, count, given, next, timeout, stop);
    }

    // --- claims that user code fills -------------------------------------------------------------

    template <class Stop>
    claim<Topic> open_claim(std::size_t count, attributes&& given, std::chrono::nanoseconds timeout,
                            const Stop& stop)
    {
        expect_no_claim();
        partition_id p =
            given.partition == any_partition ? route_claim(given) : existing(given.partition);
        GREGOR_ASSERT(count != 0 && count <= lane_of(p).log->capacity(),
                      "a claim is for 1 record or more, and at most capacity_records");
        const auto attempt = [&] {
            return claim_or_move(p, given,
                                 [count](lane& into) { return into.log->hold(into.mine, count); });
        };
        claimed got = attempt();
        if (got.outcome != claiming::granted) {
            const send_status why = wait_for_room(got, count, timeout, stop, attempt);
            if (why != send_status::ok) {
                return {p, why};
            }
        }
        claim_open_ = true;
        claim<Topic> opened{*this, p, got.first, count, std::move(given)};
        note_run(opened.given_, count); // may throw: then the claim goes
        return opened;
    }

    /// Ends a claim: what was built is published. False where that could not be made as lasting as
    /// it should be.
    bool settle(partition_id p, offset_t first, std::size_t count, std::size_t built) noexcept
    {
        lane& into = lane_of(p);
        into.log->settle(into.mine, first, count, built);
        state().records_arrived.notify();
        state().room_made.notify(); // who waits for a closed topic to be drained
        const bool fine = built == 0 || lasts(into, first + built);
        claim_open_ = false;
        if (orphaned_) {
            destroy(this);
        }
        return fine;
    }

    [[nodiscard]] slot_type* slot(partition_id p, offset_t offset) noexcept
    {
        return lane_of(p).log->slot(offset);
    }

    /// The timestamp to store, where one is.
    [[nodiscard]] typename layout::stored_timestamp stamp(const attributes& given) const
    {
        if constexpr (layout::has_timestamp) {
            return given.timestamp ? *given.timestamp : state().time.system_now();
        } else {
            return {};
        }
    }

private:
    /// Out of line, or the compiler warns of what it cannot see to be the last use.
    GREGOR_COLD static void destroy(producer_core* core) noexcept { delete core; }

    using filling::claim_one;
    using filling::claim_run;
    using filling::put_into;
    using filling::put_one;
    using routing::claim_or_move;
    using routing::existing;
    using routing::goes_elsewhere;
    using routing::lane_of;
    using routing::note_run;
    using routing::route_claim;

    void expect_no_claim() const
    {
        GREGOR_ASSERT(!claim_open_, "a producer sends nothing while its claim is open");
    }

    template <class V>
    GREGOR_INLINE sent deliver(lane& into, partition_id p, offset_t at, V&& value,
                               attributes&& given, typename layout::stored_timestamp time) noexcept
    {
        [[maybe_unused]] const bool done =
            put_one(*into.log, into.mine, at, static_cast<V&&>(value), std::move(given), time);
        announce(into);
        if constexpr (Topic::durable) {
            if (!done || !lasts(into, at + 1)) {
                return {p, send_status::failed};
            }
        }
        return {p, at};
    }

    template <class Next>
    batch_sent deliver_run(lane& into, offset_t first, std::size_t count, const attributes& given,
                           Next& next, typename layout::stored_timestamp time) noexcept
    {
        batch_sent done = put_into(*into.log, into.mine, first, count, next, given, time);
        announce(into);
        if (!lasts(into, first + done.count)) {
            done.status = send_status::failed;
        }
        return done;
    }

    /// Wakes who waits for records; and, where producers share the ring, who waits for this claim
    /// to be published before it can be overwritten.
    GREGOR_INLINE void announce(const lane& into) noexcept
    {
        state().records_arrived.notify();
        if (into.mine.shared) [[unlikely]] {
            state().room_made.notify();
        }
    }

    /// What was published below `end` is as lasting as the options want it, or cannot be.
    [[nodiscard]] bool lasts(const lane& into, offset_t end) noexcept
    {
        if constexpr (Topic::durable) {
            return into.log->see_to_lasting(end, state().time, state().records_arrived);
        } else {
            return true;
        }
    }

    /// The first claim was refused.
    template <class V, class Stop>
    GREGOR_NOINLINE sent put_patiently(V&& value, attributes&& given, partition_id p, claimed got,
                                       std::chrono::nanoseconds timeout, const Stop& stop)
    {
        typename layout::stored_timestamp time = {};
        const send_status why = wait_for_room(got, 1, timeout, stop, [&] {
            lane& into = lane_of(p);
            time = stamp(given); // before the claim: the clock may throw
            const claimed again = claim_one(*into.log, into.mine, value, given);
            if (again.outcome != claiming::full || has_key(value, given) ||
                !goes_elsewhere(p, given)) {
                return again;
            }
            lane& emptiest = lane_of(p);
            return claim_one(*emptiest.log, emptiest.mine, value, given);
        });
        if (why != send_status::ok) {
            return {p, why};
        }
        return deliver(lane_of(p), p, got.first, static_cast<V&&>(value), std::move(given), time);
    }

    /// There is no room for all of the run now: part after part, as far as the caller allows.
    template <class Next, class Stop>
    GREGOR_NOINLINE batch_sent put_run_patiently(partition_id p, std::size_t count,
                                                 const attributes& given, Next& next,
                                                 std::chrono::nanoseconds timeout, const Stop& stop)
    {
        const std::size_t capacity = lane_of(p).log->capacity();
        batch_sent done;
        std::size_t part = count < capacity ? count : capacity;
        while (done.count != count) {
            part = part < count - done.count ? part : count - done.count;
            const typename layout::stored_timestamp time = stamp(given);
            const auto attempt = [&] {
                return claim_or_move(
                    p, given, [part](lane& into) { return claim_run(*into.log, into.mine, part); });
            };
            claimed got = attempt();
            // less may fit than all
            while (got.outcome == claiming::full && part > 1) {
                part /= 2;
                got = attempt();
            }
            if (got.outcome != claiming::granted) {
                done.status = wait_for_room(got, part, timeout, stop, attempt);
                if (done.status != send_status::ok) {
                    return done;
                }
            }
            const batch_sent put = deliver_run(lane_of(p), got.first, part, given, next, time);
            done.count += put.count;
            done.status = put.status;
            if (!done) {
                return done;
            }
            part = part < capacity / 2 ? part * 2 : capacity;
        }
        note_run(given, count);
        return done;
    }

    [[nodiscard]] bool has_key(const value_type& value, const attributes& given) const
    {
        if constexpr (layout::has_key) {
            return request{state(), partitions(), value, given.key}.has_key();
        } else {
            return false;
        }
    }

    /// After a first refusal: waits, as far as the caller allows, for `attempt` to be granted;
    /// `got` is then what it was granted.
    template <class Stop, class Attempt>
    GREGOR_COLD send_status wait_for_room(claimed& got, std::size_t count,
                                          std::chrono::nanoseconds timeout, const Stop& stop,
                                          Attempt&& attempt)
    {
        if (got.outcome == claiming::full) {
            got = attempt();
        }
        if (got.outcome == claiming::full && !stop.requested()) {
            note_full(count);
            if (timeout.count() <= 0) {
                figures_.refused.add(1);
                return send_status::full;
            }
            const ring::timing its_wait{figures_.blocked, state().time.steady_now()};
            [[maybe_unused]] const auto wake_on_stop = stop.on_request(state().room_made);
            using strategy = typename policies::wait;
            waiting<strategy, typename state_type::event, typename state_type::clock> wait{
                state().room_made,
                {state().time, timeout},
                strategy::patient,
                &figures_.blocked.sleeps()};
            for (unsigned looks = 1; got.outcome == claiming::full && !stop.requested(); ++looks) {
                if (!wait.goes_on()) {
                    figures_.blocked.still(state().time.steady_now());
                    figures_.refused.add(1);
                    return send_status::timed_out;
                }
                if (looks % 16 == 0) {
                    figures_.blocked.still(state().time.steady_now());
                }
                got = attempt(); // no clock is read after it: it may be the user's
            }
        }
        switch (got.outcome) {
        case claiming::granted: return send_status::ok;
        case claiming::closed: return send_status::closed;
        case claiming::failed: return send_status::failed;
        case claiming::full:
        case claiming::busy: break;
        }
        return send_status::stopped;
    }

    void note_full(std::size_t count)
    {
        for (partition_id p; p.value != partitions(); ++p.value) {
            auto& log = *lane_of(p).log;
            if (log.full_since().at() == 0 && log.is_full(count)) {
                const std::chrono::nanoseconds now = state().time.steady_now();
                log.full_since().begin(now.count() | 1);
            }
        }
    }

    bool claim_open_ = false;
    bool orphaned_ = false;
    sender_figures<env> figures_; // written where there is no room
};

template <class Topic>
objection producer_core<Topic>::make(handle<producer_core>& into,
                                     const ring::shared<state_type>& topic, partitioner&& choose)
{
#if GREGOR_EXCEPTIONS
    try {
#endif
        const std::lock_guard lock{topic->mutex};
        if constexpr (!policies::producers::many) {
            if (topic->live_producers != 0) {
                return refusal::second_producer(topic->name);
            }
        }
        into.hold(new producer_core{topic, static_cast<partitioner&&>(choose)});
        return {};
#if GREGOR_EXCEPTIONS
    } catch (const std::bad_alloc&) {
        return refusal::no_memory_for(
            "producer", topic->name, "memory for it, and for 8 bytes a slot when it is the second");
    }
#endif
}

} // namespace gregor::inline GREGOR_ABI
