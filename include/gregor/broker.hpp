// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/type_name.hpp"
#include "gregor/base/types.hpp"
#include "gregor/named_topic.hpp"
#include "gregor/options.hpp"
#include "gregor/ring/env.hpp"
#include "gregor/ring/event_count.hpp"

namespace gregor::inline GREGOR_ABI {

/// Topics by name: modules that share a header of record types find each other here.
///
///     gregor::broker broker;                                        // the application's own
///     auto trades = broker.create<trade_topic>("trades", {.partitions = 4});
///     auto trades = broker.open<trade_topic>("trades");             // in another module
///     gregor::producer out{*trades};
///
/// A handle is a shared pointer to the topic: a topic like any other, but for its end, which the
/// broker decides. It is not to be moved from. Names are Kafka's: 1 to 249 of a-z, A-Z, 0-9, '.',
/// '_' and '-', but neither "." nor "..". Types are compared by their names (see `type_name`), so
/// that modules in libraries of their own agree; where several types may be spelled alike, by
/// identity as well.
///
/// Threads   all members, from any thread; construction and destruction as usual
/// Progress  blocks for as long as another call looks something up; who makes one with a log on
///           disk, for as long as another such is made; `remove` as long as it is told
/// Errors    gregor::error where it cannot be done; the forms with try_ return it instead. Nothing
///           has changed then
/// Cost      a mutex and a search through the names: open topics once, not for each record
/// Lifetime  its destruction closes all topics and wakes everybody who waits on them. Handles,
///           producers and consumers may outlive it: sends then say `closed`, polls drain and then
///           say so
class broker {
public:
    broker() = default;
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;
    ~broker();

    /// A new topic. Refused where there is one of this name already, of whatever type: of two that
    /// create it at once, one is.
    template <class Topic>
    std::shared_ptr<Topic> create(std::string_view name, const topic_options& options = {},
                                  typename Topic::clock time = {})
    {
        return std::move(try_create<Topic>(name, options, std::move(time)).value());
    }
    template <class Topic>
    [[nodiscard]] result<std::shared_ptr<Topic>> try_create(std::string_view name,
                                                            const topic_options& options = {},
                                                            typename Topic::clock time = {})
    {
        return make<Topic>(name, options, std::move(time), false);
    }

    /// The topic of this name. Refused where there is none, and where it is of another type.
    template <class Topic>
    [[nodiscard]] std::shared_ptr<Topic> open(std::string_view name) const
    {
        return std::move(try_open<Topic>(name).value());
    }
    template <class Topic>
    [[nodiscard]] result<std::shared_ptr<Topic>> try_open(std::string_view name) const;

    /// The topic of this name, made if need be: where it does not matter who comes first. The
    /// options count for who makes it.
    template <class Topic>
    [[nodiscard]] std::shared_ptr<Topic> open_or_create(std::string_view name,
                                                        const topic_options& options = {},
                                                        typename Topic::clock time = {})
    {
        return std::move(try_open_or_create<Topic>(name, options, std::move(time)).value());
    }
    template <class Topic>
    [[nodiscard]] result<std::shared_ptr<Topic>>
    try_open_or_create(std::string_view name, const topic_options& options = {},
                       typename Topic::clock time = {})
    {
        return make<Topic>(name, options, std::move(time), true);
    }

    /// The names of all topics, in order.
    [[nodiscard]] std::vector<std::string> list() const;

    /// What there is to say about a topic; a snapshot.
    [[nodiscard]] result<topic_description> describe(std::string_view name) const;

    /// Forgets a topic, and closes it. Refused while anybody has a handle to it, or a producer,
    /// consumer, batch or claim of it lives: the error says who. Waits for them to go this long
    /// (see `no_timeout`), by the topic's clock; when the time is up first, the topic is as it was.
    /// (Users that are to go learn it from `close` on the topic, which does not remove it.)
    [[nodiscard]] std::optional<error>
    remove(std::string_view name, std::chrono::nanoseconds wait_for = std::chrono::nanoseconds{0});

private:
    using entry = std::shared_ptr<named_topic_base>;

    /// Under the mutex: where the name is, or would be.
    [[nodiscard]] std::vector<entry>::const_iterator place_of(std::string_view name) const
    {
        return std::lower_bound(topics_.begin(), topics_.end(), name,
                                [](const entry& a, std::string_view b) { return a->name < b; });
    }
    [[nodiscard]] const entry* find(std::string_view name) const
    {
        const auto at = place_of(name);
        return at != topics_.end() && (*at)->name == name ? &*at : nullptr;
    }
    [[nodiscard]] error unknown(std::string_view name) const;

    /// The topic as the type it is asked for.
    template <class Topic>
    [[nodiscard]] static result<std::shared_ptr<Topic>> as(const entry& found);

    template <class Topic>
    [[nodiscard]] result<std::shared_ptr<Topic>> make(std::string_view name,
                                                      const topic_options& options,
                                                      typename Topic::clock&& time, bool or_open);

