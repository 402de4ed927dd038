// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::auto_offset_reset;
using gregor::consumer_options;
using gregor::offset_t;
using gregor::partition_id;
using gregor::poll_status;
using gregor::timestamp_t;
using gregor::topic;

namespace {

constexpr partition_id zero{0};
const timestamp_t start{std::chrono::hours{500000}};

/// `start`, and so many seconds.
timestamp_t at(int seconds)
{
    return start + std::chrono::seconds{seconds};
}

using timed = topic<int, gregor::timestamps, gregor::time_source<gregor::manual_clock>>;

struct scene {
    explicit scene(std::size_t capacity = 64, std::uint32_t partitions = 1)
        : clock(start), t("t", {.partitions = partitions, .capacity_records = capacity}, clock),
          out(t)
    {
    }

    void send(int value, timestamp_t when, partition_id p = zero)
    {
        REQUIRE(out.try_send(value, {.partition = p, .timestamp = when}));
    }
    /// A record each second, from `at(0)` on; the clock goes with them.
    void send_each_second(int count)
    {
        for (int i = 0; i != count; ++i) {
            REQUIRE(out.try_send(i, {.partition = zero}));
            clock.advance(1s);
        }
    }

    gregor::manual_clock clock;
    timed t;
    gregor::producer<timed> out;
};

template <class Consumer>
concept has_times = requires(Consumer& in) {
    in.offset_for_time(zero, timestamp_t{});
    in.seek(zero, timestamp_t{});
};

} // namespace

TEST_CASE("the offset of a time is the first whose record is not older", "[consumer][time]")
{
    scene s;
    gregor::consumer in{s.t, "g"};
    CHECK(in.offset_for_time(zero, timestamp_t{}) == std::nullopt); // there is no record
    s.send_each_second(5);
    CHECK(in.offset_for_time(zero, at(-100)) == 0U);
    CHECK(in.offset_for_time(zero, at(0)) == 0U);
    CHECK(in.offset_for_time(zero, at(2)) == 2U);
    CHECK(in.offset_for_time(zero, at(2) + timestamp_t::duration{1}) == 3U);
    CHECK(in.offset_for_time(zero, at(4)) == 4U);
    CHECK(in.offset_for_time(zero, at(5)) == std::nullopt);
    CHECK(in.position(zero) == 0);
}

TEST_CASE("times need not be in order", "[consumer][time]")
{
    scene s;
    for (const int when : {3, 1, 7, 2, 9, 4}) {
        s.send(when, at(when));
    }
    gregor::consumer in{s.t, "g"};
    CHECK(in.offset_for_time(zero, at(2)) == 0U);
    CHECK(in.offset_for_time(zero, at(4)) == 2U);
    CHECK(in.offset_for_time(zero, at(8)) == 4U);
    CHECK(in.offset_for_time(zero, at(10)) == std::nullopt);
    CHECK(in.seek(zero, at(8)));
    CHECK(support::read_values(in) == std::vector{9, 4});
}

TEST_CASE("the offset of a time is told of any partition, and seek is for its own",
          "[consumer][time]")
{
    scene s{64, 2};
    s.send(1, at(1), partition_id{1});
    gregor::consumer in{s.t};
    CHECK(in.offset_for_time(partition_id{1}, at(0)) == 0U);
    in.assign({zero});
    CHECK(in.offset_for_time(partition_id{1}, at(1)) == 0U);
    CHECK(in.seek(zero, at(0)));
    CHECK(support::dies_saying("the partition is not assigned to this consumer",
                               [&] { in.seek(partition_id{1}, at(0)); }));
    CHECK(support::dies_saying("there is no partition of this number", [&] {
        static_cast<void>(in.offset_for_time(partition_id{2}, at(0)));
    }));
    in.close();
    CHECK_FALSE(in.seek(zero, at(0)));
}

