// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/stop.hpp"
#include "gregor/base/types.hpp"
#include "gregor/consumer.hpp"
#include "gregor/group/consumer_figures.hpp"
#include "gregor/policy/time_source.hpp"
#include "gregor/policy/wait.hpp"
#include "gregor/readiness.hpp"
#include "gregor/ring/env.hpp"
#include "gregor/ring/event_count.hpp"
#include "gregor/ring/signal.hpp"

namespace gregor::inline GREGOR_ABI {

/// How a wait ended.
enum class wait_status : std::uint8_t {
    ready,     ///< some consumers have something to poll for
    timed_out, ///< none had in time
    woken,     ///< somebody called wakeup()
    stopped,   ///< the stop token was triggered
};

/// Sleeps on consumers of any topics at once, and says which have something to poll for.
///
///     gregor::wait_set set;
///     const auto prices = set.add(price_in);
///     const auto orders = set.add(order_in);
///     for (;;) {
///         const auto ready = set.wait(100ms);
///         if (ready.contains(prices))
///             use(price_in.try_poll());
///         if (ready.contains(orders))
///             use(order_in.try_poll());
///     }
///
/// A consumer has something to poll for where it has records, a wakeup, news of its group, or what
/// its last poll returned to commit (by `auto_commit`: producers may wait for it); and at the end:
/// that does not pass, so take it out then. What is not polled is told again. A consumer may be in
/// several sets, have a hook, too, and move; it leaves its sets when it goes.
///
/// Threads   one at a time, which uses its consumers, too; `wakeup` from any
/// Progress  wait spins a little, then sleeps; its consumers are alive to their groups meanwhile
/// Errors    add: std::bad_alloc; nothing is added then. A wait for nobody is a broken precondition
/// Cost      a wait: a look at each consumer; before it sleeps a heavy fence and another look
/// Lifetime  goes before its consumers, or after them
/// Ordering  as the polls that follow; what is done before `wakeup` happens before `woken`
template <class Env, class Strategy>
class basic_wait_set {
public:
    /// A consumer in the set. No other one ever has its number.
    struct key {
        std::uint64_t number = 0;
        friend auto operator<=>(const key&, const key&) = default;
    };

    /// What a wait came to. Valid until the next wait, or the next consumer is added.
    class outcome {
    public:
        [[nodiscard]] wait_status status() const noexcept { return status_; }
        /// Whether this one has something to poll for.
        [[nodiscard]] bool contains(key k) const noexcept
        {
            return std::find(keys_.begin(), keys_.end(), k) != keys_.end();
        }
        /// All that have, in the order in which they were added.
        [[nodiscard]] auto begin() const noexcept { return keys_.begin(); }
        [[nodiscard]] auto end() const noexcept { return keys_.end(); }
        [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
        [[nodiscard]] bool empty() const noexcept { return keys_.empty(); }

    private:
        friend class basic_wait_set;
        outcome(wait_status status, std::span<const key> keys) noexcept
            : keys_(keys), status_(status)
        {
        }

        std::span<const key> keys_;
        wait_status status_;
    };

    basic_wait_set() = default;
    basic_wait_set(const basic_wait_set&) = delete;
    basic_wait_set& operator=(const basic_wait_set&) = delete;
    ~basic_wait_set() = default;

    /// Waits until one of the consumers has something to poll for, for this long at most, by the
    /// system's steady clock, whatever clocks the topics have. There is a consumer in the set.
    [[nodiscard]] outcome wait(std::chrono::nanoseconds timeout = no_timeout)
    {
        return wait_for(timeout, no_stop{});
    }
#if GREGOR_STOP_TOKEN
    [[nodiscard]] outcome wait(const std::stop_token& stop)
    {
        return wait_for(no_timeout, token_stop{stop});
    }
    [[nodiscard]] outcome wait(std::chrono::nanoseconds timeout, const std::stop_token& stop)
    {
        return wait_for(timeout, token_stop{stop});
    }
#endif

    /// Ends the wait of now, or the next one that comes, with `woken`. From any thread.
    void wakeup() noexcept
    {
        wakeup_.raise();
        told_.notify();
    }

    /// The consumer is waited for, too. It is not in the set yet.
    template <class Topic>
    key add(consumer<Topic>& in);

