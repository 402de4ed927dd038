// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#include <string>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/upgrades.hpp"
#include "tool/log_tool.hpp"

// gregor_log on a log that was upgraded, and on the one that was kept beside it.

using gregor::storage::mmap_log;
using support::quote;
using support::segment;
using support::trade;
using tool::check;
using tool::run;

TEST_CASE("gregor_log tells an upgraded log from the one that was kept", "[log_tool][upgrade]")
{
    using old_log = gregor::topic<trade, mmap_log>;
    using new_log = gregor::topic<quote, mmap_log>;
    const support::scratch_directory scratch;
    const auto options = support::log_in(scratch);
    {
        old_log topic{"trades", options};
        support::send_trades(topic, 0, segment + 1);
    }
    const auto as_quote = [](const auto& old) { return quote::of(old.value()); };
    REQUIRE(gregor::upgrade<old_log, new_log>("trades", options, as_quote));

    const auto listed = run(scratch, "list .");
    check(listed, 0, {"\ntrades ", " 1 ", " 2 ", "  quote\n"});
    CHECK(listed.said.find('~') == std::string::npos); // no topic
    check(run(scratch, "list trades~old"), 0, {"\ntrades ", " 1 ", " 2 ", "  trade\n"});
    check(run(scratch, "describe trades"), 0,
          {"type        quote, 24 bytes", "partition 0: offsets 0 to 513, 2 segments\n",
           "checkpoint  durable below 513, epoch 1 from 513, closed\n"});
    check(run(scratch, "verify trades"), 0, {"513 records"});
    check(run(scratch, "verify trades~old/trades"), 0, {"513 records"});
}
