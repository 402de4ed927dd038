// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/handle.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/stop.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/consumer_core.hpp"
#include "gregor/group/joining.hpp"
#include "gregor/options.hpp"
#include "gregor/refusal.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

/// Reads a topic, in a group or by itself.
///
///     gregor::consumer in{trades, "risk"};
///     for (;;) {
///         auto batch = in.poll(100ms);
///         if (batch.status() == gregor::poll_status::closed)
///             break;
///         for (const auto& record : batch)
///             use(record.offset(), record.value());
///     }
///
/// A group remembers how far it has committed, and goes on from there whoever reads for it; each
/// group reads everything. Without a group, `assign` says what to read, and the offsets go with the
/// consumer.
///
/// Threads   one at a time (checked builds report two at once); `wakeup` from any
/// Progress  try_poll and the other members never wait; poll waits as the topic's wait policy says
/// Errors    joining what cannot be joined: gregor::error (`create` returns it). After that,
///           results
/// Cost      a poll: two stores to lines of its own, and a relaxed load; no copy, no allocation. It
///           looks at the partitions that had records lately, and at one of the others
/// Lifetime  may outlive its topic; its batch may outlive it
/// Ordering  a send happens before the poll that returns its record; what is done with a record
///           happens before the send that overwrites it
template <class Topic>
class consumer {
public:
    using topic_type = Topic;
    using value_type = typename Topic::value_type;
    using record_type = record<Topic>;
    using batch_type = batch<Topic>;

    /// Joins a group, and shares its partitions with the other members. Throws gregor::error when
    /// the topic or the group does not allow it, or an option is impossible.
    consumer(Topic& topic, std::string_view group)
    {
        core::make(core_, topic.state(), group, {}).raise();
    }
    consumer(Topic& topic, std::string_view group, const consumer_options& options)
        : consumer(create(topic, group, options).value())
    {
    }

    /// Without a group: assigns itself what it is to read, and never commits for anybody else.
    explicit consumer(Topic& topic, const consumer_options& options = {})
        : consumer(create(topic, options).value())
    {
    }

    /// As the constructors, for builds without exceptions.
    [[nodiscard]] static result<consumer> create(Topic& topic, std::string_view group)
    {
        consumer made;
        objection why = core::make(made.core_, topic.state(), group, {});
        return {std::move(made), std::move(why)};
    }
    [[nodiscard]] static result<consumer> create(Topic& topic, std::string_view group,
                                                 const consumer_options& options);
    [[nodiscard]] static result<consumer> create(Topic& topic,
                                                 const consumer_options& options = {});

    consumer(consumer&&) noexcept = default;
    consumer& operator=(consumer&& other) noexcept
    {
        if (this != &other) {
            leave();
            core_ = static_cast<handle<core>&&>(other.core_);
        }
        return *this;
    }

    /// Leaves as `close` does; while an exception passes, what the last poll returned is not
    /// committed, so that it comes again.
    ~consumer() { leave(); }

    // --- reading ---------------------------------------------------------------------------------

    /// The next records of one partition, fair among partitions; waits for them this long at most.
    [[nodiscard]] GREGOR_INLINE batch_type poll(std::chrono::nanoseconds timeout = no_timeout)
    {
        return core_->poll(timeout, no_stop{});
    }
    /// For who writes records away in batches: waits for a first one as `poll` does, then until
    /// one partition has `least` (or `max_poll_records`), but no longer than `linger`. A run that
    /// ends at the ring's end is enough, and so is one before which producers find no room, or
    /// after which none come. What else ends a poll ends this one with what is there; the next
    /// poll says why. Where the wait policy sleeps, each record wakes it meanwhile.
    [[nodiscard]] batch_type poll(std::size_t least, std::chrono::nanoseconds linger,
                                  std::chrono::nanoseconds timeout = no_timeout)
    {
        return core_->poll(least, linger, timeout, no_stop{});
    }
    /// What is there now, or `timed_out`.
    [[nodiscard]] GREGOR_INLINE batch_type try_poll()
    {
        return core_->poll(std::chrono::nanoseconds{0}, no_stop{});
    }
#if GREGOR_STOP_TOKEN
    [[nodiscard]] GREGOR_INLINE batch_type poll(const std::stop_token& stop)
    {
        return core_->poll(no_timeout, token_stop{stop});
    }
    [[nodiscard]] GREGOR_INLINE batch_type poll(std::chrono::nanoseconds timeout,
                                                const std::stop_token& stop)
    {
        return core_->poll(timeout, token_stop{stop});
    }
    [[nodiscard]] batch_type poll(std::size_t least, std::chrono::nanoseconds linger,
                                  std::chrono::nanoseconds timeout, const std::stop_token& stop)
    {
        return core_->poll(least, linger, timeout, token_stop{stop});
    }
#endif

