// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/options.hpp"
#include "gregor/refusal.hpp"

namespace gregor::inline GREGOR_ABI {

/// What becomes of a record whose handler threw, when it was retried as often as it may be, and
/// there is nowhere to send dead letters to.
enum class on_failure : std::uint8_t {
    stop, ///< the runner stops, and keeps the error; the record is not committed
    skip, ///< it counts as handled, and as skipped
};

/// As many retries as it takes.
inline constexpr std::size_t for_ever = (std::numeric_limits<std::size_t>::max)();

/// How often, and when, a record is given to its handler again. A retry keeps its place: the
/// records behind it wait. The delays follow the topic's clock.
struct retry_options {
    /// How many more times after the first; `for_ever` is allowed.
    std::size_t attempts = 0;
    std::chrono::nanoseconds first_delay = std::chrono::milliseconds{100};
    /// Each delay is so many times the one before it; 1 or more.
    double factor = 2;
    /// No delay is longer.
    std::chrono::nanoseconds limit = std::chrono::seconds{10};
};

struct run_options {
    /// How many threads, each a member of the group with a consumer of its own; 1 to 1024. More
    /// than the topic has partitions have nothing to do.
    std::size_t members = 1;

    /// Before a failed record is dead, skipped, or the end.
    retry_options retry = {};

    on_failure failure = on_failure::stop;

    /// How long a runner that is told to stop goes on with what was sent until then. 0: each thread
    /// finishes the record (or the batch, where the handler takes batches) that it is at.
    std::chrono::nanoseconds drain{0};

    /// `run_keyed`: how many threads each member has for its records; 1 to 1024.
    std::size_t workers = 4;

    /// `run_keyed`: how many records of a partition may be worked on, or wait behind one that is;
    /// what a stop or a crash brings back at most. 1 to 2^24.
    std::size_t window_records = 1024;

    /// What each member's consumer is made with; `auto_commit` is off whatever is said here. Static
    /// members get the `instance_id` with "-0", "-1" ... behind it; a listener is called by each
    /// member's thread.
    consumer_options consumer = {};
};

/// What the threads of a runner have done so far. A snapshot.
struct run_counts {
    std::uint64_t handled = 0;       ///< records whose handler returned
    std::uint64_t retried = 0;       ///< calls that were not the first for their record or batch
    std::uint64_t skipped = 0;       ///< records given up by `on_failure::skip`
    std::uint64_t dead_lettered = 0; ///< records whose dead letter was written
    std::uint64_t missed = 0;        ///< offsets that a lossy group was too slow for
};

namespace refusal {

[[nodiscard]] inline std::optional<error>
of_number(const std::string& operation, std::string_view what, std::size_t most, std::size_t given)
{
    if (given == 0 || given > most) {
        return error{errc::invalid_option, operation,
                     text({"1 to ", std::to_string(most), " ", what}), std::to_string(given)};
    }
    return std::nullopt;
}

[[nodiscard]] inline std::string runner_of(std::string_view topic, std::string_view group)
{
    return text({"runner of ", quoted("topic", topic), " in ", quoted("group", group)});
}

[[nodiscard]] inline error no_memory_for_runner(std::string_view topic, std::string_view group)
{
    return error{errc::out_of_memory, runner_of(topic, group), "memory for it", "less"};
}

/// What a runner finds at a position that it does not get past: a broken record, or none.
[[nodiscard]] inline error unreadable(bool broken, std::string_view topic, std::string_view group)
{
    if (broken) {
        return error{errc::corrupt, runner_of(topic, group), "the records that were written",
                     "one that is not"};
    }
    return error{errc::no_offset, runner_of(topic, group),
                 "a committed offset that is still there, or an auto_offset_reset",
                 "auto_offset_reset::none"};
}

/// The options of a runner, with or without somewhere to send dead letters to.
[[nodiscard]] inline std::optional<error> of_run(std::string_view topic, std::string_view group,
                                                 const run_options& options, bool buries)
{
    using std::chrono::nanoseconds;
    const std::string operation = runner_of(topic, group);
    for (const auto& [what, most, given] :
         {std::tuple{"members", std::size_t{1024}, options.members},
          std::tuple{"workers", std::size_t{1024}, options.workers},
          std::tuple{"window_records", std::size_t{1} << 24U, options.window_records}}) {
        if (std::optional<error> why = of_number(operation, what, most, given)) {
            return why;
        }
    }
    const retry_options& retry = options.retry;
    if (!(retry.factor >= 1)) {
        return error{errc::invalid_option, operation, "a retry.factor of 1 or more",
                     std::to_string(retry.factor)};
    }
    for (const auto& [what, given] :
         {std::pair{"retry.first_delay", retry.first_delay}, std::pair{"retry.limit", retry.limit},
          std::pair{"drain", options.drain}}) {
        if (given < nanoseconds{0}) {
            return error{errc::invalid_option, operation, text({"a ", what, " of 0 or more"}),
                         text({std::to_string(given.count()), " ns"})};
        }
    }
    if (buries && options.failure == on_failure::skip) {
        return error{errc::invalid_option, operation,
                     "failed records to be skipped, or to be sent as dead letters", "both"};
    }
    return std::nullopt;
}

} // namespace refusal

} // namespace gregor::inline GREGOR_ABI
