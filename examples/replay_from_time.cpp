// SPDX-License-Identifier: MIT
// A topic is a log: who wants to know what happened since some time goes back there and reads it
// again, while the group that does the daily work goes on undisturbed.

#include <chrono>
#include <iostream>
#include <vector>

#include <gregor/gregor.hpp>

using namespace std::chrono_literals;

using reading_topic =
    gregor::topic<int, gregor::timestamps, gregor::time_source<gregor::manual_clock>>;

std::vector<int> read_what_is_there(gregor::consumer<reading_topic>& in)
{
    std::vector<int> values;
    for (;;) {
        auto batch = in.try_poll();
        if (batch.status() != gregor::poll_status::records) {
            return values;
        }
        for (const auto& record : batch) {
            values.push_back(record.value());
        }
    }
}

int main()
{
    constexpr gregor::partition_id only{0};
    const auto noon = gregor::timestamp_t{} + 12h;
    gregor::manual_clock clock{noon}; // so that the hour is over at once
    reading_topic readings{"readings", {}, clock};
    gregor::consumer daily{readings, "daily"};

    gregor::producer out{readings};
    for (int minute = 0; minute != 60; ++minute) {
        out.send(minute);
        clock.advance(1min);
    }
    const auto all = read_what_is_there(daily);
    const auto lag_before = daily.lag();

    // From half past twelve on: by a reader without a group, which commits for nobody.
    gregor::consumer replay{readings};
    replay.assign({only});
    replay.seek(only, noon + 30min);
    const auto second_half = read_what_is_there(replay);

    // The last ten minutes: a group that has no offset yet starts there.
    gregor::consumer recent{
        readings,
        "recent",
        {.reset = gregor::auto_offset_reset::by_duration, .reset_duration = 10min}};
    const auto last_ten = read_what_is_there(recent);

    // Nothing is as late as that.
    const auto too_late = daily.offset_for_time(only, noon + 2h);

    std::cout << all.size() << " readings in all, " << second_half.size()
              << " since half past twelve, " << last_ten.size() << " in the last ten minutes\n";
    if (all.size() != 60 || second_half.size() != 30 || second_half.front() != 30 ||
        last_ten.size() != 10 || last_ten.front() != 50 || too_late || daily.lag() != lag_before) {
        std::cerr << "replay_from_time: went back to another time than it was told\n";
        return 1;
    }
}