    /// Ends the poll that waits now, or the next one that comes, with `woken`. From any thread.
    void wakeup() noexcept { core_->wakeup(); }

    // --- being told ------------------------------------------------------------------------------

    /// Has a hook called when there may be something to poll for: records, the end, a wakeup, news
    /// of the group. For loops that wait for other things, too; it tells them, by an eventfd for
    /// example. The consumer owns it.
    ///
    /// It is called once now, and once after each poll that said `timed_out`. So a loop that was
    /// told takes note of it first, and then polls until it says `timed_out` (and polls again after
    /// it has sought, resumed or assigned); it waits for nothing else. A member also polls before
    /// its `max_poll_interval` is over.
    ///
    /// Threads   set by the consumer's; called by whoever sends, closes or wakes, under a lock. It
    ///           is short, noexcept, and uses neither the topic nor its handles: that may deadlock
    /// Cost      one allocation; where a poll finds nothing, a heavy fence and a second look
    template <class Hook>
    void on_ready(Hook&& hook)
    {
        core_->watched().call(std::forward<Hook>(hook));
    }
    /// Calls nobody any more: when this returns, the hook is gone, and not running.
    void on_ready(no_hook_t) noexcept { core_->watched().call_nobody(); }
    void on_ready(std::nullptr_t) noexcept { core_->watched().call_nobody(); }

    /// Whether a poll would return at once, or has something to do: for the group, or to commit
    /// what the one before returned, once that was let go. Delivers nothing. A snapshot.
    [[nodiscard]] bool ready() { return core_->ready(); }

    // --- committing ------------------------------------------------------------------------------

    /// Commits everything that was returned, also what is in hand.
    commit_status commit() { return core_->commit(); }
    /// Commits one record and all before it in its partition.
    commit_status commit(const record_type& r) { return commit(r.partition(), r.offset() + 1); }
    /// Says what is to be read next by whoever reads for the group.
    commit_status commit(partition_id p, offset_t next) { return core_->commit(p, next); }
    /// And leaves a note with that offset, for who takes over. Takes the topic's mutex. Where
    /// memory is short it throws std::bad_alloc, and nothing is committed.
    commit_status commit(partition_id p, offset_t next, std::string_view metadata)
    {
        offset_note note{next, label{metadata}};
        return core_->commit(p, next, &note);
    }

    // --- where it is -----------------------------------------------------------------------------

    /// Joins the group, as the constructor does: for a consumer that is in none and has nothing
    /// assigned (see `unsubscribe`), while no batch is in hand. Throws gregor::error.
    void subscribe(std::string_view group)
    {
        if (const objection why = core_->subscribe(group)) {
            raise(*why);
        }
    }
    /// The same; returns why it could not, and throws nothing.
    [[nodiscard]] needed_by<std::optional<error>, Topic> subscribe(std::string_view group,
                                                                   std::nothrow_t /*tag*/)
    {
        needed_by<std::optional<error>, Topic> refused;
        if (const objection why = core_->subscribe(group)) {
            refused = *why;
        }
        return refused;
    }
    /// Commits what was returned (with auto_commit), and leaves the group or gives up what was
    /// assigned; then it may subscribe or assign anew. A batch in hand stays valid. What a listener
    /// throws comes out of it, after everything is done.
    void unsubscribe() { core_->unsubscribe(); }

