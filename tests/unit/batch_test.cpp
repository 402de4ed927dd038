// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::topic;

namespace {

using ints = topic<int>;
using ints_batch = gregor::batch<ints>;

template <class B>
concept iterates = requires(B&& b) { std::forward<B>(b).begin(); };
template <class B>
concept has_end = requires(B&& b) { std::forward<B>(b).end(); };
template <class B>
concept indexes = requires(B&& b) { std::forward<B>(b)[0]; };
template <class B>
concept has_front = requires(B&& b) { std::forward<B>(b).front(); };
template <class B>
concept has_back = requires(B&& b) { std::forward<B>(b).back(); };
template <class B>
concept has_values = requires(B&& b) { std::forward<B>(b).values(); };

} // namespace

TEST_CASE("a batch is a sized range of records, in order of offset", "[batch]")
{
    ints t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send(0, {.partition = partition_id{1}});
    REQUIRE(in.try_poll().size() == 1);
    out.send_batch(std::vector<int>{10, 20, 30}, {.partition = partition_id{1}});
    const auto batch = in.try_poll();
    CHECK(batch.status() == poll_status::records);
    CHECK(batch.size() == 3);
    CHECK_FALSE(batch.empty());
    CHECK(batch.partition() == partition_id{1});
    CHECK(batch.begin_offset() == 1);
    CHECK(batch.next_offset() == 4);
    CHECK(batch.missed() == 0);
    CHECK(batch.front().value() == 10);
    CHECK(batch.back().value() == 30);
    CHECK(batch[1].value() == 20);
    CHECK(batch[1].offset() == 2);
    CHECK(batch[1].partition() == partition_id{1});
    const auto values = batch.values();
    CHECK(std::vector<int>(values.begin(), values.end()) == std::vector<int>{10, 20, 30});
    int sum = 0;
    gregor::offset_t next = 1;
    for (const auto& record : batch) {
        sum += record.value();
        CHECK(record.offset() == next++);
    }
    CHECK(sum == 60);
}

TEST_CASE("a batch without records says why, and has none", "[batch]")
{
    ints t{"t"};
    gregor::consumer in{t, "g"};
    const auto none = in.try_poll();
    CHECK(none.status() == poll_status::timed_out);
    CHECK(none.empty());
    CHECK(none.size() == 0);
    CHECK(none.begin() == none.end());
    CHECK(none.values().empty());
    CHECK(none.missed() == 0);
}

TEST_CASE("a batch is iterated at random", "[batch]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send_batch(std::vector<int>{0, 1, 2, 3, 4, 5});
    const auto batch = in.try_poll();
    auto i = batch.begin();
    const auto end = batch.end();
    CHECK(end - i == 6);
    CHECK((*(i + 2)).value() == 2);
    CHECK((*(2 + i)).value() == 2);
    CHECK(i[5].value() == 5);
    CHECK(i[5].offset() == 5);
    CHECK((*i++).value() == 0);
    CHECK((*i).value() == 1);
    CHECK((*++i).value() == 2);
    CHECK((*--i).value() == 1);
    CHECK((*i--).value() == 1);
    i += 4;
    CHECK((*i).offset() == 4);
    i -= 2;
    CHECK((*i).offset() == 2);
    CHECK((*(end - 1)).value() == 5);
    CHECK(i < end);
    CHECK(i <= end);
    CHECK(end > i);
    CHECK(i == batch.begin() + 2);
    CHECK(i != end);
    const auto third = std::find_if(batch.begin(), batch.end(),
                                    [](const auto& record) { return record.value() == 3; });
    CHECK((*third).offset() == 3);
    CHECK(std::distance(batch.begin(), batch.end()) == 6);
    STATIC_REQUIRE(std::is_default_constructible_v<ints_batch::iterator>);
    STATIC_REQUIRE(std::is_trivially_copyable_v<ints_batch::iterator>);
}

