// SPDX-License-Identifier: MIT
// Producers and consumers in threads: blocked, woken, stopped, late, and many.
#include <gregor/gregor.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "portable/check.hpp"

using namespace std::chrono_literals;
using gregor::partition_id;
using gregor::poll_status;
using gregor::topic;

namespace {

constexpr std::uint64_t records = 5000;

struct item {
    std::uint32_t producer = 0;
    std::uint64_t number = 0;
    std::uint64_t twice = 0; // torn, where it is not

    [[nodiscard]] static item make(std::uint32_t who, std::uint64_t n) { return {who, n, 2 * n}; }
    [[nodiscard]] bool intact() const { return twice == 2 * number; }
};

struct text {
    std::uint32_t producer = 0;
    std::uint64_t number = 0;
    std::string digits;

    [[nodiscard]] static text make(std::uint32_t who, std::uint64_t n)
    {
        return {who, n, "a string that allocates: " + std::to_string(n)};
    }
    [[nodiscard]] bool intact() const
    {
        return digits == "a string that allocates: " + std::to_string(number);
    }
};

/// Sends the numbers in every way there is.
template <class Topic>
void send_numbers(Topic& t, std::uint32_t who)
{
    using value = typename Topic::value_type;
    gregor::producer out{t};
    std::uint64_t next = 0;
    for (unsigned turn = 0; next < records; ++turn) {
        if (turn % 8 == 5) {
            std::vector<value> some;
            for (std::uint64_t i = 0; i != 1 + turn % 7; ++i) {
                some.push_back(value::make(who, next + i));
            }
            next += out.send_batch(std::move(some)).count;
        } else if (turn % 8 == 6) {
            auto claim = out.claim(3, {.partition = partition_id{0}});
            claim.emplace(value::make(who, next));
            claim.emplace(value::make(who, next + 1));
            if (turn % 3 != 0) {
                claim.publish();
                next += 2;
            }
        } else {
            CHECK(out.send(value::make(who, next)));
            ++next;
        }
    }
}

/// Reads to the end of a closed topic: each producer's numbers, in order within each partition.
template <class Topic>
std::uint64_t read_to_end(gregor::consumer<Topic>& in, bool lossless)
{
    std::array<std::array<std::uint64_t, 4>, 4> next{}; // by partition, by producer
    std::uint64_t seen = 0;
    for (;;) {
        const auto batch = in.poll(120s);
        if (batch.status() != poll_status::records) {
            CHECK(batch.status() == poll_status::closed);
            return seen;
        }
        CHECK(!lossless || batch.missed() == 0);
        for (const auto& record : batch) {
            const auto& value = record.value();
            std::uint64_t& expected = next[record.partition().value][value.producer % 4];
            CHECK(value.intact() && value.producer < 4);
            CHECK(value.number >= expected);
            expected = value.number + 1;
            ++seen;
        }
    }
}

/// So many producers, two lossless groups and a lossy reader: nothing is lost, torn or twice.
template <class T, class... Policies>
void many_to_many(std::uint32_t producers, std::uint32_t partitions, std::size_t capacity)
{
    using topic_type = topic<T, Policies...>;
    topic_type t{"t",
                 {.partitions = partitions, .capacity_records = capacity, .groups = {"a", "b"}}};
    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != producers; ++p) {
        senders.emplace_back([&t, p] { send_numbers(t, p); });
    }
    std::array<std::uint64_t, 2> seen{};
    std::vector<std::thread> readers;
    for (std::size_t g = 0; g != 2; ++g) {
        readers.emplace_back([&t, &seen, g] {
            gregor::consumer in{t, g == 0 ? "a" : "b"};
            seen[g] = read_to_end(in, true);
        });
    }
    readers.emplace_back([&t] {
        gregor::consumer in{t, gregor::consumer_options{.lossy = true}};
        in.assign_all();
        CHECK(read_to_end(in, false) != 0);
    });
    for (std::thread& each : senders) {
        each.join();
    }
    t.close();
    for (std::thread& each : readers) {
        each.join();
    }
    // the last turn of a producer may go beyond
    CHECK(seen[0] >= producers * records && seen[0] < producers * (records + 8));
    CHECK(seen[0] == seen[1]);
}

/// To and fro: each send finds the other side asleep, or about to be.
template <class Wait>
void ping_pong(unsigned rounds)
{
    topic<unsigned, Wait> to{"to", {.capacity_records = 2}};
    topic<unsigned, Wait> fro{"fro", {.capacity_records = 2}};
    std::thread echo{[&] {
        gregor::consumer in{to, "g"};
        gregor::producer out{fro};
        for (unsigned i = 0; i != rounds; ++i) {
            const auto batch = in.poll(120s);
            CHECK(batch.size() == 1);
            out.send(batch.empty() ? 0 : batch.front().value());
        }
    }};
    gregor::producer out{to};
    gregor::consumer in{fro, "g"};
    for (unsigned i = 0; i != rounds; ++i) {
        out.send(i);
        const auto batch = in.poll(120s);
        CHECK(batch.size() == 1 && batch.front().value() == i);
    }
    echo.join();
}

void a_blocked_producer_is_woken()
{
    topic<item, gregor::wait::sleep> t{"t", {.capacity_records = 2, .groups = {"g"}}};
    std::thread sender{[&] {
        gregor::producer out{t};
        for (std::uint64_t i = 0; i != 200; ++i) {
            CHECK(out.send_for(item::make(0, i), 120s));
        }
        t.close();
    }};
    gregor::consumer in{t, "g"};
    CHECK(read_to_end(in, true) == 200);
    CHECK(t.wait_drained(120s));
    sender.join();
}

void waits_end()
{
    topic<int, gregor::wait::sleep> t{"t"};
    gregor::consumer in{t, "g"};
    const auto start = std::chrono::steady_clock::now();
    CHECK(in.poll(30ms).status() == poll_status::timed_out);
    CHECK(std::chrono::steady_clock::now() - start >= 15ms);

    std::thread waker{[&] {
        std::this_thread::sleep_for(20ms);
        in.wakeup();
    }};
    CHECK(in.poll().status() == poll_status::woken);
    waker.join();
#if GREGOR_STOP_TOKEN
    std::stop_source stop;
    std::thread stopper{[&] {
        std::this_thread::sleep_for(20ms);
        stop.request_stop();
    }};
    CHECK(in.poll(stop.get_token()).status() == poll_status::stopped);
    stopper.join();
#endif
    std::thread closer{[&] {
        std::this_thread::sleep_for(20ms);
        t.close();
    }};
    CHECK(in.poll(120s).status() == poll_status::closed);
    closer.join();
}

} // namespace

void portable::test_threads()
{
    many_to_many<item, gregor::producers::single>(1, 1, 64);
    many_to_many<item>(1, 4, 32);
    many_to_many<item>(2, 1, 16);
    many_to_many<item, gregor::wait::sleep>(2, 2, 8);
    many_to_many<text>(2, 1, 16);
    many_to_many<text, gregor::wait::yield>(3, 4, 8);
    ping_pong<gregor::wait::adaptive>(500);
    ping_pong<gregor::wait::sleep>(500);
    ping_pong<gregor::wait::yield>(500);
    ping_pong<gregor::wait::spin>(50);
    a_blocked_producer_is_woken();
    waits_end();
}
