// SPDX-License-Identifier: MIT
#include "matrix/body.hpp"

using gregor::topic;
namespace partitioner = gregor::partitioner;

namespace {

/// By the value alone.
struct odd_and_even {
    template <class Request>
    gregor::partition_id operator()(const Request& request)
    {
        const auto from = support::payload<typename Request::value_type>::read(request.value());
        return {static_cast<std::uint32_t>(from.number % 2)};
    }
};

template <class... Partitioner>
void check_all(const std::string& name)
{
    using gregor::key;
    using gregor::keyed_by;
    using support::plain;
    matrix::check<topic<plain, Partitioner...>>(name);
    matrix::check<topic<plain, Partitioner..., key<std::string>>>(name + ", string key");
    matrix::check<topic<plain, Partitioner..., keyed_by<&plain::number>>>(name + ", derived key");
    matrix::check<topic<std::string, Partitioner..., gregor::producers::single>>(name + ", single");
    matrix::check<topic<plain, gregor::time_source<gregor::manual_clock>, Partitioner...,
                        gregor::overflow::reject>>(name + ", a clock that stands");
}

} // namespace

TEST_CASE("a topic keeps its promises with each partitioner", "[matrix]")
{
    check_all<partitioner::kafka>("kafka");
    check_all<partitioner::round_robin>("round robin");
    check_all<gregor::partition_by<odd_and_even>>("one's own");
}
