// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using namespace std::chrono_literals;
using gregor::broker;
using gregor::errc;
using gregor::topic;

namespace modules {

struct trade {
    int id = 0;
};
struct order {
    int id = 0;
};

} // namespace modules

template <>
inline constexpr std::string_view gregor::type_name<modules::order> = "order/2";

namespace {

using modules::order;
using modules::trade;
using trades = topic<trade>;
using orders = topic<order, gregor::timestamps>;
using timed = topic<int, gregor::time_source<gregor::manual_clock>>;
using names = std::vector<std::string>;

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

/// Says something to the broker when it goes, as a record may.
struct talker {
    explicit talker(const broker* its = nullptr) noexcept : whom(its) {}
    talker(talker&& other) noexcept : whom(std::exchange(other.whom, nullptr)) {}
    talker& operator=(talker&& other) noexcept
    {
        std::swap(whom, other.whom);
        return *this;
    }
    ~talker()
    {
        if (whom != nullptr) {
            static_cast<void>(whom->list());
        }
    }
    const broker* whom;
};

/// A clock that lets something happen while a topic is made: when it is moved into it.
struct clock_with_a_hook {
    static constexpr bool runs = true;

    clock_with_a_hook() = default;
    explicit clock_with_a_hook(std::function<void()> then) : hook(std::move(then)) {}
    clock_with_a_hook(const clock_with_a_hook&) = default;
    clock_with_a_hook(clock_with_a_hook&& other) : hook(std::exchange(other.hook, nullptr))
    {
        if (const auto now = std::exchange(hook, nullptr)) {
            now();
        }
    }
    [[nodiscard]] static std::chrono::nanoseconds steady_now() noexcept { return {}; }
    [[nodiscard]] static gregor::timestamp_t system_now() noexcept { return {}; }

    std::function<void()> hook;
};
using hooked = topic<int, gregor::time_source<clock_with_a_hook>>;

} // namespace

TEST_CASE("a topic is found by its name, and is one topic", "[broker]")
{
    broker b;
    const auto made = b.create<trades>("trades", {.partitions = 2});
    const auto found = b.open<trades>("trades");
    CHECK(made == found);
    CHECK(found->name() == "trades");
    gregor::producer out{*made};
    gregor::consumer in{*found, "readers"};
    REQUIRE(out.send(trade{7}));
    CHECK(support::read_values(in).front().id == 7);
    CHECK(b.list() == names{"trades"});
}

TEST_CASE("names are listed in order", "[broker]")
{
    broker b;
    CHECK(b.list().empty());
    for (const char* name : {"b", "a", "c", "B", "a.b"}) {
        b.create<trades>(name);
    }
    CHECK(b.list() == names{"B", "a", "a.b", "b", "c"});
    CHECK_FALSE(b.remove("b"));
    CHECK(b.list() == names{"B", "a", "a.b", "c"});
}

TEST_CASE("a name that is there already is refused, whatever its type", "[broker]")
{
    broker b;
    const auto there = b.create<trades>("t");
    const auto again = b.try_create<trades>("t");
    REQUIRE_FALSE(again);
    CHECK(again.error().code() == errc::topic_exists);
    CHECK(contains(again.error().what(), "\"t\""));
    CHECK(b.try_create<orders>("t").error().code() == errc::topic_exists);
    CHECK_THROWS_AS(b.create<trades>("t"), gregor::error);
    CHECK(b.open<trades>("t") == there);
}

TEST_CASE("opening with another type names both", "[broker]")
{
    broker b;
    b.create<trades>("t");
    const auto other = b.try_open<orders>("t");
    REQUIRE_FALSE(other);
    CHECK(other.error().code() == errc::other_type);
    CHECK(other.error().expected() == "topic<modules::trade>");
    CHECK(other.error().found() == "topic<order/2, gregor::timestamps>");
    CHECK(b.try_open_or_create<orders>("t").error().code() == errc::other_type);
    CHECK(b.try_open<topic<trade, gregor::wait::sleep>>("t").error().code() == errc::other_type);
    CHECK(b.try_open<topic<trade, gregor::wait::adaptive>>("t")); // the default: the same topic
    CHECK_THROWS_AS(b.open<orders>("t"), gregor::error);
}

