// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"

// What is opened allocates: each allocation fails in turn, and nobody may notice but the one who
// asked.

using gregor::consumer;
using gregor::partition_id;
using gregor::producer;
using gregor::topic;
using support::fail_each;
using support::failing;
using support::failing_run;
using support::live_blocks;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};
constexpr partition_id two{2};
/// Longer than what a string keeps in itself.
const std::string risk = "a group whose name is rather long";
const std::string audit = "another group, with a long name as well";

using numbers = topic<std::uint64_t>;
using values = std::vector<std::uint64_t>;

/// As many records as three rings hold go through each partition: nobody holds producers back.
template <class Topic>
bool nobody_is_in_the_way(Topic& t, producer<Topic>& out)
{
    bool through = true;
    for (std::uint32_t p = 0; p != t.partitions(); ++p) {
        for (std::size_t i = 0; i != 3 * t.capacity_records(); ++i) {
            through = through && static_cast<bool>(out.try_send({}, {.partition = {p}}));
        }
    }
    return through;
}

/// Records of three partitions, whose last digit says of which: each partition's in their order.
values by_partition(values read)
{
    std::stable_sort(read.begin(), read.end(),
                     [](std::uint64_t a, std::uint64_t b) { return a % 10 < b % 10; });
    return read;
}

/// How many cursors and leases a partition has, those at rest too.
template <class Topic>
std::size_t places(const Topic& t, partition_id p)
{
    std::size_t count = 0;
    t.state()->at(p).log.protocol().gate().visit([&](const auto&, bool) { ++count; });
    return count;
}

/// Somebody sleeps until there is room, and would sleep on if he were not told of any.
template <class Topic>
class sleeping_producer {
public:
    explicit sleeping_producer(const Topic& t)
        : event_(t.state()->room_made), ticket_(event_.announce())
    {
    }
    [[nodiscard]] bool was_told() { return event_.sleep(ticket_, std::chrono::nanoseconds{0}); }

private:
    typename Topic::state_type::event& event_;
    typename Topic::state_type::event::ticket ticket_;
};

} // namespace

TEST_CASE("a topic that cannot be made for want of memory says so, and leaves nothing",
          "[nth_failure]")
{
    const auto made = fail_each(failing::allocation, [](failing_run& run) {
        std::optional<numbers> t;
        run.gets_through([&] {
            t.emplace("a topic whose name is rather long",
                      gregor::topic_options{
                          .partitions = 3, .capacity_records = 4, .groups = {risk, audit}});
        });
    });
    CHECK(made > 10);
}

TEST_CASE("create returns an error where memory is short, and throws nothing", "[nth_failure]")
{
    fail_each(failing::allocation, [](failing_run& run) {
        std::string name = "a topic whose name is rather long";
        const gregor::topic_options options{
            .partitions = 3, .capacity_records = 4, .groups = {risk, audit}};
        run.gets_through([&] { return numbers::create(std::move(name), options).has_value(); });
        run.expect(!run.threw_bad_alloc(), "topic::create returns its errors");
    });
    fail_each(failing::allocation, [](failing_run& run) {
        run.gets_through([&] { return numbers::create("without options").has_value(); });
        run.expect(!run.threw_bad_alloc(), "topic::create returns its errors");
    });
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"a topic whose name is rather long"};
        const gregor::consumer_options options{.instance_id = "a name that is rather long, too"};
        run.gets_through([&] { return consumer<numbers>::create(t, risk, options).has_value(); });
        run.expect(!run.threw_bad_alloc(), "consumer::create returns its errors");
    });
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"a topic whose name is rather long", {.partitions = 3, .capacity_records = 4}};
        producer first{t};
        run.gets_through([&] { return producer<numbers>::create(t).has_value(); });
        run.expect(!run.threw_bad_alloc(), "producer::create returns its errors");
    });
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"a topic whose name is rather long", {.partitions = 3, .capacity_records = 4}};
        run.gets_through([&] { return consumer<numbers>::create(t, risk).has_value(); });
        run.expect(!run.threw_bad_alloc(), "consumer::create returns its errors");
    });
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"a topic whose name is rather long"};
        run.gets_through([&] { return consumer<numbers>::create(t).has_value(); });
        run.expect(!run.threw_bad_alloc(), "consumer::create returns its errors");
    });
}

TEST_CASE("a first producer that cannot be made leaves its place to the next", "[nth_failure]")
{
    using sole = topic<std::uint64_t, gregor::producers::single>;
    fail_each(failing::allocation, [](failing_run& run) {
        sole t{"t", {.partitions = 3, .capacity_records = 4}};
        consumer in{t, "g"};
        std::optional<producer<sole>> out;
        if (!run.gets_through([&] { out.emplace(t); })) {
            out.emplace(t);
        }
        out->send(7);
        run.expect(support::read_values(in) == values{7}, "a producer sends");
    });
}

TEST_CASE("a second producer that cannot be made leaves the first one and all records alone",
          "[nth_failure]")
{
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"t", {.partitions = 3, .capacity_records = 4}};
        producer first{t};
        consumer in{t, "g"};
        for (const partition_id p : {zero, one, two}) {
            first.send(p.value, {.partition = p});
        }
        std::optional<producer<numbers>> second;
        const bool made = run.gets_through([&] { second.emplace(t); });
        for (const partition_id p : {zero, one, two}) {
            run.expect(first.send(10 + p.value, {.partition = p}).offset() == 1,
                       "the first producer goes on where it was");
        }
        run.expect(by_partition(support::read_values(in)) == values{0, 10, 1, 11, 2, 12},
                   "all arrive, once");
        if (!made) {
            second.emplace(t);
        }
        for (const partition_id p : {zero, one, two}) {
            run.expect(second->send(20 + p.value, {.partition = p}).offset() == 2,
                       "the next attempt sends");
            run.expect(first.send(30 + p.value, {.partition = p}).offset() == 3,
                       "the first goes on, too");
        }
        run.expect(by_partition(support::read_values(in)) == values{20, 30, 21, 31, 22, 32},
                   "all arrive, once");
        run.expect(!nobody_is_in_the_way(t, first), "the group is waited for");
    });
}

