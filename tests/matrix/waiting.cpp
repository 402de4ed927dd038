// SPDX-License-Identifier: MIT
#include "matrix/body.hpp"

using gregor::topic;
namespace overflow = gregor::overflow;
namespace producers = gregor::producers;
namespace waits = gregor::wait;

namespace {

template <class Wait>
void check_all(const std::string& name)
{
    using support::plain;
    matrix::check<topic<plain, Wait>>(name + ", multi, block");
    matrix::check<topic<plain, Wait, overflow::reject>>(name + ", multi, reject");
    matrix::check<topic<plain, Wait, producers::single>>(name + ", single, block");
    matrix::check<topic<plain, Wait, producers::single, overflow::reject>>(name +
                                                                           ", single, reject");
}

} // namespace

TEST_CASE("a topic keeps its promises with each wait, producers and overflow policy", "[matrix]")
{
    check_all<waits::adaptive>("adaptive");
    check_all<waits::spin>("spin");
    check_all<waits::yield>("yield");
    check_all<waits::sleep>("sleep");
}
