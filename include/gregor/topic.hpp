// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/explanation.hpp"
#include "gregor/options.hpp"
#include "gregor/policy/select.hpp"
#include "gregor/record.hpp"
#include "gregor/refusal.hpp"
#include "gregor/stats.hpp"
#include "gregor/topic_state.hpp"

namespace gregor::inline GREGOR_ABI {

/// A named, typed log in one or more partitions. `gregor::topic<T, policies...>` names its type.
///
/// The topic closes when this object goes; producers and consumers keep what they need until they
/// go themselves, so the order of destruction does not matter.
///
/// Threads   all members, from any thread; construction and destruction as usual
/// Progress  blocking only where it says so
/// Errors    impossible options, no memory: gregor::error (`create` returns it instead). Later only
///           `explain` throws, where memory is short
/// Cost      partitions * capacity_records slots, touched as records first reach them
/// Lifetime  handles may outlive it: their sends then say `closed`, their polls drain and then say
///           so
/// Ordering  a send happens before the poll that returns its record
template <class T, class Policies>
class basic_topic {
public:
    using value_type = T;
    using policies = Policies;
    using layout = record_layout<T, Policies>;
    using attributes = typename layout::attributes;
    using clock = typename Policies::clock;
    using state_type = topic_state<T, Policies>;
    using log_type = typename state_type::log_type;
    using stored_type = typename log_type::stored_type; ///< what lies in the log of a record
    using slot_type = typename log_type::slot_type; ///< the same, and what the log needs beside it

    /// What was sent is kept when the process ends.
    static constexpr bool durable = log_type::durable;
    /// Values do not lie in the log as they do in memory, but by `serde<T>`.
    static constexpr bool encoded = log_type::encoded;
    using blobs_type = typename log_type::blobs_type; ///< where the log keeps these
    /// Values lie side by side in the log.
    static constexpr bool bare = layout::bare && std::is_same_v<slot_type, stored_type>;

    static_assert(!layout::key_policy::derived || key_applies<typename layout::key_policy, T>(),
                  "gregor: keyed_by<...> cannot be applied to this topic's values");

    /// An empty topic. Throws gregor::error where an option is impossible or memory is not to be
    /// had.
    explicit basic_topic(std::string_view name) { open(name).raise(); }
    explicit basic_topic(std::string_view name, const topic_options& options, clock time = clock{})
    {
        open(name, options, static_cast<clock&&>(time)).raise();
    }

    /// As the constructor, for builds without exceptions.
    [[nodiscard]] static result<basic_topic> create(std::string_view name)
    {
        basic_topic made;
        objection why = made.open(name);
        return {std::move(made), std::move(why)};
    }
    [[nodiscard]] static result<basic_topic>
    create(std::string_view name, const topic_options& options, clock time = clock{})
    {
        basic_topic made;
        objection why = made.open(name, options, static_cast<clock&&>(time));
        return {std::move(made), std::move(why)};
    }

    basic_topic(basic_topic&&) noexcept = default;
    basic_topic& operator=(basic_topic&& other) noexcept
    {
        if (this != &other) {
            close();
            state_ = static_cast<ring::shared<state_type>&&>(other.state_);
        }
        return *this;
    }
    ~basic_topic() { close(); }

    /// Adds partitions of the same capacity, numbered on from the last one; returns the first of
    /// them, or why there are none (the topic is closed, would have more than 65536, or memory is
    /// short: then nothing has changed). Groups that read the topic, or hold producers back for
    /// later, get them from their beginning on, and miss nothing. Producers see them at their next
    /// record; from then on keys go where the new number of partitions says, so the records of a
    /// key before that and after lie in two partitions.
    [[nodiscard]] result<partition_id> add_partitions(std::uint32_t more);

    /// Refuses senders from now on, and tells everybody who waits. Readers still get what is there.
    /// A log on disk is made lasting.
    void close() noexcept;

    /// Waits until each group that holds producers back has committed everything; false when the
    /// time is up first. Say `close` before, or more may come.
    [[nodiscard]] bool wait_drained(std::chrono::nanoseconds timeout) const;

    /// Lasts as long as the topic, or a handle of it.
    [[nodiscard]] std::string_view name() const noexcept { return state_->name; }
    /// How many there are. A snapshot; only grows.
    [[nodiscard]] std::uint32_t partitions() const noexcept
    {
        return static_cast<std::uint32_t>(state_->partitions.size());
    }
    [[nodiscard]] std::size_t capacity_records() const noexcept
    {
        return state_->partitions[0].log.capacity();
    }
    [[nodiscard]] bool closed() const
    {
        const std::lock_guard lock{state_->mutex};
        return state_->closed;
    }

