// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>

#include "matrix/every_topic.hpp"

using namespace gregor;
using matrix::check_topics;
using support::plain;

TEST_CASE("one body holds for each way to wait", "[matrix]")
{
    check_topics<topic<plain>, topic<plain, wait::spin>, topic<plain, wait::yield>,
                 topic<plain, wait::sleep>>();
}

TEST_CASE("one body holds for each kind of producers and overflow", "[matrix]")
{
    check_topics<topic<plain, producers::single>, topic<plain, overflow::reject>,
                 topic<plain, producers::single, overflow::reject, wait::sleep>,
                 topic<std::string, producers::single, overflow::reject>,
                 topic<std::string, overflow::reject, wait::yield>>();
}
