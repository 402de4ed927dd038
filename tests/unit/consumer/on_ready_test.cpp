// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::consumer_options;
using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;
using support::counter;
using support::doorbell;
using support::status_of_poll;

namespace {

using ints = topic<int>;
using reader = gregor::consumer<ints>;
constexpr partition_id zero{0};

} // namespace

TEST_CASE("a hook is called once right away, and then only after a poll that said timed_out",
          "[consumer][on_ready]")
{
    ints t{"t"};
    gregor::producer out{t};
    reader in{t, "g"};
    counter told;
    in.on_ready(told.hook());
    CHECK(told.taken() == 1);
    out.send(1);
    CHECK(told.taken() == 0); // it was told, and has not polled yet
    CHECK(in.try_poll().size() == 1);
    out.send(2);
    CHECK(told.taken() == 0); // nor until nothing was left
    CHECK(in.try_poll().size() == 1);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    out.send(3);
    CHECK(told.taken() == 1);
    out.send(4);
    CHECK(told.taken() == 0);
    CHECK(support::read_values(in) == std::vector<int>{3, 4});
    out.send(5);
    CHECK(told.taken() == 1);
}

TEST_CASE("a poll that waits in vain arms the hook, too", "[consumer][on_ready]")
{
    topic<int, gregor::wait::sleep> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    counter told;
    in.on_ready(told.hook());
    CHECK(in.poll(1us).status() == poll_status::timed_out);
    CHECK(told.taken() == 1);
    out.send(1);
    CHECK(told.taken() == 1);
}

TEST_CASE("a hook is called for a wakeup, for the end, and for an end that others reach",
          "[consumer][on_ready]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    reader in{t, "g"};
    counter told;
    in.on_ready(told.hook());
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(told.taken() == 1);

    in.wakeup();
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::woken);
    CHECK(status_of_poll(in) == poll_status::timed_out);

    // a member comes, has something to read, and it is the last that there is
    std::optional<reader> other{std::in_place, t, "g", consumer_options{.auto_commit = false}};
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    for (std::uint32_t p = 0; p != 2; ++p) {
        out.send(1, {.partition = partition_id{p}});
    }
    CHECK(told.taken() == 1);
    CHECK(support::read_values(in).size() == 1);
    CHECK(support::read_values(*other).size() == 1);
    t.close();
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::timed_out); // the other one has not committed
    other->commit();
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::closed);
}

