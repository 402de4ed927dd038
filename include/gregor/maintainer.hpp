// SPDX-License-Identifier: MIT
#pragma once

// A thread that looks after a topic. With run.hpp the only header that starts one, so not among
// what <gregor/gregor.hpp> includes.

#include <chrono>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/policy/wait.hpp"
#include "gregor/refusal.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a maintainer does, whatever the topic is.
class maintainer_core {
public:
    maintainer_core() = default;
    maintainer_core(const maintainer_core&) = delete;
    maintainer_core& operator=(const maintainer_core&) = delete;
    virtual ~maintainer_core() = default;

    virtual void nudge() noexcept = 0;
    virtual void stop() noexcept = 0;
};

/// A thread of the application's own that calls `topic.maintain()` at once, and again whenever the
/// interval has passed since it was done:
///
///     trade_log trades{"trades", options};
///     gregor::maintainer keeps{trades};
///
/// It makes room in a log on disk ahead of the producers, which then never wait for the system;
/// makes lasting what `flush_policy::interval` says is due, also where nobody sends any more; takes
/// away what is too old; and takes their partitions from members that stay away, of any topic. What
/// goes wrong with a log is told by `topic.failure`, and tried again.
///
/// Threads   nudge: any; all else, and its end, one
/// Progress  the destructor waits until what it is doing is done: a sync of the log at most
/// Errors    gregor::error (`create` returns it instead): an impossible interval, no memory, no
///           thread. (Without exceptions the standard library ends the process where there is no
///           thread.)
/// Cost      a thread, which is asleep between two rounds; a round in which nothing is to be done
///           takes the topic's mutex and that of each log
/// Lifetime  may outlive the topic object, as a handle may; a log on disk stays open until both are
///           gone. Not destroyed by a hook that it calls (`consumer::on_ready`)
class maintainer {
public:
    /// With the usual `prepare_bytes`, 8 MiB, enough for 800 MB a second in each partition.
    static constexpr std::chrono::milliseconds usual_interval{10};

    /// The interval is by the topic's clock, above 0; `no_timeout`: only when it is nudged.
    template <class Topic>
    explicit maintainer(Topic& topic, std::chrono::nanoseconds interval = usual_interval)
        : maintainer(std::move(create(topic, interval).value()))
    {
    }

    /// As the constructor, for builds without exceptions.
    template <class Topic>
    [[nodiscard]] static result<maintainer>
    create(Topic& topic, std::chrono::nanoseconds interval = usual_interval);

    maintainer(maintainer&&) noexcept = default;
    /// Ends the thread that it had before.
    maintainer& operator=(maintainer&&) noexcept = default;
    ~maintainer() = default;

    /// Has it begin a round now, or, where it is in the middle of one, another one after it.
    void nudge() noexcept { core_->nudge(); }

private:
    struct end {
        void operator()(maintainer_core* core) const noexcept
        {
            core->stop();
            delete core;
        }
    };

    explicit maintainer(maintainer_core* core) noexcept : core_(core) {}

    std::unique_ptr<maintainer_core, end> core_;
};

/// The thread, and what it looks after.
template <class State>
class maintenance final : public maintainer_core {
public:
    maintenance(ring::shared<State> topic, std::chrono::nanoseconds interval)
        : topic_(std::move(topic)), interval_(interval), thread_([this] { run(); })
    {
    }

    void nudge() noexcept final
    {
        {
            const std::lock_guard lock{mutex_};
            nudged_ = true;
        }
        told_.notify();
    }

    void stop() noexcept final
    {
        GREGOR_ASSERT(thread_.get_id() != std::this_thread::get_id(),
                      "a maintainer cannot be destroyed by a hook that it calls");
        {
            const std::lock_guard lock{mutex_};
            stopped_ = true;
        }
        told_.notify();
        thread_.join();
    }

private:
    void run()
    {
        do {
            topic_->maintain();
        } while (wait());
    }

    /// Until the next round; false when there is none.
    bool wait()
    {
        static_cast<void>(
            wait_until<wait::sleep>(told_, deadline{topic_->time, interval_}, 0, [this] {
                const std::lock_guard lock{mutex_};
                return nudged_ || stopped_;
            }));
        const std::lock_guard lock{mutex_};
        nudged_ = false; // before the round: who nudges in the middle of it gets another one
        return !stopped_;
    }

    const ring::shared<State> topic_;
    const std::chrono::nanoseconds interval_;
    typename State::event told_; // to look at these two
    std::mutex mutex_;
    bool nudged_ = false;
    bool stopped_ = false;
    std::thread thread_; // last: it uses all of the above
};

template <class Topic>
inline constexpr bool is_topic = false;
template <class T, class Policies>
inline constexpr bool is_topic<basic_topic<T, Policies>> = true;

template <class Topic>
result<maintainer> maintainer::create(Topic& topic, std::chrono::nanoseconds interval)
{
    static_assert(is_topic<Topic>, "gregor: a maintainer looks after a topic");
    if constexpr (is_topic<Topic>) {
        const auto of_topic = [&] { return text({"maintainer of topic \"", topic.name(), "\""}); };
        if (interval <= std::chrono::nanoseconds{0}) {
            return error{errc::invalid_option, of_topic(), "an interval above 0",
                         text({std::to_string(interval.count()), " ns"})};
        }
        const auto make = [&] {
            return maintainer{new maintenance<typename Topic::state_type>{topic.state(), interval}};
        };
#if GREGOR_EXCEPTIONS
        try {
            return make();
        } catch (const std::bad_alloc&) {
            return error{errc::out_of_memory, of_topic(), "memory for it", "less"};
        } catch (const std::system_error& e) {
            return error{errc::no_thread, of_topic(), "a thread", e.what()};
        }
#else
        return make();
#endif
    }
}

} // namespace gregor::inline GREGOR_ABI
