// SPDX-License-Identifier: MIT
#include <gregor/policy/select.hpp>
#include <gregor/topic.hpp>

#include <string>
#include <type_traits>

#include "support/catch.hpp"

using gregor::topic;
namespace producers = gregor::producers;
namespace overflow = gregor::overflow;
namespace waits = gregor::wait;
namespace partitioner = gregor::partitioner;
namespace groups = gregor::groups;
namespace storage = gregor::storage;

namespace {

struct my_partitioner {
    template <class Request>
    gregor::partition_id operator()(const Request&)
    {
        return {0};
    }
};

} // namespace

TEST_CASE("policies in any order are one type", "[policy][select]")
{
    STATIC_REQUIRE(std::is_same_v<topic<int, producers::single, overflow::reject>,
                                  topic<int, overflow::reject, producers::single>>);
    STATIC_REQUIRE(std::is_same_v<topic<int, gregor::key<std::string>, gregor::timestamps,
                                        gregor::headers, waits::spin, groups::one>,
                                  topic<int, groups::one, waits::spin, gregor::headers,
                                        gregor::timestamps, gregor::key<std::string>>>);
    STATIC_REQUIRE(
        std::is_same_v<topic<int, waits::yield, gregor::time_source<gregor::manual_clock>,
                             partitioner::round_robin>,
                       topic<int, partitioner::round_robin, waits::yield,
                             gregor::time_source<gregor::manual_clock>>>);
}

TEST_CASE("a policy that is the default changes nothing", "[policy][select]")
{
    STATIC_REQUIRE(
        std::is_same_v<topic<int>, topic<int, storage::in_memory, producers::multi, overflow::block,
                                         waits::adaptive, partitioner::kafka, gregor::no_key,
                                         gregor::no_timestamps, gregor::no_headers, groups::many,
                                         gregor::time_source<gregor::system_time>>>);
    STATIC_REQUIRE(std::is_same_v<topic<int, producers::single>,
                                  topic<int, waits::adaptive, producers::single>>);
}

TEST_CASE("topics that mean something else are other types", "[policy][select]")
{
    STATIC_REQUIRE_FALSE(std::is_same_v<topic<int>, topic<long>>);
    STATIC_REQUIRE_FALSE(std::is_same_v<topic<int>, topic<int, producers::single>>);
    STATIC_REQUIRE_FALSE(std::is_same_v<topic<int>, topic<int, overflow::reject>>);
    STATIC_REQUIRE_FALSE(std::is_same_v<topic<int>, topic<int, waits::sleep>>);
    STATIC_REQUIRE_FALSE(std::is_same_v<topic<int>, topic<int, gregor::key<int>>>);
    STATIC_REQUIRE_FALSE(std::is_same_v<topic<int>, topic<int, gregor::timestamps>>);
    STATIC_REQUIRE_FALSE(std::is_same_v<topic<int>, topic<int, gregor::headers>>);
    STATIC_REQUIRE_FALSE(std::is_same_v<topic<int>, topic<int, groups::one>>);
}

TEST_CASE("the selection names the choice of each kind", "[policy][select]")
{
    using chosen = gregor::select_policies<gregor::partition_by<my_partitioner>, waits::spin,
                                           gregor::time_source<gregor::manual_clock>>;
    STATIC_REQUIRE(std::is_same_v<chosen::partitioner, my_partitioner>);
    STATIC_REQUIRE(std::is_same_v<chosen::wait, waits::spin>);
    STATIC_REQUIRE(std::is_same_v<chosen::clock, gregor::manual_clock>);
    STATIC_REQUIRE(std::is_same_v<chosen::producers, producers::multi>);
    STATIC_REQUIRE(std::is_same_v<chosen::storage, storage::in_memory>);
}

TEST_CASE("each policy is of its kind and of no other", "[policy][select]")
{
    namespace kind = gregor::kind;
    STATIC_REQUIRE(gregor::policy_of<producers::single, kind::producers>);
    STATIC_REQUIRE(gregor::policy_of<overflow::reject, kind::overflow>);
    STATIC_REQUIRE(gregor::policy_of<gregor::key<int>, kind::key>);
    STATIC_REQUIRE(gregor::policy_of<gregor::keyed_by<&std::string::size>, kind::key>);
    STATIC_REQUIRE_FALSE(gregor::policy_of<overflow::reject, kind::producers>);
    STATIC_REQUIRE_FALSE(gregor::policy<int>);
    STATIC_REQUIRE_FALSE(gregor::policy<my_partitioner>);
}
