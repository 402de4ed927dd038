// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/handlers/crew.hpp"
#include "gregor/handlers/dead_letter.hpp"
#include "gregor/handlers/options.hpp"
#include "gregor/record.hpp"

namespace gregor::inline GREGOR_ABI {

/// What is done about a handler that throws: it is called again, and then the record is dead,
/// skipped, or the end.
///
/// Threads   all of a crew at once; the sink is called by one at a time
template <class Topic, class Sink>
class remedy {
public:
    using crew_type = crew<Topic>;
    using hand_type = typename crew_type::hand_type;
    using figures_type = typename hand_type::figures_type;
    using record_type = record<Topic>;
    using value_type = typename Topic::value_type;

    static constexpr bool buries = !std::is_same_v<Sink, no_dead_letters>;

    remedy(crew_type& of, Sink sink) : crew_(of), sink_(std::move(sink)) {}

    /// Calls the handler for these records, again if need be, and says what becomes of them where
    /// it throws. True: they are done with. False: they are to be delivered again, and the member
    /// begins nothing more.
    template <class Call, class Records>
    bool attend(const hand_type& self, figures_type& done, const Records& records, Call&& call);

private:
    template <class Records>
    bool give_up(figures_type& done, const Records& records, std::exception_ptr&& why,
                 std::size_t attempts);
    bool bury(figures_type& done, const record_type& r, const std::string& reason,
              std::size_t attempts);

    crew_type& crew_;
    std::mutex mutex_;
    GREGOR_NO_UNIQUE_ADDRESS Sink sink_; // under the mutex
};

template <class Topic, class Sink>
template <class Call, class Records>
bool remedy<Topic, Sink>::attend(const hand_type& self, figures_type& done, const Records& records,
                                 Call&& call)
{
    const retry_options& retry = crew_.options().retry;
    std::chrono::nanoseconds delay = (std::min)(retry.first_delay, retry.limit);
    for (std::size_t attempts = 1;; ++attempts) {
        std::exception_ptr why;
        try {
            call();
            done.handled.add(records.size());
            return true;
        } catch (...) {
            why = std::current_exception();
        }
        if (attempts > retry.attempts) {
            return give_up(done, records, std::move(why), attempts);
        }
        crew_.note_failure(std::move(why));
        if (!crew_.pause(self, delay)) {
            return false;
        }
        done.retried.add(1);
        const double longer = static_cast<double>(delay.count()) * retry.factor;
        delay = longer < static_cast<double>(retry.limit.count())
                    ? std::chrono::nanoseconds{static_cast<std::int64_t>(longer)}
                    : retry.limit;
    }
}

template <class Topic, class Sink>
template <class Records>
bool remedy<Topic, Sink>::give_up(figures_type& done, const Records& records,
                                  std::exception_ptr&& why, std::size_t attempts)
{
    if constexpr (buries) {
        const std::string reason = reason_of(why);
        crew_.note_failure(std::move(why));
        for (const record_type& each : records) {
            if (!bury(done, each, reason, attempts)) {
                return false;
            }
        }
        return true;
    } else {
        static_cast<void>(attempts);
        if (crew_.options().failure == on_failure::skip) {
            crew_.note_failure(std::move(why));
            done.skipped.add(records.size());
            return true;
        }
        crew_.fail(std::move(why));
        return false;
    }
}

/// Writes a dead letter; false when that cannot be done: the runner stops.
template <class Topic, class Sink>
bool remedy<Topic, Sink>::bury(figures_type& done, const record_type& r, const std::string& reason,
                               std::size_t attempts)
{
    try {
        dead_letter<value_type> letter{std::string{crew_.topic_name()},
                                       r.partition(),
                                       r.offset(),
                                       reason,
                                       attempts,
                                       std::nullopt};
        if constexpr (Topic::encoded || std::is_copy_constructible_v<value_type>) {
            letter.value.emplace(r.copy());
        }
        const std::stop_token no_more_time = crew_.no_more_time();
        const std::lock_guard lock{mutex_};
        const std::optional<std::string> refused = put_into(sink_, std::move(letter), no_more_time);
        if (!refused) {
            done.dead_lettered.add(1);
            return true;
        }
        if (!no_more_time.stop_requested()) { // else nobody waited for room any longer
            crew_.fail(std::make_exception_ptr(refusal::letter_not_written(
                crew_.topic_name(), r.partition(), r.offset(), *refused)));
        }
    } catch (...) {
        crew_.fail(std::current_exception());
    }
    return false;
}

} // namespace gregor::inline GREGOR_ABI
