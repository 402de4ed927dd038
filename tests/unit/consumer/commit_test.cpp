// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::commit_status;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::topic;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};
using ints = topic<int>;

const std::vector<int> five{1, 2, 3, 4, 5};

} // namespace

TEST_CASE("nothing is committed before it is", "[consumer][commit]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.auto_commit = false}};
    CHECK_FALSE(in.committed(zero).has_value());
    out.send_batch(five);
    CHECK(in.try_poll().size() == 5);
    CHECK_FALSE(in.committed(zero).has_value());
    CHECK(in.try_poll().empty());
    CHECK_FALSE(in.committed(zero).has_value());
    CHECK(in.lag(zero) == 0);
    CHECK(in.position(zero) == 5);
}

TEST_CASE("commit covers everything that was returned, also what is in hand", "[consumer][commit]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.auto_commit = false, .max_poll_records = 3}};
    out.send_batch(five, {.partition = zero});
    out.send_batch(five, {.partition = one});
    CHECK(in.try_poll().size() == 3);
    CHECK(in.try_poll().size() == 3);
    const auto in_hand = in.try_poll();
    REQUIRE(in_hand.size() == 2);
    CHECK(in.commit() == commit_status::ok);
    CHECK(in.committed(in_hand.partition()) == 5U);
    CHECK(in.committed(in_hand.partition() == zero ? one : zero) == 3U);
}

TEST_CASE("one record is committed with all before it, inside the loop", "[consumer][commit]")
{
    ints t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.auto_commit = false}};
    out.send_batch(five);
    gregor::offset_t expected = 0;
    for (const auto& record : in.poll()) {
        CHECK(in.commit(record) == commit_status::ok);
        CHECK(in.committed(zero) == ++expected);
        CHECK(in.lag(zero) == 5 - expected);
    }
    CHECK(expected == 5);
}

TEST_CASE("an offset is committed as it is named", "[consumer][commit]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.auto_commit = false}};
    out.send_batch(five, {.partition = one});
    CHECK(in.commit(one, 2) == commit_status::ok);
    CHECK(in.committed(one) == 2U);
    CHECK_FALSE(in.committed(zero).has_value());
    CHECK(in.commit(one, 5) == commit_status::ok);
    CHECK(in.commit(one, 6) == commit_status::out_of_range);
    CHECK(in.committed(one) == 5U);
    CHECK(in.commit(zero, 1) == commit_status::out_of_range);
    CHECK(in.commit(zero, 0) == commit_status::ok);
    CHECK(in.committed(zero) == 0U);
    // the position is another matter
    CHECK(in.position(one) == 0);
}

TEST_CASE("a commit for a partition that is not its own is refused", "[consumer][commit]")
{
    ints t{"t", {.partitions = 3}};
    gregor::producer out{t};
    out.send(1, {.partition = zero});
    gregor::consumer in{t};
    in.assign({one, partition_id{2}});
    CHECK(in.commit(zero, 1) == commit_status::not_assigned);
    CHECK(in.commit(partition_id{7}, 0) == commit_status::not_assigned);
    CHECK(in.commit(one, 0) == commit_status::ok);
}

TEST_CASE("a commit frees room, record by record", "[consumer][commit]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.auto_commit = false}};
    out.send_batch(std::vector<int>{1, 2, 3, 4});
    CHECK(in.try_poll().size() == 4);
    for (gregor::offset_t i = 1; i != 5; ++i) {
        CHECK(out.try_send(0).status() == send_status::full);
        in.commit(zero, i);
        CHECK(out.try_send(0));
    }
    CHECK(out.try_send(0).status() == send_status::full);
}

TEST_CASE("a commit may go back: what is still there is kept from then on", "[consumer][commit]")
{
    ints t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    {
        gregor::consumer in{t, "g", {.auto_commit = false}};
        out.send_batch(five);
        CHECK(in.try_poll().size() == 5);
        in.commit();
        CHECK(in.commit(zero, 2) == commit_status::ok);
        CHECK(in.committed(zero) == 2U);
        CHECK(in.lag(zero) == 3);
        int sent = 0;
        while (out.try_send(0)) {
            ++sent;
        }
        CHECK(sent == 5);
    }
    gregor::consumer next{t, "g"};
    CHECK(next.position(zero) == 2);
    CHECK(support::read_values(next).front() == 3);
}

TEST_CASE("a commit back beyond what is left stops at the oldest record", "[consumer][commit]")
{
    ints t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    for (int i = 0; i != 20; ++i) {
        out.send(i);
        CHECK(support::read_values(in).size() == 1);
    }
    CHECK(in.commit(zero, 0) == commit_status::ok);
    CHECK(in.committed(zero) == t.begin_offset(zero));
    CHECK(t.begin_offset(zero) >= 16);
}

