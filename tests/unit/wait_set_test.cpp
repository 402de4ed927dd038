// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::poll_status;
using gregor::topic;
using gregor::wait_set;
using gregor::wait_status;
using support::status_of_poll;

namespace gregor::inline GREGOR_ABI {

std::ostream& operator<<(std::ostream& out, wait_status status)
{
    return out << "wait_status " << static_cast<int>(status);
}

} // namespace gregor::inline GREGOR_ABI

namespace {

using ints = topic<int>;
using words = topic<std::string, gregor::wait::sleep>;
using int_reader = gregor::consumer<ints>;
using word_reader = gregor::consumer<words>;

/// Two topics of different types, and a consumer of each in a set.
struct scene {
    ints numbers{"numbers", {.partitions = 2, .capacity_records = 4}};
    words texts{"texts", {.capacity_records = 4}};
    gregor::producer<ints> numbers_out{numbers};
    gregor::producer<words> texts_out{texts};
    int_reader numbers_in{numbers, "g"};
    word_reader texts_in{texts, "g"};
    wait_set set;
    wait_set::key first = set.add(numbers_in);
    wait_set::key second = set.add(texts_in);
};

} // namespace

TEST_CASE("a wait set says which of its consumers have something to poll for", "[wait_set]")
{
    scene s;
    CHECK(s.set.size() == 2);
    CHECK(s.first != s.second);
    CHECK(s.set.wait(0ns).status() == wait_status::timed_out);
    CHECK(s.set.wait(1us).status() == wait_status::timed_out);
    s.texts_out.send("a");
    {
        const auto ready = s.set.wait();
        CHECK(ready.status() == wait_status::ready);
        CHECK(ready.size() == 1);
        CHECK(ready.contains(s.second));
        CHECK_FALSE(ready.contains(s.first));
    }
    s.numbers_out.send(1);
    {
        // what is not polled is told again
        const auto ready = s.set.wait();
        CHECK(std::vector<wait_set::key>(ready.begin(), ready.end()) ==
              std::vector<wait_set::key>{s.first, s.second});
    }
    CHECK(support::read_values(s.texts_in).size() == 1);
    CHECK(s.set.wait().contains(s.first));
    CHECK(support::read_values(s.numbers_in).size() == 1);
    CHECK(s.set.wait(-1s).empty());
}

TEST_CASE("a set that sleeps is woken by a record of any of its topics", "[wait_set]")
{
    scene s;
    constexpr int each = 500;
    std::thread sender{[&] {
        for (int i = 0; i != each; ++i) {
            s.numbers_out.send(i);
            if (i % 5 == 0) {
                std::this_thread::sleep_for(200us); // let it fall asleep
            }
            s.texts_out.send("x");
        }
        s.numbers.close();
        s.texts.close();
    }};
    std::size_t numbers = 0;
    std::size_t texts = 0;
    while (!s.set.empty()) {
        const auto ready = s.set.wait(support::patience);
        REQUIRE(ready.status() == wait_status::ready);
        const bool first = ready.contains(s.first);
        const bool second = ready.contains(s.second);
        if (first) {
            const auto batch = s.numbers_in.try_poll();
            numbers += batch.size();
            if (batch.status() == poll_status::closed) {
                CHECK(s.set.remove(s.first));
            }
        }
        if (second) {
            const auto batch = s.texts_in.try_poll();
            texts += batch.size();
            if (batch.status() == poll_status::closed) {
                CHECK(s.set.remove(s.second));
            }
        }
    }
    sender.join();
    CHECK(numbers == each);
    CHECK(texts == each);
}

TEST_CASE("a set that falls asleep at once is woken by a record", "[wait_set]")
{
    ints t{"t"};
    gregor::producer out{t};
    int_reader in{t, "g"};
    gregor::basic_wait_set<gregor::ring::std_env, gregor::wait::sleep> set;
    set.add(in);
    constexpr int rounds = 20;
    std::atomic<int> asked{0};
    std::thread sender{[&] {
        for (int i = 0; i != rounds; ++i) {
            while (asked.load(std::memory_order_acquire) != i + 1) {
                std::this_thread::yield();
            }
            std::this_thread::sleep_for(2ms); // it sleeps by then, as a rule
            out.send(i);
        }
    }};
    for (int i = 0; i != rounds; ++i) {
        asked.store(i + 1, std::memory_order_release);
        CHECK(set.wait(support::patience).status() == wait_status::ready);
        CHECK(support::read_values(in) == std::vector<int>{i});
    }
    sender.join();
}

