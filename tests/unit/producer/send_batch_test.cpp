// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <list>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// clang before 16 does not compile libstdc++'s views
#if defined(__cpp_lib_ranges) && (!defined(__clang__) || __clang_major__ >= 16)
#    include <ranges>
#    define GREGOR_TEST_VIEWS 1
#else
#    define GREGOR_TEST_VIEWS 0
#endif

#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/death.hpp"
#include "support/payloads.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::batch_sent;
using gregor::partition_id;
using gregor::send_status;
using gregor::topic;
using support::fragile;

namespace {

const std::string word = "a word that is too long to be kept in place";

std::vector<std::string> some_words(std::size_t n)
{
    std::vector<std::string> words;
    for (std::size_t i = 0; i != n; ++i) {
        words.push_back(word + std::to_string(i));
    }
    return words;
}

std::vector<int> numbers(int n)
{
    std::vector<int> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

/// The elements that were moved away are empty.
std::size_t left(const std::vector<std::string>& words)
{
    return static_cast<std::size_t>(
        std::count_if(words.begin(), words.end(), [](const auto& w) { return !w.empty(); }));
}

} // namespace

TEST_CASE("an lvalue container is copied, an rvalue container is moved", "[producer][batch]")
{
    for (const std::size_t n :
         {std::size_t{1}, std::size_t{16}, std::size_t{17}, std::size_t{50}}) {
        topic<std::string> t{"t", {.capacity_records = 64}};
        gregor::producer out{t};
        gregor::consumer in{t, "g"};
        std::vector<std::string> mine = some_words(n);
        const batch_sent copied = out.send_batch(mine);
        CHECK(copied);
        CHECK(copied.count == n);
        CHECK(mine == some_words(n));
        CHECK(support::read_values(in) == mine);
        CHECK(support::read_values(in).empty());
        const char* const characters = mine.front().data();
        CHECK(out.send_batch(std::move(mine)).count == n);
        // NOLINTNEXTLINE(bugprone-use-after-move): it says what is left
        CHECK(left(mine) == 0);
        const auto batch = in.try_poll();
        CHECK(batch.front().value().data() == characters);
    }
}

TEST_CASE("an empty range sends nothing, and that is fine", "[producer][batch]")
{
    topic<int> t{"t"};
    gregor::producer out{t};
    const batch_sent sent = out.send_batch(std::vector<int>{});
    CHECK(sent);
    CHECK(sent.count == 0);
    CHECK(t.end_offset(partition_id{0}) == 0);
}

TEST_CASE("a batch without keys goes to one partition, in order", "[producer][batch]")
{
    topic<int> t{"t", {.partitions = 8}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    for (int round = 0; round != 20; ++round) {
        CHECK(out.send_batch(numbers(20)).count == 20);
        const auto batch = in.try_poll();
        CHECK(batch.size() == 20);
        const auto values = batch.values();
        CHECK(std::vector<int>(values.begin(), values.end()) == numbers(20));
    }
}

TEST_CASE("a batch goes to the partition it is told", "[producer][batch]")
{
    topic<int, gregor::partitioner::round_robin> t{"t", {.partitions = 3}};
    gregor::producer out{t};
    CHECK(out.send_batch(numbers(10), {.partition = partition_id{1}}).count == 10);
    CHECK(t.end_offset(partition_id{1}) == 10);
    CHECK(out.send_batch(numbers(9)).count == 9);
    CHECK(t.end_offset(partition_id{0}) == 3);
    CHECK(t.end_offset(partition_id{1}) == 13);
    CHECK(t.end_offset(partition_id{2}) == 3);
}

TEST_CASE("a batch is taken as far as there is room, and the rest is untouched",
          "[producer][batch]")
{
    for (const std::size_t room :
         {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{8}}) {
        topic<std::string> t{"t", {.capacity_records = 8, .groups = {"slow"}}};
        gregor::producer out{t};
        for (std::size_t i = room; i != 8; ++i) {
            REQUIRE(out.send("fills"));
        }
        std::vector<std::string> mine = some_words(11);
        const batch_sent sent = out.try_send_batch(std::move(mine));
        CHECK(sent.status == send_status::full);
        CHECK_FALSE(sent);
        CHECK(sent.count == room);
        // NOLINTNEXTLINE(bugprone-use-after-move): it says what is left
        CHECK(left(mine) == 11 - room);
        CHECK(mine.back() == word + "10");
        CHECK(t.end_offset(partition_id{0}) == 8);
    }
}

TEST_CASE("a batch that is copied is taken as far as there is room too", "[producer][batch]")
{
    topic<int> t{"t", {.capacity_records = 8, .groups = {"slow"}}};
    gregor::producer out{t};
    const std::vector<int> eleven = numbers(11);
    const batch_sent sent = out.try_send_batch(eleven);
    CHECK(sent.count == 8);
    CHECK(sent.status == send_status::full);
    gregor::consumer in{t, "slow"};
    CHECK(support::read_values(in) == numbers(8));
    const auto rest = out.try_send_batch(std::span{eleven}.subspan(sent.count));
    CHECK(rest);
    CHECK(rest.count == 3);
    CHECK(support::read_values(in) == std::vector<int>{8, 9, 10});
}

TEST_CASE("a batch larger than the ring goes through it while somebody reads", "[producer][batch]")
{
    topic<std::string> t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    const std::vector<std::string> all = some_words(500);
    std::vector<std::string> seen;
    std::thread reader{[&] {
        for (;;) {
            const auto batch = in.poll(support::patience);
            if (batch.status() != gregor::poll_status::records) {
                break;
            }
            for (const auto& record : batch) {
                seen.push_back(record.value());
            }
        }
    }};
    CHECK(out.send_batch(all).count == 500);
    t.close();
    reader.join();
    CHECK(seen == all);
}

TEST_CASE("a closed topic takes nothing of a batch", "[producer][batch]")
{
    topic<std::string> t{"t"};
    gregor::producer out{t};
    t.close();
    std::vector<std::string> mine = some_words(3);
    CHECK(out.send_batch(std::move(mine)).status == send_status::closed);
    // NOLINTNEXTLINE(bugprone-use-after-move): it says what is left
    CHECK(left(mine) == 3);
}

namespace {

/// Yields 0, 1, 2 ... by value, as a generator does.
class counting {
public:
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = int;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = int;

        explicit iterator(int at) : at_(at) {}
        int operator*() const { return at_; }
        iterator& operator++()
        {
            ++at_;
            return *this;
        }
        friend bool operator==(const iterator&, const iterator&) = default;

    private:
        int at_;
    };

    explicit counting(int count) : count_(count) {}
    [[nodiscard]] iterator begin() const { return iterator{0}; }
    [[nodiscard]] iterator end() const { return iterator{count_}; }

private:
    int count_;
};

/// What can be walked once.
struct numbers_in {
    std::istringstream text;

    [[nodiscard]] auto begin() { return std::istream_iterator<int>{text}; }
    [[nodiscard]] static auto end() { return std::istream_iterator<int>{}; }
};

} // namespace

TEST_CASE("any range is a batch: arrays, lists, spans, generators, streams", "[producer][batch]")
{
    topic<int> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    const int array[] = {1, 2, 3};
    CHECK(out.send_batch(array).count == 3);
    CHECK(out.send_batch(std::array<int, 2>{4, 5}).count == 2);
    CHECK(out.send_batch(std::list<int>{6, 7}).count == 2);
    std::deque<int> deque{8, 9};
    CHECK(out.send_batch(deque).count == 2);
    std::vector<int> ten{10, 11};
    CHECK(out.send_batch(std::span<int>{ten}).count == 2);
    CHECK(out.send_batch(std::initializer_list<int>{12, 13}).count == 2);
    CHECK(out.send_batch(std::vector<short>{14, 15}).count == 2);
    CHECK(out.send_batch(numbers_in{std::istringstream{"16 17 18"}}).count == 3);
    std::vector<int> expected = numbers(19);
    expected.erase(expected.begin());
    CHECK(support::read_values(in) == expected);
    CHECK(out.send_batch(counting{5}).count == 5);
    CHECK(support::read_values(in) == numbers(5));
}

TEST_CASE("a view's elements are not the view's to give away", "[producer][batch]")
{
    topic<std::string> t{"t"};
    gregor::producer out{t};
    std::vector<std::string> mine = some_words(3);
    CHECK(out.send_batch(std::span<std::string>{mine}).count == 3);
    CHECK(left(mine) == 3);
    CHECK(out.send_batch(std::as_const(mine)).count == 3);
    CHECK(left(mine) == 3);
}

#if GREGOR_TEST_VIEWS
TEST_CASE("views are batches, and leave what they look at alone", "[producer][batch]")
{
    topic<std::string> t{"t"};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    std::vector<std::string> mine = some_words(3);
    CHECK(out.send_batch(mine | std::views::reverse).count == 3);
    CHECK(out.send_batch(mine | std::views::take(2)).count == 2);
    CHECK(out.send_batch(mine | std::views::transform([](auto& w) { return w + "!"; })).count == 3);
    CHECK(left(mine) == 3);
    const auto values = support::read_values(in);
    REQUIRE(values.size() == 8);
    CHECK(values[0] == mine[2]);
    CHECK(values[4] == mine[1]);
    CHECK(values[5] == mine[0] + "!");
}
#endif

TEST_CASE("a batch of values that can only be moved is moved", "[producer][batch]")
{
    topic<std::unique_ptr<int>> t{"t", {.capacity_records = 4, .groups = {"slow"}}};
    gregor::producer out{t};
    std::vector<std::unique_ptr<int>> mine;
    for (int i = 0; i != 6; ++i) {
        mine.push_back(std::make_unique<int>(i));
    }
    const batch_sent sent = out.try_send_batch(std::move(mine));
    CHECK(sent.count == 4);
    // NOLINTBEGIN(bugprone-use-after-move): it says what is left
    CHECK(mine[3] == nullptr);
    REQUIRE(mine[4] != nullptr);
    CHECK(*mine[5] == 5);
    // NOLINTEND(bugprone-use-after-move)
    gregor::consumer in{t, "slow"};
    const auto batch = in.try_poll();
    CHECK(*batch.back().value() == 3);
}

TEST_CASE("a batch with stored keys shares them, record by record", "[producer][batch]")
{
    topic<std::string, gregor::key<std::string>, gregor::headers> t{"t", {.partitions = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    std::vector<std::string> mine = some_words(5);
    CHECK(out.send_batch(std::move(mine), {.key = "abc", .headers = {{"h", "v"}}}).count == 5);
    // NOLINTNEXTLINE(bugprone-use-after-move): it says what is left
    CHECK(left(mine) == 0);
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 5);
    for (const auto& record : batch) {
        CHECK(record.key() == "abc");
        CHECK(record.headers().size() == 1);
    }
}

TEST_CASE("large and over-aligned values are sent in batches too", "[producer][batch]")
{
    topic<support::large> t{"t", {.capacity_records = 4}};
    gregor::producer out{t};
    gregor::consumer in{t, "g"};
    const std::vector<support::large> two{support::payload<support::large>::make(1, 5),
                                          support::payload<support::large>::make(1, 6)};
    CHECK(out.send_batch(two).count == 2);
    const auto batch = in.try_poll();
    CHECK(support::payload<support::large>::read(batch[1].value()).number == 6);
    CHECK(support::payload<support::large>::read(batch[1].value()).intact);
}

TEST_CASE("several producers send batches in turn", "[producer][batch]")
{
    topic<int> t{"t", {.capacity_records = 16}};
    gregor::producer a{t};
    gregor::producer b{t};
    gregor::consumer in{t, "g"};
    for (int i = 0; i != 50; ++i) {
        REQUIRE(a.send_batch(numbers(5)).count == 5);
        REQUIRE(b.send_batch(numbers(3)).count == 3);
        REQUIRE(support::read_values(in) == std::vector<int>{0, 1, 2, 3, 4, 0, 1, 2});
    }
}

TEST_CASE("a copy that throws on the n-th of a batch breaks nothing, for every n",
          "[producer][batch][throwing]")
{
    support::counts().reset();
    {
        std::vector<fragile> twenty;
        for (std::uint64_t i = 0; i != 20; ++i) {
            twenty.emplace_back(i);
        }
        for (const bool shared : {false, true}) {
            for (long n = 1; n != 22; ++n) {
                topic<fragile> t{"t", {.capacity_records = 64}};
                gregor::producer out{t};
                std::optional<gregor::producer<topic<fragile>>> second;
                if (shared) {
                    second.emplace(t);
                }
                gregor::consumer in{t, "g"};
                fragile::fuse = n;
                std::size_t taken = 0; // as far as it says so
                try {
                    taken = out.send_batch(twenty).count;
                } catch (const fragile::burnt&) {
                    taken = 0;
                }
                fragile::fuse = 0;
                CHECK(taken == (n <= 20 ? 0U : 20U));
                CHECK(out.send(fragile{100}));
                t.close();
                std::uint64_t next = 0;
                for (auto batch = in.try_poll(); !batch.empty();) {
                    for (const auto& record : batch) {
                        REQUIRE(record.value().intact());
                        REQUIRE(
                            (record.value().number() == next || record.value().number() == 100));
                        ++next;
                    }
                    batch.let_go();
                    batch = in.try_poll();
                }
                // a prefix, whole, and what was sent after it
                CHECK(next <= static_cast<std::uint64_t>(n));
                CHECK(support::status_of_poll(in) == gregor::poll_status::closed);
            }
        }
    }
    CHECK(support::counts().alive() == 0);
    CHECK(support::counts().corrupt == 0);
}

namespace {

struct burnt {};

/// Looks like a container, of references; but each look runs user code, and the third one throws.
class throwing_range {
public:
    class iterator {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = int;
        using difference_type = std::ptrdiff_t;
        using pointer = int*;
        using reference = int&;

        iterator() = default;
        explicit iterator(int* at) : at_(at) {}
        int& operator*() const
        {
            if (*at_ == 2) {
                throw burnt{};
            }
            return *at_;
        }
        iterator& operator++()
        {
            ++at_;
            return *this;
        }
        iterator operator++(int) { return iterator{at_++}; }
        friend bool operator==(const iterator&, const iterator&) = default;

    private:
        int* at_ = nullptr;
    };

    [[nodiscard]] iterator begin() { return iterator{all_.data()}; }
    [[nodiscard]] iterator end() { return iterator{all_.data() + all_.size()}; }

private:
    std::array<int, 4> all_{0, 1, 2, 3};
};

} // namespace

TEST_CASE("a range that throws while a batch is sent leaves the ring as it should be",
          "[producer][batch][throwing]")
{
    for (const bool shared : {false, true}) {
        topic<int> t{"t", {.capacity_records = 16}};
        gregor::producer out{t};
        std::optional<gregor::producer<topic<int>>> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer in{t, "g"};
        CHECK_THROWS_AS(out.send_batch(throwing_range{}), burnt);
        CHECK(out.send(7));
        const auto values = support::read_values(in);
        REQUIRE_FALSE(values.empty());
        CHECK(values.back() == 7);
        CHECK(values.size() <= 3);
        t.close();
        CHECK(support::status_of_poll(in) == gregor::poll_status::closed);
    }
}

TEST_CASE("a second producer, or the closing, does not wait for a batch that was thrown out of",
          "[producer][batch][throwing]")
{
    for (const bool closes : {false, true}) {
        CHECK(support::comes_to_an_end([&] {
            topic<int> t{"t", {.capacity_records = 16}};
            gregor::producer out{t};
            try {
                out.send_batch(throwing_range{});
            } catch (const burnt&) {
            }
            if (closes) {
                t.close();
            } else {
                gregor::producer{t}.send(8);
            }
        }));
    }
}