TEST_CASE("auto-commit covers what earlier polls returned, never what was just handed out",
          "[consumer][commit][auto_commit]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_records = 2}};
    out.send_batch(five);
    CHECK(in.try_poll().size() == 2);
    CHECK_FALSE(in.committed(zero).has_value());
    CHECK(in.try_poll().size() == 2);
    CHECK(in.committed(zero) == 2U);
    CHECK(in.try_poll().size() == 1);
    CHECK(in.committed(zero) == 4U);
    CHECK(in.try_poll().empty());
    CHECK(in.committed(zero) == 5U);
    CHECK(in.lag(zero) == 0);
}

TEST_CASE("closing commits what was returned, with auto-commit only",
          "[consumer][commit][auto_commit]")
{
    for (const bool automatic : {true, false}) {
        ints t{"t"};
        gregor::producer out{t};
        out.send_batch(five);
        {
            gregor::consumer in{t, "g", {.auto_commit = automatic, .max_poll_records = 3}};
            CHECK(in.try_poll().size() == 3);
            if (automatic) {
                in.close(); // or its destructor, below
            }
        }
        {
            gregor::consumer in{t, "g", {.auto_commit = automatic, .max_poll_records = 1}};
            CHECK(in.position(zero) == (automatic ? 3 : 0));
            CHECK(in.try_poll().size() == 1);
        }
        const gregor::consumer next{t, "g"};
        CHECK(next.position(zero) == (automatic ? 4 : 0));
    }
}

TEST_CASE("what was in hand when an exception passed comes again",
          "[consumer][commit][auto_commit]")
{
    ints t{"t"};
    gregor::producer out{t};
    out.send_batch(five);
    try {
        gregor::consumer in{t, "g", {.max_poll_records = 2}};
        CHECK(in.try_poll().size() == 2);
        for (const auto& record : in.poll()) {
            throw std::runtime_error{std::to_string(record.value())};
        }
    } catch (const std::runtime_error&) {
    }
    gregor::consumer next{t, "g"};
    CHECK(support::read_values(next) == std::vector<int>{3, 4, 5});
}

TEST_CASE("a consumer that is made while an exception passes commits when it goes",
          "[consumer][commit][auto_commit]")
{
    struct cleans_up {
        ints& t;
        ~cleans_up()
        {
            gregor::consumer in{t, "g"};
            static_cast<void>(in.try_poll());
        }
    };
    ints t{"t"};
    gregor::producer out{t};
    out.send_batch(five);
    try {
        const cleans_up at_the_end{t};
        throw std::runtime_error{"passes"};
    } catch (const std::runtime_error&) {
    }
    gregor::consumer next{t, "g"};
    CHECK(next.position(zero) == 5);
}

TEST_CASE("without a group, commits are the consumer's own", "[consumer][commit]")
{
    ints t{"t"};
    gregor::producer out{t};
    out.send_batch(five);
    {
        gregor::consumer in{t};
        in.assign({zero});
        CHECK(in.try_poll().size() == 5);
        CHECK(in.commit() == commit_status::ok);
        CHECK(in.committed(zero) == 5U);
    }
    gregor::consumer next{t};
    next.assign({zero});
    CHECK_FALSE(next.committed(zero).has_value());
    CHECK(next.position(zero) == 0);
}

TEST_CASE("the lag is what the group has not committed, and never negative", "[consumer][commit]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.auto_commit = false}};
    CHECK(in.lag() == 0);
    out.send_batch(five, {.partition = zero});
    out.send_batch(five, {.partition = one});
    CHECK(in.lag(zero) == 5);
    CHECK(in.lag() == 10);
    in.commit(zero, 4);
    CHECK(in.lag(zero) == 1);
    CHECK(in.lag() == 6);
    in.seek(one, 100);
    CHECK(in.lag(one) == 0);
    CHECK(in.lag() == 1);
}

TEST_CASE("nothing beyond the end is ever committed", "[consumer][commit][auto_commit]")
{
    ints t{"t", {.capacity_records = 8}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.reset = gregor::auto_offset_reset::none}};
    in.seek(zero, 0);
    out.send_batch(five);
    CHECK(in.try_poll().size() == 5);
    in.seek(zero, 1000);
    CHECK(in.try_poll().status() == poll_status::out_of_range);
    CHECK(in.committed(zero).value_or(0) <= 5);
    in.commit();
    CHECK(in.committed(zero).value_or(0) <= 5);
    // else nothing of what follows would be kept for the group
    int sent = 0;
    while (sent != 100 && out.try_send(0)) {
        ++sent;
    }
    CHECK(sent <= 8);
    in.close();
    gregor::consumer next{t, "g"};
    CHECK(next.position(zero) <= t.end_offset(zero));
}