    // Before the other one, for logs on disk: of two that open one, the second would be locked out.
    // A topic's clock may make another topic meanwhile.
    std::recursive_mutex making_;
    mutable std::mutex mutex_;
    std::vector<entry> topics_; // by name
    ring::event_count<ring::std_env> removed_;
};

inline broker::~broker()
{
    for (const entry& each : topics_) {
        each->close();
    }
}

inline std::vector<std::string> broker::list() const
{
    std::vector<std::string> names;
    const std::lock_guard lock{mutex_};
    names.reserve(topics_.size());
    for (const entry& each : topics_) {
        names.push_back(each->name);
    }
    return names;
}

inline result<topic_description> broker::describe(std::string_view name) const
{
    entry found;
    {
        const std::lock_guard lock{mutex_};
        const entry* const there = find(name);
        if (there == nullptr) {
            return unknown(name);
        }
        found = *there;
    }
    return found->describe();
}

inline error broker::unknown(std::string_view name) const
{
    constexpr std::size_t most = 8;
    std::string there = "none";
    for (std::size_t i = 0; i != topics_.size() && i != most; ++i) {
        there += text({i == 0 ? ", but \"" : ", \"", topics_[i]->name, "\""});
    }
    if (topics_.size() > most) {
        there += text({" and ", std::to_string(topics_.size() - most), " others"});
    }
    return error{errc::unknown_topic, refusal::in_broker(name), "a topic of this name", there};
}

inline std::optional<error> broker::remove(std::string_view name, std::chrono::nanoseconds wait_for)
{
    entry removed; // what goes runs destructors of the user's: not under the mutex
    std::chrono::nanoseconds until = no_timeout;
    for (bool first = true;; first = false) {
        const auto ticket = removed_.announce();
        {
            const std::lock_guard lock{mutex_};
            const auto at = place_of(name);
            if (at == topics_.end() || (*at)->name != name) {
                return unknown(name);
            }
            const topic_usage use = (*at)->usage();
            if (use.none()) {
                removed = *at;
                topics_.erase(at);
                break;
            }
            const std::chrono::nanoseconds now = (*at)->now();
            if (first && wait_for < no_timeout - now) {
                until = now + wait_for;
            }
            if (until <= now) {
                return refusal::topic_in_use(name, use);
            }
        }
        // nobody says when the last of them goes: it is looked at every millisecond
        removed_.sleep(ticket, std::chrono::milliseconds{1});
    }
    removed->close();
    removed_.notify(); // who waits to remove it, too, waits for nothing
    return std::nullopt;
}

template <class Topic>
result<std::shared_ptr<Topic>> broker::as(const entry& found)
{
    const topic_type_id wanted = topic_type_id::of<Topic>();
    const topic_type_id there = found->type();
    if (wanted != there) {
        return refusal::other_type(found->name, there, wanted);
    }
    return static_cast<const named_topic<Topic>&>(*found).handle();
}

template <class Topic>
result<std::shared_ptr<Topic>> broker::try_open(std::string_view name) const
{
    const std::lock_guard lock{mutex_};
    const entry* const found = find(name);
    if (found == nullptr) {
        return unknown(name);
    }
    return as<Topic>(*found);
}

template <class Topic>
result<std::shared_ptr<Topic>> broker::make(std::string_view name, const topic_options& options,
                                            typename Topic::clock&& time, bool or_open)
{
    if (std::optional<error> why = refusal::of_name(name)) {
        return *std::move(why);
    }
    const auto there = [&](const entry& found) -> result<std::shared_ptr<Topic>> {
        if (or_open) {
            return as<Topic>(found);
        }
        return refusal::topic_exists(name, found->type());
    };
    const auto known = [&]() -> std::optional<result<std::shared_ptr<Topic>>> {
        const std::lock_guard lock{mutex_};
        const entry* const found = find(name);
        return found == nullptr ? std::nullopt : std::optional{there(*found)};
    };
    const auto attempt = [&]() -> result<std::shared_ptr<Topic>> {
        if (auto found = known()) {
            return *std::move(found);
        }
        std::unique_lock only_this{making_, std::defer_lock};
        if constexpr (Topic::durable) {
            only_this.lock();
            if (auto found = known()) {
                return *std::move(found); // somebody was faster
            }
        }
        auto made = Topic::create(std::string{name}, options, std::move(time));
        if (!made) {
            return made.error();
        }
        const auto fresh = std::make_shared<named_topic<Topic>>(std::move(*made));
        const std::lock_guard lock{mutex_};
        if (const entry* const found = find(name)) {
            return there(*found); // as above
        }
        topics_.insert(place_of(name), fresh);
        return fresh->handle();
    };
#if GREGOR_EXCEPTIONS
    try {
        return attempt();
    } catch (const std::bad_alloc&) {
        return refusal::no_memory_for_topic(name, options.partitions, options.capacity_records,
                                            sizeof(typename Topic::slot_type));
    }
#else
    return attempt();
#endif
}

} // namespace gregor::inline GREGOR_ABI