TEST_CASE("what would dangle cannot be asked of a batch that is about to go", "[batch]")
{
    STATIC_REQUIRE(iterates<ints_batch&>);
    STATIC_REQUIRE(iterates<const ints_batch&>);
    STATIC_REQUIRE_FALSE(iterates<ints_batch>);
    STATIC_REQUIRE_FALSE(iterates<const ints_batch>);
    STATIC_REQUIRE(has_end<ints_batch&>);
    STATIC_REQUIRE_FALSE(has_end<ints_batch>);
    STATIC_REQUIRE(indexes<ints_batch&>);
    STATIC_REQUIRE_FALSE(indexes<ints_batch>);
    STATIC_REQUIRE(has_front<ints_batch&>);
    STATIC_REQUIRE_FALSE(has_front<ints_batch>);
    STATIC_REQUIRE(has_back<ints_batch&>);
    STATIC_REQUIRE_FALSE(has_back<ints_batch>);
    STATIC_REQUIRE(has_values<ints_batch&>);
    STATIC_REQUIRE_FALSE(has_values<ints_batch>);
    STATIC_REQUIRE_FALSE(has_values<gregor::batch<topic<int, gregor::timestamps>>&>);
}

TEST_CASE("a range-for over a poll keeps the batch as long as it needs it", "[batch]")
{
    ints t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send(1);
    out.send(2);
    int seen = 0;
    for (const auto& record : in.poll()) {
        CHECK(out.try_send(3).status() == send_status::full);
        seen += record.value();
    }
    CHECK(seen == 3);
}

TEST_CASE("a batch in hand is not overwritten, whatever is committed", "[batch]")
{
    topic<std::string> t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    const std::string word = "a word that is too long to be kept in place ";
    for (int i = 0; i != 4; ++i) {
        out.send(word + std::to_string(i));
    }
    auto batch = in.try_poll();
    REQUIRE(batch.size() == 4);
    in.commit();
    CHECK(in.committed(partition_id{0}) == 4U);
    CHECK(out.try_send("overwrites").status() == send_status::full);
    for (int i = 0; i != 4; ++i) {
        CHECK(batch[static_cast<std::size_t>(i)].value() == word + std::to_string(i));
    }
    batch.let_go();
    CHECK(out.try_send("overwrites"));
}

TEST_CASE("letting go ends a batch before its object goes", "[batch]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    out.send(1);
    auto batch = in.try_poll();
    batch.let_go();
    batch.let_go();
    CHECK(batch.empty());
    CHECK(batch.begin() == batch.end());
    out.send(2);
    CHECK(support::read_values(in) == std::vector<int>{2});
}

TEST_CASE("a batch that was moved from holds nothing", "[batch]")
{
    ints t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g", {.max_poll_records = 1}};
    out.send(1);
    out.send(2);
    auto first = in.try_poll();
    auto second = std::move(first);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the question
    CHECK(first.empty());
    CHECK(second.size() == 1);
    CHECK(second.front().value() == 1);
    second.let_go();
    first = in.try_poll();
    CHECK(first.front().value() == 2);
    // assignment lets go of what is there
    first = std::move(second);
    CHECK(support::status_of_poll(in) == poll_status::timed_out);
}

TEST_CASE("a batch is handed to another thread, which lets it go before the next poll", "[batch]")
{
    topic<std::string> t{"t", {.capacity_records = 2}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    std::string seen;
    for (int i = 0; i != 100; ++i) {
        REQUIRE(out.send("number " + std::to_string(i)));
        std::thread{[&seen, batch = in.poll()] { seen = batch.front().value(); }}.join();
        REQUIRE(seen == "number " + std::to_string(i));
    }
}

TEST_CASE("polling while a batch with records is alive ends the process", "[batch]")
{
    CHECK(support::dies_saying("poll was called while a batch of it is alive", [] {
        ints t{"t"};
        gregor::producer out{t};
        gregor::consumer in{t, "g"};
        out.send(1);
        const auto batch = in.try_poll();
        static_cast<void>(in.try_poll());
    }));
    // one without records is in nobody's way
    ints t{"t"};
    gregor::consumer in{t, "g"};
    const auto none = in.try_poll();
    CHECK(support::status_of_poll(in) == poll_status::timed_out);
}

#if GREGOR_CHECKED
TEST_CASE("asking a batch beyond its end ends the process, where it is looked for", "[batch]")
{
    CHECK(support::dies_saying("batch[i] was asked beyond its end", [] {
        ints t{"t"};
        gregor::producer out{t};
        gregor::consumer in{t, "g"};
        out.send(1);
        const auto batch = in.try_poll();
        static_cast<void>(batch[1]);
    }));
}
#endif
