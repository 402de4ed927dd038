// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/stop.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/consumer.hpp"
#include "gregor/group/consumer_figures.hpp"
#include "gregor/group/joining.hpp"
#include "gregor/group/topics_in_turn.hpp"
#include "gregor/options.hpp"
#include "gregor/policy/time_source.hpp"
#include "gregor/policy/wait.hpp"
#include "gregor/readiness.hpp"
#include "gregor/refusal.hpp"
#include "gregor/stats.hpp"
#include "gregor/wait_set.hpp"

namespace gregor::inline GREGOR_ABI {

/// A partition of one of several topics. The name is the topic's own.
struct topic_partition {
    std::string_view topic;
    partition_id partition;

    friend bool operator==(const topic_partition&, const topic_partition&) = default;
    // (not every standard library compares names in three ways)
    friend std::strong_ordering operator<=>(const topic_partition& a,
                                            const topic_partition& b) noexcept
    {
        const int by_name = a.topic.compare(b.topic);
        return by_name != 0 ? by_name <=> 0 : a.partition <=> b.partition;
    }
};

/// Reads several topics of one type, in a group of one name in each of them.
///
///     gregor::multi_topic_consumer<trade_topic> in{{&eu, &us}, "risk"};
///     for (;;) {
///         auto batch = in.poll(100ms);
///         if (batch.status() == gregor::poll_status::closed)
///             break;
///         for (const auto& record : batch)
///             use(batch.topic(), record.offset(), record.value());
///     }
///
/// It is a consumer of each, which polls them in turn. So the partitions of each topic are shared
/// out by themselves, and who fences a member does so in one topic. The topics have different
/// names, by which they are told apart. A rebalance listener hears of the partitions of all of
/// them, by number alone.
///
/// Threads   one at a time (checked builds report two at once); `wakeup` from any
/// Progress  as consumer; poll waits on all topics at once, by the system's steady clock
/// Errors    as consumer
/// Cost      a poll that finds nothing polls each topic
/// Lifetime  may outlive its topics; its batch may outlive it
/// Ordering  as consumer
template <class Topic>
class multi_topic_consumer {
public:
    using topic_type = Topic;
    using value_type = typename Topic::value_type;
    using record_type = record<Topic>;
    using batch_type = batch<Topic>;
    using single = consumer<Topic>;

    /// Joins the group in each of the topics, or in none. Throws gregor::error when one does not
    /// allow it, when two have one name, or an option is impossible.
    multi_topic_consumer(std::initializer_list<Topic*> topics, std::string_view group,
                         const consumer_options& options = {})
        : multi_topic_consumer(std::span<Topic* const>{topics.begin(), topics.size()}, group,
                               options)
    {
    }
    multi_topic_consumer(std::span<Topic* const> topics, std::string_view group,
                         const consumer_options& options = {})
        : multi_topic_consumer(std::move(create(topics, group, options).value()))
    {
    }

    /// As the constructors, for builds without exceptions.
    [[nodiscard]] static result<multi_topic_consumer> create(std::span<Topic* const> topics,
                                                             std::string_view group,
                                                             const consumer_options& options = {});

    // --- reading ---------------------------------------------------------------------------------

    /// The next records of one partition of one topic, fair among topics, and among partitions of
    /// each; waits for them this long at most. `closed` when all topics are.
    [[nodiscard]] batch_type poll(std::chrono::nanoseconds timeout = no_timeout)
    {
        return poll_for(timeout, no_stop{});
    }
    /// As consumer's: until one partition of one topic has `least`. Nothing is held while it waits:
    /// a lossy reader may miss what was there.
    [[nodiscard]] batch_type poll(std::size_t least, std::chrono::nanoseconds linger,
                                  std::chrono::nanoseconds timeout = no_timeout)
    {
        return poll_for(timeout, no_stop{}, least, linger);
    }
    /// What is there now, or `timed_out`.
    [[nodiscard]] batch_type try_poll() { return poll(std::chrono::nanoseconds{0}); }
#if GREGOR_STOP_TOKEN
    [[nodiscard]] batch_type poll(const std::stop_token& stop)
    {
        return poll_for(no_timeout, token_stop{stop});
    }
    [[nodiscard]] batch_type poll(std::chrono::nanoseconds timeout, const std::stop_token& stop)
    {
        return poll_for(timeout, token_stop{stop});
    }
    [[nodiscard]] batch_type poll(std::size_t least, std::chrono::nanoseconds linger,
                                  std::chrono::nanoseconds timeout, const std::stop_token& stop)
    {
        return poll_for(timeout, token_stop{stop}, least, linger);
    }
#endif

