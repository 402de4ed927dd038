// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/consumer.hpp"
#include "gregor/group/rebalance_listener.hpp"
#include "gregor/handlers/finish_line.hpp"
#include "gregor/handlers/hand.hpp"
#include "gregor/handlers/options.hpp"
#include "gregor/handlers/runner.hpp"
#include "gregor/policy/wait.hpp"
#include "gregor/ring/shared.hpp"

namespace gregor::inline GREGOR_ABI {

/// The threads of a runner: how they come, go and fail. What they do with what comes is said by who
/// derives from it.
///
/// Threads   `work` and what it calls: a member's own; what the runner offers: any
template <class Topic>
class crew : public runner_core {
public:
    using consumer_type = consumer<Topic>;
    using batch_type = batch<Topic>;
    using hand_type = hand<Topic>;
    using state_type = typename Topic::state_type;
    using event = typename state_type::event;

    crew(Topic& topic, std::string_view group, const run_options& options)
        : topic_(topic), state_(topic.state()), group_(group), options_(options)
    {
    }

    /// The first members join, and begin. Throws gregor::error, and then there is none.
    void start() { add(options_.members); }

    // --- what the runner offers ------------------------------------------------------------------

    void set_members(std::size_t n) final;
    void request_stop() noexcept final { halt(nullptr, options_.drain); }
    void stop() noexcept final;
    bool wait(std::chrono::nanoseconds timeout) final;
    [[nodiscard]] std::size_t members() const final;
    [[nodiscard]] run_counts counts() const final;
    [[nodiscard]] std::exception_ptr error() const final
    {
        const std::lock_guard lock{mutex_};
        return error_;
    }
    [[nodiscard]] std::exception_ptr last_failure() const final
    {
        const std::lock_guard lock{mutex_};
        return last_failure_;
    }

    // --- for who derives, and for the remedy -----------------------------------------------------

    [[nodiscard]] const run_options& options() const noexcept { return options_; }
    [[nodiscard]] std::string_view topic_name() const noexcept { return state_->name; }

    /// Whether the next record may be begun.
    [[nodiscard]] bool goes_on(const hand_type& self) const
    {
        return !self.told.stop_requested() || drains(self);
    }
    /// The next batch, or why there is none; `closed` also where the member is to go.
    [[nodiscard]] batch_type next(consumer_type& in, const hand_type& self);
    /// The same of what is there now: for who has looked for it before.
    [[nodiscard]] batch_type wait_for_next(consumer_type& in, const hand_type& self);
    /// False when nothing more will come.
    bool goes_on_after(const batch_type& none);

    /// Waits before a retry; false when the member is to go instead.
    bool pause(const hand_type& self, std::chrono::nanoseconds delay);

    /// Triggered when there is no time left to wait for anybody.
    [[nodiscard]] std::stop_token no_more_time() const noexcept { return now_.get_token(); }

    /// The runner stops, because of this.
    void fail(std::exception_ptr&& why) noexcept
    {
        halt(std::move(why), std::chrono::nanoseconds{0});
    }

    /// It is dealt with.
    void note_failure(std::exception_ptr&& why) noexcept
    {
        const std::lock_guard lock{mutex_};
        last_failure_ = std::move(why);
    }

protected:
    [[nodiscard]] virtual std::unique_ptr<hand_type> new_hand()
    {
        return std::make_unique<hand_type>(false);
    }
    /// Handles what comes, until there is an end. What it throws stops the runner.
    virtual void work(consumer_type& in, hand_type& self) = 0;

private:
    void add(std::size_t n);
    void join(hand_type& made, const std::vector<std::unique_ptr<hand_type>>& others);
    void run(hand_type& self) noexcept;
    void reap() noexcept;
    void halt(std::exception_ptr&& why, std::chrono::nanoseconds drain) noexcept;
    [[nodiscard]] bool drains(const hand_type& self) const;
    [[nodiscard]] bool all_ended() const
    {
        const std::lock_guard lock{mutex_};
        return working_ == 0;
    }
    void not_in_a_handler() const;

    Topic& topic_; // for members that join
    const ring::shared<state_type> state_;
    const std::string group_;
    const run_options options_;

    std::mutex joining_; // who adds members, or says that there are too many
    mutable std::mutex mutex_;
    event changed_;        // a member has ended, or is told to go, or not to wait any longer
    std::stop_source now_; // not to wait for room for dead letters any longer

