// expect: gregor: topic<T> destroys old records .* destructor must be noexcept
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

template <bool Safe>
struct payload {
    payload() = default;
    payload(payload&&) noexcept {}
    ~payload() noexcept(Safe) {}
};

#ifdef GREGOR_COMPILES
gregor::topic<payload<true>> payloads{"payloads"};
#else
gregor::topic<payload<false>> payloads{"payloads"};
#endif