TEST_CASE("a hook is called when a member comes or goes", "[consumer][on_ready][members]")
{
    ints t{"t", {.partitions = 4}};
    reader in{t, "g"};
    counter told;
    in.on_ready(told.hook());
    CHECK(status_of_poll(in) == poll_status::timed_out);
    static_cast<void>(told.taken());
    std::optional<reader> other{std::in_place, t, "g"};
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(in.assignment().size() == 2);
    other.reset();
    CHECK(told.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(in.assignment().size() == 4);
}

TEST_CASE("a hook that was removed or replaced is gone", "[consumer][on_ready]")
{
    ints t{"t"};
    gregor::producer out{t};
    reader in{t, "g"};
    in.on_ready(gregor::no_hook); // there was none
    counter first;
    counter second;
    const auto alive = std::make_shared<int>();
    in.on_ready([hook = first.hook(), alive]() mutable noexcept { hook(); });
    CHECK(alive.use_count() == 2);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(first.taken() == 1);
    in.on_ready(second.hook());
    CHECK(alive.use_count() == 1);
    CHECK(second.taken() == 1);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    out.send(1);
    CHECK(first.taken() == 0);
    CHECK(second.taken() == 1);
    CHECK(support::read_values(in).size() == 1);
    in.on_ready(nullptr);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    out.send(2);
    CHECK(second.taken() == 0);
}

TEST_CASE("a hook stays with its consumer where that is moved, and goes with it",
          "[consumer][on_ready]")
{
    ints t{"t"};
    gregor::producer out{t};
    counter told;
    const auto alive = std::make_shared<int>();
    std::optional<reader> in{std::in_place, t, "g"};
    in->on_ready([hook = told.hook(), alive]() mutable noexcept { hook(); });
    auto moved = std::make_unique<reader>(std::move(*in));
    in.reset();
    CHECK(status_of_poll(*moved) == poll_status::timed_out);
    CHECK(told.taken() == 1);
    out.send(1);
    CHECK(told.taken() == 1);
    {
        const auto batch = moved->try_poll();
        REQUIRE(batch.size() == 1);
        moved.reset(); // and the batch outlives it: the hook does not
        CHECK(alive.use_count() == 1);
        out.send(2);
        CHECK(batch.front().value() == 1);
    }
    CHECK(told.taken() == 0);
}

TEST_CASE("a hook that cannot be kept leaves the one before", "[consumer][on_ready]")
{
    ints t{"t"};
    gregor::producer out{t};
    struct breaks {
        breaks() = default;
        breaks(const breaks&) { throw std::runtime_error{"not to be copied"}; }
        breaks& operator=(const breaks&) = delete;
        ~breaks() = default;
        void operator()() const noexcept {}
    };
    reader in{t, "g"};
    counter told;
    in.on_ready(told.hook());
    const breaks never;
    CHECK_THROWS_AS(in.on_ready(never), std::runtime_error);
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(told.taken() == 1);
    out.send(1);
    CHECK(told.taken() == 1);

    const long ways =
        support::fail_each(support::failing::allocation, [&](support::failing_run& run) {
            int calls = 0;
            int others = 0;
            ints own{"own"};
            gregor::producer sender{own};
            reader another{own, "g"};
            another.on_ready([&calls]() noexcept { ++calls; });
            run.gets_through([&] { another.on_ready([&others]() noexcept { ++others; }); });
            while (another.try_poll().status() == poll_status::records) {}
            sender.send(1);
            run.expect(calls == (run.failed() ? 2 : 1), "the one before is called if it is kept");
            run.expect(others == (run.failed() ? 0 : 2), "the new one is if it is not");
        });
    CHECK(ways == 1);
}

TEST_CASE("a consumer is ready when a poll would return at once", "[consumer][ready]")
{
    ints t{"t", {.partitions = 2, .capacity_records = 4}};
    gregor::producer out{t};
    reader in{t, "g"};
    CHECK_FALSE(in.ready());
    out.send(1, {.partition = partition_id{1}});
    CHECK(in.ready());
    CHECK(in.ready());
    CHECK(in.position(partition_id{1}) == 0);
    REQUIRE(in.pause(partition_id{1}));
    CHECK_FALSE(in.ready());
    REQUIRE(in.resume(partition_id{1}));
    CHECK(support::read_values(in).size() == 1);
    CHECK_FALSE(in.ready());
    REQUIRE(in.seek(partition_id{1}, 0));
    CHECK(in.ready());
    CHECK(support::read_values(in).size() == 1);
    CHECK_FALSE(in.ready());
    REQUIRE(in.seek(zero, 7)); // beyond the end
    CHECK(in.ready());
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK_FALSE(in.ready());

    in.wakeup();
    CHECK(in.ready());
    CHECK(status_of_poll(in) == poll_status::woken);
    CHECK_FALSE(in.ready());
    {
        const reader other{t, "g"};
        CHECK(in.ready()); // there is something to do for the group
        CHECK(status_of_poll(in) == poll_status::timed_out);
        CHECK_FALSE(in.ready());
    }
    CHECK(in.ready());
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK_FALSE(in.ready());
    t.close();
    CHECK(in.ready());
    CHECK(status_of_poll(in) == poll_status::closed);
    CHECK(in.ready());
    in.close();
    CHECK(in.ready());
}

TEST_CASE("a consumer is ready to commit what its last poll returned, where it is to do so itself",
          "[consumer][ready]")
{
    ints t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    for (const bool auto_commit : {true, false}) {
        reader in{t, "g", {.auto_commit = auto_commit}};
        out.send(1);
        {
            const auto batch = in.try_poll();
            REQUIRE(batch.size() == 1);
            CHECK_FALSE(in.ready()); // not before it is let go
        }
        CHECK(in.ready() == auto_commit);
        if (!auto_commit) {
            in.commit();
        }
        CHECK(status_of_poll(in) == poll_status::timed_out);
        CHECK_FALSE(in.ready());
    }
}

TEST_CASE("a consumer is ready where a poll would pass over what nobody is given",
          "[consumer][ready]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::producer second{t}; // shared: an abandoned claim leaves a void record
    reader in{t, "g"};
    {
        const auto given_up = out.claim(2);
    }
    CHECK(in.ready());
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(in.position(zero) == 2);
    CHECK_FALSE(in.ready());
}

TEST_CASE("a consumer without an offset is ready, one that lost records too", "[consumer][ready]")
{
    ints t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    reader none{t, "none", {.reset = gregor::auto_offset_reset::none}};
    CHECK(none.ready());
    CHECK(status_of_poll(none) == poll_status::out_of_range);
    none.close();
    reader lossy{t, "lossy", {.lossy = true}};
    CHECK_FALSE(lossy.ready());
    for (int i = 0; i != 9; ++i) {
        out.send(i);
    }
    CHECK(lossy.ready());
    CHECK(lossy.try_poll().missed() == 7);
    CHECK(support::read_values(lossy) == std::vector<int>{8});
    CHECK_FALSE(lossy.ready());
    reader alone{t};
    CHECK_FALSE(alone.ready()); // it was assigned nothing
}

TEST_CASE("a loop that waits for its hook alone misses nothing", "[consumer][on_ready]")
{
    constexpr int each = 3000;
    ints t{"t", {.partitions = 3, .capacity_records = 64, .groups = {"g"}}};
    std::atomic<int> sending{2};
    std::vector<std::thread> senders;
    for (int s = 0; s != 2; ++s) {
        senders.emplace_back([&] {
            gregor::producer out{t};
            for (int i = 0; i != each; ++i) {
                out.send(i);
                if (i % 7 == 0) {
                    std::this_thread::yield();
                }
            }
            if (sending.fetch_sub(1) == 1) {
                t.close();
            }
        });
    }
    doorbell bell;
    reader in{t, "g"};
    in.on_ready([&bell]() noexcept { bell.press(); });
    int seen = 0;
    for (bool ended = false; !ended;) {
        REQUIRE(bell.take());
        for (;;) {
            const auto batch = in.try_poll();
            seen += static_cast<int>(batch.size());
            ended = batch.status() == poll_status::closed;
            if (batch.status() != poll_status::records) {
                break;
            }
        }
    }
    for (auto& thread : senders) {
        thread.join();
    }
    CHECK(seen == 2 * each);
}

TEST_CASE("hooks come and go while others send", "[consumer][on_ready]")
{
    ints t{"t", {.capacity_records = 64, .groups = {"g"}}};
    std::atomic<bool> done{false};
    std::thread sender{[&] {
        gregor::producer out{t};
        while (!done.load(std::memory_order_acquire)) {
            static_cast<void>(out.try_send(1));
        }
    }};
    reader in{t, "g"};
    for (int i = 0; i != 2000; ++i) {
        int calls = 0; // plain: who removes the hook is ordered after its calls
        in.on_ready([&calls]() noexcept { ++calls; });
        for (int polls = 0; polls != 4; ++polls) {
            static_cast<void>(in.try_poll());
        }
        in.on_ready(gregor::no_hook);
        if (calls == 0) {
            FAIL("it was not even called at first");
        }
    }
    done.store(true, std::memory_order_release);
    sender.join();
}
