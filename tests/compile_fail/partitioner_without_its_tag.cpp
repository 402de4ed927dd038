// expect: gregor: a template argument of topic<T, ...> is not a policy
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

struct first {
    template <class Request>
    gregor::partition_id operator()(const Request&)
    {
        return gregor::partition_id{0};
    }
};

#ifdef GREGOR_COMPILES
gregor::topic<int, gregor::partition_by<first>> numbers{"numbers"};
#else
gregor::topic<int, first> numbers{"numbers"};
#endif
