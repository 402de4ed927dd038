// SPDX-License-Identifier: MIT
#include "matrix/body.hpp"

using gregor::topic;

namespace {

template <class T, class... Key>
void check_all(const std::string& name)
{
    using gregor::headers;
    using gregor::timestamps;
    matrix::check<topic<T, Key...>>(name);
    matrix::check<topic<T, Key..., timestamps>>(name + ", timestamps");
    matrix::check<topic<T, Key..., headers>>(name + ", headers");
    matrix::check<topic<T, headers, Key..., timestamps>>(name + ", timestamps, headers");
}

} // namespace

TEST_CASE("records carry each combination of key, timestamp and headers", "[matrix]")
{
    check_all<std::string>("no key");
    check_all<std::string, gregor::key<std::string>>("string key");
    check_all<support::plain, gregor::key<std::int16_t>>("integer key");
    check_all<support::plain, gregor::keyed_by<&support::plain::number>>("derived key");
}
