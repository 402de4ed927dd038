// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "gregor/ack_tracker.hpp"
#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/consumer.hpp"
#include "gregor/group/rebalance_listener.hpp"
#include "gregor/handlers/attending.hpp"
#include "gregor/handlers/crew.hpp"
#include "gregor/handlers/hand.hpp"
#include "gregor/handlers/key_worker.hpp"
#include "gregor/handlers/options.hpp"
#include "gregor/handlers/remedy.hpp"
#include "gregor/record.hpp"

namespace gregor::inline GREGOR_ABI {

/// A member that hands its records over to workers, and commits what they have done. It goes on to
/// further records meanwhile, up to a window in each partition.
///
/// Threads   the member's own, but `serve`: its workers'
template <class Topic, class Crew, class Queue>
class keyed_hand final : public hand<Topic>, public rebalance_listener {
public:
    using consumer_type = consumer<Topic>;
    using batch_type = batch<Topic>;
    using record_type = record<Topic>;
    using worker_type = key_worker<Topic, Queue>;

    explicit keyed_hand(Crew& crew) : hand<Topic>(true), crew_(crew)
    {
        for (std::size_t i = 0; i != crew.options().workers; ++i) {
            workers_.push_back(std::make_unique<worker_type>(
                [this](auto& next, auto& mine) { serve(next, mine); }));
        }
    }

    rebalance_listener* listener() noexcept override { return this; }
    [[nodiscard]] bool has(std::thread::id id) const override
    {
        return hand<Topic>::has(id) || std::any_of(workers_.begin(), workers_.end(),
                                                   [&](const auto& each) { return each->is(id); });
    }
    void count(run_counts& sum) const noexcept override
    {
        hand<Topic>::count(sum);
        for (const auto& each : workers_) {
            each->count(sum);
        }
    }

    /// Until there is an end; what is under way then is seen to when the consumer closes.
    void work(consumer_type& in);

    // --- partitions come and go, inside the consumer's calls -------------------------------------

    void on_assigned(std::span<const partition_id> partitions) override
    {
        tell(partitions, &rebalance_listener::on_assigned);
    }
    /// What is under way is done, and committed, before anybody else reads on: so nothing is
    /// handled twice, and a key's records stay in order.
    void on_revoked(std::span<const partition_id> partitions) override;
    void on_lost(std::span<const partition_id> partitions) override;

private:
    void hand_over(const batch_type& records);
    void serve(errand<Topic>& next, typename worker_type::figures_type& mine) noexcept;
    void settle();
    void commit(lane& l);
    void finish_all();
    [[nodiscard]] batch_type wait_for_next();
    [[nodiscard]] lane* find(partition_id p) noexcept;
    void forget_the_lost();

    void tell(std::span<const partition_id> partitions,
              void (rebalance_listener::*what)(std::span<const partition_id>))
    {
        if (rebalance_listener* const users = crew_.options().consumer.listener) {
            (users->*what)(partitions);
        }
    }

    Crew& crew_;
    const std::stop_token no_more_time_ = crew_.no_more_time();
    consumer_type* consumer_ = nullptr;
    std::vector<std::unique_ptr<lane>> lanes_;

    std::mutex mutex_;
    std::condition_variable idle_; // a lane has nothing under way
    // Under the mutex.
    bool moved_ = false; ///< there is something to commit
    bool waits_ = false; ///< the consumer is to be woken when there is