TEST_CASE("types that are spelled alike are still told apart", "[broker]")
{
    constexpr auto by_id = [](const trade& t) { return t.id; };
    constexpr auto by_minus_id = [](const trade& t) { return -t.id; };
    using one = topic<trade, gregor::keyed_by<by_id>>;
    using another = topic<trade, gregor::keyed_by<by_minus_id>>;
    static_assert(!std::is_same_v<one, another>);
    broker b;
    b.create<one>("t");
    CHECK(b.try_open<one>("t"));
    const auto other = b.try_open<another>("t");
    REQUIRE_FALSE(other);
    CHECK(other.error().code() == errc::other_type);
    CHECK(other.error().expected() != other.error().found());
}

TEST_CASE("an unknown topic is an error that says what there is", "[broker]")
{
    broker b;
    const auto none = b.try_open<trades>("trade");
    REQUIRE_FALSE(none);
    CHECK(none.error().code() == errc::unknown_topic);
    CHECK(contains(none.error().what(), "\"trade\""));
    CHECK(none.error().found() == "none");
    b.create<trades>("trades");
    b.create<orders>("orders");
    CHECK(b.try_open<trades>("trade").error().found() == "none, but \"orders\", \"trades\"");
    CHECK_THROWS_AS(b.open<trades>("trade"), gregor::error);
    CHECK(b.describe("trade").error().code() == errc::unknown_topic);
    CHECK(b.remove("trade")->code() == errc::unknown_topic);
    for (int i = 0; i != 10; ++i) {
        b.create<trades>("t" + std::to_string(i));
    }
    CHECK(contains(b.remove("trade")->found(), "and 4 others"));
}

TEST_CASE("names follow Kafka's rules", "[broker]")
{
    broker b;
    for (const std::string& name :
         {std::string{"a"}, std::string{"A.b_c-9"}, std::string{"..."}, std::string(249, 'x')}) {
        CHECK(b.try_create<trades>(name));
    }
    for (const std::string& name : {std::string{}, std::string{"."}, std::string{".."},
                                    std::string{"a b"}, std::string{"a/b"}, std::string{"\xc3\xa4"},
                                    std::string{"a\0b", 3}, std::string(250, 'x')}) {
        const auto refused = b.try_create<trades>(name);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == errc::invalid_name);
        CHECK(contains(refused.error().what(), "1 to 249"));
        CHECK(b.try_open_or_create<trades>(name).error().code() == errc::invalid_name);
    }
    CHECK(contains(b.try_create<trades>(std::string(250, 'x')).error().found(), "250 characters"));
    CHECK(b.list().size() == 4);
}

TEST_CASE("impossible options are refused, and the name stays free", "[broker]")
{
    broker b;
    CHECK(b.try_create<trades>("t", {.partitions = 0}).error().code() == errc::invalid_option);
    CHECK(b.list().empty());
    CHECK(b.try_create<trades>("t"));
}

TEST_CASE("open_or_create does the one or the other", "[broker]")
{
    broker b;
    const auto made = b.open_or_create<trades>("t", {.partitions = 3});
    const auto found = b.open_or_create<trades>("t", {.partitions = 5});
    CHECK(made == found);
    CHECK(found->partitions() == 3);
}

TEST_CASE("a description says what there is, and who uses it", "[broker]")
{
    broker b;
    const auto t = b.create<orders>("orders", {.partitions = 2, .capacity_records = 4});
    gregor::producer out{*t};
    gregor::consumer in{*t, "risk"};
    gregor::consumer alone{*t};
    for (int i = 0; i != 3; ++i) {
        REQUIRE(out.send(order{i}, {.partition = {1}}));
    }
    auto all = b.describe("orders");
    REQUIRE(all);
    const gregor::topic_description& d = *all;
    CHECK(d.name == "orders");
    CHECK(d.type == "topic<order/2, gregor::timestamps>");
    CHECK(d.capacity_records == 4);
    CHECK_FALSE(d.closed);
    CHECK(d.usage.handles == 1);
    CHECK(d.usage.producers == 1);
    CHECK(d.usage.consumers == 2);
    REQUIRE(d.partitions.size() == 2);
    CHECK(d.partitions[0].end == 0);
    CHECK(d.partitions[1].partition == gregor::partition_id{1});
    CHECK(d.partitions[1].begin == 0);
    CHECK(d.partitions[1].end == 3);
    CHECK(d.groups == names{"risk"});
    t->close();
    CHECK(b.describe("orders")->closed);
    CHECK(b.open<orders>("orders")->closed()); // what is there can still be read
}

