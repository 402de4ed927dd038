// SPDX-License-Identifier: MIT
#include <memory>

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
    matrix::check<topic<T, gregor::key<std::string>, gregor::headers>>(name + ", dressed");
}

} // namespace

TEST_CASE("a topic keeps its promises with each payload that owns something", "[matrix]")
{
    check_all<std::string>();
    check_all<std::unique_ptr<support::plain>>();
    check_all<support::no_default>();
}
