// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "model/checker/model.hpp"
#include "model/small_producing.hpp"

#include "gregor/ring/sequencer.hpp"

namespace gregor::model {

/// The protocol of one ring from the real headers, on the checker's atomics and on sequences of 8
/// bits, with slots whose every access is watched: a log in the small, as `memory_log` and the
/// classes above it use the protocol.
template <std::uint8_t Capacity, bool Many = true, bool Destroys = false>
class small_log : public small_producing<small_log<Capacity, Many, Destroys>,
                                         ring::sequencer<std::uint8_t, env, Many>> {
    using base = typename small_log::small_producing;

public:
    using typename base::claiming;
    using typename base::lane;
    using typename base::seq;
    using typename base::sequencer;

    /// A record: who sent it, and the how manieth of his it is.
    struct value {
        cell<int> sender;
        cell<int> number;
    };

    explicit small_log(seq start = 0) : protocol(start, Capacity)
    {
        if constexpr (!Destroys) {
            for (seq i = 0; i < Capacity; ++i) {
                new (slot(i)) value{};
            }
        }
    }
    ~small_log()
    {
        if constexpr (Destroys) {
            retire{*this}(ring::minus(protocol.room().limit(), Capacity), protocol.end());
        } else {
            for (seq i = 0; i < Capacity; ++i) {
                slot(i)->~value();
            }
        }
    }
    small_log(const small_log&) = delete;
    small_log& operator=(const small_log&) = delete;

    [[nodiscard]] value* slot(seq at)
    {
        return reinterpret_cast<value*>(memory_.data()) + at % Capacity;
    }

    [[nodiscard]] auto claim(lane& mine, seq count)
    {
        return insist([&] { return protocol.claim(mine, count, retire{*this}); });
    }
    [[nodiscard]] auto hold(lane& mine, seq count)
    {
        return insist([&] { return protocol.hold(mine, count, retire{*this}); });
    }

    void fill(seq at, int sender, int number)
    {
        if constexpr (Destroys) {
            new (slot(at)) value{sender, number};
        } else {
            base::fill(at, sender, number);
        }
    }

    sequencer protocol;

private:
    struct retire {
        static constexpr bool needed = Destroys;

        small_log& log;

        void operator()([[maybe_unused]] seq from, [[maybe_unused]] seq to) const noexcept
        {
            if constexpr (Destroys) {
                for (; from != to; ++from) {
                    if (log.protocol.is_record(from)) {
                        log.slot(from)->~value();
                    }
                }
            }
        }
    };

    template <class Attempt>
    static auto insist(Attempt&& attempt)
    {
        auto got = attempt();
        while (got.outcome == claiming::busy) {
            env::yield();
            got = attempt();
        }
        return got;
    }

    alignas(value) std::array<std::byte, Capacity * sizeof(value)> memory_;
};

/// A lossless reader of a small log, as `partition_reader` and `consumer_core` use the protocol. It
/// checks that the records of each sender come in order, and none is missing.
template <class Log>
class small_reader {
public:
    using seq = typename Log::seq;
    using place = typename Log::place;
    using extent = typename Log::extent;

    /// Holds everything from here on; made before the threads start.
    small_reader(Log& log, seq from)
        : log_(log), cursor_(log.protocol.gate().cursor("reader")),
          lease_(log.protocol.gate().lease("reader")), sight_{from, false}, position_(from)
    {
        cursor_.set(from, place::holds);
    }

    /// Leases the records that are there, `most` at the most.
    [[nodiscard]] bool look(extent& got, seq most)
    {
        got = log_.protocol.available(sight_, position_, most);
        if (got.count != 0) {
            lease_.set(got.first, place::holds);
            return true;
        }
        if (got.first != position_) {
            cursor_.set(got.first, place::holds);
            log_.room_made.notify();
        }
        position_ = got.first;
        return false;
    }

    /// Waits until there are records, or there will be none: false.
    [[nodiscard]] bool wait(extent& got, seq most)
    {
        bool found = false;
        log_.wait_on(log_.records_arrived, [&] {
            found = look(got, most);
            return found || finished();
        });
        return found;
    }

    void read(const extent& got)
    {
        for (seq i = 0; i < got.count; ++i) {
            auto* const record = log_.slot(ring::plus(got.first, i));
            const auto sender = static_cast<std::size_t>(record->sender.get());
            check(record->number.get() == seen_[sender],
                  "each sender's records come once, in order");
            ++seen_[sender];
        }
        position_ = ring::plus(got.first, got.count);
    }

    void commit()
    {
        cursor_.set(position_, place::holds | place::committed);
        log_.room_made.notify();
    }

    void let_go() { lease_.set(0, 0); }

    /// Waits, reads, lets go, commits: true if there was anything.
    bool take(seq most)
    {
        extent got;
        if (!wait(got, most)) {
            return false;
        }
        read(got);
        let_go();
        commit();
        return true;
    }

    /// Reads until it has seen this many records in all.
    void take_all(int records, seq most)
    {
        while (total() < records) {
            check(take(most), "nobody says that nothing will come while something does");
        }
    }

    /// Reads what is there, to the end: when nobody else is left, everything.
    void drain()
    {
        extent got;
        while (look(got, 127)) {
            read(got);
            let_go();
            commit();
        }
    }

    [[nodiscard]] bool finished() const { return log_.protocol.finished(position_); }
    [[nodiscard]] seq position() const { return position_; }
    [[nodiscard]] int seen(std::size_t sender) const { return seen_[sender]; }
    [[nodiscard]] int total() const
    {
        int sum = 0;
        for (const int each : seen_) {
            sum += each;
        }
        return sum;
    }

private:
    Log& log_;
    place& cursor_;
    place& lease_;
    typename Log::sight sight_;
    seq position_;
    std::array<int, 4> seen_{};
};

} // namespace gregor::model
