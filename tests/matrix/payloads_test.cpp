// SPDX-License-Identifier: MIT
#include <cstdint>
#include <memory>
#include <string>

#include "matrix/every_topic.hpp"

using namespace gregor;
using matrix::check_topics;

TEST_CASE("one body holds for each kind of payload", "[matrix]")
{
    check_topics<topic<std::uint64_t>, topic<std::string>, topic<std::unique_ptr<support::plain>>,
                 topic<support::over_aligned>, topic<support::no_default>, topic<support::large>>();
}

TEST_CASE("one body holds for each kind of payload with one producer", "[matrix]")
{
    using producers::single;
    check_topics<topic<std::uint64_t, single>, topic<std::unique_ptr<support::plain>, single>,
                 topic<support::over_aligned, single>, topic<support::no_default, single>,
                 topic<support::large, single>>();
}

TEST_CASE("one body holds for a work queue of each kind of payload", "[matrix]")
{
    check_topics<topic<std::unique_ptr<support::plain>, groups::one>,
                 topic<std::string, groups::one, producers::single>,
                 topic<support::over_aligned, groups::one>>();
}
