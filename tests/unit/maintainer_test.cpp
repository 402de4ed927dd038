// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/maintainer.hpp>
#include <gregor/mmap_log.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

#if !defined(_WIN32)
#    include "support/death.hpp"
#    include "support/no_threads.hpp"
#endif

using namespace std::chrono_literals;
using gregor::errc;
using gregor::maintainer;
using gregor::partition_id;

using support::eventually;

namespace {

constexpr partition_id zero{0};

using manual = gregor::manual_clock;
using timed_ints = gregor::topic<int, gregor::time_source<manual>>;

template <class Topic>
std::size_t members_of(Topic& topic)
{
    const auto groups = gregor::group_admin{topic}.list();
    return groups.empty() ? 0 : groups.front().members;
}

/// A clock that says how often it was asked for the time of day, which a round of a log does once,
/// and whether it was asked for the time since: who waits for the next round knows then until when.
struct watched_clock {
    static constexpr bool runs = false;

    struct state {
        std::mutex mutex;
        std::chrono::nanoseconds now{0};
        int rounds = 0;
        bool waits = false;
    };
    std::shared_ptr<state> shared = std::make_shared<state>();

    void advance(std::chrono::nanoseconds by) const
    {
        const std::lock_guard lock{shared->mutex};
        shared->now += by;
    }
    [[nodiscard]] bool waits_after(int rounds) const
    {
        const std::lock_guard lock{shared->mutex};
        return shared->waits && shared->rounds == rounds;
    }
    [[nodiscard]] std::chrono::nanoseconds steady_now() const
    {
        const std::lock_guard lock{shared->mutex};
        shared->waits = true;
        return shared->now;
    }
    [[nodiscard]] gregor::timestamp_t system_now() const
    {
        const std::lock_guard lock{shared->mutex};
        ++shared->rounds;
        shared->waits = false;
        return gregor::timestamp_t{};
    }
};

} // namespace

TEST_CASE("a maintainer takes their partitions from members that stay away", "[maintainer]")
{
    manual clock;
    timed_ints t{"t", {}, clock};
    gregor::consumer stalled{t, "g", {.max_poll_interval = 10s}};
    static_cast<void>(stalled.try_poll());
    const maintainer keeps{t, 1s};
    clock.advance(9s);
    std::this_thread::sleep_for(10ms); // it may be at it; there is nothing to take
    CHECK(members_of(t) == 1);
    CHECK(eventually([&] {
        clock.advance(1s); // it may begin to wait only now
        return members_of(t) == 0;
    }));
    CHECK(support::status_of_poll(stalled) == gregor::poll_status::fenced);
}

TEST_CASE("a nudge begins a round at once, whatever the interval is", "[maintainer]")
{
    manual clock;
    timed_ints t{"t", {}, clock};
    const auto interval = GENERATE(as<std::chrono::nanoseconds>{}, gregor::no_timeout, 1h);
    maintainer keeps{t, interval};
    for (int i = 0; i != 3; ++i) {
        gregor::consumer stalled{t, "g", {.max_poll_interval = 10s}};
        static_cast<void>(stalled.try_poll());
        REQUIRE(members_of(t) == 1);
        REQUIRE(eventually([&] { // one round sees who is there, one later who has not moved since
            clock.advance(10s);
            keeps.nudge();
            return members_of(t) == 0;
        }));
    }
}

TEST_CASE("a nudge wakes a maintainer that sleeps for good", "[maintainer]")
{
    gregor::topic<int> t{"t"}; // by the system's clock nobody looks in between
    maintainer keeps{t, gregor::no_timeout};
    gregor::consumer stalled{t, "g", {.max_poll_interval = 1ms}};
    static_cast<void>(stalled.try_poll());
    CHECK(eventually([&] {
        std::this_thread::sleep_for(2ms);
        keeps.nudge();
        return members_of(t) == 0;
    }));
}

