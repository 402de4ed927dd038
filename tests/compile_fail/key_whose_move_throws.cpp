// expect: gregor: key<K> moves the key into a slot
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

template <bool Safe>
struct name {
    name() = default;
    name(name&&) noexcept(Safe) {}
};

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::key<name<true>>> numbers{"numbers"};
#else
gregor::topic<int, gregor::key<name<false>>> numbers{"numbers"};
#endif
