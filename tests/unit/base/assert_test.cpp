// SPDX-License-Identifier: MIT
#include <gregor/base/assert.hpp>

#include "support/catch.hpp"
#include "support/death.hpp"

TEST_CASE("a broken precondition says its sentence and ends the process", "[base]")
{
    CHECK(support::dies_saying("gregor: two is not three (",
                               [] { GREGOR_ASSERT(2 == 3, "two is not three"); }));
    CHECK(support::dies_saying("assert_test.cpp:",
                               [] { GREGOR_ASSERT(2 == 3, "the place is named too"); }));
}

TEST_CASE("a precondition that holds does nothing, and is looked at once", "[base]")
{
    int looks = 0;
    GREGOR_ASSERT(++looks == 1, "it was looked at more than once");
    CHECK(looks == 1);
}

TEST_CASE("the preconditions of the hot path are looked at in checked builds only", "[base]")
{
    int looks = 0;
    GREGOR_DEBUG_ASSERT(++looks > 0, "cannot be");
    CHECK(looks == GREGOR_CHECKED);
#if GREGOR_CHECKED
    CHECK(
        support::dies_saying("a checked one", [] { GREGOR_DEBUG_ASSERT(false, "a checked one"); }));
#endif
}
