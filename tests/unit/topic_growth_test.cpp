// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

// Partitions that are added while a topic is in use.

using namespace std::chrono_literals;
using gregor::auto_offset_reset;
using gregor::errc;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::topic;
using support::status_of_poll;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};
constexpr partition_id two{2};

using ints = topic<int>;
using producer = gregor::producer<ints>;
using reader = gregor::consumer<ints>;
using values = std::vector<int>;
using partitions = std::vector<partition_id>;

/// Everything goes to the partition that was added last.
struct last {
    template <class Request>
    partition_id operator()(const Request& request)
    {
        return partition_id{request.partitions() - 1};
    }
};

/// A key that others hear of.
std::function<void(int)> when_asked;
int itself(const int& i)
{
    if (when_asked) {
        when_asked(i);
    }
    return i;
}

/// What cannot be added, and the sentence that says so.
void expect_refused(ints& t, std::uint32_t more, errc code, std::string_view part)
{
    const std::uint32_t before = t.partitions();
    const auto added = t.add_partitions(more);
    REQUIRE_FALSE(added);
    CHECK(added.error().code() == code);
    INFO(added.error().what());
    CHECK(std::string_view{added.error().what()}.find(part) != std::string_view::npos);
    CHECK(t.partitions() == before);
}

} // namespace

