// SPDX-License-Identifier: MIT
#include <gregor/log/consumer_terms.hpp>

#include <chrono>
#include <string_view>

#include "support/catch.hpp"

using gregor::consumer_options;
using gregor::consumer_terms;

namespace {

void check_same(const consumer_terms& a, const consumer_options& b)
{
    CHECK(a.lossy == b.lossy);
    CHECK(a.auto_commit == b.auto_commit);
    CHECK(a.reset == b.reset);
    CHECK(a.isolation == b.isolation);
    CHECK(a.reset_duration == b.reset_duration);
    CHECK(a.max_poll_interval == b.max_poll_interval);
    CHECK(a.max_poll_records == b.max_poll_records);
    CHECK(static_cast<bool>(a.assign) == static_cast<bool>(b.assign));
    CHECK(a.listener == b.listener);
    CHECK(std::string_view{a.instance_id} == b.instance_id);
}

} // namespace

TEST_CASE("who names no options goes by what they are without being named", "[log]")
{
    check_same(consumer_terms{}, consumer_options{});
}

TEST_CASE("a consumer goes by its options as they were", "[log]")
{
    using namespace std::chrono_literals;
    consumer_options options;
    options.lossy = true;
    options.auto_commit = false;
    options.reset = gregor::auto_offset_reset::none;
    options.isolation = gregor::isolation::durable;
    options.reset_duration = 3s;
    options.max_poll_interval = 5s;
    options.max_poll_records = 7;
    options.instance_id = "seven";
    const consumer_terms terms{options};
    check_same(terms, options);
    options.instance_id = "eight";
    CHECK(std::string_view{terms.instance_id} == "seven");
}