TEST_CASE("a topic in use is not removed, and the error says by whom", "[broker]")
{
    broker b;
    auto t = b.create<trades>("t");
    const auto refused = [&](std::string_view who) {
        const auto why = b.remove("t");
        return why && why->code() == errc::in_use && contains(why->found(), who) && !t->closed();
    };
    CHECK(refused("1 handle, 0 producers, 0 consumers"));
    gregor::producer out{*t};
    const gregor::consumer in{*t, "g"};
    const gregor::consumer second{*t, "g"};
    auto copy = t;
    CHECK(refused("2 handles, 1 producer, 2 consumers"));
    copy.reset();
    REQUIRE(out.send(trade{1}));
    CHECK(refused("1 handle, 1 producer, 2 consumers"));
}

TEST_CASE("each user alone keeps a topic from being removed", "[broker]")
{
    broker b;
    const auto refused = [&](std::string_view who) {
        const auto why = b.remove("t");
        return why && contains(why->found(), who) && b.list() == names{"t"};
    };
    b.create<trades>("t");
    {
        const gregor::producer out{*b.open<trades>("t")};
        CHECK(refused("0 handles, 1 producer, 0 consumers"));
    }
    {
        std::optional<gregor::producer<trades>> out{*b.open<trades>("t")};
        const auto claim = out->claim(1);
        out.reset();
        CHECK(refused("0 handles, 1 producer, 0 consumers"));
    }
    {
        const gregor::consumer in{*b.open<trades>("t")};
        CHECK(refused("0 handles, 0 producers, 1 consumer"));
    }
    {
        gregor::producer{*b.open<trades>("t")}.send(trade{1});
        auto in = std::make_unique<gregor::consumer<trades>>(*b.open<trades>("t"), "g");
        const auto batch = in->try_poll();
        REQUIRE(batch.size() == 1);
        in.reset();
        CHECK(refused("0 handles, 0 producers, 1 consumer"));
    }
    CHECK_FALSE(b.remove("t"));
    CHECK(b.list().empty());
    // the name is free, for another type too
    CHECK(b.try_create<orders>("t"));
}

TEST_CASE("removal waits for the users to go, by the topic's clock", "[broker]")
{
    gregor::manual_clock clock;
    broker b;
    auto t = b.create<timed>("t", {}, clock);
    std::optional<gregor::error> why;
    {
        std::atomic<bool> done{false};
        std::thread remover{[&] {
            why = b.remove("t", 1s);
            done = true;
        }};
        while (!done) { // it may look at the clock for the first time at any moment
            std::this_thread::sleep_for(1ms);
            clock.advance(1s);
        }
        remover.join();
        REQUIRE(why);
        CHECK(why->code() == errc::in_use);
        CHECK_FALSE(t->closed());
        CHECK(b.list().size() == 1);
    }
    {
        std::thread remover{[&] { why = b.remove("t", gregor::no_timeout); }};
        std::this_thread::sleep_for(3ms);
        t.reset();
        remover.join();
        CHECK_FALSE(why);
        CHECK(b.list().empty());
    }
}

TEST_CASE("of two that wait to remove one topic, one does, and neither hangs", "[broker]")
{
    broker b;
    auto t = b.create<trades>("t");
    std::optional<gregor::error> why[2];
    std::thread one{[&] { why[0] = b.remove("t", gregor::no_timeout); }};
    std::thread other{[&] { why[1] = b.remove("t", gregor::no_timeout); }};
    std::this_thread::sleep_for(2ms);
    t.reset();
    one.join();
    other.join();
    REQUIRE(why[0].has_value() != why[1].has_value());
    CHECK((why[0] ? why[0] : why[1])->code() == errc::unknown_topic);
}

TEST_CASE("of many that create one name at once one does", "[broker]")
{
    for (int round = 0; round != 50; ++round) {
        broker b;
        std::vector<std::thread> threads;
        std::vector<std::shared_ptr<trades>> opened(4);
        std::vector<int> made(4);
        for (std::size_t i = 0; i != 4; ++i) {
            threads.emplace_back([&, i] {
                made[i] = b.try_create<trades>("t").has_value() ? 1 : 0;
                opened[i] = b.open_or_create<trades>("t");
                static_cast<void>(b.list());
                static_cast<void>(b.describe("t"));
            });
        }
        for (auto& each : threads) {
            each.join();
        }
        CHECK(made[0] + made[1] + made[2] + made[3] == 1);
        CHECK((opened[0] == opened[1] && opened[1] == opened[2] && opened[2] == opened[3]));
    }
}

