// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::partition_id;
using gregor::send_status;
using gregor::topic;
namespace waits = gregor::wait;
using namespace std::chrono_literals;

namespace {

constexpr partition_id zero{0};

/// Sends in a thread of its own, and says how it ended.
template <class Send>
class in_a_thread {
public:
    explicit in_a_thread(Send send) : thread_{[this, send] { send(status_); }} {}

    send_status join()
    {
        thread_.join();
        return status_;
    }

private:
    send_status status_ = send_status::ok;
    std::thread thread_;
};

template <class Wait>
void blocked_send_goes_on_after_a_commit()
{
    using small = topic<int, Wait>;
    small t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    REQUIRE(out.send(1));
    REQUIRE(out.send(2));
    std::atomic<bool> begun{false};
    in_a_thread sender{[&](send_status& status) {
        begun.store(true, std::memory_order_release);
        status = out.send(3).status();
    }};
    while (!begun.load(std::memory_order_acquire)) {
        std::this_thread::yield();
    }
    std::this_thread::sleep_for(2ms);
    CHECK(t.end_offset(zero) == 2);
    CHECK(support::read_values(in).size() >= 2);
    CHECK(sender.join() == send_status::ok);
    CHECK(t.end_offset(zero) == 3);
}

using fake = topic<int, gregor::time_source<gregor::manual_clock>>;

} // namespace

TEST_CASE("a blocked send goes on when the slow group commits, whatever the wait policy",
          "[producer][waiting]")
{
    blocked_send_goes_on_after_a_commit<waits::adaptive>();
    blocked_send_goes_on_after_a_commit<waits::spin>();
    blocked_send_goes_on_after_a_commit<waits::yield>();
    blocked_send_goes_on_after_a_commit<waits::sleep>();
}

TEST_CASE("send_for gives up when the topic's clock says so, and not before", "[producer][waiting]")
{
    gregor::manual_clock clock;
    fake t{"t", {.capacity_records = 2, .groups = {"slow"}}, clock};
    gregor::producer out{t};
    REQUIRE(out.send(1));
    REQUIRE(out.send(2));
    std::atomic<bool> done{false};
    in_a_thread sender{[&](send_status& status) {
        status = out.send_for(3, 1h).status();
        done.store(true, std::memory_order_release);
    }};
    clock.advance(30min);
    std::this_thread::sleep_for(5ms);
    CHECK_FALSE(done.load(std::memory_order_acquire));
    while (!done.load(std::memory_order_acquire)) {
        clock.advance(31min); // the thread may have begun at any of these times
        std::this_thread::sleep_for(1ms);
    }
    CHECK(sender.join() == send_status::timed_out);
}

TEST_CASE("send_for with no time left says full, or sends", "[producer][waiting]")
{
    fake t{"t", {.capacity_records = 2, .groups = {"slow"}}};
    gregor::producer out{t};
    CHECK(out.send_for(1, 0ns));
    CHECK(out.send_for(2, -1s));
    CHECK(out.send_for(3, 0ns).status() == send_status::full);
    CHECK(out.send_for(3, -1s).status() == send_status::full);
}

TEST_CASE("send_for waits with reject too", "[producer][waiting]")
{
    topic<int, gregor::overflow::reject> t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    REQUIRE(out.send(1));
    REQUIRE(out.send(2));
    in_a_thread sender{
        [&](send_status& status) { status = out.send_for(3, support::patience).status(); }};
    std::this_thread::sleep_for(1ms);
    CHECK(support::read_values(in).size() >= 2);
    CHECK(sender.join() == send_status::ok);
}

TEST_CASE("leaving, letting go of a batch and joining on wake a blocked producer",
          "[producer][waiting]")
{
    using sleepy = topic<int, waits::sleep>;
    sleepy t{"t", {.capacity_records = 2}};
    gregor::producer out{t};

    SECTION("the group's only member closes")
    {
        gregor::consumer in{t, "g"};
        REQUIRE(out.send(1));
        REQUIRE(out.send(2));
        in_a_thread sender{[&](send_status& status) { status = out.send(3).status(); }};
        std::this_thread::sleep_for(2ms);
        in.close();
        CHECK(sender.join() == send_status::ok);
    }
    SECTION("a consumer without a group goes")
    {
        std::optional<gregor::consumer<sleepy>> in{std::in_place, t};
        in->assign({zero});
        REQUIRE(out.send(1));
        REQUIRE(out.send(2));
        in_a_thread sender{[&](send_status& status) { status = out.send(3).status(); }};
        std::this_thread::sleep_for(2ms);
        in.reset();
        CHECK(sender.join() == send_status::ok);
    }
    SECTION("a consumer without a group is assigned elsewhere")
    {
        gregor::consumer in{t};
        in.assign({zero});
        REQUIRE(out.send(1));
        REQUIRE(out.send(2));
        in_a_thread sender{[&](send_status& status) { status = out.send(3).status(); }};
        std::this_thread::sleep_for(2ms);
        in.assign({});
        CHECK(sender.join() == send_status::ok);
    }
    SECTION("a lossy reader lets go of its batch")
    {
        gregor::consumer in{t, "g", {.lossy = true}};
        REQUIRE(out.send(1));
        auto lease = in.try_poll();
        REQUIRE(lease.size() == 1);
        REQUIRE(out.send(2));
        in_a_thread sender{[&](send_status& status) { status = out.send(3).status(); }};
        std::this_thread::sleep_for(2ms);
        lease.let_go();
        CHECK(sender.join() == send_status::ok);
    }
    SECTION("a batch is let go whose records were committed while it was in hand")
    {
        gregor::consumer in{t, "g"};
        REQUIRE(out.send(1));
        REQUIRE(out.send(2));
        auto lease = in.try_poll();
        REQUIRE(lease.size() == 2);
        in.commit();
        in_a_thread sender{[&](send_status& status) { status = out.send(3).status(); }};
        std::this_thread::sleep_for(2ms);
        CHECK(t.end_offset(zero) == 2);
        lease.let_go();
        CHECK(sender.join() == send_status::ok);
    }
    SECTION("a batch is let go that outlived its consumer")
    {
        std::optional<gregor::consumer<sleepy>> in{std::in_place, t, "g"};
        REQUIRE(out.send(1));
        REQUIRE(out.send(2));
        auto lease = in->try_poll();
        in.reset();
        in_a_thread sender{[&](send_status& status) { status = out.send(3).status(); }};
        std::this_thread::sleep_for(2ms);
        CHECK(t.end_offset(zero) == 2);
        lease.let_go();
        CHECK(sender.join() == send_status::ok);
    }
}