    /// False when it has gone already.
    bool remove(key k) noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return watched_.size(); }
    [[nodiscard]] bool empty() const noexcept { return watched_.empty(); }

private:
    template <class Topic>
    friend class topics_in_turn;

    using event = ring::event_count<Env>;

    /// A consumer, whatever its topic.
    class any_consumer : public consumer_watcher {
    public:
        virtual ~any_consumer() = default;
        [[nodiscard]] virtual bool ready(std::size_t least) = 0;
        virtual void arm() noexcept = 0;
        virtual void wait_elsewhere() = 0;
        [[nodiscard]] virtual std::chrono::nanoseconds watch_interval() const noexcept = 0;

        const void* who = nullptr;
        key number;
        bool passed_over = false;
    };
    template <class Topic>
    class consumer_of; // NOLINT(cppcoreguidelines-virtual-class-destructor): it is

    /// The set's event, for who sleeps on it: he announces himself to all the others, too.
    struct all_events {
        using env = Env;
        using ticket = typename event::ticket;

        [[nodiscard]] ticket announce() noexcept
        {
            const ticket mine = set.told_.announce();
            for (const auto& each : set.watched_) {
                if (!each->passed_over) {
                    each->arm();
                }
            }
            return mine;
        }
        bool sleep(ticket mine, std::chrono::nanoseconds timeout) noexcept
        {
            if (figures == nullptr) {
                return set.told_.sleep(mine, timeout);
            }
            const std::chrono::nanoseconds before = system_time::steady_now();
            const bool woken = set.told_.sleep(mine, timeout);
            figures->slept(before, system_time::steady_now());
            return woken;
        }

        basic_wait_set& set;
        consumer_figures::one_poll* figures = nullptr; ///< of who wants his sleep counted
    };

    /// Where `least` is more than one, records count only where a consumer has so many of one
    /// partition, and a wakeup is left for the next wait.
    template <class Stop>
    outcome wait_for(std::chrono::nanoseconds timeout, const Stop& stop, std::size_t least = 1,
                     consumer_figures::one_poll* figures = nullptr);
    bool look(bool stop_requested, std::size_t least);
    outcome timed_out() noexcept { return {wait_status::timed_out, {}}; }

    /// Takes out who is this; null when nobody is.
    template <class Which>
    std::unique_ptr<any_consumer> take_out(Which&& which) noexcept;

    /// Ends without a word about this one, or not any more.
    void pass_over(key k, bool so) noexcept
    {
        for (const auto& each : watched_) {
            each->passed_over = each->number == k ? so : each->passed_over;
        }
    }
    [[nodiscard]] bool take_wakeup() noexcept { return wakeup_.take(); }

    /// Whether a wait would not wait.
    [[nodiscard]] bool has_news()
    {
        return wakeup_.is_raised() || std::any_of(watched_.begin(), watched_.end(), [](auto& each) {
                   return !each->passed_over && each->ready(1);
               });
    }
    /// Before a last look: true where there is a hook, which is called then for what that look
    /// cannot see.
    [[nodiscard]] bool arm() noexcept
    {
        const bool any = readiness_.arm();
        if (any) {
            static_cast<void>(all_events{*this}.announce()); // they tell this set's event
        }
        return any;
    }

    // Written by other threads. First, for it goes last: until then it is told.
    event told_;
    ring::signal<Env> wakeup_;
    ring::sole_user<Env> user_; // written in checked builds only

    readiness<Env> readiness_{told_};

    alignas(cache_line_bytes) std::vector<std::unique_ptr<any_consumer>> watched_;
    std::vector<key> ready_; // room for all
    wait_status found_ = wait_status::timed_out;
    std::uint64_t added_ever_ = 0;
};

/// For threads, that spin a little before they sleep.
using wait_set = basic_wait_set<ring::std_env, wait::adaptive>;

/// Called by its topic's event while it is armed, and then tells the set's.
template <class Env, class Strategy>
template <class Topic>
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): it is
class basic_wait_set<Env, Strategy>::consumer_of final : public any_consumer {
public:
    using core = consumer_core<Topic>;
    using listener = typename Topic::state_type::event::listener;

    consumer_of(basic_wait_set& set, core& in) noexcept : set_(set), core_(in)
    {
        this->who = &in;
        core_.state().records_arrived.add(ear_);
        core_.watched().watch(*this);
    }
    consumer_of(const consumer_of&) = delete;
    consumer_of& operator=(const consumer_of&) = delete;
    ~consumer_of() override
    {
        core_.state().records_arrived.remove(ear_);
        if (!gone_) {
            core_.watched().watch_no_more(*this);
        }
    }