TEST_CASE("news of a group, a consumer's wakeup and the end are something to poll for",
          "[wait_set]")
{
    scene s;
    {
        const int_reader other{s.numbers, "g"};
        CHECK(s.set.wait().contains(s.first));
        CHECK(status_of_poll(s.numbers_in) == poll_status::timed_out);
        CHECK(s.set.wait(0ns).empty());
    }
    CHECK(s.set.wait().contains(s.first));
    CHECK(status_of_poll(s.numbers_in) == poll_status::timed_out);
    s.texts_in.wakeup();
    CHECK(s.set.wait().contains(s.second));
    CHECK(status_of_poll(s.texts_in) == poll_status::woken);
    CHECK(s.set.wait(0ns).empty());
    s.texts.close();
    CHECK(s.set.wait().contains(s.second));
    CHECK(status_of_poll(s.texts_in) == poll_status::closed);
    CHECK(s.set.wait().contains(s.second)); // it does not pass
    CHECK(s.set.remove(s.second));
    CHECK_FALSE(s.set.remove(s.second));
    CHECK(s.set.wait(0ns).empty());
    s.numbers_in.close();
    CHECK(s.set.wait().contains(s.first));
}

TEST_CASE("a set's wakeup ends the wait of now, or the next one, once", "[wait_set]")
{
    scene s;
    s.numbers_out.send(1);
    s.set.wakeup();
    s.set.wakeup();
    const auto woken = s.set.wait();
    CHECK(woken.status() == wait_status::woken);
    CHECK(woken.empty());
    CHECK(s.set.wait().status() == wait_status::ready);
    CHECK(support::read_values(s.numbers_in).size() == 1);
    wait_status how = wait_status::ready;
    std::thread waits{[&] { how = s.set.wait(support::patience).status(); }};
    std::this_thread::sleep_for(2ms);
    s.set.wakeup();
    waits.join();
    CHECK(how == wait_status::woken);
}

#if GREGOR_STOP_TOKEN
TEST_CASE("a triggered token ends a wait", "[wait_set][stop]")
{
    scene s;
    for (const bool timed : {false, true}) {
        std::stop_source source;
        wait_status how = wait_status::ready;
        std::thread waits{[&, stop = source.get_token()] {
            how = timed ? s.set.wait(support::patience, stop).status() : s.set.wait(stop).status();
        }};
        std::this_thread::sleep_for(2ms);
        source.request_stop();
        waits.join();
        CHECK(how == wait_status::stopped);
        // triggered before: it waits for nothing, and tells what there is
        CHECK(s.set.wait(source.get_token()).status() == wait_status::stopped);
        s.numbers_out.send(1);
        CHECK(s.set.wait(source.get_token()).contains(s.first));
        CHECK(support::read_values(s.numbers_in).size() == 1);
    }
}
#endif

TEST_CASE("a consumer may move, be in several sets, and have a hook", "[wait_set]")
{
    ints t{"t"};
    gregor::producer out{t};
    int calls = 0;
    auto in = std::make_unique<int_reader>(t, "g");
    wait_set one;
    wait_set two;
    const auto first = one.add(*in);
    const auto second = two.add(*in);
    in->on_ready([&calls]() noexcept { ++calls; });
    int_reader moved{std::move(*in)};
    in.reset();
    CHECK(status_of_poll(moved) == poll_status::timed_out);
    out.send(1);
    CHECK(one.wait().contains(first));
    CHECK(two.wait().contains(second));
    CHECK(calls == 2);
    CHECK(support::read_values(moved).size() == 1);
    CHECK(one.wait(1us).empty());
    CHECK(two.wait(1us).empty());
    CHECK(one.remove(first));
    out.send(2);
    CHECK(two.wait().contains(second));
}

TEST_CASE("a consumer that goes leaves its sets", "[wait_set]")
{
    scene s;
    auto guest = std::make_unique<int_reader>(s.numbers, "h");
    wait_set other;
    const auto here = s.set.add(*guest);
    const auto there = other.add(*guest);
    CHECK(s.set.wait(1us).empty()); // it is armed
    guest.reset();
    CHECK(s.set.size() == 2);
    CHECK(other.empty());
    CHECK_FALSE(s.set.remove(here));
    CHECK_FALSE(other.remove(there));
    s.numbers_out.send(1);
    CHECK(s.set.wait().size() == 1);

    // another one that is moved over it takes its place, but not in the set
    int_reader next{s.numbers, "h"};
    const auto again = other.add(next);
    CHECK(again != there);
    next = int_reader{s.numbers, "i"};
    CHECK(other.empty());

    // with a batch in hand, which stays
    guest = std::make_unique<int_reader>(s.numbers, "j");
    other.add(*guest);
    const auto batch = guest->try_poll();
    REQUIRE(batch.size() == 1);
    guest.reset();
    CHECK(other.empty());
    s.numbers_out.send(2);
    CHECK(batch.front().value() == 1);
}

