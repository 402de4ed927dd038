// SPDX-License-Identifier: MIT
#include "matrix/body.hpp"

using gregor::topic;
using gregor::groups::one;
using gregor::producers::single;

namespace {

template <class T>
void check_all()
{
    const std::string name{support::payload_name<T>};
    matrix::check<topic<T>>(name);
    matrix::check<topic<T, single>>(name + ", single");
    matrix::check<topic<T, one>>(name + ", work queue");
    matrix::check<topic<T, gregor::key<std::uint32_t>, gregor::timestamps>>(name + ", dressed");
}

} // namespace

TEST_CASE("a topic keeps its promises with each trivially copyable payload", "[matrix]")
{
    check_all<std::uint64_t>();
    check_all<support::plain>();
    check_all<support::over_aligned>();
    check_all<support::large>();
}
