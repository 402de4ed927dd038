// expect: gregor: topic<T> moves a value into a slot .* move constructor must be noexcept
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

template <bool Safe>
struct payload {
    payload() = default;
    payload(payload&&) noexcept(Safe) {}
};

#ifdef GREGOR_COMPILES
gregor::topic<payload<true>> payloads{"payloads"};
#else
gregor::topic<payload<false>> payloads{"payloads"};
#endif