TEST_CASE("a set may go before its consumers, while others send", "[wait_set]")
{
    ints t{"t", {.capacity_records = 64}};
    std::atomic<bool> done{false};
    std::thread sender{[&] {
        gregor::producer out{t};
        while (!done.load(std::memory_order_acquire)) {
            out.send(1);
        }
    }};
    int_reader in{t, "g", {.lossy = true}};
    for (int i = 0; i != 500; ++i) {
        wait_set set;
        const auto key = set.add(in);
        REQUIRE(set.wait(support::patience).contains(key));
        while (in.try_poll().status() == poll_status::records) {}
        static_cast<void>(set.wait(1us));
    }
    done.store(true, std::memory_order_release);
    sender.join();
}

TEST_CASE("a member that is waited for by a set is alive, and looks after the others",
          "[wait_set][members]")
{
    using timed_ints = topic<int, gregor::time_source<gregor::manual_clock>>;
    gregor::manual_clock clock;
    timed_ints t{"t", {.partitions = 2}, clock};
    gregor::consumer in{t, "g", {.max_poll_interval = 8ms}};
    gregor::consumer other{t, "g", {.max_poll_interval = 8ms}};
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(status_of_poll(other) == poll_status::timed_out);
    CHECK(in.assignment().size() == 1);
    wait_set set;
    set.add(in);
    // It wakes every two milliseconds of the system's clock; the other one's time goes by in steps.
    std::atomic<bool> done{false};
    std::thread time{[&] {
        while (!done.load(std::memory_order_acquire)) {
            std::this_thread::sleep_for(1ms);
            clock.advance(2ms);
        }
    }};
    CHECK(set.wait(support::patience).status() == wait_status::ready); // the other one was fenced
    done.store(true, std::memory_order_release);
    time.join();
    CHECK(status_of_poll(in) == poll_status::timed_out);
    CHECK(in.assignment().size() == 2);
    CHECK(status_of_poll(other) == poll_status::fenced);
}

TEST_CASE("a set that finds no memory for a consumer is as before", "[wait_set]")
{
    const long ways =
        support::fail_each(support::failing::allocation, [&](support::failing_run& run) {
            ints t{"t"};
            gregor::producer out{t};
            int_reader in{t, "g"};
            int_reader next{t, "h"};
            wait_set set;
            const auto first = set.add(in);
            wait_set::key second;
            const bool added = run.gets_through([&] { second = set.add(next); });
            out.send(1);
            const auto ready = set.wait();
            run.expect(ready.contains(first), "who was there is told");
            run.expect(ready.size() == (added ? 2U : 1U), "who was not added is not");
            run.expect(!added || ready.contains(second), "who was is");
        });
    CHECK(ways >= 1);
}

TEST_CASE("what a wait set is not made for ends the process, and says why", "[wait_set]")
{
    CHECK(support::dies_saying("wait was called on a set without consumers", [] {
        wait_set set;
        static_cast<void>(set.wait());
    }));
    CHECK(support::dies_saying("the consumer is in the wait set already", [] {
        ints t{"t"};
        int_reader in{t, "g"};
        wait_set set;
        set.add(in);
        int_reader moved{std::move(in)};
        set.add(moved);
    }));
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<wait_set>);
    STATIC_REQUIRE_FALSE(std::is_move_constructible_v<wait_set>);
    STATIC_REQUIRE(noexcept(std::declval<wait_set&>().wakeup()));
    STATIC_REQUIRE(noexcept(std::declval<wait_set&>().remove({})));
}

#if GREGOR_CHECKED
TEST_CASE("one wait set used by two threads at once ends the process, where it is looked for",
          "[wait_set]")
{
    CHECK(support::dies_saying("one wait set is used by two threads at once", [] {
        scene s;
        std::thread waits{[&] { static_cast<void>(s.set.wait()); }};
        for (;;) {
            std::this_thread::sleep_for(1ms);
            static_cast<void>(s.set.wait(0ns));
        }
        waits.join();
    }));
}
#endif
