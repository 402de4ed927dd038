// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "model/small_log.hpp"

#include "gregor/ring/in_segments.hpp"
#include "gregor/ring/room.hpp"
#include "gregor/ring/watermark.hpp"

namespace gregor::model {

/// The protocol of a log that is kept by segments, from the real headers, and in the small what
/// `disk::keeper` does around it: room comes and goes by segments of two slots, in a window of four
/// of them. Where a segment is taken away its slots are written, so that who still reads there is
/// found.
template <bool Many = true>
class small_segments
    : public small_producing<small_segments<Many>,
                             ring::sequencer<std::uint8_t, env, Many, ring::in_segments>> {
    using base = typename small_segments::small_producing;

public:
    using typename base::lane;
    using typename base::seq;
    using typename base::sequencer;

    static constexpr seq segment = 2;
    static constexpr seq window = 4 * segment;

    struct slot_type {
        atomic<ring::word_t<seq>> stamp{0};
        cell<int> sender;
        cell<int> number;
    };

    /// What another life has left lies from `oldest` on; it goes on at `start`. So many segments
    /// are kept at the most.
    small_segments(seq oldest, seq start, unsigned most_segments)
        : protocol(oldest, start, start, {slots.data(), sizeof(slot_type), window}, window),
          durable(start), most_(most_segments), begin_(oldest), settled_(start), room_end_(oldest)
    {
        while (ring::before(room_end_, start)) {
            room_end_ = ring::plus(room_end_, segment);
        }
    }
    small_segments(const small_segments&) = delete;
    small_segments& operator=(const small_segments&) = delete;

    [[nodiscard]] slot_type* slot(seq at) { return &slots[at % window]; }

    [[nodiscard]] auto claim(lane& mine, seq count)
    {
        return protocol.claim(mine, count, [this](seq end) { return make_room(end); });
    }
    [[nodiscard]] auto hold(lane& mine, seq count)
    {
        return protocol.hold(mine, count, [this](seq end) { return make_room(end); });
    }

    // --- as the keeper ---------------------------------------------------------------------------

    /// Room ahead of the producers.
    void maintain()
    {
        const std::lock_guard lock{keeping};
        if (protocol.room().limit() != room_end_ || add_segment() == ring::extension::granted) {
            prepare();
        }
    }

    /// Takes the oldest segment away, where nobody needs it.
    void remove_oldest()
    {
        const std::lock_guard lock{keeping};
        (void)cut_off_oldest();
    }

    /// Waits until everything below `end`, which was published, is on the disk.
    void wait_lasting(seq end)
    {
        while (ring::before(durable.value(), end)) {
            {
                const std::lock_guard lock{keeping};
                if (ring::before(durable.value(), end)) {
                    flush();
                }
            }
            if (ring::before(durable.value(), end)) {
                env::yield();
            }
        }
    }

    /// What the disk has of this place.
    [[nodiscard]] int on_disk(seq at) const { return disk_[at % window].get(); }

private:
    std::array<slot_type, window> slots; // before who looks at them

public:
    sequencer protocol;
    ring::watermark<seq, env> durable;
    mutex keeping;

private:
    ring::extension make_room(seq end)
    {
        const std::lock_guard lock{keeping};
        while (ring::before(protocol.room().limit(), end)) {
            if (protocol.room().limit() == room_end_) {
                const ring::extension added = add_segment();
                if (added != ring::extension::granted) {
                    return added;
                }
            }
            prepare();
        }
        return ring::extension::granted;
    }

    /// One slot more.
    void prepare()
    {
        const seq at = protocol.room().limit();
        this->fill(at, -1, -1);
        protocol.room().grant(ring::plus(at, 1));
    }

    ring::extension add_segment()
    {
        const unsigned there = ring::minus(room_end_, begin_) / segment;
        if (there + 1 > most_ && !cut_off_oldest()) {
            return ring::extension::full;
        }
        room_end_ = ring::plus(room_end_, segment);
        return ring::extension::granted;
    }

    bool cut_off_oldest()
    {
        const seq next = ring::plus(begin_, segment);
        settled_ = protocol.published_end(settled_);
        if (ring::before(settled_, next) || next == room_end_ ||
            !protocol.room().cut_off(next, protocol.gate())) {
            return false;
        }
        for (; begin_ != next; begin_ = ring::plus(begin_, 1)) {
            // relaxed: what lies there now is zeros; who looks sees those, or what was there
            slot(begin_)->stamp.store(0, std::memory_order_relaxed);
            this->fill(begin_, -2, -2);
        }
        return true;
    }

    void flush()
    {
        settled_ = protocol.published_end(settled_);
        const seq from = durable.value();
        for (seq at = from; ring::before(at, settled_); at = ring::plus(at, 1)) {
            disk_[at % window].set(protocol.is_record(at) ? slot(at)->number.get() : -1);
        }
        if (ring::before(from, settled_)) {
            durable.raise(settled_);
        }
    }

    std::array<cell<int>, window> disk_;

    // under `keeping`
    const unsigned most_;
    seq begin_;
    seq settled_;
    seq room_end_;
};

} // namespace gregor::model
