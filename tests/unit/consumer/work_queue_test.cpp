// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::errc;
using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;
using gregor::groups::one;

namespace {

constexpr partition_id zero{0};
using jobs = topic<std::unique_ptr<int>, one>;
using worker = gregor::consumer<jobs>;

void send(gregor::producer<jobs>& out, int from, int to)
{
    for (int i = from; i != to; ++i) {
        REQUIRE(out.try_send(std::make_unique<int>(i)));
    }
}

/// Takes up to `most` jobs, and says which.
std::vector<int> take(worker& in, std::size_t most = 1000)
{
    std::vector<int> taken;
    while (taken.size() != most) {
        const auto batch = in.try_poll();
        if (batch.empty()) {
            break;
        }
        for (const auto& record : batch) {
            if (taken.size() != most) {
                taken.push_back(*record.take());
            }
        }
    }
    return taken;
}

} // namespace

TEST_CASE("take moves a job out", "[consumer][work_queue]")
{
    jobs t{"t"};
    gregor::producer out{t};
    worker in{t, "workers"};
    auto job = std::make_unique<int>(7);
    const int* const address = job.get();
    out.send(std::move(job));
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    CHECK(*batch[0].value() == 7);
    const std::unique_ptr<int> mine = batch[0].take();
    CHECK(mine.get() == address);
    CHECK(batch[0].value() == nullptr);
}

TEST_CASE("what was taken does not come again, whatever was committed", "[consumer][work_queue]")
{
    jobs t{"t", {.capacity_records = 16}};
    gregor::producer out{t};
    send(out, 0, 10);
    {
        worker in{t, "workers", {.auto_commit = false}};
        const auto batch = in.try_poll();
        REQUIRE(batch.size() == 10);
        for (const std::size_t i : {0U, 1U, 4U, 6U, 9U}) {
            CHECK(*batch[i].take() == static_cast<int>(i));
        }
    }
    {
        worker in{t, "workers", {.auto_commit = false}};
        CHECK(in.position(zero) == 0);
        std::vector<int> again;
        for (auto batch = in.try_poll(); !batch.empty();) {
            for (const auto& record : batch) {
                again.push_back(*record.value());
            }
            batch.let_go();
            batch = in.try_poll();
        }
        CHECK(again == std::vector<int>{2, 3, 5, 7, 8});
        in.seek(zero, 0);
        CHECK(take(in) == std::vector<int>{2, 3, 5, 7, 8});
        in.seek(zero, 0);
        CHECK(take(in).empty());
    }
}

TEST_CASE("all that is there is found behind what was taken, at once", "[consumer][work_queue]")
{
    topic<std::unique_ptr<int>, one, gregor::wait::sleep> t{"t", {.capacity_records = 16}};
    gregor::producer out{t};
    for (int i = 0; i != 12; ++i) {
        out.send(std::make_unique<int>(i));
    }
    gregor::consumer in{t, "workers", {.auto_commit = false, .max_poll_records = 1}};
    for (int i = 0; i != 10; ++i) {
        const auto batch = in.try_poll();
        CHECK(*batch[0].take() == i);
    }
    in.seek(zero, 0);
    const auto first = in.try_poll();
    REQUIRE(first.size() == 1);
    CHECK(*first[0].value() == 10);
}

TEST_CASE("a worker that waits does not sleep before what is there", "[consumer][work_queue]")
{
    topic<std::unique_ptr<int>, one, gregor::wait::sleep> t{"t", {.capacity_records = 16}};
    gregor::producer out{t};
    for (int i = 0; i != 12; ++i) {
        out.send(std::make_unique<int>(i));
    }
    gregor::consumer in{t, "workers", {.auto_commit = false, .max_poll_records = 1}};
    for (int i = 0; i != 10; ++i) {
        const auto batch = in.try_poll();
        CHECK(*batch[0].take() == i);
    }
    in.seek(zero, 0);
    CHECK(in.poll(std::chrono::seconds{2}).size() == 1);
}

TEST_CASE("a work queue goes round its ring many times", "[consumer][work_queue]")
{
    jobs t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    worker in{t, "workers"};
    int next = 0;
    for (int lap = 0; lap != 100; ++lap) {
        send(out, next, next + 3);
        const std::vector<int> taken = take(in);
        REQUIRE(taken == std::vector<int>{next, next + 1, next + 2});
        next += 3;
    }
}

TEST_CASE("jobs that were taken are destroyed where they went, and once", "[consumer][work_queue]")
{
    support::counts().reset();
    {
        topic<support::counted, one> t{"t", {.capacity_records = 4}};
        gregor::producer out{t};
        gregor::consumer in{t, "workers"};
        for (std::uint64_t i = 0; i != 100; ++i) {
            REQUIRE(out.try_send(support::counted{i}));
            const auto batch = in.try_poll();
            if (i % 3 != 0) {
                const support::counted mine = batch[0].take();
                CHECK(mine.number() == i);
            }
        }
    }
    CHECK(support::counts().alive() == 0);
    CHECK(support::counts().corrupt == 0);
}

TEST_CASE("a work queue has one group, which is lossless", "[consumer][work_queue]")
{
    jobs t{"jobs"};
    auto lossy = worker::create(t, "workers", {.lossy = true});
    REQUIRE_FALSE(lossy.has_value());
    CHECK(lossy.error().code() == errc::group_not_allowed);
    CHECK(lossy.error().found() == "lossy");
    auto alone = worker::create(t);
    REQUIRE_FALSE(alone.has_value());
    CHECK(alone.error().code() == errc::group_not_allowed);
    {
        const worker in{t, "workers"};
        auto other = worker::create(t, "others");
        REQUIRE_FALSE(other.has_value());
        CHECK(other.error().code() == errc::group_not_allowed);
        CHECK(other.error().found().find("workers") != std::string::npos);
        CHECK_NOTHROW(worker{t, "workers"});
    }
    // the group is known now, with a member or without
    CHECK(worker::create(t, "others").error().code() == errc::group_not_allowed);
    CHECK_NOTHROW(worker{t, "workers"});
    jobs declared{"declared", {.groups = {"workers"}}};
    CHECK(worker::create(declared, "others").error().code() == errc::group_not_allowed);
    CHECK_NOTHROW(worker{declared, "workers"});
}

TEST_CASE("a value of any kind is taken", "[consumer][work_queue]")
{
    topic<std::string, one, gregor::key<std::string>, gregor::timestamps> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "workers"};
    out.send("a job whose text is too long to be kept in place", {.key = "k"});
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    const std::string mine = batch[0].take();
    CHECK(mine == "a job whose text is too long to be kept in place");
    CHECK(batch[0].key() == "k");
}
