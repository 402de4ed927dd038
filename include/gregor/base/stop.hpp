// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/base/config.hpp"

#if __has_include(<stop_token>)
#    include <stop_token>
#endif

/// 1 where the standard library has stop tokens; without them, the overloads that take one are
/// absent.
#if defined(__cpp_lib_jthread) && __cpp_lib_jthread >= 201911L
#    define GREGOR_STOP_TOKEN 1
#else
#    define GREGOR_STOP_TOKEN 0
#endif

namespace gregor::inline GREGOR_ABI {

/// A wait that nobody can stop.
struct no_stop {
    struct nothing {};

    [[nodiscard]] static constexpr bool requested() noexcept { return false; }

    template <class Event>
    [[nodiscard]] static constexpr nothing on_request(Event&) noexcept
    {
        return {};
    }
};

#if GREGOR_STOP_TOKEN
/// A wait that ends when the token is triggered.
struct token_stop {
    const std::stop_token& token;

    [[nodiscard]] bool requested() const noexcept { return token.stop_requested(); }

    template <class Event>
    struct notifying {
        Event& event;
        void operator()() const { event.notify(); }
    };

    /// Notifies the event when the token is triggered, as long as the returned object lives.
    template <class Event>
    [[nodiscard]] std::stop_callback<notifying<Event>> on_request(Event& event) const
    {
        return std::stop_callback<notifying<Event>>{token, notifying<Event>{event}};
    }
};
#endif

} // namespace gregor::inline GREGOR_ABI