TEST_CASE("partitions are numbered on, have the topic's capacity, and are empty", "[topic][growth]")
{
    ints t{"t", {.partitions = 2, .capacity_records = 8}};
    CHECK(*t.add_partitions(3) == two);
    CHECK(t.partitions() == 5);
    CHECK(*t.add_partitions(1) == partition_id{5});
    producer out{t};
    for (int i = 0; i != 8; ++i) {
        CHECK(out.send(i, {.partition = {4}}).offset() == static_cast<gregor::offset_t>(i));
    }
    reader in{t};
    in.assign_all();
    CHECK(in.assignment().size() == 6);
    CHECK(support::read_values(in) == values{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("what cannot be added is refused, and nothing changes", "[topic][growth]")
{
    ints t{"trades", {.partitions = 65535, .capacity_records = 2}};
    expect_refused(t, 0, errc::invalid_option,
                   "partitions added to topic \"trades\": expected 1 to 1 more");
    expect_refused(t, 2, errc::invalid_option, "found 2");
    expect_refused(t, ~std::uint32_t{0}, errc::invalid_option, "found 4294967295");
    CHECK(t.add_partitions(1));
    expect_refused(t, 1, errc::invalid_option, "expected none more");
    t.close();
    expect_refused(t, 1, errc::topic_closed, "expected an open topic, found a closed one");
}

TEST_CASE("a partition that is not there is named in vain, before and after others are added",
          "[topic][growth]")
{
    ints t{"t"};
    producer out{t};
    CHECK(support::dies_saying("there is no partition of this number",
                               [&] { static_cast<void>(out.send(1, {.partition = one})); }));
    static_cast<void>(t.add_partitions(1));
    CHECK(out.send(1, {.partition = one}));
    CHECK(support::dies_saying("there is no partition of this number",
                               [&] { static_cast<void>(out.send(1, {.partition = two})); }));
}

TEST_CASE("keys go where the new number of partitions says", "[topic][growth]")
{
    topic<int, gregor::key<std::string>> t{"t"};
    gregor::producer out{t};
    CHECK(out.send(1, {.key = "foobar"}).partition() == zero);
    CHECK(t.add_partitions(3));
    CHECK(out.send(1, {.key = "foobar"}).partition() == two);
    CHECK(out.send(1, {.key = "abc"}).partition() == partition_id{3});
    CHECK(t.add_partitions(2));
    CHECK(out.send(1, {.key = "foobar"}).partition() == zero);
    CHECK(out.send(1, {.key = "abc"}).partition() == partition_id{3});
}

TEST_CASE("records without a key come to the new partitions, too", "[topic][growth]")
{
    ints t{"t", {.capacity_records = 1U << 15U}};
    producer out{t};
    CHECK(t.add_partitions(3));
    for (int i = 0; i != 256 * 100; ++i) {
        REQUIRE(out.send(i));
    }
    for (std::uint32_t p = 0; p != 4; ++p) {
        CHECK(t.end_offset({p}) > 256);
    }

    topic<int, gregor::partitioner::round_robin> in_turn{"t", {.partitions = 2}};
    gregor::producer turning{in_turn};
    CHECK(turning.send(1).partition() == zero);
    CHECK(in_turn.add_partitions(1));
    CHECK(turning.send(2).partition() == one);
    CHECK(turning.send(3).partition() == two);
    CHECK(turning.send(4).partition() == zero);
}

TEST_CASE("a partitioner of the user's is told of the partitions that there are now",
          "[topic][growth]")
{
    topic<int, gregor::partition_by<last>> t{"t", {.partitions = 2}};
    gregor::producer out{t};
    CHECK(out.send(1).partition() == one);
    CHECK(t.add_partitions(2));
    CHECK(out.send(1).partition() == partition_id{3});
    CHECK(out.claim(1).partition() == partition_id{3});
}

TEST_CASE("a batch is routed by the partitions that there are when it is sent", "[topic][growth]")
{
    struct row {
        std::string key;
    };
    topic<row, gregor::keyed_by<&row::key>> t{"t"};
    gregor::producer out{t};
    REQUIRE(out.send(row{"abc"}));
    CHECK(t.add_partitions(3));
    const std::vector<row> rows{{"abc"}, {"foobar"}, {"foobar"}, {"21"}};
    CHECK(out.send_batch(rows).count == 4);
    CHECK(t.end_offset(zero) == 2);
    CHECK(t.end_offset(one) == 0);
    CHECK(t.end_offset(two) == 2);
    CHECK(t.end_offset({3}) == 1);
}

TEST_CASE("a batch in which the topic grows is sent whole, each record where it belongs",
          "[topic][growth]")
{
    topic<int, gregor::keyed_by<itself>> t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    when_asked = [&](int i) {
        if (i == 3 && t.partitions() == 2) {
            static_cast<void>(t.add_partitions(5));
        }
    };
    const values many{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    CHECK(out.send_batch(many).count == many.size());
    when_asked = nullptr;
    REQUIRE(t.partitions() == 7);
    const auto of = [](int i, std::uint32_t n) {
        return gregor::partition_of(gregor::key_bytes<int>::of(i), n);
    };
    std::size_t found = 0;
    for (auto batch = in.try_poll(); !batch.empty(); batch.let_go(), batch = in.try_poll()) {
        for (const auto& record : batch) {
            ++found;
            CHECK(record.partition() == of(record.value(), record.value() <= 3 ? 2 : 7));
        }
    }
    CHECK(found == many.size());
}

TEST_CASE("a claim that is open while the topic grows is published as any other", "[topic][growth]")
{
    ints t{"t", {.capacity_records = 4, .groups = {"g"}}};
    producer out{t};
    auto claim = out.claim(2);
    claim.emplace(1);
    CHECK(t.add_partitions(40));
    claim.emplace(2);
    CHECK(claim.publish().partition() == zero);
    CHECK(out.send(3, {.partition = {40}}));
    auto orphan = out.claim(1, {.partition = one});
    {
        const producer gone = std::move(out);
    }
    CHECK(t.add_partitions(1));
    orphan.emplace(4);
    CHECK(orphan.publish());
    reader in{t, "g"};
    CHECK(support::read_values(in) == values{1, 2, 4, 3});
}

TEST_CASE("a group that reads the topic gets what is added, from its beginning on",
          "[topic][growth]")
{
    ints t{"t"};
    producer out{t};
    REQUIRE(out.send(-1));
    reader in{t, "g", {.reset = auto_offset_reset::latest}};
    reader strict{t, "strict", {.reset = auto_offset_reset::none}};
    CHECK(t.add_partitions(2));
    REQUIRE(out.send(1, {.partition = one}));
    REQUIRE(out.send(2, {.partition = two}));
    CHECK(support::read_values(in) == values{1, 2});
    CHECK(in.assignment() == partitions{zero, one, two});
    CHECK(status_of_poll(strict) == poll_status::out_of_range); // in its first one
    strict.seek(zero, 1);
    CHECK(support::read_values(strict) == values{1, 2});
}

TEST_CASE("what is added is shared out among the members, and nothing is taken from them",
          "[topic][growth]")
{
    ints t{"t", {.partitions = 2}};
    producer out{t};
    reader a{t, "g"};
    reader b{t, "g"};
    const auto before_a = a.assignment();
    const auto before_b = b.assignment();
    CHECK(t.add_partitions(2));
    CHECK(a.try_poll().empty());
    CHECK(b.try_poll().empty());
    CHECK(a.assignment().size() == 2);
    CHECK(b.assignment().size() == 2);
    CHECK(a.assignment().front() == before_a.front());
    CHECK(b.assignment().front() == before_b.front());
}

TEST_CASE("a listener is told of the partitions that were added", "[topic][growth]")
{
    struct : gregor::rebalance_listener {
        partitions told;
        void on_assigned(std::span<const partition_id> p) override
        {
            told.insert(told.end(), p.begin(), p.end());
        }
    } notes;
    ints t{"t"};
    reader in{t, "g", {.listener = &notes}};
    CHECK(in.try_poll().empty());
    CHECK(t.add_partitions(2));
    CHECK(notes.told == partitions{zero});
    CHECK(in.try_poll().empty());
    CHECK(notes.told == partitions{zero, one, two});
}

TEST_CASE("a group that holds producers back does so in what is added, before anybody reads it",
          "[topic][growth]")
{
    ints t{"t", {.capacity_records = 4, .groups = {"declared"}}};
    producer out{t};
    CHECK(t.add_partitions(1));
    for (int i = 0; i != 4; ++i) {
        REQUIRE(out.try_send(i, {.partition = one}));
    }
    CHECK(out.try_send(4, {.partition = one}).status() == send_status::full);
    CHECK(t.explain().to_string().find("\"declared\"") != std::string::npos);
    reader late{t, "declared", {.reset = auto_offset_reset::latest}};
    CHECK(support::read_values(late) == values{0, 1, 2, 3});
}

TEST_CASE("a group with members holds back what they have not taken yet", "[topic][growth]")
{
    ints t{"t", {.capacity_records = 4}};
    producer out{t};
    reader in{t, "g"};
    CHECK(t.add_partitions(1));
    for (int i = 0; i != 4; ++i) {
        REQUIRE(out.try_send(i, {.partition = one}));
    }
    CHECK(out.try_send(4, {.partition = one}).status() == send_status::full);
    CHECK(support::read_values(in) == values{0, 1, 2, 3});
    in.close();
    CHECK(out.try_send(4, {.partition = one}));
}

TEST_CASE("a group whose members were all fenced holds back what is added", "[topic][growth]")
{
    const gregor::manual_clock clock;
    topic<int, gregor::time_source<gregor::manual_clock>> t{"t", {.capacity_records = 2}, clock};
    auto now = clock;
    gregor::producer out{t};
    const gregor::consumer_options options{.reset = auto_offset_reset::latest,
                                           .max_poll_interval = 1s};
    gregor::consumer stalled{t, "g", options};
    CHECK_FALSE(t.maintain());
    now.advance(2s);
    REQUIRE(t.maintain());
    CHECK(t.add_partitions(1));
    REQUIRE(out.try_send(1, {.partition = one}));
    REQUIRE(out.try_send(2, {.partition = one}));
    CHECK_FALSE(out.try_send(3, {.partition = one}));
    CHECK(stalled.try_poll().status() == poll_status::fenced);
    CHECK(support::read_values(stalled) == values{1, 2});
}

TEST_CASE("a dormant group comes back to what was added by its reset policy", "[topic][growth]")
{
    for (const bool latest : {false, true}) {
        ints t{"t", {.capacity_records = 4}};
        producer out{t};
        {
            const reader gone{t, "g"};
        }
        CHECK(t.add_partitions(1));
        for (int i = 0; i != 6; ++i) {
            REQUIRE(out.try_send(i, {.partition = one}));
        }
        reader back{
            t, "g", {.reset = latest ? auto_offset_reset::latest : auto_offset_reset::earliest}};
        CHECK(support::read_values(back) == (latest ? values{} : values{2, 3, 4, 5}));
    }
}

TEST_CASE("a lossy group begins at the beginning of what is added, and holds nobody back",
          "[topic][growth]")
{
    ints t{"t", {.capacity_records = 4}};
    producer out{t};
    const gregor::consumer_options options{.lossy = true, .reset = auto_offset_reset::latest};
    reader in{t, "screen", options};
    CHECK(t.add_partitions(2));
    REQUIRE(out.try_send(1, {.partition = one}));
    REQUIRE(out.try_send(2, {.partition = one}));
    CHECK(support::read_values(in) == values{1, 2});
    CHECK(t.add_partitions(1));
    for (int i = 0; i != 6; ++i) {
        REQUIRE(out.try_send(i, {.partition = {3}}));
    }
    CHECK(support::read_values(in).empty()); // the beginning is gone: latest, and told so
    REQUIRE(out.try_send(7, {.partition = {3}}));
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    CHECK(batch.front().value() == 7);
    CHECK(batch.missed() == 6);
}

TEST_CASE("a consumer without a group keeps what it assigned", "[topic][growth]")
{
    ints t{"t"};
    producer out{t};
    reader in{t};
    in.assign_all();
    CHECK(t.add_partitions(1));
    REQUIRE(out.send(1, {.partition = one}));
    CHECK(support::read_values(in).empty());
    CHECK(in.assignment() == partitions{zero});
    in.assign_all();
    CHECK(support::read_values(in) == values{1});
}

TEST_CASE("a work queue grows, and each job is taken once", "[topic][growth]")
{
    topic<int, gregor::groups::one> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "workers"};
    CHECK(t.add_partitions(1));
    REQUIRE(out.send(1, {.partition = one}));
    REQUIRE(out.send(2, {.partition = zero}));
    int sum = 0;
    for (int i = 0; i != 2; ++i) {
        for (auto record : in.poll()) {
            sum += record.take();
        }
    }
    CHECK(sum == 3);
    CHECK(in.try_poll().empty());
}

TEST_CASE("a topic of one producer grows", "[topic][growth]")
{
    topic<int, gregor::producers::single> t{"t"};
    gregor::consumer in{t, "g"};
    {
        gregor::producer out{t};
        CHECK(t.add_partitions(1));
        REQUIRE(out.send(1, {.partition = one}));
    }
    CHECK(t.add_partitions(1));
    gregor::producer out{t};
    REQUIRE(out.send(2, {.partition = two}));
    CHECK(support::read_values(in) == values{1, 2});
}

TEST_CASE("producers share what is added while they share the topic", "[topic][growth]")
{
    ints t{"t"};
    producer first{t};
    std::optional<producer> second{std::in_place, t};
    CHECK(t.add_partitions(1));
    CHECK(t.state()->at(one).log.protocol().shared());
    second.reset();
    CHECK(t.add_partitions(1)); // while there is one
    CHECK_FALSE(t.state()->at(two).log.protocol().shared());
    REQUIRE(first.send(1, {.partition = two}));
    second.emplace(t);
    CHECK(t.state()->at(two).log.protocol().shared());
    REQUIRE(first.send(2, {.partition = two}));
    REQUIRE(second->send(3, {.partition = two}));
    REQUIRE(second->send(4, {.partition = one}));
    REQUIRE(first.send(5, {.partition = one}));
    reader in{t, "g"};
    CHECK(support::read_values(in) == values{4, 5, 1, 2, 3});
}

TEST_CASE("a producer that waits for room goes on in a partition that is added", "[topic][growth]")
{
    ints t{"t", {.capacity_records = 2, .groups = {"g"}}};
    producer out{t};
    REQUIRE(out.send(1));
    REQUIRE(out.send(2));
    CHECK(out.try_send(3).status() == send_status::full);
    std::atomic<bool> begun{false};
    gregor::sent went{zero, send_status::full};
    std::thread sender{[&] {
        begun.store(true, std::memory_order_release);
        went = out.send_for(3, support::patience);
    }};
    while (!begun.load(std::memory_order_acquire)) {
        std::this_thread::yield();
    }
    std::this_thread::sleep_for(2ms);
    CHECK(t.add_partitions(1));
    sender.join();
    CHECK(went.status() == send_status::ok);
    CHECK(went.partition() == one);
    CHECK(out.send_batch(values{4}).count == 1);
    CHECK(t.end_offset(one) == 2);
}

TEST_CASE("a member that waits for records gets those of a partition that is added",
          "[topic][growth]")
{
    ints t{"t"};
    reader in{t, "g"};
    values read;
    std::thread member{[&] {
        for (const auto& record : in.poll(support::patience)) {
            read.push_back(record.value());
        }
    }};
    std::this_thread::sleep_for(2ms);
    CHECK(t.add_partitions(1));
    producer out{t};
    REQUIRE(out.send(7, {.partition = one}));
    member.join();
    CHECK(read == values{7});
}

TEST_CASE("a topic that has grown closes with all its partitions, and drains them",
          "[topic][growth]")
{
    ints t{"t"};
    producer out{t};
    reader in{t, "g"};
    CHECK(t.add_partitions(1));
    REQUIRE(out.send(1, {.partition = one}));
    t.close();
    CHECK(out.send(2, {.partition = one}).status() == send_status::closed);
    CHECK(out.send(2, {.partition = zero}).status() == send_status::closed);
    CHECK_FALSE(t.wait_drained(0ns));
    CHECK(support::read_values(in) == values{1});
    CHECK(status_of_poll(in) == poll_status::closed);
    CHECK(t.wait_drained(0ns));
}

TEST_CASE("partitions that cannot be added for want of memory leave the topic as it was",
          "[topic][growth][nth_failure]")
{
    const std::string risk = "a group whose name is rather long";
    const std::string screen = "another group, with a long name as well";
    const long steps = support::fail_each(support::failing::allocation, [&](auto& run) {
        ints t{"a topic whose name is rather long",
               {.partitions = 3, .capacity_records = 4, .groups = {risk}}};
        producer first{t};
        producer second{t};
        reader in{t, risk};
        reader looking{t, screen, {.lossy = true, .reset = auto_offset_reset::latest}};
        const bool added = run.gets_through([&] { return t.add_partitions(2).has_value(); });
        run.expect(!run.threw_bad_alloc(), "add_partitions returns its errors");
        run.expect(t.partitions() == (added ? 5U : 3U), "all are added, or none");
        for (std::uint32_t p = 0; p != t.partitions(); ++p) {
            run.expect(first.send(1, {.partition = {p}}) && second.send(2, {.partition = {p}}),
                       "what is there takes records");
        }
        run.expect(support::read_values(in).size() == 2 * t.partitions(), "they are read");
        run.expect(support::read_values(looking).size() == 2 * t.partitions(), "by all");
        run.expect(t.add_partitions(4).value().value == (added ? 5U : 3U),
                   "the next attempt adds them");
        run.expect(static_cast<bool>(first.send(3, {.partition = {6}})), "they take records");
        run.expect(support::read_values(in).size() == 1, "they are read");
    });
    CHECK(steps > 10);
}

TEST_CASE("a send for which memory is short goes where it can, and one that cannot loses nothing",
          "[topic][growth][nth_failure]")
{
    support::fail_each(support::failing::allocation, [](auto& run) {
        topic<int, gregor::key<std::string>> t{"t"};
        gregor::producer out{t};
        static_cast<void>(t.add_partitions(3));
        gregor::sent went{zero, send_status::full};
        const bool through = run.gets_through([&] { went = out.send(1, {.key = "foobar"}); });
        run.expect(through && went.status() == send_status::ok, "it is sent");
        run.expect(out.send(1, {.key = "foobar"}).partition() == two, "later it goes by the key");
    });
    const long steps = support::fail_each(support::failing::allocation, [](auto& run) {
        ints t{"t"};
        producer out{t};
        static_cast<void>(t.add_partitions(3));
        if (!run.gets_through([&] { static_cast<void>(out.send(1, {.partition = two})); })) {
            run.expect(t.end_offset(two) == 0, "nothing was sent");
            run.expect(static_cast<bool>(out.send(1, {.partition = zero})), "it sends on");
        }
        run.expect(static_cast<bool>(out.send(1, {.partition = two})), "it is sent");
    });
    CHECK(steps == 1);
}