TEST_CASE("a maintainer with an impossible interval is refused", "[maintainer]")
{
    gregor::topic<int> t{"t"};
    const auto none = maintainer::create(t, 0ns);
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().code() == errc::invalid_option);
    CHECK(none.error().operation() == "maintainer of topic \"t\"");
    CHECK(none.error().expected() == "an interval above 0");
    CHECK(none.error().found() == "0 ns");
    CHECK_THROWS_AS((maintainer{t, -1s}), gregor::error);
}

TEST_CASE("a maintainer is moved, ends when it goes, and may outlive its topic", "[maintainer]")
{
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<maintainer>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<maintainer>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<maintainer>);
    manual clock;
    std::optional<timed_ints> t{std::in_place, "t", gregor::topic_options{}, clock};
    const auto state = t->state();
    const auto others = state->holders.value();
    maintainer keeps{*t, gregor::no_timeout};
    maintainer moved = std::move(keeps);
    CHECK(state->holders.value() == others + 1);
    moved = maintainer{*t, gregor::no_timeout}; // the first thread has ended, asleep as it was
    CHECK(state->holders.value() == others + 1);
    gregor::consumer stalled{*t, "g", {.max_poll_interval = 10s}};
    static_cast<void>(stalled.try_poll());
    t.reset();
    CHECK(eventually([&] {
        clock.advance(10s);
        moved.nudge();
        const std::lock_guard lock{state->mutex};
        return state->groups.front().members.empty();
    }));
    {
        const maintainer last = std::move(moved);
    }
}

TEST_CASE("any threads nudge a maintainer, and it ends between their topics' records",
          "[maintainer]")
{
    gregor::topic<int> t{"t", {.capacity_records = 1 << 12}};
    gregor::consumer in{t, "g"};
    std::vector<std::thread> all;
    std::size_t read = 0;
    {
        maintainer keeps{t, 1ms};
        for (int i = 0; i != 2; ++i) {
            all.emplace_back([&] {
                gregor::producer out{t};
                for (int n = 0; n != 1000; ++n) {
                    static_cast<void>(out.send(n));
                    keeps.nudge();
                }
            });
        }
        while (read != 2000) {
            read += in.poll().size();
        }
        for (auto& each : all) {
            each.join();
        }
    }
    CHECK(read == 2000);
}

TEST_CASE("a maintainer that cannot have memory is an error, and there is none",
          "[maintainer][nth_failure]")
{
    gregor::topic<int> t{"t"};
    long n = 0;
    for (bool failed = true; failed;) {
        const long before = support::live_blocks();
        {
            const support::failing_allocation fuse{++n};
            try {
                const maintainer keeps{t, 1h};
                failed = false;
            } catch (const gregor::error& e) {
                const support::failing_allocation none{0};
                CHECK(e.code() == errc::out_of_memory);
            }
        }
        // what is handed over to a thread is freed there
        CHECK((!failed || support::live_blocks() == before));
    }
    CHECK(n >= 3); // itself, and what its thread begins with
}

#if GREGOR_FILES

TEST_CASE("a maintainer makes lasting what the interval says, when nobody sends any more",
          "[maintainer][durable]")
{
    using log_topic =
        gregor::topic<support::trade, gregor::storage::mmap_log, gregor::time_source<manual>>;
    const support::scratch_directory folder;
    manual clock;
    auto options = support::log_in(folder);
    options.log.flush = gregor::flush_policy::interval;
    options.log.flush_interval = 10s;
    options.log.prepare_bytes = 0;
    clock.advance(1h);
    log_topic t{"trades", options, clock};
    const maintainer keeps{t, 1s};
    gregor::producer out{t};
    CHECK(out.send(support::trade::number(0))); // lasting, if it comes before the first round
    CHECK(out.send(support::trade::number(1)));
    CHECK(t.durable_offset(zero) < 2);
    CHECK(eventually([&] {
        clock.advance(1s);
        return t.durable_offset(zero) == 2;
    }));
}

