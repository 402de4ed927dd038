// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#if GREGOR_FILES

#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/nth_failure.hpp"
#    include "support/upgrades.hpp"

using gregor::storage::mmap_log;
using support::quote;
using support::trade;

TEST_CASE("an upgrade that has no memory leaves the log as it was, whichever allocation fails",
          "[upgrade][durable][nth_failure]")
{
    using old_log = gregor::topic<trade, mmap_log, gregor::timestamps>;
    using new_log = gregor::topic<std::string, mmap_log, gregor::timestamps, gregor::headers>;
    const long failed = support::fail_each(support::failing::allocation, [](auto& run) {
        const support::scratch_directory scratch;
        const auto options = support::log_in(scratch);
        {
            old_log topic{"trades", options};
            gregor::producer out{topic};
            gregor::consumer in{topic, "risk"};
            run.expect(!!out.send(trade::number(0)) && !!out.send(trade::number(1)), "it is sent");
        }
        run.gets_through([&] {
            const auto as_text = [](const auto& old) { return std::to_string(old.value().price); };
            return gregor::upgrade<old_log, new_log>("trades", options, as_text).value().upgraded;
        });
        const auto names = support::names_in(scratch.path());
        const auto wanted = run.failed() ? std::vector<std::string>{"trades"}
                                         : std::vector<std::string>{"trades", "trades~old"};
        // what fails where the rest is told comes behind the exchange
        const bool is_told = run.failed() && names.size() == 2;
        run.expect(names == wanted || is_told, "nothing else is there");
        const auto topic = old_log::create("trades", options);
        run.expect(topic.has_value() == (run.failed() && !is_told), "it is as it was");
    });
    CHECK(failed > 20);
}

#endif
