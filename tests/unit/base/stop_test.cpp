// SPDX-License-Identifier: MIT
#include <gregor/base/stop.hpp>

#include "support/catch.hpp"

namespace {

struct counting_event {
    int calls = 0;
    void notify() noexcept { ++calls; }
};

} // namespace

TEST_CASE("without a token nothing is ever asked to stop", "[base]")
{
    counting_event event;
    [[maybe_unused]] const auto registration = gregor::no_stop::on_request(event);
    CHECK_FALSE(gregor::no_stop::requested());
    CHECK(event.calls == 0);
}

#if GREGOR_STOP_TOKEN
TEST_CASE("a token says when it was triggered, and notifies while it is registered", "[base]")
{
    std::stop_source source;
    const std::stop_token token = source.get_token();
    const gregor::token_stop stop{token};
    counting_event early;
    counting_event late;
    {
        [[maybe_unused]] const auto gone = stop.on_request(early);
    }
    [[maybe_unused]] const auto registration = stop.on_request(late);
    CHECK_FALSE(stop.requested());
    source.request_stop();
    CHECK(stop.requested());
    CHECK(early.calls == 0);
    CHECK(late.calls == 1);
    [[maybe_unused]] const auto too_late = stop.on_request(late);
    CHECK(late.calls == 2);
}
#endif
