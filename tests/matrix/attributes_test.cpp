// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>

#include "matrix/every_topic.hpp"

using namespace gregor;
using matrix::check_topics;
using support::plain;

TEST_CASE("one body holds for what a record carries", "[matrix]")
{
    check_topics<topic<plain, key<std::string>>, topic<plain, timestamps>, topic<plain, headers>,
                 topic<plain, keyed_by<&plain::number>>>();
}

TEST_CASE("one body holds for all that a record can carry at once", "[matrix]")
{
    check_topics<topic<std::string, key<std::string>, timestamps, headers, producers::single>,
                 topic<plain, headers, timestamps, key<std::string>, overflow::reject, wait::sleep,
                       partitioner::round_robin>,
                 topic<std::string, timestamps, headers, groups::one, time_source<manual_clock>>>();
}