TEST_CASE("a time after the last one is the end", "[consumer][time]")
{
    scene s;
    gregor::consumer in{s.t, "g"};
    s.send_each_second(3);
    CHECK(in.seek(zero, at(3)));
    CHECK(in.position(zero) == 3);
    CHECK(in.try_poll().status() == poll_status::timed_out);
    s.send_each_second(1);
    CHECK(support::read_offsets(in) == std::vector<offset_t>{3});
}

TEST_CASE("what was overwritten is not found, and what is void is passed over", "[consumer][time]")
{
    scene s{8};
    gregor::producer<timed> second{s.t}; // from now on, abandoned claims leave gaps
    s.send_each_second(20);
    gregor::consumer in{s.t};
    const offset_t oldest = in.begin_offset(zero);
    REQUIRE(oldest >= 12);
    CHECK(in.offset_for_time(zero, at(0)) == oldest);
    static_cast<void>(s.out.try_claim(3, {.partition = zero}));
    s.send(7, at(30));
    CHECK(in.offset_for_time(zero, at(20)) == 23U);
    static_cast<void>(s.out.try_claim(3, {.partition = zero}));
    CHECK(in.offset_for_time(zero, at(31)) == std::nullopt);
    in.assign({zero});
    CHECK(in.seek(zero, at(31)));
    CHECK(in.position(zero) == 27);
}

TEST_CASE("a claim that is open ends the look for a time, and is not passed by", "[consumer][time]")
{
    scene s;
    gregor::producer<timed> second{s.t};
    gregor::consumer in{s.t, "g"};
    s.send(0, at(0));
    {
        auto claim = s.out.claim(1, {.partition = zero, .timestamp = at(9)});
        REQUIRE(second.try_send(2, {.partition = zero, .timestamp = at(5)}));
        CHECK(in.offset_for_time(zero, at(5)) == std::nullopt);
        CHECK(in.seek(zero, at(5)));
        CHECK(in.position(zero) == 1);
        claim.emplace(1);
        claim.publish();
    }
    CHECK(in.offset_for_time(zero, at(5)) == 1U);
    CHECK(support::read_values(in) == std::vector{1, 2});
}

TEST_CASE("after a look for a time, nobody is held back by it", "[consumer][time]")
{
    scene s{8};
    gregor::consumer in{s.t};
    s.send_each_second(8);
    for (int i = 0; i != 40; ++i) {
        static_cast<void>(in.offset_for_time(zero, at(i)));
        s.send_each_second(3);
        gregor::consumer last{s.t, {.reset = auto_offset_reset::by_duration}};
        last.assign({zero});
    }
    CHECK(s.t.explain().holders.empty());
}

TEST_CASE("looks for a time beside a producer at full speed see whole records", "[consumer][time]")
{
    using fast = topic<std::uint64_t, gregor::timestamps, gregor::producers::single>;
    fast t{"t", {.capacity_records = 64}};
    constexpr std::uint64_t count = 20000;
    std::thread sending{[&] {
        gregor::producer out{t};
        for (std::uint64_t i = 0; i != count; ++i) {
            out.send(i, {.timestamp = timestamp_t{std::chrono::seconds{i}}});
        }
    }};
    const gregor::consumer in{t};
    offset_t last = 0;
    while (last + 1 != count) {
        const offset_t wanted = t.end_offset(zero);
        if (wanted == 0) {
            std::this_thread::yield();
            continue;
        }
        last = wanted - 1;
        const auto found = in.offset_for_time(zero, timestamp_t{std::chrono::seconds{last}});
        // there, or overwritten since
        REQUIRE(found.has_value());
        REQUIRE(*found >= last);
    }
    sending.join();
}