    void consumer_goes() noexcept override
    {
        gone_ = true;
        // destroys this
        static_cast<void>(set_.take_out([this](const any_consumer& c) { return &c == this; }));
    }

    [[nodiscard]] bool ready(std::size_t least) override { return core_.ready(least); }
    void arm() noexcept override { core_.state().records_arrived.arm(ear_); }
    void wait_elsewhere() override { core_.wait_elsewhere(); }
    [[nodiscard]] std::chrono::nanoseconds watch_interval() const noexcept override
    {
        return core_.watch_interval();
    }

private:
    basic_wait_set& set_;
    core& core_;
    listener ear_{[](void* told) noexcept { static_cast<event*>(told)->notify(); }, &set_.told_};
    bool gone_ = false;
};

template <class Env, class Strategy>
template <class Topic>
auto basic_wait_set<Env, Strategy>::add(consumer<Topic>& in) -> key
{
    for (const auto& each : watched_) {
        GREGOR_ASSERT(each->who != &*in.core_, "the consumer is in the wait set already");
    }
    ready_.reserve(watched_.size() + 1);
    watched_.reserve(watched_.size() + 1);
    watched_.push_back(std::make_unique<consumer_of<Topic>>(*this, *in.core_));
    return watched_.back()->number = key{++added_ever_};
}

template <class Env, class Strategy>
template <class Which>
auto basic_wait_set<Env, Strategy>::take_out(Which&& which) noexcept
    -> std::unique_ptr<any_consumer>
{
    for (auto each = watched_.begin(); each != watched_.end(); ++each) {
        if (which(**each)) {
            auto taken = std::move(*each);
            watched_.erase(each);
            return taken;
        }
    }
    return nullptr;
}

template <class Env, class Strategy>
bool basic_wait_set<Env, Strategy>::remove(key k) noexcept
{
    return take_out([k](const any_consumer& c) { return c.number == k; }) != nullptr;
}

/// One look at all: true when there is an answer.
template <class Env, class Strategy>
bool basic_wait_set<Env, Strategy>::look(bool stop_requested, std::size_t least)
{
    ready_.clear();
    if (least == 1 ? wakeup_.take() : wakeup_.is_raised()) [[unlikely]] {
        found_ = wait_status::woken;
        return true;
    }
    for (const auto& each : watched_) {
        if (!each->passed_over && each->ready(least)) {
            ready_.push_back(each->number);
        }
    }
    found_ = ready_.empty() ? wait_status::stopped : wait_status::ready;
    return !ready_.empty() || stop_requested;
}

template <class Env, class Strategy>
template <class Stop>
auto basic_wait_set<Env, Strategy>::wait_for(std::chrono::nanoseconds timeout, const Stop& stop,
                                             std::size_t least, consumer_figures::one_poll* figures)
    -> outcome
{
    const ring::used_alone<Env> alone{&user_, "one wait set is used by two threads at once"};
    GREGOR_ASSERT(!watched_.empty(), "wait was called on a set without consumers");
    const auto found = [&] { return look(stop.requested(), least); };
    if (found()) {
        return {found_, ready_};
    }
    if (timeout <= std::chrono::nanoseconds{0}) {
        return timed_out();
    }
    [[maybe_unused]] const auto wake_on_stop = stop.on_request(told_);
    // members of groups are alive while they are waited for, and look after each other
    std::chrono::nanoseconds watch = no_timeout;
    for (const auto& each : watched_) {
        watch = (std::min)(watch, each->watch_interval());
    }
    const system_time clock;
    all_events events{*this, figures};
    if (figures != nullptr) {
        figures->waits();
    }
    for (std::chrono::nanoseconds left = timeout;; left -= watch) {
        const auto slice = (std::min)(left, watch);
        if (wait_until<Strategy>(events, deadline{clock, slice}, 0, found)) {
            return {found_, ready_};
        }
        if (left <= watch) {
            return timed_out();
        }
        for (const auto& each : watched_) {
            each->wait_elsewhere();
        }
        if (timeout == no_timeout) {
            left = no_timeout;
        }
    }
}

} // namespace gregor::inline GREGOR_ABI
