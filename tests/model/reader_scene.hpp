// SPDX-License-Identifier: MIT
#pragma once

#include "model/exploring.hpp"
#include "model/small_log.hpp"

namespace gregor::model {

/// A log whose n-th record has the number n, with two producers' lanes and one reader, who goes
/// through the steps of `partition_reader` one by one.
template <class Log>
struct reader_scene {
    using place = typename Log::place;
    using seq = typename Log::seq;

    static constexpr seq start = 254;

    /// `how`: what the log wants to know besides where it begins.
    template <class... How>
    explicit reader_scene(bool shared, const How&... how) : log(start, how...)
    {
        if (shared) {
            log.protocol.share();
        }
        first = second = log.protocol.open_lane();
        cursor = &log.protocol.gate().cursor("reader");
        lease = &log.protocol.gate().lease("reader");
    }

    /// Sends records, if there is room: the numbers that belong to their places.
    void send(typename Log::lane& lane, int count = 1)
    {
        for (int i = 0; i < count; ++i) {
            const auto got = log.claim(lane, 1);
            if (got.outcome == Log::claiming::granted) {
                log.fill(got.first, 1, ring::minus(got.first, start));
                log.publish(lane, got.first, 1);
            }
        }
    }

    /// A record of this sequence is what it was when it was published.
    void read(seq at)
    {
        check(log.slot(at)->number.get() == ring::minus(at, start),
              "what is held is what was sent there");
    }

    /// Reads everything from here on, as the lease has it; `most` at the most.
    seq read_from(seq at, seq most)
    {
        const auto got = log.protocol.available(sight, at, most);
        if (got.count != 0) {
            lease->set(got.first, place::holds);
        }
        read_all(got);
        lease->set(0, 0);
        return ring::plus(got.first, got.count);
    }

    /// As `hold_from`: publishes the cursor, fences, looks at the log start.
    seq join(seq wanted)
    {
        cursor->enter(wanted, place::holds);
        env::heavy();
        const seq oldest = log.protocol.room().log_start();
        if (ring::before(wanted, oldest)) {
            cursor->set(oldest, place::holds);
            log.room_made.notify();
            return oldest;
        }
        return wanted;
    }

    /// Joins where the log begins, and takes a batch; while it has it, it commits it, or its group
    /// goes.
    void move_within_batch(bool goes)
    {
        const seq at = join(log.protocol.room().log_start());
        const auto got = log.protocol.available(sight, at, 2);
        if (got.count == 0) {
            return;
        }
        lease->set(got.first, place::holds);
        if (goes) {
            cursor->set(at, place::committed);
        } else {
            cursor->set(ring::plus(got.first, got.count), place::holds | place::committed);
        }
        read_all(got);
        lease->set(0, 0);
    }

    void read_all(const typename Log::extent& got)
    {
        for (seq i = 0; i < got.count; ++i) {
            read(ring::plus(got.first, i));
        }
    }

    Log log;
    typename Log::lane first;
    typename Log::lane second;
    typename Log::sight sight{start, false};
    place* cursor;
    place* lease;
};

} // namespace gregor::model
