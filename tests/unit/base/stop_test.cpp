// SPDX-License-Identifier: MIT
#include <gregor/base/stop.hpp>

#include "support/catch.hpp"

TEST_CASE("without a token nothing is ever asked to stop", "[base]")
{
    int calls = 0;
    [[maybe_unused]] const auto registration = gregor::no_stop::on_request([&] { ++calls; });
    CHECK_FALSE(gregor::no_stop::requested());
    CHECK(calls == 0);
}

#if GREGOR_STOP_TOKEN
TEST_CASE("a token says when it was triggered, and calls while it is registered", "[base]")
{
    std::stop_source source;
    const std::stop_token token = source.get_token();
    const gregor::token_stop stop{token};
    int early = 0;
    int late = 0;
    {
        [[maybe_unused]] const auto gone = stop.on_request([&] { ++early; });
    }
    [[maybe_unused]] const auto registration = stop.on_request([&] { ++late; });
    CHECK_FALSE(stop.requested());
    source.request_stop();
    CHECK(stop.requested());
    CHECK(early == 0);
    CHECK(late == 1);
    [[maybe_unused]] const auto too_late = stop.on_request([&] { ++late; });
    CHECK(late == 2);
}
#endif
