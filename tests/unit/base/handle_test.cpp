// SPDX-License-Identifier: MIT
#include <gregor/base/handle.hpp>

#include <utility>

#include "support/catch.hpp"

namespace {

struct core {
    static void release(core* its) noexcept { ++its->released; }

    int released = 0;
};

} // namespace

TEST_CASE("a handle lets go of its core once, wherever it moves", "[base]")
{
    core first;
    core second;
    {
        gregor::handle<core> one{&first};
        gregor::handle<core> two{std::move(one)};
        CHECK(!one); // NOLINT(bugprone-use-after-move): it is empty
        CHECK(&*two == &first);
        one = gregor::handle<core>{&second};
        CHECK(second.released == 0);
        two = std::move(one);
        CHECK(first.released == 1);
        CHECK(two->released == 0);
        gregor::handle<core>& same = two;
        two = std::move(same);
        CHECK(second.released == 0);
    }
    CHECK(first.released == 1);
    CHECK(second.released == 1);
}