TEST_CASE("without an offset, by_duration starts at what is not too old", "[consumer][time][reset]")
{
    for (const bool lossy : {false, true}) {
        const auto starts_at = [&](std::chrono::nanoseconds duration) {
            scene s;
            s.send_each_second(10); // it is at(10) now
            gregor::consumer in{s.t,
                                "g",
                                {.lossy = lossy,
                                 .reset = auto_offset_reset::by_duration,
                                 .reset_duration = duration}};
            const auto batch = in.try_poll();
            CHECK(batch.missed() == 0);
            return batch.empty() ? in.position(zero) : batch.begin_offset();
        };
        CHECK(starts_at(0s) == 10);
        CHECK(starts_at(1s) == 9);
        CHECK(starts_at(3500ms) == 7);
        CHECK(starts_at(10s) == 0);
        CHECK(starts_at(24h) == 0);
        CHECK(starts_at(gregor::no_timeout) == 0);
    }
}

TEST_CASE("by_duration goes by the wall clock when the position was overwritten",
          "[consumer][time][reset]")
{
    scene s{8};
    gregor::consumer in{s.t, {.reset = auto_offset_reset::by_duration, .reset_duration = 3s}};
    in.assign({zero});
    s.send_each_second(6);
    CHECK(support::read_values(in).size() == 6);
    in.seek(zero, 2);
    in.commit(zero, 6);
    s.send_each_second(8); // 2 is gone
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 3);
    CHECK(batch.begin_offset() == 11);
    CHECK(batch.missed() == 9);
    CHECK(batch.missed() + 2 == batch.begin_offset());
}

TEST_CASE("a lossy reader that lags goes on at what is not too old, and is told what it missed",
          "[consumer][time][reset]")
{
    scene s{16};
    gregor::consumer in{
        s.t, "g", {.lossy = true, .reset = auto_offset_reset::by_duration, .reset_duration = 5s}};
    s.send_each_second(4);
    CHECK(support::read_values(in).size() == 4);
    s.send_each_second(40);
    std::uint64_t seen = 4;
    const auto batch = in.try_poll();
    CHECK(batch.begin_offset() == 39);
    seen += batch.missed() + batch.size();
    CHECK(batch.missed() == 35);
    CHECK(seen <= 44);
}

TEST_CASE("a group that comes back too late goes on by time", "[consumer][time][reset]")
{
    scene s{8};
    const consumer_options recent{.reset = auto_offset_reset::by_duration, .reset_duration = 2s};
    s.send_each_second(4);
    std::optional<gregor::consumer<timed>> in{std::in_place, s.t, "g", recent};
    CHECK(support::read_offsets(*in) == std::vector<offset_t>{2, 3});
    in.reset(); // committed 4, and rests
    s.send_each_second(20);
    in.emplace(s.t, "g", recent);
    const auto batch = in->try_poll();
    CHECK(batch.begin_offset() == 22);
    CHECK(batch.missed() == 18);
    CHECK(batch.size() == 2);
}

TEST_CASE("by_duration is refused where it means nothing", "[consumer][time][reset]")
{
    const auto says = [](const auto& result, const std::string& sentence) {
        INFO(sentence);
        REQUIRE_FALSE(result);
        CHECK(result.error().what() == sentence + ": an option has an impossible value");
        CHECK(result.error().code() == gregor::errc::invalid_option);
    };
    topic<int> bare{"bare"};
    const consumer_options by_duration{.reset = auto_offset_reset::by_duration};
    const std::string of_bare = "consumer of topic \"bare\": expected a topic with timestamps, by "
                                "auto_offset_reset::by_duration, found one without";
    says(gregor::consumer<topic<int>>::create(bare, "g", by_duration), of_bare);
    says(gregor::consumer<topic<int>>::create(bare, by_duration), of_bare);
    scene s;
    says(gregor::consumer<timed>::create(
             s.t, "g", {.reset = auto_offset_reset::by_duration, .reset_duration = -1s}),
         "consumer of topic \"t\": expected a reset_duration of 0 or more, found -1000000000 ns");
    CHECK(gregor::consumer<topic<int>>::create(bare, "g"));
}

TEST_CASE("only a topic with timestamps can be asked for a time", "[consumer][time]")
{
    STATIC_REQUIRE(has_times<gregor::consumer<timed>>);
    STATIC_REQUIRE_FALSE(has_times<gregor::consumer<topic<int>>>);
}