TEST_CASE("a maintainer has a round at once, one after each interval, and one for each nudge",
          "[maintainer][durable]")
{
    using log_topic = gregor::topic<support::trade, gregor::storage::mmap_log,
                                    gregor::time_source<watched_clock>>;
    const support::scratch_directory folder;
    const watched_clock clock;
    auto options = support::log_in(folder);
    options.log.prepare_bytes = 0;
    log_topic t{"trades", options, clock};
    maintainer keeps{t, 10s};
    int rounds = 1;
    const auto waits = [&] { return eventually([&] { return clock.waits_after(rounds); }); };
    REQUIRE(waits());
    while (rounds != 4) {
        clock.advance(9999ms);
        std::this_thread::sleep_for(5ms);
        REQUIRE(clock.waits_after(rounds));
        clock.advance(1ms);
        ++rounds;
        REQUIRE(waits());
    }
    keeps.nudge();
    ++rounds;
    CHECK(waits());
}

TEST_CASE("a maintainer makes room ahead of the producers", "[maintainer][durable]")
{
    using log_topic = gregor::topic<support::trade, gregor::storage::mmap_log>;
    const support::scratch_directory folder;
    auto options = support::log_in(folder);
    options.log.prepare_bytes = 3 * support::segment * 32;
    log_topic t{"trades", options};
    const maintainer keeps{t, 1ms};
    const auto& log = t.state()->at(zero).log;
    CHECK(eventually([&] { return log.has_room(3 * support::segment); }));
    gregor::producer out{t};
    for (std::uint64_t n = 0; n != 5 * support::segment; ++n) {
        REQUIRE(out.send(support::trade::number(n)));
    }
    CHECK(eventually([&] { return log.has_room(3 * support::segment); }));
}

TEST_CASE("a log on disk is open until its maintainer has gone, too", "[maintainer][durable]")
{
    using log_topic = gregor::topic<support::trade, gregor::storage::mmap_log>;
    const support::scratch_directory folder;
    auto options = support::log_in(folder);
    options.log.prepare_bytes = 0;
    const auto open = [&] { return log_topic::create("trades", options); };
    {
        std::optional<log_topic> t{std::move(open().value())};
        const maintainer keeps{*t};
        t.reset();
        CHECK(open().error().code() == errc::locked);
    }
    CHECK(open().has_value());
}

#endif

#if !defined(_WIN32)

TEST_CASE("a maintainer is not destroyed by a hook that it calls", "[maintainer][death]")
{
    CHECK(support::dies_saying("a maintainer cannot be destroyed by a hook that it calls", [] {
        manual clock;
        timed_ints t{"t", {}, clock};
        gregor::consumer stalled{t, "g", {.max_poll_interval = 10s}};
        static_cast<void>(stalled.try_poll());
        std::optional<maintainer> keeps{std::in_place, t, 1s};
        stalled.on_ready([&, here = std::this_thread::get_id()]() noexcept {
            if (std::this_thread::get_id() != here) {
                keeps.reset();
            }
        });
        static_cast<void>(stalled.try_poll()); // arms it
        static_cast<void>(eventually([&] {
            clock.advance(10s);
            return false;
        }));
    }));
}

// Sanitizers look at the stacks that they are told of.
#    if defined(__GLIBC__) && !GREGOR_TSAN && !defined(__SANITIZE_ADDRESS__)
TEST_CASE("a maintainer's thread that cannot be had is an error", "[maintainer][death]")
{
    CHECK(support::comes_to_an_end([] {
        gregor::topic<int> t{"t"};
        // no room for another stack
        support::start_no_more_threads();
        std::vector<maintainer> all; // as many as there are stacks of threads that are gone
        all.reserve(100);
        while (all.size() != 100) {
            auto next = maintainer::create(t);
            if (!next) {
                ::_exit(next.error().code() == errc::no_thread ? 0 : 1);
            }
            all.push_back(*std::move(next));
        }
        ::_exit(2);
    }));
}
#    endif

#endif
