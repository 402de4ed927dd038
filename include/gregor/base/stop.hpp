// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

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

    template <class F>
    [[nodiscard]] static constexpr nothing on_request(F&&) noexcept
    {
        return {};
    }
};

#if GREGOR_STOP_TOKEN
/// A wait that ends when the token is triggered.
struct token_stop {
    const std::stop_token& token;

    [[nodiscard]] bool requested() const noexcept { return token.stop_requested(); }

    /// Calls `f` when the token is triggered, as long as the returned object lives.
    template <class F>
    [[nodiscard]] std::stop_callback<F> on_request(F f) const
    {
        return std::stop_callback<F>{token, std::move(f)};
    }
};
#endif

} // namespace gregor::inline GREGOR_ABI
