// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/run.hpp>

#if GREGOR_STOP_TOKEN

#    include <chrono>
#    include <cstdint>
#    include <memory>
#    include <mutex>
#    include <stdexcept>
#    include <string>
#    include <utility>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/counted.hpp"
#    include "support/handling.hpp"

using namespace std::chrono_literals;
using gregor::dead_letter;
using gregor::dead_letters_to;
using gregor::offset_t;
using gregor::partition_id;
using gregor::run;
using support::committed_by;
using support::eventually;

namespace {

using texts = gregor::topic<std::string>;
using letters = gregor::topic<dead_letter<std::string>>;

const auto fails = [](const auto& record) {
    if (record.value() != "good") {
        throw std::runtime_error("cannot do " + record.value());
    }
};

void send(texts& topic, std::initializer_list<const char*> values)
{
    gregor::producer out{topic};
    for (const char* const each : values) {
        REQUIRE(out.send(std::string{each}));
    }
}

} // namespace

TEST_CASE("a record that fails for good is sent as a dead letter, with the reason", "[run]")
{
    texts t{"texts", {.groups = {"g"}}};
    letters dead{"dead", {.groups = {"undertaker"}}};
    send(t, {"good", "bad", "good", "worse"});
    t.close();
    auto work =
        run(t, "g", fails, {.retry = {.attempts = 2, .first_delay = 0ns}}, dead_letters_to(dead));
    work.wait();
    CHECK(work.counts().handled == 2);
    CHECK(work.counts().dead_lettered == 2);
    CHECK(work.counts().retried == 4);
    CHECK(work.counts().skipped == 0);
    CHECK(committed_by(t, "g") == 4);

    gregor::consumer in{dead, "undertaker"};
    const auto found = support::read_values(in);
    REQUIRE(found.size() == 2);
    CHECK(found[0].topic == "texts");
    CHECK(found[0].partition == partition_id{0});
    CHECK(found[0].offset == 1);
    CHECK(found[0].reason == "cannot do bad");
    CHECK(found[0].attempts == 3);
    CHECK(found[0].value == "bad");
    CHECK(found[1].offset == 3);
    CHECK(found[1].value == "worse");
}

TEST_CASE("a failed batch becomes a letter for each of its records", "[run]")
{
    texts t{"texts", {.groups = {"g"}}};
    letters dead{"dead", {.groups = {"undertaker"}}};
    send(t, {"a", "b", "c"});
    t.close();
    auto work = run(
        t, "g", [](const gregor::batch<texts>&) { throw std::runtime_error("all of it"); }, {},
        dead_letters_to(dead));
    work.wait();
    CHECK(work.counts().dead_lettered == 3);
    CHECK(committed_by(t, "g") == 3);
    CHECK(dead.end_offset(partition_id{0}) == 3);
}

TEST_CASE("a dead letter is written before its record is committed", "[run]")
{
    texts t{"texts", {.groups = {"g"}}};
    send(t, {"good", "bad", "good"});
    t.close();
    std::vector<offset_t> held_at; // what the group has committed when a letter is written
    const auto sink = [&](dead_letter<std::string>&& letter) {
        const auto& group = t.state()->groups.front();
        held_at.push_back(group.shares[0].cursor->sequence());
        CHECK(letter.offset == 1);
    };
    auto work = run(t, "g", fails, {}, sink);
    work.wait();
    CHECK(held_at == std::vector<offset_t>{1});
    CHECK(committed_by(t, "g") == 3);
}

TEST_CASE("a letter that cannot be written stops the runner, and nothing is committed", "[run]")
{
    using bounded = gregor::topic<dead_letter<std::string>, gregor::overflow::reject>;
    texts t{"texts", {.groups = {"g", "h"}}};
    send(t, {"good", "bad", "good", "bad", "bad", "good"});
    t.close();
    bounded dead{"dead", {.capacity_records = 2, .groups = {"undertaker"}}};
    auto work = run(t, "g", fails, {}, dead_letters_to(dead));
    try {
        work.wait();
        FAIL("it went on");
    } catch (const gregor::error& e) {
        CHECK(e.code() == gregor::errc::dead_letter_refused);
        CHECK(e.operation() == "dead letter of topic \"texts\", partition 0, offset 4");
        CHECK(e.found() == "full");
    }
    CHECK(work.counts().dead_lettered == 2);
    CHECK(committed_by(t, "g") == 4);

    bounded closed{"closed"};
    closed.close();
    auto other = run(t, "h", fails, {}, dead_letters_to(closed));
    CHECK_THROWS_AS(other.wait(), gregor::error);
    CHECK(committed_by(t, "h") == 1);
}

