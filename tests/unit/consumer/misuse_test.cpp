// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

// What a consumer is not for, and what it says then. (Polling with a batch in hand is in
// batch_test, a throwing listener in members_test, subscribing at the wrong time in
// subscribe_test.)

using namespace std::chrono_literals;
using gregor::commit_status;
using gregor::consumer_options;
using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;
using support::dies_saying;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};

using ints = topic<int, gregor::wait::sleep>;
using reader = gregor::consumer<ints>;

/// Calls its consumer from within a call of it.
template <class Call>
struct calling : gregor::rebalance_listener {
    explicit calling(Call c) : call(c) {}
    void on_assigned(std::span<const partition_id>) override { call(*in); }

    Call call;
    reader* in = nullptr;
};

template <class Call>
void call_from_listener(Call call)
{
    calling<Call> listener{call};
    ints t{"t"};
    reader in{t, "g", {.listener = &listener}};
    listener.in = &in;
    static_cast<void>(in.try_poll());
}

struct polling_when_it_ends : gregor::rebalance_listener {
    void on_revoked(std::span<const partition_id>) override { static_cast<void>(in->try_poll()); }

    reader* in = nullptr;
};

/// Polls that found records, and some are left.
void read_some(ints& t, reader& in)
{
    gregor::producer out{t};
    for (int i = 0; i != 4; ++i) {
        REQUIRE(out.try_send(i));
        REQUIRE(in.try_poll().size() == 1);
    }
    REQUIRE(out.try_send(4));
}

/// What a group's assignor returns for one member and two partitions.
void joins_with(gregor::assignor assign)
{
    ints t{"t", {.partitions = 2}};
    const reader in{t, "g", {.assign = assign}};
}

} // namespace

TEST_CASE("a listener may neither poll nor close its consumer", "[consumer][misuse]")
{
    CHECK(dies_saying("poll was called by the consumer's own listener", [] {
        call_from_listener([](reader& in) { static_cast<void>(in.try_poll()); });
    }));
    CHECK(dies_saying("poll was called by the consumer's own listener", [] {
        call_from_listener([](reader& in) { static_cast<void>(in.poll(2, 1s)); });
    }));
    CHECK(dies_saying("close was called by the consumer's own listener",
                      [] { call_from_listener([](reader& in) { in.close(); }); }));
    // and this it may
    call_from_listener([](reader& in) {
        CHECK(in.commit(zero, 0) == commit_status::ok);
        CHECK(in.commit(zero, 0, "text") == commit_status::ok);
        CHECK(in.seek(zero, 0));
        CHECK(in.pause(zero));
        CHECK(in.resume(zero));
        in.wakeup();
    });
}

TEST_CASE("a listener may not poll while its consumer ends", "[consumer][misuse]")
{
    CHECK(dies_saying("poll was called by the consumer's own listener", [] {
        polling_when_it_ends listener;
        ints t{"t"};
        reader in{t, "g", {.listener = &listener}};
        listener.in = &in;
        read_some(t, in);
        in.close();
    }));
}

TEST_CASE("a closed consumer returns nothing of what is left", "[consumer][misuse]")
{
    ints t{"t"};
    reader member{t, "g"};
    read_some(t, member);
    member.close();
    CHECK(member.try_poll().status() == poll_status::closed);

    reader alone{t, {.reset = gregor::auto_offset_reset::latest}};
    alone.assign_all();
    read_some(t, alone);
    alone.close();
    CHECK(alone.try_poll().status() == poll_status::closed);
}

TEST_CASE("what another member owns is neither committed, sought nor paused", "[consumer][misuse]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    reader a{t, "g"};
    const reader b{t, "g"};
    const partition_id theirs = b.assignment().at(0);
    REQUIRE(out.try_send(1, {.partition = theirs}));
    for (int i = 0; i != 2; ++i) {
        CHECK(a.commit(theirs, 1) == commit_status::not_assigned);
        CHECK(a.commit(theirs, 1, "text") == commit_status::not_assigned);
        CHECK_FALSE(a.seek(theirs, 1));
        CHECK_FALSE(a.pause(theirs));
        CHECK(a.commit(partition_id{7}, 0) == commit_status::not_assigned);
        static_cast<void>(a.try_poll()); // and when it knows of it
    }
    CHECK(b.committed_metadata(theirs).empty());
    CHECK_FALSE(b.committed(theirs).has_value());
}

TEST_CASE("a closed consumer refuses everything, and says so", "[consumer][misuse]")
{
    ints t{"t"};
    gregor::producer out{t};
    reader in{t, "g"};
    REQUIRE(out.try_send(1));
    in.close();
    CHECK(in.poll().status() == poll_status::closed);
    CHECK(in.try_poll().status() == poll_status::closed);
    CHECK(in.poll(5, 1h).status() == poll_status::closed);
    CHECK(in.commit() == commit_status::not_assigned);
    CHECK(in.commit(zero, 1) == commit_status::not_assigned);
    CHECK(in.commit(zero, 1, "text") == commit_status::not_assigned);
    CHECK_FALSE(in.seek(zero, 0));
    CHECK_FALSE(in.pause(zero));
    CHECK_FALSE(in.resume({zero, one}));
    in.unsubscribe();
    in.wakeup();
    CHECK(in.try_poll().status() == poll_status::closed);
}

TEST_CASE("an empty group name is refused, with what is allowed", "[consumer][misuse]")
{
    ints t{"t"};
    const auto refused = reader::create(t, "");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == gregor::errc::invalid_name);
    CHECK(std::string{refused.error().what()} ==
          "consumer of topic \"t\": expected a group name, found an empty one: a name is not "
          "allowed");
}

TEST_CASE("an assignor that does not say who reads what ends the process", "[consumer][misuse]")
{
    CHECK(dies_saying("an assignor names one member for each partition", [] {
        joins_with([](const gregor::assignment_request&) { return std::vector<std::size_t>{0}; });
    }));
    CHECK(dies_saying("an assignor named a member that is not there", [] {
        joins_with(
            [](const gregor::assignment_request&) { return std::vector<std::size_t>{0, 1}; });
    }));
}

#if GREGOR_CHECKED
TEST_CASE("two threads in one consumer are reported, whatever they call", "[consumer][misuse]")
{
    const auto beside_a_poll = [](auto call) {
        return dies_saying("one consumer is used by two threads at once", [call] {
            ints t{"t", {.partitions = 2}};
            reader in{t, "g"};
            std::atomic<bool> begun{false};
            std::thread waits{[&] {
                begun = true;
                static_cast<void>(in.poll());
            }};
            while (!begun) {
                std::this_thread::yield();
            }
            for (;;) {
                std::this_thread::sleep_for(20ms);
                call(in);
            }
            waits.join();
        });
    };
    CHECK(beside_a_poll([](reader& in) { in.seek(zero, 0); }));
    CHECK(beside_a_poll([](reader& in) { in.pause(zero); }));
    CHECK(beside_a_poll([](reader& in) { static_cast<void>(in.poll(2, 1s)); }));
    CHECK(beside_a_poll([](reader& in) { static_cast<void>(in.commit(zero, 0)); }));
    CHECK(beside_a_poll([](reader& in) { static_cast<void>(in.committed_metadata(zero)); }));
    CHECK(beside_a_poll([](reader& in) { in.unsubscribe(); }));
}
#endif