    /// Reads these partitions from now on, each from where `auto_offset_reset` says. Only without a
    /// group, and while no batch is in hand. Where memory is short it throws std::bad_alloc, and
    /// reads on as before.
    void assign(std::initializer_list<partition_id> partitions)
    {
        assign(partitions.begin(), partitions.end());
    }
    template <class Iterator>
    void assign(Iterator first, Iterator last)
    {
        core_->assign(needed_by<std::vector<partition_id>, Topic>(first, last));
    }
    void assign_all();

    /// The partitions it reads, in order.
    [[nodiscard]] needed_by<std::vector<partition_id>, Topic> assignment() const
    {
        return core_->assigned().partitions();
    }

    /// The next offset that poll returns.
    [[nodiscard]] offset_t position(partition_id p) const { return reader_of(p).position(); }
    /// The next offset to read for who takes over; nothing where nothing was committed.
    [[nodiscard]] needed_by<std::optional<offset_t>, Topic> committed(partition_id p) const;
    /// What was given with the offset that is committed now, if anything. The group remembers it;
    /// without a group, the consumer does.
    [[nodiscard]] std::string committed_metadata(partition_id p) const
    {
        return core_->note(reader_of(p));
    }
    [[nodiscard]] offset_t begin_offset(partition_id p) const
    {
        return core_->state().at(p).log.begin_offset();
    }
    [[nodiscard]] offset_t end_offset(partition_id p) const
    {
        return core_->state().at(p).log.end_offset();
    }
    /// The first offset whose record is of this time or later, nothing where there is none; of any
    /// partition. Times need not be in order: it looks at one record after the other (but passes
    /// over segments of a log on disk that are older as a whole), takes the topic's mutex for a
    /// moment, and holds producers back from what it has not looked at yet.
    [[nodiscard]] needed_by<std::optional<offset_t>, Topic> offset_for_time(partition_id p,
                                                                            timestamp_t since) const
        requires(Topic::layout::has_timestamp)
    {
        needed_by<std::optional<offset_t>, Topic> found;
        if (const time_found first = find_time(core_->state(), p, since); first.any) {
            found = first.at;
        }
        return found;
    }
    /// End minus committed (minus position, where nothing was committed). Never negative.
    [[nodiscard]] std::uint64_t lag(partition_id p) const
    {
        // committed first, then the end: so it is never negative
        const offset_t from = committed(p).value_or(position(p));
        const offset_t end = end_offset(p);
        return end > from ? end - from : 0;
    }
    /// Of all its partitions together.
    [[nodiscard]] std::uint64_t lag() const
    {
        std::uint64_t sum = 0;
        for (const auto* each : core_->assigned().readers().all()) {
            sum += lag(each->id());
        }
        return sum;
    }

    /// From the next poll on; an offset that is not there is out of range, see `auto_offset_reset`.
    /// What a seek forward passes over counts as returned: the next commit of all, by hand or by a
    /// poll, commits it. A seek back moves no committed offset by itself.
    /// False when the group has given the partition to somebody else.
    bool seek(partition_id p, offset_t to)
    {
        if (!core_->assigned().has_group()) {
            static_cast<void>(reader_of(p)); // it knows what it was assigned
        }
        return core_->seek(p, to);
    }
    /// To the first record of this time or later, to the end where there is none.
    bool seek(partition_id p, timestamp_t since)
        requires(Topic::layout::has_timestamp)
    {
        return seek(p, find_time(core_->state(), p, since).at);
    }
    /// To an offset that was remembered outside of a log on disk; false, too, where records before
    /// it were lost since: `topic.recovered(p).lost_since(epoch, offset)` says how many.
    bool seek(partition_id p, log_position at)
        requires(Topic::durable)
    {
        const auto& found = core_->state().at(p).log.report();
        return found.lost_since(at.epoch, at.offset) == 0 && seek(p, offset_t{at.offset});
    }
    bool seek_to_beginning(partition_id p) { return seek(p, begin_offset(p)); }
    bool seek_to_end(partition_id p) { return seek(p, end_offset(p)); }