    /// Ends the poll that waits now, or the next one that comes, with `woken`. From any thread.
    void wakeup() noexcept { body_->turns.wakeup(); }

    // --- being told ------------------------------------------------------------------------------

    /// As consumer's: the hook is called when there may be something to poll for in any topic.
    template <class Hook>
    void on_ready(Hook&& hook)
    {
        body_->turns.hooks().call(std::forward<Hook>(hook));
    }
    void on_ready(no_hook_t) noexcept { body_->turns.hooks().call_nobody(); }
    void on_ready(std::nullptr_t) noexcept { on_ready(no_hook); }
    /// As consumer's.
    [[nodiscard]] bool ready() { return body_->turns.have_ended() || body_->turns.has_news(); }

    // --- committing ------------------------------------------------------------------------------

    /// Commits everything that was returned, in all topics. Where that fails in some of them, it is
    /// done in the others, and the first failure is told.
    commit_status commit();
    /// Commits one record of the batch that was returned last, and all before it in its partition.
    commit_status commit(const record_type& r) { return last().commit(r); }
    /// Commits a batch that is in hand, and all before it in its partition.
    commit_status commit(const batch_type& b)
    {
        GREGOR_ASSERT(!b.topic().empty(), "a batch is committed while it is in hand");
        return of(b.topic()).commit(b.partition(), b.next_offset());
    }
    commit_status commit(std::string_view topic, partition_id p, offset_t next)
    {
        return of(topic).commit(p, next);
    }

    // --- where it is -----------------------------------------------------------------------------

    /// The partitions it reads, in order, topic by topic.
    [[nodiscard]] std::vector<topic_partition> assignment() const;

    /// As consumer's, in all topics together.
    [[nodiscard]] std::uint64_t lag() const;

    /// As consumer's.
    bool seek(std::string_view topic, partition_id p, offset_t to) { return of(topic).seek(p, to); }

    /// The consumer of one of the topics, for all that one topic can be asked; not to be polled,
    /// woken or given a hook. There is a topic of this name.
    [[nodiscard]] single& of(std::string_view topic) { return body_->turns.of(topic); }
    [[nodiscard]] const single& of(std::string_view topic) const
    {
        return body_->turns.seen_of(topic);
    }

    /// As consumer's, in all topics together; `of(topic).stats()` has the records of one of them.
    /// Polls and waits are those of this consumer, by the system's steady clock.
    [[nodiscard]] consumer_stats stats() const { return body_->turns.stats(); }

    /// As consumer's, in all topics; where a listener throws, in the others all the same.
    void close();

private:
    struct body {
        topics_in_turn<Topic> turns;
        bool auto_commit;
    };

    explicit multi_topic_consumer(std::unique_ptr<body> b) noexcept : body_(std::move(b)) {}

    static std::optional<error> refused(std::span<Topic* const> topics);
    [[nodiscard]] single& last() { return body_->turns.last(); }

    template <class Stop>
    batch_type poll_for(std::chrono::nanoseconds timeout, const Stop& stop, std::size_t least = 1,
                        std::chrono::nanoseconds linger = {});
    poll_status begin();

