// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "model/checker/model.hpp"

// A broken precondition is a finding like any other.
#ifndef GREGOR_ASSERT_HANDLER
#    define GREGOR_ASSERT_HANDLER(sentence) ::gregor::model::fail(sentence)
#endif

#include "gregor/base/fixed_array.hpp"
#include "gregor/consumer.hpp"
#include "gregor/producer.hpp"

namespace gregor::model {

/// A clock that stands: whoever waits, waits for ever.
struct no_clock {
    static constexpr bool runs = true;
    [[nodiscard]] static std::chrono::nanoseconds steady_now() noexcept { return {}; }
    [[nodiscard]] static timestamp_t system_now() noexcept { return {}; }
};

/// What is sent: the how manieth of its sender's.
struct number {
    explicit number(int n) noexcept : value(n) {}
    cell<int> value;
};

/// As `memory_log`, on the checker's atomics.
template <class Slot>
class topic_log {
public:
    using env = model::env;
    using sequencer = ring::sequencer<offset_t, env, true>;
    using lane = typename sequencer::lane_type;
    using sight = typename sequencer::sight_type;
    using run = typename sequencer::run_type;
    using place = typename sequencer::place;
    using claiming = ring::claiming;
    using claimed = typename sequencer::claimed_type;

    explicit topic_log(std::size_t capacity)
        : sequencer_(0, capacity), mask_(capacity - 1),
          slots_(static_cast<Slot*>(::operator new(capacity * sizeof(Slot))))
    {
    }
    topic_log(const topic_log&) = delete;
    topic_log& operator=(const topic_log&) = delete;
    ~topic_log()
    {
        retire{*this}(sequencer_.room().limit() - capacity(), sequencer_.end());
        ::operator delete(slots_);
    }

    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
    [[nodiscard]] Slot* slot(offset_t offset) const noexcept { return slots_ + (offset & mask_); }
    [[nodiscard]] std::size_t contiguous(offset_t offset) const noexcept
    {
        return capacity() - static_cast<std::size_t>(offset & mask_);
    }
    [[nodiscard]] claimed claim(lane& mine, std::size_t count)
    {
        return insist([&] { return sequencer_.claim(mine, count, retire{*this}); });
    }
    [[nodiscard]] claimed hold(lane& mine, std::size_t count)
    {
        return insist([&] { return sequencer_.hold(mine, count, retire{*this}); });
    }
    [[nodiscard]] offset_t begin_offset() const noexcept { return sequencer_.room().log_start(); }
    [[nodiscard]] offset_t end_offset() const noexcept { return sequencer_.end(); }
    [[nodiscard]] offset_t unread() const noexcept { return 0; }
    [[nodiscard]] bool has_room(std::size_t /*count*/) const noexcept { return true; }
    [[nodiscard]] sequencer& protocol() noexcept { return sequencer_; }
    [[nodiscard]] ring::since<env>& full_since() noexcept { return full_since_; }

private:
    template <class Attempt>
    static claimed insist(Attempt&& attempt)
    {
        claimed got = attempt();
        while (got.outcome == claiming::busy) {
            env::yield();
            got = attempt();
        }
        return got;
    }

    struct retire {
        static constexpr bool needed = true;
        topic_log& log;

        void operator()(offset_t from, offset_t to) const noexcept
        {
            for (; from != to; ++from) {
                if (log.sequencer_.is_record(from)) {
                    std::destroy_at(log.slot(from));
                }
            }
        }
    };

    sequencer sequencer_;
    ring::since<env> full_since_;
    std::size_t mask_;
    Slot* slots_;
};

/// A topic of one partition in the small: the real producer, consumer and batch, on the checker's
/// atomics, mutex and event counts. Who waits sleeps.
class small_topic {
public:
    using value_type = number;
    using policies = select_policies<wait::sleep, time_source<no_clock>, partitioner::round_robin>;
    using layout = record_layout<value_type, policies>;
    using slot_type = stored_record<layout>;
    using attributes = layout::attributes;

    struct state_type {
        using log_type = topic_log<slot_type>;
        using place = log_type::place;

        struct partition {
            const partition_id id;
            log_type log;
        };

        explicit state_type(std::size_t capacity)
            : partitions(
                  1, [=](std::size_t) { return partition{partition_id{0}, log_type{capacity}}; })
        {
        }
        [[nodiscard]] partition& at(partition_id) const { return partitions[0]; }

        [[nodiscard]] group_offsets<place> new_group(std::string group) const
        {
            fixed_array<place*> cursors{
                1,
                [&](std::size_t i) { return &partitions[i].log.protocol().gate().cursor(group); }};
            return {.name = std::move(group), .cursors = std::move(cursors)};
        }

        const std::string name = "small";
        no_clock time;
        const fixed_array<partition> partitions;
        ring::event_count<env> records_arrived;
        ring::event_count<env> room_made;
        model::mutex mutex;
        std::size_t live_producers = 0;
        bool closed = false;
        std::list<group_offsets<place>> groups;
    };

    explicit small_topic(std::size_t capacity) : state_(std::make_shared<state_type>(capacity)) {}

    /// As `basic_topic`.
    void close() noexcept
    {
        state_->mutex.lock();
        state_->closed = true;
        log().protocol().close();
        state_->mutex.unlock();
        state_->records_arrived.notify();
        state_->room_made.notify();
    }

    [[nodiscard]] std::string name() const { return state_->name; }
    [[nodiscard]] state_type::log_type& log() const { return state_->partitions[0].log; }
    [[nodiscard]] const std::shared_ptr<state_type>& state() const noexcept { return state_; }

private:
    std::shared_ptr<state_type> state_;
};

} // namespace gregor::model