    std::vector<std::unique_ptr<worker_type>> workers_; // go first
};

template <class Topic, class Crew, class Queue>
void keyed_hand<Topic, Crew, Queue>::work(consumer_type& in)
{
    consumer_ = &in;
    for (;;) {
        settle();
        batch_type found = crew_.goes_on(*this) ? in.try_poll() : batch_type{poll_status::closed};
        if (found.status() == poll_status::timed_out) {
            found = wait_for_next();
        }
        this->done.missed.add(found.missed());
        if (!found.empty()) {
            hand_over(found);
            continue;
        }
        if (found.status() == poll_status::corrupt) {
            finish_all(); // so that the group's offset says where that is
        }
        if (!crew_.goes_on_after(found)) {
            return;
        }
    }
}

/// As the crew's; the workers end the wait when there is something to commit.
template <class Topic, class Crew, class Queue>
auto keyed_hand<Topic, Crew, Queue>::wait_for_next() -> batch_type
{
    struct waiting {
        keyed_hand& self;
        ~waiting()
        {
            const std::lock_guard lock{self.mutex_};
            self.waits_ = false;
        }
    } const until_it_returns{*this};
    {
        const std::lock_guard lock{mutex_};
        if (moved_) {
            return batch_type{poll_status::woken};
        }
        waits_ = true;
    }
    return crew_.wait_for_next(*consumer_, *this);
}

/// There is room for them: the partition would be paused.
template <class Topic, class Crew, class Queue>
void keyed_hand<Topic, Crew, Queue>::hand_over(const batch_type& records)
{
    const partition_id p = records.partition();
    lane* to = find(p);
    if (to == nullptr) {
        to = lanes_
                 .emplace_back(std::make_unique<lane>(p, crew_.options().window_records,
                                                      records.begin_offset()))
                 .get();
    }
    std::size_t left = records.size();
    {
        const std::lock_guard lock{mutex_};
        to->under_way += left;
    }
    try {
        for (const record_type& each : records) {
            // first of all: what fails from here on is in flight for good, and not committed
            const bool has_room = to->tracker.hand_out(each.offset());
            GREGOR_ASSERT(has_room, "a batch was larger than the room in its window");
            errand<Topic> next{*to, each};
            workers_[worker_of(each, workers_.size())]->put(std::move(next));
            --left;
        }
    } catch (...) {
        const std::lock_guard lock{mutex_};
        to->under_way -= left;
        throw; // nothing more of it is handed over
    }
    if (to->tracker.room() < crew_.options().consumer.max_poll_records) {
        to->paused = consumer_->pause(p);
    }
}

/// In a worker's thread.
template <class Topic, class Crew, class Queue>
void keyed_hand<Topic, Crew, Queue>::serve(errand<Topic>& next,
                                           typename worker_type::figures_type& mine) noexcept
{
    lane& of = *next.of;
    bool begins = !no_more_time_.stop_requested();
    {
        const std::lock_guard lock{mutex_};
        begins = begins && !of.dropped;
    }
    bool handled = false;
    bool moved = false;
    if (begins) {
        try {
            const std::array<record_type, 1> one{
                record_type{&*next.copy, next.offset, of.id, next.blob.blobs()}};
            handled = crew_.attend(*this, mine, one);
            moved = handled && of.tracker.acknowledge(next.offset) == ack_status::moved;
        } catch (...) {
            crew_.fail(std::current_exception());
        }
    }
    next = {}; // before it counts as done
    const std::lock_guard lock{mutex_};
    of.dropped = of.dropped || !handled; // what comes behind it stays behind it
    moved_ = moved_ || moved;
    if (moved_ && std::exchange(waits_, false)) {
        consumer_->wakeup();
    }
    if (--of.under_way == 0) {
        idle_.notify_all();
    }
}

/// Commits what was done since, and reads on where the window has room again.
template <class Topic, class Crew, class Queue>
void keyed_hand<Topic, Crew, Queue>::settle()
{
    {
        const std::lock_guard lock{mutex_};
        if (!std::exchange(moved_, false)) {
            return;
        }
    }
    forget_the_lost();
    for (const auto& each : lanes_) {
        if (each->lost) {
            continue;
        }
        commit(*each);
        if (each->paused && each->tracker.room() >= crew_.options().consumer.max_poll_records) {
            each->paused = !consumer_->resume(each->id);
        }
    }
}

/// What is under way is done, or given up by a stop, and committed.
template <class Topic, class Crew, class Queue>
void keyed_hand<Topic, Crew, Queue>::finish_all()
{
    {
        std::unique_lock lock{mutex_};
        idle_.wait(lock, [this] {
            return std::all_of(lanes_.begin(), lanes_.end(),
                               [](const auto& each) { return each->under_way == 0; });
        });
    }
    settle();
}

template <class Topic, class Crew, class Queue>
void keyed_hand<Topic, Crew, Queue>::commit(lane& l)
{
    // where all is done, what the consumer has passed over since is done, too
    const offset_t next = l.tracker.in_flight() == 0
                              ? (std::max)(consumer_->position(l.id), l.tracker.committable())
                              : l.tracker.committable();
    if (next != std::exchange(l.committed, next)) {
        static_cast<void>(consumer_->commit(l.id, next)); // refused: who reads on does it again
    }
}

template <class Topic, class Crew, class Queue>
lane* keyed_hand<Topic, Crew, Queue>::find(partition_id p) noexcept
{
    for (const auto& each : lanes_) {
        if (each->id == p && !each->lost) {
            return each.get();
        }
    }
    return nullptr;
}

template <class Topic, class Crew, class Queue>
void keyed_hand<Topic, Crew, Queue>::forget_the_lost()
{
    const std::lock_guard lock{mutex_};
    std::erase_if(lanes_, [](const auto& each) { return each->lost && each->under_way == 0; });
}

template <class Topic, class Crew, class Queue>
void keyed_hand<Topic, Crew, Queue>::on_revoked(std::span<const partition_id> partitions)
{
    for (const partition_id p : partitions) {
        lane* const going = find(p);
        if (going == nullptr) {
            continue;
        }
        {
            std::unique_lock lock{mutex_};
            idle_.wait(lock, [&] { return going->under_way == 0; });
        }
        commit(*going);
        std::erase_if(lanes_, [&](const auto& each) { return each.get() == going; });
    }
    tell(partitions, &rebalance_listener::on_revoked);
}

template <class Topic, class Crew, class Queue>
void keyed_hand<Topic, Crew, Queue>::on_lost(std::span<const partition_id> partitions)
{
    for (const partition_id p : partitions) {
        if (lane* const gone = find(p)) {
            const std::lock_guard lock{mutex_};
            gone->lost = true;
            gone->dropped = true;
        }
    }
    forget_the_lost();
    tell(partitions, &rebalance_listener::on_lost);
}

/// Members with workers of their own: records of one key in order, different keys at once.
template <class Topic, class Handler, class Sink, class Queue>
class keyed_crew final : public crew<Topic> {
    static_assert(
        Topic::layout::has_key,
        "gregor: run_keyed needs a topic whose records have keys: key<K> or keyed_by<...>");
    static_assert(!Topic::layout::takes,
                  "gregor: run_keyed works on copies, so not with groups::one, whose records are "
                  "taken");
    static_assert(std::is_copy_constructible_v<typename Topic::stored_type>,
                  "gregor: run_keyed works on copies, so its topic's values must be copyable");
    static_assert(record_handler<Handler, Topic>,
                  "gregor: run_keyed needs a handler that takes a const record<Topic>&");

public:
    using base = crew<Topic>;
    using remedy_type = remedy<Topic, Sink>;
    static constexpr bool buries = remedy_type::buries;

    keyed_crew(Topic& topic, std::string_view group, const run_options& options, Sink sink,
               Handler handler)
        : base(topic, group, tuned(options)), remedy_(*this, std::move(sink)),
          handler_(std::move(handler))
    {
    }

    /// For a worker of one of the members.
    bool attend(const hand<Topic>& self, typename hand<Topic>::figures_type& done,
                const std::array<record<Topic>, 1>& one)
    {
        return remedy_.attend(self, done, one, [&] { handler_(one.front()); });
    }

private:
    using hand_type = keyed_hand<Topic, keyed_crew, Queue>;

    /// A window takes several batches, so that it is filled again before it is empty.
    static run_options tuned(run_options options)
    {
        const std::size_t most = (std::max)(options.window_records / 4, std::size_t{1});
        options.consumer.max_poll_records = (std::min)(options.consumer.max_poll_records, most);
        return options;
    }

    std::unique_ptr<hand<Topic>> new_hand() override { return std::make_unique<hand_type>(*this); }
    void work(consumer<Topic>& in, hand<Topic>& self) override
    {
        static_cast<hand_type&>(self).work(in);
    }

    remedy_type remedy_;
    Handler handler_;
};

} // namespace gregor::inline GREGOR_ABI