    std::unique_ptr<body> body_;
};

template <class Topic>
std::optional<error> multi_topic_consumer<Topic>::refused(std::span<Topic* const> topics)
{
    if (topics.empty()) {
        return error{errc::invalid_option, "multi_topic_consumer", "one topic or more", "none"};
    }
    for (std::size_t i = 0; i != topics.size(); ++i) {
        GREGOR_ASSERT(topics[i] != nullptr, "a topic of a multi_topic_consumer is null");
        for (std::size_t j = 0; j != i; ++j) {
            if (topics[i]->name() == topics[j]->name()) {
                return error{errc::invalid_option, "multi_topic_consumer",
                             "topics of different names",
                             text({refusal::quoted("topic", topics[i]->name()), " twice"})};
            }
        }
    }
    return std::nullopt;
}

template <class Topic>
auto multi_topic_consumer<Topic>::create(std::span<Topic* const> topics, std::string_view group,
                                         const consumer_options& options)
    -> result<multi_topic_consumer>
{
    const auto first = topics.empty() ? std::string_view{} : std::string_view{topics[0]->name()};
    return unless_out_of_memory(first, [&]() -> result<multi_topic_consumer> {
        if (std::optional<error> why = refused(topics)) {
            return *std::move(why);
        }
        auto all = std::unique_ptr<body>{
            new body{topics_in_turn<Topic>(topics.size()), options.auto_commit}};
        for (Topic* const each : topics) {
            auto joined = single::create(*each, group, options);
            if (!joined) {
                return joined.error();
            }
            all->turns.add(std::move(joined).value());
        }
        return multi_topic_consumer{std::move(all)};
    });
}

/// What comes before a look; `timed_out` where that is no answer.
template <class Topic>
poll_status multi_topic_consumer<Topic>::begin()
{
    GREGOR_ASSERT(!body_->turns.has_batch_in_hand(),
                  "poll was called while a batch of it is alive");
    body_->turns.figures().polled();
    if (body_->turns.take_wakeup()) {
        return poll_status::woken;
    }
    if (body_->auto_commit) {
        // its own poll would do that, but its turn may come later
        static_cast<void>(last().commit());
    }
    return body_->turns.have_ended() ? poll_status::closed : poll_status::timed_out;
}

template <class Topic>
template <class Stop>
auto multi_topic_consumer<Topic>::poll_for(std::chrono::nanoseconds timeout, const Stop& stop,
                                           std::size_t least, std::chrono::nanoseconds linger)
    -> batch_type
{
    const bool lingers = least > 1 && linger > std::chrono::nanoseconds{0};
    const system_time clock;
    deadline until{clock, timeout};
    topics_in_turn<Topic>& turns = body_->turns;
    if (const poll_status status = begin(); status != poll_status::timed_out) {
        return batch_type{status};
    }
    consumer_figures::one_poll its{turns.figures()};
    for (bool waited = false;; waited = true) {
        if (waited && lingers) {
            // however this ends: what is there is returned, and the next poll says why
            static_cast<void>(turns.wait(linger, stop, its, least));
        }
        if (waited || !lingers) {
            batch_type found = turns.look(lingers ? least : 1);
            if (found.status() != poll_status::timed_out) {
                return found;
            }
            if (timeout <= std::chrono::nanoseconds{0}) {
                return turns.nothing_yet();
            }
        }
        const wait_status ended = turns.wait(std::chrono::nanoseconds{until.left()}, stop, its);
        if (ended == wait_status::timed_out) {
            return turns.nothing_yet();
        }
        if (ended != wait_status::ready) {
            return batch_type{ended == wait_status::woken ? poll_status::woken
                                                          : poll_status::stopped};
        }
    }
}

template <class Topic>
commit_status multi_topic_consumer<Topic>::commit()
{
    commit_status first = commit_status::ok;
    for (single& each : body_->turns.all()) {
        const commit_status its = each.commit();
        first = first == commit_status::ok ? its : first;
    }
    return first;
}

template <class Topic>
std::vector<topic_partition> multi_topic_consumer<Topic>::assignment() const
{
    std::vector<topic_partition> all;
    for (const single& each : body_->turns.all()) {
        for (const partition_id p : each.assignment()) {
            all.push_back({topics_in_turn<Topic>::name_of(each), p});
        }
    }
    return all;
}

template <class Topic>
std::uint64_t multi_topic_consumer<Topic>::lag() const
{
    std::uint64_t sum = 0;
    for (const single& each : body_->turns.all()) {
        sum += each.lag();
    }
    return sum;
}

template <class Topic>
void multi_topic_consumer<Topic>::close()
{
#if GREGOR_EXCEPTIONS
    std::exception_ptr thrown;
    for (single& each : body_->turns.all()) {
        try {
            each.close();
        } catch (...) {
            thrown = thrown != nullptr ? thrown : std::current_exception();
        }
    }
    if (thrown != nullptr) {
        std::rethrow_exception(thrown);
    }
#else
    for (single& each : body_->turns.all()) {
        each.close();
    }
#endif
}

} // namespace gregor::inline GREGOR_ABI