    // Under the mutex.
    bool stopping_ = false;
    std::chrono::nanoseconds drain_until_{0};
    finish_line<state_type> drained_at_; // how far a stop goes on, time permitting; drawn once
    std::size_t working_ = 0;            // members that have not ended
    std::exception_ptr error_;
    std::exception_ptr last_failure_;
    run_counts past_; // of members that are forgotten
    std::vector<std::unique_ptr<hand_type>> hands_;
};

// --- members come and go ------------------------------------------------------------------------

/// Makes it a member of the group. Nothing runs yet.
template <class Topic>
void crew<Topic>::join(hand_type& made, const std::vector<std::unique_ptr<hand_type>>& others)
{
    consumer_options mine = options_.consumer;
    mine.auto_commit = false;
    if (rebalance_listener* const its = made.listener()) {
        mine.listener = its;
    }
    const auto taken = [&](const auto& each) {
        return !each->ended && each->number == made.number;
    };
    {
        const std::lock_guard lock{mutex_};
        while (std::any_of(hands_.begin(), hands_.end(), taken) ||
               std::any_of(others.begin(), others.end(), taken)) {
            ++made.number;
        }
    }
    if (!mine.instance_id.empty()) {
        mine.instance_id += text({"-", std::to_string(made.number)});
    }
    made.joined.emplace(topic_, group_, mine);
}

template <class Topic>
void crew<Topic>::add(std::size_t n)
{
    std::vector<std::unique_ptr<hand_type>> fresh;
    std::vector<hand_type*> begun;
    std::optional<gregor::error> none;
    try {
        fresh.reserve(n);
        begun.reserve(n);
        while (fresh.size() != n) {
            auto made = new_hand();
            join(*made, fresh);
            fresh.push_back(std::move(made));
        }
        const std::lock_guard lock{mutex_};
        if (stopping_) {
            return; // those who have joined leave again
        }
        hands_.reserve(hands_.size() + n);
        for (auto& each : fresh) {
            hand_type& one = *each;
            one.thread = std::jthread{[this, &one] { run(one); }};
            ++working_;
            begun.push_back(&one);
            hands_.push_back(std::move(each));
        }
        return;
    } catch (const gregor::error& e) {
        none.emplace(e);
    } catch (const std::bad_alloc&) {
        none.emplace(refusal::no_memory_for_runner(state_->name, group_));
    } catch (const std::system_error& e) {
        none.emplace(errc::no_thread, refusal::runner_of(state_->name, group_), "a thread",
                     e.what());
    }
    {
        const std::lock_guard lock{mutex_};
        for (hand_type* const each : begun) {
            each->leaving = true;
            each->leave.request_stop();
        }
    }
    static_cast<void>(wait_until<wait::sleep>(changed_, deadline{state_->time, no_timeout}, 0, [&] {
        const std::lock_guard lock{mutex_};
        return std::all_of(begun.begin(), begun.end(), [](auto* each) { return each->ended; });
    }));
    reap();
    raise(*none);
}

template <class Topic>
void crew<Topic>::run(hand_type& self) noexcept
{
    {
        consumer_type in = *std::move(self.joined);
        self.joined.reset();
        const std::stop_callback awake{self.told, [this] { changed_.notify(); }};
        try {
            work(in, self);
        } catch (...) {
            fail(std::current_exception());
        }
        try {
            in.close();
        } catch (...) {
            fail(std::current_exception());
        }
    }
    {
        const std::lock_guard lock{mutex_};
        self.ended = true;
        --working_;
    }
    changed_.notify();
}

/// Forgets those that have ended.
template <class Topic>
void crew<Topic>::reap() noexcept
{
    for (;;) {
        std::unique_ptr<hand_type> gone; // joined when the mutex is free
        const std::lock_guard lock{mutex_};
        const auto ended = std::find_if(hands_.begin(), hands_.end(),
                                        [](const auto& each) { return each->ended; });
        if (ended == hands_.end()) {
            return;
        }
        (*ended)->count(past_);
        gone = std::move(*ended);
        hands_.erase(ended);
    }
}

template <class Topic>
void crew<Topic>::set_members(std::size_t n)
{
    if (const auto why =
            refusal::of_number(refusal::runner_of(state_->name, group_), "members", 1024, n)) {
        raise(*why);
    }
    const std::lock_guard alone{joining_};
    reap();
    const std::size_t now = members();
    if (n > now) {
        add(n - now);
        return;
    }
    const std::lock_guard lock{mutex_};
    std::size_t too_many = now - n;
    for (auto each = hands_.rbegin(); each != hands_.rend() && too_many != 0; ++each) {
        if (!(*each)->leaving && !(*each)->ended) {
            (*each)->leaving = true;
            (*each)->leave.request_stop();
            --too_many;
        }
    }
}

template <class Topic>
std::size_t crew<Topic>::members() const
{
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(
        std::count_if(hands_.begin(), hands_.end(),
                      [](const auto& each) { return !each->leaving && !each->ended; }));
}

template <class Topic>
run_counts crew<Topic>::counts() const
{
    const std::lock_guard lock{mutex_};
    run_counts sum = past_;
    for (const auto& each : hands_) {
        each->count(sum);
    }
    return sum;
}

// --- the end ------------------------------------------------------------------------------------

/// Tells all members to go, the first time; an error, to go at once.
template <class Topic>
void crew<Topic>::halt(std::exception_ptr&& why, std::chrono::nanoseconds drain) noexcept
{
    const bool at_once = drain == std::chrono::nanoseconds{0};
    {
        const std::lock_guard lock{mutex_};
        const auto now = state_->time.steady_now();
        if (!std::exchange(stopping_, true)) {
            drain_until_ = drain > no_timeout - now ? no_timeout : now + drain;
            drained_at_.draw(*state_);
        }
        if (why != nullptr) {
            error_ = error_ == nullptr ? why : error_;
            last_failure_ = std::move(why);
        }
        if (at_once) {
            drain_until_ = (std::min)(drain_until_, now);
        }
        for (auto& each : hands_) {
            each->leave.request_stop();
        }
    }
    if (at_once) {
        now_.request_stop();
    }
    changed_.notify();
}

template <class Topic>
void crew<Topic>::stop() noexcept
{
    not_in_a_handler();
    request_stop();
    std::chrono::nanoseconds left{0};
    {
        const std::lock_guard lock{mutex_};
        left = drain_until_ == no_timeout ? no_timeout : drain_until_ - state_->time.steady_now();
    }
    if (left > std::chrono::nanoseconds{0}) {
        static_cast<void>(wait(left));
    }
    halt(nullptr, std::chrono::nanoseconds{0});
    static_cast<void>(wait(no_timeout));
    const std::lock_guard alone{joining_};
    reap();
}

template <class Topic>
bool crew<Topic>::wait(std::chrono::nanoseconds timeout)
{
    not_in_a_handler();
    return wait_until<wait::sleep>(changed_, deadline{state_->time, timeout}, 0,
                                   [this] { return all_ended(); });
}

template <class Topic>
void crew<Topic>::not_in_a_handler() const
{
    const std::lock_guard lock{mutex_};
    for (const auto& each : hands_) {
        GREGOR_ASSERT(!each->has(std::this_thread::get_id()),
                      "a handler waited for its own runner to end: request_stop does not wait");
    }
}

/// Told to stop, but there is time for what was sent before.
template <class Topic>
bool crew<Topic>::drains(const hand_type& self) const
{
    const std::lock_guard lock{mutex_};
    return stopping_ && !self.leaving && state_->time.steady_now() < drain_until_;
}

// --- what comes ---------------------------------------------------------------------------------

template <class Topic>
auto crew<Topic>::next(consumer_type& in, const hand_type& self) -> batch_type
{
    if (!self.told.stop_requested()) {
        return in.poll(self.told);
    }
    if (!drains(self)) {
        return batch_type{poll_status::closed};
    }
    batch_type found = in.try_poll();
    return found.status() == poll_status::timed_out ? wait_for_next(in, self) : std::move(found);
}

template <class Topic>
auto crew<Topic>::wait_for_next(consumer_type& in, const hand_type& self) -> batch_type
{
    if (!self.told.stop_requested()) {
        return in.poll(self.told);
    }
    // in a lossy group each member is for itself: it has found nothing any more
    if (!drains(self) || options_.consumer.lossy || drained_at_.is_reached_by(group_, *state_)) {
        return batch_type{poll_status::closed};
    }
    // what is missing is another member's, who gives no sign
    changed_.sleep(changed_.announce(), std::chrono::milliseconds{1});
    return batch_type{poll_status::timed_out};
}

template <class Topic>
bool crew<Topic>::goes_on_after(const batch_type& none)
{
    const bool broken = none.status() == poll_status::corrupt;
    if (broken || none.status() == poll_status::out_of_range) {
        fail(std::make_exception_ptr(refusal::unreadable(broken, state_->name, group_)));
        return false;
    }
    return none.status() != poll_status::closed;
}

template <class Topic>
bool crew<Topic>::pause(const hand_type& self, std::chrono::nanoseconds delay)
{
    const auto is_told = [&] {
        const std::lock_guard lock{mutex_};
        return (self.leaving && !self.finishes) ||
               (stopping_ && state_->time.steady_now() >= drain_until_);
    };
    return !is_told() &&
           !wait_until<wait::sleep>(changed_, deadline{state_->time, delay}, 0, is_told);
}

} // namespace gregor::inline GREGOR_ABI