TEST_CASE("a consumer that cannot join leaves no group, no place, and nobody in the way",
          "[nth_failure]")
{
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"t", {.partitions = 3, .capacity_records = 4}};
        producer out{t};
        std::optional<consumer<numbers>> in;
        sleeping_producer asleep{t};
        if (!run.gets_through([&] { in.emplace(t, risk); })) {
            run.expect(asleep.was_told() || places(t, zero) == 0, "producers are told");
            run.expect(nobody_is_in_the_way(t, out), "nobody holds producers back");
            run.expect(t.state()->groups.empty(), "there is no group");
            // its loss is not decided by the one who did not get in
            in.emplace(t, risk, gregor::consumer_options{.lossy = true});
        }
        for (const partition_id p : {zero, one, two}) {
            run.expect(places(t, p) == 2, "a partition has one cursor and one lease");
        }
    });
}

TEST_CASE("a work queue's group that could not be joined does not keep others out", "[nth_failure]")
{
    using jobs = topic<std::uint64_t, gregor::groups::one>;
    fail_each(failing::allocation, [](failing_run& run) {
        jobs t{"t", {.partitions = 2, .capacity_records = 4}};
        producer out{t};
        std::optional<consumer<jobs>> in;
        if (!run.gets_through([&] { in.emplace(t, risk); })) {
            in.emplace(t, audit);
        }
        out.send(7);
        run.expect(support::read_values(*in) == values{7}, "a worker reads");
    });
}

TEST_CASE("a consumer that cannot join a group leaves its committed offsets alone", "[nth_failure]")
{
    for (const bool declared : {false, true}) {
        fail_each(failing::allocation, [declared](failing_run& run) {
            gregor::topic_options options{.partitions = 3, .capacity_records = 4};
            if (declared) {
                options.groups = {risk};
            }
            numbers t{"t", options};
            producer out{t};
            out.send(1, {.partition = one});
            {
                consumer before{t, risk};
                run.expect(support::read_values(before) == values{1}, "a member reads, and goes");
            }
            out.send(2, {.partition = one});
            std::optional<consumer<numbers>> in;
            if (!run.gets_through([&] { in.emplace(t, risk); })) {
                run.expect(!t.state()->groups.empty(), "the group is there");
                in.emplace(t, risk);
            }
            run.expect(in->committed(one) == 1, "the committed offset is kept");
            run.expect(support::read_values(*in) == values{2}, "it goes on where it was");
            in.reset();
            run.expect(nobody_is_in_the_way(t, out) != declared, "declared groups are waited for");
            run.expect(places(t, two) == 2, "a partition has one cursor and one lease");
        });
    }
}

TEST_CASE("an assignment that fails leaves the one before, and nobody in the way", "[nth_failure]")
{
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"t", {.partitions = 4, .capacity_records = 4}};
        producer out{t};
        consumer in{t};
        in.assign({partition_id{3}});
        out.send(1, {.partition = {3}});
        run.expect(support::read_values(in) == values{1}, "it reads what it was assigned first");
        sleeping_producer asleep{t};
        if (!run.gets_through([&] { in.assign({zero, one, two}); })) {
            run.expect(asleep.was_told() || places(t, zero) == 0, "producers are told");
            run.expect(in.assignment() == std::vector<partition_id>{{3}}, "it is still assigned");
            for (const partition_id p : {zero, one, two}) {
                for (std::uint64_t i = 0; i != 12; ++i) {
                    run.expect(static_cast<bool>(out.try_send(i, {.partition = p})),
                               "nobody holds producers back where nothing was assigned");
                }
            }
            out.send(2, {.partition = {3}});
            run.expect(support::read_values(in) == values{2}, "it goes on where it was");
            in.assign({zero, one, two});
        }
        run.expect(in.assignment() == std::vector<partition_id>{zero, one, two}, "it is assigned");
        for (const partition_id p : {zero, one, two}) {
            run.expect(places(t, p) == 2, "a partition has one cursor and one lease");
        }
        in.assign({zero});
        in.assign_all();
        run.expect(places(t, zero) <= 4, "places serve again");
    });
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"t", {.partitions = 2}};
        consumer in{t};
        if (!run.gets_through([&] { in.assign_all(); })) {
            run.expect(in.assignment().empty(), "nothing is assigned");
            in.assign_all();
        }
        run.expect(in.assignment().size() == 2, "it is assigned");
    });
}

TEST_CASE("what only looks may fail, and look again", "[nth_failure]")
{
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"a topic whose name is rather long", {.partitions = 3, .capacity_records = 4}};
        producer out{t};
        consumer in{t, risk};
        for (const partition_id p : {zero, one, two}) {
            while (out.try_send(1, {.partition = p})) {}
        }
        gregor::explanation why;
        if (!run.gets_through([&] { why = t.explain(); })) {
            why = t.explain();
        }
        run.expect(why.holders.size() == 3, "everybody is named");
    });
    fail_each(failing::allocation, [](failing_run& run) {
        numbers t{"t", {.partitions = 3}};
        consumer in{t, risk};
        std::vector<partition_id> mine;
        if (!run.gets_through([&] { mine = in.assignment(); })) {
            mine = in.assignment();
        }
        run.expect(mine.size() == 3, "all is assigned");
    });
}
