// SPDX-License-Identifier: MIT
#include "matrix/body.hpp"

using gregor::topic;
using gregor::groups::one;

namespace {

template <class T, class... Key>
void check_all(const std::string& name)
{
    using gregor::headers;
    using gregor::timestamps;
    matrix::check<topic<T, one, Key...>>(name);
    matrix::check<topic<T, Key..., one, timestamps>>(name + ", timestamps");
    matrix::check<topic<T, headers, Key..., timestamps, one>>(name + ", timestamps, headers");
}

} // namespace

TEST_CASE("jobs carry each combination of key, timestamp and headers", "[matrix]")
{
    check_all<std::string>("no key");
    check_all<std::string, gregor::key<std::string>>("string key");
    check_all<support::plain, gregor::keyed_by<&support::plain::number>>("derived key");
}
