// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "model/checker/model.hpp"

// A broken precondition is a finding like any other.
#ifndef GREGOR_ASSERT_HANDLER
#    define GREGOR_ASSERT_HANDLER(sentence) ::gregor::model::fail(sentence)
#endif

#include "gregor/ring/event_count.hpp"
#include "gregor/ring/lane.hpp"
#include "gregor/ring/sequence.hpp"

namespace gregor::model {

/// What producers do with a log in the small, as the classes above a log do it. `Log` has the
/// `protocol`, its slots, and room for claims.
template <class Log, class Sequencer>
class small_producing {
public:
    using seq = std::uint8_t;
    using sequencer = Sequencer;
    using lane = typename sequencer::lane_type;
    using sight = typename sequencer::sight_type;
    using place = typename sequencer::place;
    using extent = typename sequencer::run_type;
    using claiming = ring::claiming;

    void fill(seq at, int sender, int number)
    {
        log().slot(at)->sender.set(sender);
        log().slot(at)->number.set(number);
    }

    void publish(lane& mine, seq first, seq count)
    {
        log().protocol.publish(mine, first, count);
        records_arrived.notify();
        if (mine.shared) {
            room_made.notify();
        }
    }

    /// Ends a hold of which the first `built` were filled.
    void settle(lane& mine, seq first, seq count, seq built)
    {
        log().protocol.settle(mine, first, count, built);
        records_arrived.notify();
        room_made.notify();
    }

    /// Sends records, the first of them with this number, if there is room for all; `where` is the
    /// first one's.
    claiming try_send(lane& mine, int sender, int number, seq count = 1, seq* where = nullptr)
    {
        const auto got = log().claim(mine, count);
        if (got.outcome == claiming::granted) {
            for (seq i = 0; i < count; ++i) {
                log().fill(ring::plus(got.first, i), sender, number + i);
            }
            publish(mine, got.first, count);
            if (where != nullptr) {
                *where = got.first;
            }
        }
        return got.outcome;
    }

    /// Sends records as soon as there is room for all.
    claiming send(lane& mine, int sender, int number, seq count = 1)
    {
        claiming outcome = claiming::full;
        wait_on(room_made, [&] {
            outcome = try_send(mine, sender, number, count);
            return outcome != claiming::full;
        });
        return outcome;
    }

    /// The second producer comes: as the topic does it, under its mutex.
    [[nodiscard]] lane join_producers()
    {
        owner.lock();
        if constexpr (requires { log().protocol.share(); }) {
            log().protocol.share();
        }
        const lane mine = log().protocol.open_lane();
        owner.unlock();
        return mine;
    }

    void close()
    {
        owner.lock();
        log().protocol.close();
        owner.unlock();
        records_arrived.notify();
        room_made.notify();
    }

    /// As `wait_until` of the wait policies.
    template <class Ready>
    void wait_on(ring::event_count<env>& event, Ready&& ready)
    {
        while (!ready()) {
            if (!sleeps) {
                env::yield();
                continue;
            }
            const auto ticket = event.announce();
            if (ready()) {
                return;
            }
            event.sleep(ticket, std::chrono::nanoseconds::max());
        }
    }

    /// Whether who waits sleeps; else he looks again and again, which is less to explore.
    bool sleeps = false;

    ring::event_count<env> records_arrived;
    ring::event_count<env> room_made;
    mutex owner;

protected:
    small_producing() = default;
    ~small_producing() = default;

private:
    Log& log() { return static_cast<Log&>(*this); }
};

} // namespace gregor::model
