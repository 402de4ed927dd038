// SPDX-License-Identifier: MIT
#pragma once

// Handlers, for those who want push. The only header of the library that starts threads, and the
// only one that needs moodycamel's queue.

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/stop.hpp"

#if GREGOR_STOP_TOKEN

#    include "gregor/handlers/attending.hpp"
#    include "gregor/handlers/crew.hpp"
#    include "gregor/handlers/dead_letter.hpp"
#    include "gregor/handlers/options.hpp"
#    include "gregor/handlers/runner.hpp"

namespace gregor::inline GREGOR_ABI {

/// Calls the handler for what comes, from threads of its own, each a member of the group:
///
///     auto work = gregor::run(trades, "risk", [](const auto& record) { use(record.value()); });
///
/// A handler that takes a `const record<Topic>&` is called for each record; one that takes a
/// `const batch<Topic>&`, for each batch. It is shared by the threads, and called by several at
/// once where there are several. What it returned from is committed: record by record, or a whole
/// batch.
///
/// Where it throws, `options.retry` says how often and when it is called again, and then
/// `options.failure` what becomes of the record. With `dead_letters`, a letter with the reason is
/// sent there, before the record is committed; one that cannot be written stops the runner with
/// that error, and the record is not committed. For a handler of batches all this is about the
/// batch as a whole: one letter for each of its records.
///
/// A handler that is at one record for longer than `max_poll_interval`, retries included, is
/// fenced: its record is delivered to another member, too.
///
/// Errors  gregor::error, and nothing runs: an impossible option, a group that cannot be joined, a
///         thread that cannot be had
template <class Topic, class Handler, class Sink = no_dead_letters>
[[nodiscard]] runner run(Topic& topic, std::string_view group, Handler handler,
                         const run_options& options = {}, Sink dead_letters = {})
{
    using crew_type = attending_crew<Topic, Handler, Sink>;
    return start_runner<crew_type>(topic, group, std::move(handler), options,
                                   std::move(dead_letters));
}

} // namespace gregor::inline GREGOR_ABI

#endif