    /// The oldest offset that can still be read. A snapshot; only grows.
    [[nodiscard]] offset_t begin_offset(partition_id p) const
    {
        return state_->at(p).log.begin_offset();
    }
    /// The offset that the next record will get. A snapshot; only grows.
    [[nodiscard]] offset_t end_offset(partition_id p) const
    {
        return state_->at(p).log.end_offset();
    }

    /// Takes their partitions from members that have not polled for longer than they may. Consumers
    /// that poll do it by themselves; this is for who does not want to wait for that. Of a log on
    /// disk it makes room ahead of the producers, makes lasting what is due, and takes away what is
    /// too old: called often enough, by a thread that may wait for the disk, producers never do.
    /// True if there was anything that others want to know. A `maintainer` is such a thread.
    bool maintain() { return state_->maintain(); }

    // --- a log on disk ---------------------------------------------------------------------------

    /// Makes lasting all that was sent, up to the first claim that is open; the first error, where
    /// that could not be done. A flush that failed once has failed for good.
    needed_by<std::optional<error>, T> flush()
        requires(durable)
    {
        needed_by<std::optional<error>, T> failed;
        for (auto& each : state_->partitions) {
            auto did = each.log.flush();
            failed = failed ? std::move(failed) : std::move(did);
        }
        state_->records_arrived.notify(); // who reads only what is lasting
        return failed;
    }

    /// Everything below it outlives the end of the system, not only of the process. A snapshot;
    /// only grows.
    [[nodiscard]] offset_t durable_offset(partition_id p) const
        requires(durable)
    {
        return state_->at(p).log.durable_offset();
    }

    /// Why the last send that `failed` did, or the last flush or `maintain`; none where none did.
    /// Forgotten when the same succeeds.
    [[nodiscard]] needed_by<std::optional<error>, T> failure(partition_id p) const
        requires(durable)
    {
        return state_->at(p).log.failure();
    }

    /// What its records are called in files.
    [[nodiscard]] static std::string identity()
    {
        if constexpr (layout::key_policy::stored) {
            using key_type = typename layout::key_policy::type;
            return text({log_type::template name_of<T>(), ", key ",
                         log_type::template name_of<key_type>()});
        } else {
            return std::string{log_type::template name_of<T>()};
        }
    }

    /// What was found when the log was opened.
    [[nodiscard]] const auto& recovered(partition_id p) const
        requires(durable)
    {
        return state_->at(p).log.report();
    }

    /// Who holds the producers back, since when, by how much. A snapshot. Allocates.
    [[nodiscard]] explanation explain() const;

    /// What passed through it, and what producers waited for. A snapshot; of two of them the
    /// difference tells the rates.
    [[nodiscard]] topic_stats stats() const { return stats_of(*state_); }

    /// What its handles share with it.
    [[nodiscard]] const ring::shared<state_type>& state() const noexcept { return state_; }

private:
    using source_type = typename state_type::source_type;

    basic_topic() = default; // to be opened

    [[nodiscard]] objection open(std::string_view name);
    [[nodiscard]] objection open(std::string_view name, const topic_options& options, clock&& time);
    /// Where the options are possible; throws std::bad_alloc.
    [[nodiscard]] static result<ring::shared<state_type>>
    state_by(std::string_view name, const topic_options& options, clock&& time);

    static bool drained(const state_type& state) noexcept;

