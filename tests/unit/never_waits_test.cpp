// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "support/catch.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"
#include "support/watched_storage.hpp"

// Which public functions never wait: not for the topic's mutex, whoever holds it, not for a reader,
// not for a writer. On a machine that counts the waits.

using gregor::commit_status;
using gregor::consumer;
using gregor::offset_t;
using gregor::partition_id;
using gregor::poll_status;
using gregor::producer;
using gregor::send_status;
using gregor::topic;
using support::watched_env;

namespace {

constexpr partition_id zero{0};
constexpr std::chrono::nanoseconds at_once{0};

template <class... Policies>
using watched = topic<std::uint64_t, support::watched_storage, Policies...>;

/// What happens to the topic before everything is tried on it.
enum class situation { empty, some, full, closed, drained };

/// How sends end in a situation, and polls of a consumer that has read nothing (but for `drained`).
struct expected {
    situation when;
    send_status sends;
    poll_status polls;
};

constexpr std::array situations{
    expected{situation::empty, send_status::ok, poll_status::timed_out},
    expected{situation::some, send_status::ok, poll_status::records},
    expected{situation::full, send_status::full, poll_status::records},
    expected{situation::closed, send_status::closed, poll_status::records},
    expected{situation::drained, send_status::closed, poll_status::closed},
};

template <class Topic>
void bring_about(situation what, Topic& t, producer<Topic>& out, consumer<Topic>& in)
{
    if (what != situation::empty) {
        out.send(1);
    }
    while (what == situation::full && out.try_send(2)) {}
    if (what == situation::closed || what == situation::drained) {
        t.close();
    }
    if (what == situation::drained) {
        REQUIRE(support::read_values(in).size() == 1);
    }
}

/// Calls `then(expected, topic, producer, consumer)` in each situation of a topic that is shared or
/// is not, and looks whether it waited.
template <class Topic, class Then>
void in_each_situation(Then then)
{
    for (const bool shared : {false, true}) {
        for (const expected& each : situations) {
            Topic t{"t", {.capacity_records = 16}};
            producer out{t};
            std::optional<producer<Topic>> second;
            if (shared) {
                second.emplace(t);
            }
            consumer in{t, "g"};
            bring_about(each.when, t, out, in);
            const int before = watched_env::waits();
            then(each, t, out, in);
            INFO("shared " << shared << ", situation " << static_cast<int>(each.when));
            CHECK(watched_env::waits() == before);
        }
    }
}

} // namespace

TEST_CASE("what tries to send never waits", "[never_waits]")
{
    const std::vector<std::uint64_t> two{1, 2};
    in_each_situation<watched<>>([&](const expected& each, auto&, auto& out, auto&) {
        CHECK(out.try_send(1).status() == each.sends);
        CHECK(out.send_for(1, at_once).status() == each.sends);
        CHECK(out.try_send_batch(two).status == each.sends);
        auto claim = out.try_claim(2);
        CHECK(claim.status() == each.sends);
        if (claim) {
            claim[0] = 1;
            claim.publish();
        }
    });
}

TEST_CASE("where the topic rejects, no send waits", "[never_waits]")
{
    const std::vector<std::uint64_t> two{1, 2};
    using rejecting = watched<gregor::overflow::reject>;
    in_each_situation<rejecting>([&](const expected& each, auto&, auto& out, auto&) {
        CHECK(out.send(1).status() == each.sends);
        CHECK(out.emplace(1U).status() == each.sends);
        CHECK(out.send_batch(two).status == each.sends);
        CHECK(out.claim(2).status() == each.sends);
    });
}

TEST_CASE("no member of a consumer waits but poll, and poll not where there is an answer",
          "[never_waits]")
{
    using sleepy = watched<gregor::wait::sleep>; // which does nothing else between two looks
    in_each_situation<sleepy>([](const expected& each, auto&, auto&, auto& in) {
        CHECK(in.try_poll().status() == each.polls);
        static_cast<void>(in.poll(at_once));
        static_cast<void>(in.poll(2, at_once, at_once));
        CHECK(in.commit() == commit_status::ok);
        const offset_t next = in.position(zero);
        CHECK(in.commit(zero, next) == commit_status::ok);
        CHECK(in.commit(zero, next + 1) == commit_status::out_of_range);
        CHECK(in.committed(zero) == next);
        CHECK(in.lag() == in.lag(zero));
        in.seek_to_beginning(zero);
        in.seek_to_end(zero);
        in.seek(zero, next);
        CHECK(in.pause(zero));
        CHECK(in.resume(zero));
        in.wakeup();
        CHECK(in.poll().status() == poll_status::woken);
    });
    in_each_situation<sleepy>([](const expected& each, auto&, auto&, auto& in) {
        if (each.polls != poll_status::timed_out) {
            CHECK(in.poll().status() == each.polls);
        }
    });
}

TEST_CASE("a lossy reader that lags never waits", "[never_waits]")
{
    watched<> t{"t", {.capacity_records = 4}};
    producer out{t};
    consumer in{t, "g", {.lossy = true}};
    const int before = watched_env::waits();
    for (std::uint64_t i = 0; i != 100; ++i) {
        CHECK(out.send(i));
        if (i % 10 == 0) {
            CHECK(in.try_poll().status() == poll_status::records);
        }
    }
    CHECK(watched_env::waits() == before);
}

TEST_CASE("a claim that is open makes nobody wait who only tries", "[never_waits]")
{
    watched<> t{"t", {.capacity_records = 4}};
    producer holding{t};
    producer out{t};
    consumer in{t, "g"};
    auto claim = holding.claim(2);
    const int before = watched_env::waits();
    CHECK(out.try_send(1));
    CHECK(out.try_send(2));
    CHECK(out.try_send(3).status() == send_status::full);
    CHECK(in.try_poll().status() == poll_status::timed_out);
    claim.publish();
    CHECK(in.try_poll().status() == poll_status::records);
    CHECK(watched_env::waits() == before);
}

TEST_CASE("what a topic is asked about its partitions never waits", "[never_waits]")
{
    in_each_situation<watched<>>([](const expected&, auto& t, auto&, auto&) {
        CHECK(t.begin_offset(zero) == 0);
        CHECK(t.end_offset(zero) <= 16);
        CHECK(t.partitions() == 1);
        CHECK(t.capacity_records() == 16);
    });
}

TEST_CASE("waits are seen where they belong", "[never_waits]")
{
    const auto waited = [](int& counter, auto&& call) {
        const int before = counter;
        call();
        return counter != before;
    };
    watched<gregor::wait::sleep> t{"t", {.capacity_records = 4}};
    producer out{t};
    consumer in{t, "g"};
    const std::chrono::microseconds some{10};
    CHECK(waited(watched_env::locks, [&] { static_cast<void>(t.closed()); }));
    CHECK(waited(watched_env::locks, [&] { static_cast<void>(t.explain()); }));
    CHECK(waited(watched_env::locks, [&] { producer{t}.send(1); }));
    CHECK(waited(watched_env::locks, [&] { consumer{t, "another"}; }));
    CHECK(waited(watched_env::sleeps, [&] { static_cast<void>(t.wait_drained(some)); }));
    static_cast<void>(support::read_values(in));
    CHECK(waited(watched_env::sleeps, [&] { static_cast<void>(in.poll(some)); }));
    while (out.try_send(1)) {}
    CHECK(waited(watched_env::sleeps, [&] { static_cast<void>(out.send_for(1, some)); }));
}