    /// Polls return nothing of these until `resume`; they stay the consumer's, with their position,
    /// and can be committed. Forgotten when a partition is lost, given up or assigned anew. False
    /// when one is not the consumer's (any more): that one is left out.
    bool pause(std::initializer_list<partition_id> partitions)
    {
        return set_paused(partitions.begin(), partitions.end(), true);
    }
    template <class Iterator>
    bool pause(Iterator first, Iterator last)
    {
        return set_paused(first, last, true);
    }
    bool pause(partition_id p) { return core_->pause(p, true); }
    bool resume(std::initializer_list<partition_id> partitions)
    {
        return set_paused(partitions.begin(), partitions.end(), false);
    }
    template <class Iterator>
    bool resume(Iterator first, Iterator last)
    {
        return set_paused(first, last, false);
    }
    bool resume(partition_id p) { return core_->pause(p, false); }
    /// Those of its partitions that are paused, in order.
    [[nodiscard]] needed_by<std::vector<partition_id>, Topic> paused() const;

    /// What it was returned, how often and how long it waited for that, and what its group wanted
    /// of it. On its own thread; `group_admin` has figures of groups, for any.
    [[nodiscard]] consumer_stats stats() const { return core_->stats(); }

    /// Commits what was returned (with auto_commit) and leaves; polls then say `closed`. A batch in
    /// hand stays valid.
    void close() { core_->close(true); }

private:
    template <class Env, class Strategy>
    friend class basic_wait_set;
    template <class T>
    friend class topics_in_turn;

    using core = consumer_core<Topic>;
    using reader = typename core::reader;

    consumer() = default; // empty, to be made one

    /// While the handle has its core: the listener may call the consumer.
    void leave() noexcept
    {
        if (core_) {
            core_->leave_quietly();
        }
    }

    [[nodiscard]] reader& reader_of(partition_id p) const
    {
        reader* const found = core_->assigned().readers().find(p);
        GREGOR_ASSERT(found != nullptr, "the partition is not assigned to this consumer");
        return *found;
    }

    template <class Iterator>
    bool set_paused(Iterator first, Iterator last, bool paused)
    {
        bool all = true;
        for (; first != last; ++first) {
            all = core_->pause(*first, paused) && all;
        }
        return all;
    }

    handle<core> core_;
};

template <class Topic, class... Rest>
consumer(Topic&, Rest...) -> consumer<Topic>;

template <class Topic>
result<consumer<Topic>> consumer<Topic>::create(Topic& topic, std::string_view group,
                                                const consumer_options& options)
{
    return unless_out_of_memory(topic.name(), [&]() -> result<consumer> {
        if (objection why = refusal::of_consumer(topic.name(), true, options, Topic::layout::takes,
                                                 Topic::layout::has_timestamp, Topic::durable)) {
            return why;
        }
        consumer made;
        objection why = core::make(made.core_, topic.state(), group, consumer_terms{options});
        return {std::move(made), std::move(why)};
    });
}

template <class Topic>
result<consumer<Topic>> consumer<Topic>::create(Topic& topic, const consumer_options& options)
{
    return unless_out_of_memory(topic.name(), [&]() -> result<consumer> {
        if (objection why = refusal::of_consumer(topic.name(), false, options, Topic::layout::takes,
                                                 Topic::layout::has_timestamp, Topic::durable)) {
            return why;
        }
        consumer made;
        made.core_.hold(new core{topic.state(), consumer_terms{options}});
        return made;
    });
}

template <class Topic>
void consumer<Topic>::assign_all()
{
    needed_by<std::vector<partition_id>, Topic> all;
    for (const auto& each : core_->state().partitions) {
        all.push_back(each.id);
    }
    assign(all.begin(), all.end());
}

template <class Topic>
needed_by<std::vector<partition_id>, Topic> consumer<Topic>::paused() const
{
    auto found = core_->assigned().partitions();
    std::erase_if(found, [&](partition_id p) { return !rotation<reader>::paused(reader_of(p)); });
    return found;
}

template <class Topic>
needed_by<std::optional<offset_t>, Topic> consumer<Topic>::committed(partition_id p) const
{
    const auto& cursor = reader_of(p).cursor();
    const auto word = cursor.get();
    if ((ring::flags_in(word) & cursor.committed) == 0) {
        return std::nullopt;
    }
    return ring::sequence_in<offset_t>(word);
}

} // namespace gregor::inline GREGOR_ABI
