// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::commit_status;
using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;
using support::status_of_poll;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};

using ints = topic<int>;
using reader = gregor::consumer<ints>;

template <class Topic>
void send_to(gregor::producer<Topic>& out, partition_id p, int value)
{
    REQUIRE(out.try_send(value, {.partition = p}));
}

} // namespace

TEST_CASE("a paused partition is passed over until it is resumed", "[consumer][pause]")
{
    for (const bool lossy : {false, true}) {
        ints t{"t", {.partitions = 2}};
        gregor::producer out{t};
        reader in{t, "g", {.lossy = lossy}};
        CHECK(in.pause(zero));
        CHECK(in.paused() == std::vector{zero});
        for (int i = 0; i != 3; ++i) {
            send_to(out, zero, i);
            send_to(out, one, 10 + i);
            CHECK(support::read_values(in) == std::vector{10 + i});
        }
        CHECK(in.position(zero) == 0);
        CHECK(in.assignment().size() == 2);
        CHECK(in.lag(zero) == 3);
        CHECK(in.resume(zero));
        CHECK(in.paused().empty());
        CHECK(support::read_values(in) == std::vector{0, 1, 2});
    }
}

TEST_CASE("several partitions are paused and resumed at once", "[consumer][pause]")
{
    ints t{"t", {.partitions = 3}};
    gregor::producer out{t};
    reader in{t, "g"};
    CHECK(in.pause({zero, partition_id{2}}));
    CHECK(in.paused() == std::vector{zero, partition_id{2}});
    CHECK(in.resume({zero}));
    const auto all = in.assignment();
    CHECK(in.pause(all.begin(), all.end()));
    CHECK(in.pause(one)); // again
    CHECK(in.paused() == all);
    for (const partition_id p : all) {
        send_to(out, p, 1);
    }
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(in.resume(all.begin(), all.end()));
    CHECK(support::read_values(in).size() == 3);
}

TEST_CASE("a partition that is not its own is not paused, the others are", "[consumer][pause]")
{
    ints t{"t", {.partitions = 2}};
    reader in{t};
    CHECK_FALSE(in.pause(zero)); // nothing is assigned
    CHECK(in.paused().empty());
    in.assign({one});
    CHECK_FALSE(in.pause({zero, one}));
    CHECK(in.paused() == std::vector{one});
    CHECK_FALSE(in.resume({zero, one}));
    CHECK(in.paused().empty());
    CHECK_FALSE(in.pause(partition_id{7}));
    in.close();
    CHECK_FALSE(in.pause(one));
    CHECK_FALSE(in.resume(one));
}

TEST_CASE("a paused partition is committed, sought and read from there", "[consumer][pause]")
{
    ints t{"t", {.partitions = 1, .capacity_records = 4}};
    gregor::producer out{t};
    reader in{t, "g", {.auto_commit = false}};
    for (int i = 0; i != 4; ++i) {
        send_to(out, zero, i);
    }
    REQUIRE(in.try_poll().size() == 4);
    CHECK(in.pause(zero));
    CHECK_FALSE(out.try_send(4)); // it still holds producers back
    CHECK(in.commit(zero, 2) == commit_status::ok);
    CHECK(in.committed(zero) == 2U);
    CHECK(out.try_send(4));
    CHECK(in.seek(zero, 3));
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(in.resume(zero));
    CHECK(support::read_offsets(in) == std::vector<gregor::offset_t>{3, 4});
}

TEST_CASE("a batch in hand stays valid when its partition is paused", "[consumer][pause]")
{
    ints t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    reader in{t, "g"};
    send_to(out, zero, 1);
    send_to(out, zero, 2);
    {
        const auto batch = in.try_poll();
        CHECK(in.pause(zero));
        in.commit();
        CHECK_FALSE(out.try_send(3));
        CHECK(batch.back().value() == 2);
    }
    CHECK(out.try_send(3));
    CHECK(status_of_poll(in) == poll_status::timed_out);
}

TEST_CASE("a poll whose partitions are all paused waits", "[consumer][pause]")
{
    topic<int, gregor::wait::sleep> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    send_to(out, zero, 1);
    CHECK(in.pause(zero));
    CHECK(in.poll(1ms).status() == poll_status::timed_out);
    poll_status how = poll_status::records;
    std::thread sleeper{[&] { how = in.poll(support::patience).status(); }};
    std::this_thread::sleep_for(1ms);
    send_to(out, zero, 2); // wakes it, and is nothing to it
    in.wakeup();
    sleeper.join();
    CHECK(how == poll_status::woken);
    CHECK(in.resume(zero));
    CHECK(in.poll(support::patience).size() == 2);
}

TEST_CASE("a closed topic is read to its end, also where it was paused", "[consumer][pause]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    reader in{t, "g"};
    send_to(out, zero, 1);
    send_to(out, one, 2);
    CHECK(in.pause(zero));
    t.close();
    CHECK(support::read_values(in) == std::vector{2});
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(in.resume(zero));
    CHECK(support::read_values(in) == std::vector{1});
    CHECK(in.pause(zero)); // there is nothing to come
    CHECK(status_of_poll(in) == poll_status::closed);
}

TEST_CASE("a pause goes with the partition", "[consumer][pause]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    reader a{t, "g"};
    CHECK(a.pause({zero, one}));
    std::optional<reader> b{std::in_place, t, "g"}; // takes one of them: it lay idle
    CHECK(a.paused().size() == 1);
    CHECK(b->paused().empty());
    const auto taken = b->assignment();
    CHECK_FALSE(a.pause(taken.front()));
    send_to(out, taken.front(), 1);
    CHECK(support::read_values(*b) == std::vector{1});
    b.reset();
    CHECK(status_of_poll(a) == poll_status::timed_out);
    CHECK(a.assignment().size() == 2);
    CHECK(a.paused().size() == 1);
    send_to(out, taken.front(), 2);
    CHECK(support::read_values(a) == std::vector{2});

    reader alone{t};
    alone.assign({zero});
    CHECK(alone.pause(zero));
    alone.assign({zero, one});
    CHECK(alone.paused().empty());
}

TEST_CASE("a fenced member has nothing paused", "[consumer][pause]")
{
    using timed_ints = topic<int, gregor::time_source<gregor::manual_clock>>;
    gregor::manual_clock clock;
    timed_ints t{"t", {}, clock};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_interval = 1s}};
    CHECK(in.pause(zero));
    CHECK_FALSE(t.maintain());
    clock.advance(2s);
    REQUIRE(t.maintain());
    CHECK_FALSE(in.resume(zero));
    CHECK(in.paused().empty());
    CHECK(status_of_poll(in) == poll_status::fenced);
    send_to(out, zero, 1);
    CHECK(support::read_values(in) == std::vector{1});
}
