// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/ring/event_count.hpp"

namespace gregor::inline GREGOR_ABI {

/// Says that nobody is to be called any more: `consumer.on_ready(gregor::no_hook)`.
struct no_hook_t {};
inline constexpr no_hook_t no_hook{};

/// Watches a consumer from elsewhere, and is told when it goes.
class consumer_watcher {
public:
    consumer_watcher(const consumer_watcher&) = delete;
    consumer_watcher& operator=(const consumer_watcher&) = delete;

    /// It is watched no more. On the consumer's thread.
    virtual void consumer_goes() noexcept = 0;

protected:
    consumer_watcher() = default;
    ~consumer_watcher() = default;

private:
    template <class Env>
    friend class readiness;

    consumer_watcher* next_ = nullptr;
};

/// Who is told, and not woken, when there may be something for a consumer to poll: a hook of the
/// user's. And who watches the consumer from elsewhere, which concerns it only when it goes.
///
/// Threads   the consumer's; the hook is called by those who notify the event
/// Cost      a pointer that is looked at where a poll has found nothing
template <class Env>
class readiness {
public:
    using event = ring::event_count<Env>;
    using listener = typename event::listener;

    explicit readiness(event& of) noexcept : event_(of) {}
    readiness(const readiness&) = delete;
    readiness& operator=(const readiness&) = delete;
    ~readiness() { end(); }

    /// Calls this hook instead of the one before, once right now. Throws std::bad_alloc, and what
    /// moving the hook throws, and then keeps the one before.
    template <class Hook>
    void call(Hook&& hook)
    {
        auto made = std::make_unique<hook_of<std::decay_t<Hook>>>(event_, std::forward<Hook>(hook));
        call_nobody();
        made->listen();
        hook_ = made.release();
        hook_->call();
    }

    /// When this returns, the hook is gone.
    void call_nobody() noexcept
    {
        if (hook_ != nullptr) {
            hook_->go();
            hook_ = nullptr;
        }
    }

    /// True where there is a hook: then it is called for all that is not seen from here on.
    bool arm() noexcept
    {
        if (hook_ == nullptr) [[likely]] {
            return false;
        }
        hook_->arm();
        return true;
    }

    void watch(consumer_watcher& from) noexcept { from.next_ = std::exchange(watchers_, &from); }
    void watch_no_more(consumer_watcher& from) noexcept
    {
        consumer_watcher** link = &watchers_;
        while (*link != &from) {
            link = &(*link)->next_;
        }
        *link = from.next_;
    }

    /// The consumer goes.
    void end() noexcept
    {
        call_nobody();
        while (watchers_ != nullptr) {
            consumer_watcher& first = *watchers_;
            watchers_ = first.next_;
            first.consumer_goes();
        }
    }

private:
    /// All that is done with a hook, so that who has none compiles none of it.
    struct any_hook {
        any_hook() = default;
        any_hook(const any_hook&) = delete;
        any_hook& operator=(const any_hook&) = delete;
        virtual void call() noexcept = 0;
        virtual void arm() noexcept = 0;
        virtual void go() noexcept = 0;

    protected:
        ~any_hook() = default;
    };

    template <class Hook>
    struct hook_of final : any_hook {
        static_assert(std::is_nothrow_invocable_v<Hook&>,
                      "gregor: on_ready needs a hook that is called without arguments and is "
                      "noexcept");

        hook_of(event& of, Hook&& h) : event_of(of), hook(std::move(h)) {}
        hook_of(event& of, const Hook& h) : event_of(of), hook(h) {}
        void call() noexcept override { static_cast<void>(hook()); }
        void listen() noexcept { event_of.add(ear); }
        void arm() noexcept override { event_of.arm(ear); }
        void go() noexcept override
        {
            event_of.remove(ear);
            delete this;
        }

        event& event_of;
        Hook hook;
        listener ear{[](void* self) noexcept { static_cast<hook_of*>(self)->call(); }, this};
    };

    event& event_;
    any_hook* hook_ = nullptr;
    consumer_watcher* watchers_ = nullptr;
};

} // namespace gregor::inline GREGOR_ABI