    ring::shared<state_type> state_;
};

/// A topic of `T`, with any policies in any order: topics that mean the same are one type.
template <class T, class... Policies>
using topic = basic_topic<T, select_policies<Policies...>>;

template <class T, class Policies>
objection basic_topic<T, Policies>::open(std::string_view name)
{
    if constexpr (durable || usual_capacity_records > log_type::most_records) {
        return open(name, topic_options{}, clock{});
    } else {
        if (name.empty()) {
            return refusal::unnamed_topic();
        }
#if GREGOR_EXCEPTIONS
        try {
#endif
            state_ = ring::shared{new state_type{name, clock{}, source_type{}}};
            return {};
#if GREGOR_EXCEPTIONS
        } catch (const std::bad_alloc&) {
            return refusal::no_memory_for_topic(name, usual_partitions, usual_capacity_records,
                                                sizeof(slot_type));
        }
#endif
    }
}

template <class T, class Policies>
objection basic_topic<T, Policies>::open(std::string_view name, const topic_options& options,
                                         clock&& time)
{
#if GREGOR_EXCEPTIONS
    try {
#endif
        if (objection why =
                refusal::of_topic(name, options, log_type::most_records, layout::takes)) {
            return why;
        }
        auto made = state_by(name, options, static_cast<clock&&>(time));
        if (!made) {
            return made.error();
        }
        if (objection why = (*made)->open_groups(options.groups)) {
            return why;
        }
        state_ = *std::move(made);
#if GREGOR_EXCEPTIONS
    } catch (const std::bad_alloc&) {
        return refusal::no_memory_for_topic(name, options.partitions, options.capacity_records,
                                            sizeof(slot_type));
    }
#endif
    if (options.log.opening == log_opening::read_only) {
        close();
    }
    return {};
}

template <class T, class Policies>
auto basic_topic<T, Policies>::state_by(std::string_view name, const topic_options& options,
                                        clock&& time) -> result<ring::shared<state_type>>
{
    if constexpr (durable) {
        auto logs = log_type::open(name, options, identity(), layout::bits);
        if (!logs) {
            return logs.error();
        }
        return ring::shared{new state_type{name, static_cast<clock&&>(time), *std::move(logs)}};
    } else {
        if (!options.log.directory.empty()) {
            return refusal::log_in_memory(name, options.log.directory);
        }
        return ring::shared{new state_type{name, static_cast<clock&&>(time), source_type{options}}};
    }
}

template <class T, class Policies>
result<partition_id> basic_topic<T, Policies>::add_partitions(std::uint32_t more)
{
    const auto add = [&]() -> result<partition_id> {
        partition_id first;
        {
            const std::lock_guard lock{state_->mutex};
            if (objection why = refusal::of_growth(state_->name, state_->closed,
                                                   state_->partitions.size(), more)) {
                return why;
            }
            if (auto why = state_->source.add(state_->partitions.size(), more)) {
                return *std::move(why);
            }
            struct added_or_not {
                state_type& state;
                const std::size_t before;
                ~added_or_not()
                {
                    if (state.partitions.size() == before) {
                        state.source.withdraw(before);
                    }
                }
            } const at_the_end{*state_, state_->partitions.size()};
            auto grown = state_->grow(more);
            if (!grown) {
                return grown.error();
            }
            first = *grown;
        }
        state_->records_arrived.notify(); // members have something to take
        state_->room_made.notify();       // there is room in what was added
        return first;
    };
#if GREGOR_EXCEPTIONS
    try {
        return add();
    } catch (const std::bad_alloc&) {
        return refusal::no_memory_for_growth(name(), more);
    }
#else
    return add();
#endif
}

template <class T, class Policies>
void basic_topic<T, Policies>::close() noexcept
{
    if (!state_) {
        return;
    }
    {
        const std::lock_guard lock{state_->mutex};
        if (state_->closed) {
            return;
        }
        state_->closed = true;
        for (std::size_t p = 0; p != state_->partitions.size(); ++p) {
            state_->partitions[p].log.protocol().close();
        }
    }
    if constexpr (durable) {
        for (auto& each : state_->partitions) {
            each.log.closed(); // who reads only what is lasting gets to its end
        }
    }
    state_->records_arrived.notify();
    state_->room_made.notify();
}

template <class T, class Policies>
bool basic_topic<T, Policies>::drained(const state_type& state) noexcept
{
    for (const auto& each : state.partitions) {
        const auto& protocol = each.log.protocol();
        // first the claims, then the end: when no claim is open, a closed topic's end is its last
        offset_t open_claim = 0;
        if (protocol.stuck(protocol.end(), open_claim)) {
            return false;
        }
        const offset_t end = protocol.end();
        bool behind = false;
        protocol.gate().visit([&](const auto& place, bool is_lease) {
            behind |= !is_lease && place.holding() && place.sequence() < end;
        });
        if (behind) {
            return false;
        }
    }
    return true;
}

template <class T, class Policies>
bool basic_topic<T, Policies>::wait_drained(std::chrono::nanoseconds timeout) const
{
    using strategy = typename Policies::wait;
    const auto done = [this] { return drained(*state_); };
    return done() || wait_until<strategy>(state_->room_made, deadline{state_->time, timeout},
                                          strategy::patient, done);
}

template <class T, class Policies>
explanation basic_topic<T, Policies>::explain() const
{
    explanation why;
    why.topic = state_->name;
    const std::chrono::nanoseconds now = state_->time.steady_now();
    const std::lock_guard lock{state_->mutex};
    for (const auto& each : state_->partitions) {
        const auto& log = each.log;
        const offset_t end = log.end_offset();
        const bool full = log.full_since().at() != 0;
        const auto noted = log.full_since().at();
        const std::chrono::nanoseconds since{full && now.count() > noted ? now.count() - noted : 0};
        const offset_t in_the_way = log.in_the_way();
        log.protocol().gate().visit([&](const auto& place, bool is_lease) {
            const offset_t at = place.sequence();
            if (full && place.holding() && at <= in_the_way && at < end) {
                why.holders.push_back({each.id, is_lease ? holder_kind::batch : holder_kind::group,
                                       std::string{place.holder}, at, end - at, since});
            }
        });
        offset_t stuck_at = 0;
        if (log.stuck(stuck_at)) {
            why.holders.push_back({each.id, holder_kind::claim, "a claim that is not published",
                                   stuck_at, end - stuck_at, since});
        }
    }
    return why;
}

} // namespace gregor::inline GREGOR_ABI