TEST_CASE("a batch that is let go without having been committed frees no room",
          "[producer][waiting]")
{
    topic<int> t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    REQUIRE(out.send(1));
    REQUIRE(out.send(2));
    {
        const auto lease = in.try_poll();
        REQUIRE(lease.size() == 2);
    }
    CHECK(out.try_send(3).status() == send_status::full);
    CHECK(support::status_of_poll(in) == gregor::poll_status::timed_out);
    CHECK(out.try_send(3));
}

TEST_CASE("a keyless record goes to a partition that has room", "[producer][waiting]")
{
    topic<int> t{"t", {.partitions = 4, .capacity_records = 2, .groups = {"slow"}}};
    gregor::producer out{t};
    for (int i = 0; i != 8; ++i) {
        CHECK(out.try_send(i));
    }
    CHECK(out.try_send(8).status() == send_status::full);
    for (std::uint32_t i = 0; i != 4; ++i) {
        CHECK(t.end_offset(partition_id{i}) == 2);
    }
}

TEST_CASE("a record for one partition waits for that one", "[producer][waiting]")
{
    topic<int> t{"t", {.partitions = 2, .capacity_records = 2, .groups = {"slow"}}};
    gregor::producer out{t};
    CHECK(out.try_send(1, {.partition = zero}));
    CHECK(out.try_send(2, {.partition = zero}));
    CHECK(out.try_send(3, {.partition = zero}).status() == send_status::full);
    CHECK(out.try_send(3, {.partition = zero}).partition() == zero);
    CHECK(t.end_offset(partition_id{1}) == 0);
}

TEST_CASE("a blocked claim goes on when there is room for all of it", "[producer][waiting]")
{
    topic<int, waits::sleep> t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.auto_commit = false}};
    for (int i = 0; i != 4; ++i) {
        REQUIRE(out.send(i));
    }
    CHECK(out.try_claim(3).status() == send_status::full);
    in_a_thread sender{[&](send_status& status) {
        auto claim = out.claim(3);
        status = claim.status();
        for (int i = 4; i != 7; ++i) {
            claim.emplace(i);
        }
        claim.publish();
    }};
    CHECK(in.try_poll().size() == 4);
    for (gregor::offset_t next = 1; next != 4; ++next) {
        std::this_thread::sleep_for(1ms);
        CHECK(t.end_offset(zero) == 4);
        in.commit(zero, next);
    }
    CHECK(sender.join() == send_status::ok);
    CHECK(t.end_offset(zero) == 7);
    CHECK(support::read_values(in) == std::vector<int>{4, 5, 6});
}

#if GREGOR_STOP_TOKEN
TEST_CASE("a triggered token ends each wait of a producer", "[producer][waiting][stop]")
{
    using sleepy = topic<int, waits::sleep>;
    sleepy t{"t", {.capacity_records = 2, .groups = {"slow"}}};
    gregor::producer out{t};
    REQUIRE(out.send(1));
    REQUIRE(out.send(2));
    std::stop_source source;
    const auto stop = source.get_token();
    const std::vector<int> numbers{3, 4};
    const auto stopped = [&](auto send) {
        in_a_thread sender{[&](send_status& status) { status = send(); }};
        std::this_thread::sleep_for(1ms);
        source.request_stop();
        return sender.join() == send_status::stopped;
    };
    SECTION("send")
    {
        CHECK(stopped([&] { return out.send(3, stop).status(); }));
    }
    SECTION("send with attributes")
    {
        CHECK(stopped([&] { return out.send(3, {.partition = zero}, stop).status(); }));
    }
    SECTION("send_for")
    {
        CHECK(stopped([&] { return out.send_for(3, 1h, stop).status(); }));
    }
    SECTION("send_for with attributes")
    {
        CHECK(stopped([&] { return out.send_for(3, 1h, {.partition = zero}, stop).status(); }));
    }
    SECTION("send_batch")
    {
        CHECK(stopped([&] { return out.send_batch(numbers, stop).status; }));
    }
    SECTION("send_batch with attributes")
    {
        CHECK(stopped([&] { return out.send_batch(numbers, {.partition = zero}, stop).status; }));
    }
    SECTION("claim")
    {
        CHECK(stopped([&] { return out.claim(1, {}, stop).status(); }));
    }
    CHECK(t.end_offset(zero) == 2);
}

TEST_CASE("a token that was triggered before refuses what would have to wait, and nothing else",
          "[producer][waiting][stop]")
{
    topic<std::string> t{"t", {.capacity_records = 2, .groups = {"slow"}}};
    gregor::producer out{t};
    std::stop_source source;
    source.request_stop();
    CHECK(out.send("1", source.get_token()));
    CHECK(out.send("2", source.get_token()));
    std::string mine = "refused, and still mine, all of it";
    CHECK(out.send(std::move(mine), source.get_token()).status() == send_status::stopped);
    CHECK(mine == "refused, and still mine, all of it");
}
#endif