TEST_CASE("who makes a topic finds the one that another has made meanwhile", "[broker]")
{
    broker b;
    std::shared_ptr<hooked> first;
    const auto be_faster = [&] { first = b.create<hooked>("t"); };
    const auto refused = b.try_create<hooked>("t", {}, clock_with_a_hook{be_faster});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == errc::topic_exists);
    first.reset();
    REQUIRE_FALSE(b.remove("t"));
    auto second = b.try_open_or_create<hooked>("t", {}, clock_with_a_hook{be_faster});
    REQUIRE(second);
    CHECK(*second == first);
    CHECK(b.list() == names{"t"});

    broker other;
    const auto by_another_type = [&] { static_cast<void>(other.create<trades>("t")); };
    const auto not_its =
        other.try_open_or_create<hooked>("t", {}, clock_with_a_hook{by_another_type});
    REQUIRE_FALSE(not_its);
    CHECK(not_its.error().code() == errc::other_type);
}

TEST_CASE("topics come and go while others look for them", "[broker]")
{
    broker b;
    std::vector<std::thread> threads;
    std::vector<int> wrong(3);
    for (std::size_t i = 0; i != 3; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round != 300; ++round) {
                auto t = b.open_or_create<trades>("t", {.capacity_records = 4});
                gregor::producer out{*t};
                t.reset();
                // while it lives, nobody removes and closes the topic
                wrong[i] += out.try_send(trade{round}).status() == gregor::send_status::closed;
                wrong[i] += b.remove("t").has_value() ? 0 : 1;
                {
                    const auto gone = std::move(out);
                }
                static_cast<void>(b.remove("t", std::chrono::nanoseconds{round % 2}));
            }
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    CHECK(wrong == std::vector<int>(3));
}

TEST_CASE("a broker that goes closes its topics and wakes who waits; handles outlive it",
          "[broker]")
{
    std::optional<broker> b{std::in_place};
    const auto t = b->create<trades>("t", {.capacity_records = 2, .groups = {"slow"}});
    const auto u = b->create<orders>("u");
    gregor::producer out{*t};
    REQUIRE(out.send(trade{1}));
    REQUIRE(out.send(trade{2}));
    gregor::consumer waits{*u, "g"};
    gregor::poll_status polled{};
    gregor::send_status sent{};
    std::thread sender{[&] { sent = out.send(trade{3}).status(); }};
    std::thread reader{[&] { polled = waits.poll().status(); }};
    std::this_thread::sleep_for(2ms);
    b.reset();
    sender.join();
    reader.join();
    CHECK(sent == gregor::send_status::closed);
    CHECK(polled == gregor::poll_status::closed);
    gregor::consumer slow{*t, "slow"};
    CHECK(support::read_values(slow).size() == 2); // what is there is still read
    CHECK(t->closed());
    CHECK(t->name() == "t");
}

TEST_CASE("records that ask the broker something as they go do not hang it", "[broker]")
{
    CHECK(support::comes_to_an_end([] {
        using talkers = topic<talker>;
        broker b;
        gregor::producer{*b.create<talkers>("t")}.send(talker{&b});
        if (b.remove("t") || !b.list().empty()) {
            std::abort();
        }
    }));
}

TEST_CASE("without memory nothing is made, opened or removed, and the next attempt succeeds",
          "[broker][nth_failure]")
{
    using support::failing;
    const std::string name = "a-topic-whose-name-is-longer-than-a-string-keeps-in-itself";
    support::fail_each(failing::allocation, [&](support::failing_run& run) {
        broker b;
        if (!run.gets_through([&] { return b.try_create<trades>(name).has_value(); })) {
            run.expect(b.list().empty(), "there is no topic");
            run.expect(b.try_create<trades>(name).has_value(), "it can be made");
        }
        run.expect(!run.threw_bad_alloc(), "try_create returns its errors");
        run.expect(b.open<trades>(name) != nullptr, "it is found");
    });
    support::fail_each(failing::allocation, [&](support::failing_run& run) {
        broker b;
        b.create<trades>(name);
        run.gets_through([&] {
            static_cast<void>(b.describe(name));
            static_cast<void>(b.list());
            static_cast<void>(b.open_or_create<trades>(name));
            static_cast<void>(b.try_open<orders>(name));
        });
        run.expect(b.list().size() == 1, "it is still there");
    });
    support::fail_each(failing::allocation, [&](support::failing_run& run) {
        broker b;
        const auto used = b.create<trades>(name);
        run.gets_through([&] { static_cast<void>(b.remove(name)); });
        run.expect(b.list().size() == 1, "it is still there");
    });
}