TEST_CASE("a stop does not wait for room in the dead letters", "[run]")
{
    texts t{"texts", {.groups = {"g"}}};
    letters dead{"dead", {.capacity_records = 2, .groups = {"undertaker"}}};
    send(t, {"bad", "bad", "bad", "bad"});
    auto work = run(t, "g", fails, {}, dead_letters_to(dead));
    REQUIRE(eventually([&] { return work.counts().dead_lettered == 2; }));
    work.stop();
    CHECK(work.error() == nullptr); // nobody refused the third: there was no time
    CHECK(committed_by(t, "g") == 2);
}

TEST_CASE("a sink says whether it took a letter, or throws", "[run]")
{
    texts t{"texts", {.groups = {"a", "b", "c"}}};
    send(t, {"bad", "bad"});
    t.close();
    int taken = 0;
    auto refuses = run(t, "a", fails, {}, [&](dead_letter<std::string>) { return taken++ == 0; });
    CHECK_THROWS_AS(refuses.wait(), gregor::error);
    CHECK(committed_by(t, "a") == 1);
    auto throws = run(t, "b", fails, {}, [](dead_letter<std::string>, const std::stop_token&) {
        throw std::runtime_error("no paper");
    });
    CHECK_THROWS_WITH(throws.wait(), "no paper");
    CHECK(committed_by(t, "b") == 0);
    CHECK_THROWS_AS(
        run(t, "c", fails, {.failure = gregor::on_failure::skip}, [](dead_letter<std::string>) {}),
        gregor::error);
}

TEST_CASE("a value that cannot be copied leaves its letter empty", "[run]")
{
    using boxes = gregor::topic<std::unique_ptr<int>>;
    boxes t{"boxes", {.groups = {"g"}}};
    gregor::topic<dead_letter<std::unique_ptr<int>>> dead{"dead", {.groups = {"undertaker"}}};
    REQUIRE(gregor::producer{t}.send(std::make_unique<int>(1)));
    t.close();
    auto work =
        run(t, "g", [](const auto&) { throw std::runtime_error("no"); }, {}, dead_letters_to(dead));
    work.wait();
    gregor::consumer in{dead, "undertaker"};
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    CHECK_FALSE(batch.front().value().value.has_value());
    CHECK(batch.front().value().reason == "no");
}

TEST_CASE("a value whose copy throws stops the runner, and is not committed", "[run]")
{
    gregor::topic<support::fragile> t{"t", {.groups = {"g"}}};
    REQUIRE(gregor::producer{t}.send(support::fragile{1}));
    t.close();
    auto work = run(
        t, "g",
        [](const auto&) {
            support::fragile::fuse = 1; // the next copy
            throw std::runtime_error("no");
        },
        {}, [](dead_letter<support::fragile>&&) {});
    CHECK_THROWS_AS(work.wait(), support::fragile::burnt);
    CHECK(committed_by(t, "g") == 0);
}

TEST_CASE("letters of many members are written one at a time", "[run]")
{
    gregor::topic<int> t{"t", {.partitions = 4, .groups = {"g"}}};
    {
        gregor::producer out{t};
        for (int i = 0; i != 2000; ++i) {
            REQUIRE(out.send(i, {.partition = partition_id{static_cast<std::uint32_t>(i) % 4}}));
        }
    }
    t.close();
    std::vector<offset_t> written; // no lock here
    auto work = run(
        t, "g", [](const auto&) { throw 1; }, {.members = 4},
        [&](dead_letter<int>&& letter) { written.push_back(letter.offset); });
    work.wait();
    CHECK(written.size() == 2000);
}

#endif
