// SPDX-License-Identifier: MIT
// Topics, producers and consumers, by one thread.
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "portable/check.hpp"

using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::topic;

namespace {

constexpr partition_id zero{0};
using numbers = topic<std::uint64_t>;
template <class Topic>
using maybe_producer = std::optional<gregor::producer<Topic>>;

/// Reads what there is: so many numbers, one after the other from `first` on.
template <class Consumer>
std::uint64_t read_in_order(Consumer& in, std::uint64_t first)
{
    std::uint64_t next = first;
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.empty()) {
            CHECK(batch.status() == poll_status::timed_out);
            return next - first;
        }
        CHECK(batch.missed() == 0);
        CHECK(batch.begin_offset() == next);
        for (const auto& record : batch) {
            CHECK(record.value() == next);
            CHECK(record.offset() == next);
            ++next;
        }
        CHECK(batch.next_offset() == next);
    }
}

void laps_around_the_ring()
{
    for (const bool shared : {false, true}) {
        numbers t{"t", {.capacity_records = 8, .groups = {"a"}}};
        gregor::producer out{t};
        maybe_producer<numbers> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer a{t, "a"};
        gregor::consumer b{t, "b"};
        std::uint64_t sent = 0;
        for (std::uint64_t lap = 0; lap != 100; ++lap) {
            const std::uint64_t first = sent;
            for (std::uint64_t i = 0; i != 1 + lap % 8; ++i, ++sent) {
                CHECK((shared && i % 2 != 0 ? *second : out).try_send(sent));
            }
            CHECK(read_in_order(a, first) == sent - first);
            CHECK(read_in_order(b, first) == sent - first);
            CHECK(a.lag() == 0);
            CHECK(t.end_offset(zero) == sent);
        }
    }
}

void a_full_ring_refuses()
{
    topic<std::string, gregor::overflow::reject> t{"t", {.capacity_records = 4, .groups = {"g"}}};
    gregor::producer out{t};
    for (int i = 0; i != 4; ++i) {
        CHECK(out.send("a text that is too long to be kept in the string itself"));
    }
    std::string refused = "untouched, and too long to be kept in the string itself";
    CHECK(out.send(std::move(refused)).status() == send_status::full);
    CHECK(refused.starts_with("untouched"));
    const std::string why = t.explain().to_string();
    CHECK(why.find("committed offset of \"g\" at offset 0, 4 records") != std::string::npos);

    gregor::consumer in{t, "g", {.auto_commit = false}};
    {
        const auto batch = in.try_poll();
        CHECK(batch.size() == 4);
        CHECK(batch.back().value().starts_with("a text"));
    }
    in.commit(zero, 3);
    CHECK(in.committed(zero) == 3U);
    CHECK(out.send("again"));
    t.close();
    CHECK(out.send("late").status() == send_status::closed);
    CHECK(in.try_poll().size() == 1);
    CHECK(in.try_poll().status() == poll_status::closed);
}

void a_lossy_reader_is_told_what_it_missed()
{
    numbers t{"t", {.capacity_records = 16}};
    gregor::producer out{t};
    gregor::consumer in{t, "screen", {.lossy = true}};
    std::uint64_t sent = 0;
    std::uint64_t seen = 0;
    std::uint64_t missed = 0;
    for (const unsigned burst : {1U, 16U, 17U, 5U, 100U, 1000U, 2U, 33U}) {
        for (unsigned i = 0; i != burst; ++i) {
            CHECK(out.try_send(sent++));
        }
        for (;;) {
            const auto batch = in.try_poll();
            missed += batch.missed();
            if (batch.empty()) {
                break;
            }
            CHECK(batch.begin_offset() == seen + missed);
            for (const auto& record : batch) {
                CHECK(record.value() == record.offset());
                ++seen;
            }
        }
    }
    CHECK(seen + missed == sent);
    CHECK(missed >= 1000);
}

struct tick {
    std::uint64_t id = 0;
    double price = 0;
};

void claims()
{
    for (const bool shared : {false, true}) {
        topic<tick> t{"t", {.capacity_records = 8}};
        gregor::producer out{t};
        maybe_producer<topic<tick>> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer in{t, "g"};
        for (std::uint64_t lap = 0; lap != 50; ++lap) {
            {
                auto dropped = out.claim(2);
                dropped.emplace(lap, 1.0);
            }
            auto claim = out.claim(4);
            CHECK(claim && claim.size() == 4);
            claim[0] = {.id = 2 * lap, .price = 0.5};
            claim.emplace(2 * lap + 1, 1.5);
            CHECK(in.try_poll().empty());
            CHECK(claim.publish());
            std::vector<tick> values;
            for (;;) {
                const auto batch = in.try_poll();
                if (batch.empty()) {
                    break;
                }
                for (const tick& each : batch.values()) {
                    values.push_back(each);
                }
            }
            CHECK(values.size() == 2);
            CHECK(values.front().id == 2 * lap && values.front().price == 0.5);
            CHECK(values.back().id == 2 * lap + 1 && values.back().price == 1.5);
        }
    }
}

void batches_and_positions()
{
    numbers t{"t", {.capacity_records = 64}};
    gregor::producer out{t};
    std::vector<std::uint64_t> many(40);
    for (std::size_t i = 0; i != many.size(); ++i) {
        many[i] = i;
    }
    const gregor::batch_sent done = out.send_batch(many);
    CHECK(done && done.count == 40);

    gregor::consumer in{t, {.max_poll_records = 16}};
    in.assign({zero});
    const auto batch = in.try_poll();
    CHECK(batch.size() == 16);
    CHECK(batch.end() - batch.begin() == 16);
    const auto last = batch.end() - 1;
    CHECK((*last).offset() == 15 && last[-15].value() == 0);
    CHECK((*(last - 3)).value() == 12);
}

void seeking()
{
    numbers t{"t", {.capacity_records = 64}};
    gregor::producer out{t};
    for (std::uint64_t i = 0; i != 100; ++i) {
        out.send(i);
    }
    gregor::consumer in{t, {.reset = gregor::auto_offset_reset::none}};
    in.assign({zero});
    CHECK(in.try_poll().status() == poll_status::out_of_range);
    in.seek(zero, 90);
    CHECK(read_in_order(in, 90) == 10);
    in.seek_to_beginning(zero);
    const std::uint64_t oldest = t.begin_offset(zero);
    CHECK(oldest >= 36 && oldest <= 40);
    CHECK(read_in_order(in, oldest) == 100 - oldest);
    in.seek_to_end(zero);
    CHECK(read_in_order(in, 100) == 0);
}

/// Two members share a partition each, and what one leaves the other one reads on.
void members_share_a_group()
{
    numbers t{"t", {.partitions = 2}};
    gregor::producer out{t};
    gregor::consumer first{t, "g"};
    {
        gregor::consumer second{t, "g"};
        CHECK(first.assignment().size() == 1 && second.assignment().size() == 1);
        CHECK(out.try_send(1, {.partition = second.assignment().front()}));
        CHECK(second.try_poll().size() == 1);
    }
    CHECK(first.try_poll().empty()); // the other one has committed it
    CHECK(first.assignment().size() == 2);
}

void what_cannot_be_opened()
{
    CHECK(numbers::create("t", {.partitions = 0}).error().code() == gregor::errc::invalid_option);
    CHECK(!numbers::create("t", {.capacity_records = 3}));
    CHECK(!numbers::create("t", {.capacity_records = ~std::size_t{0} / 2 + 1}));
    numbers t{"t"};
    gregor::consumer first{t, "g"};
    const auto refused = gregor::consumer<numbers>::create(t, "g", {.lossy = true});
    CHECK(!refused && refused.error().code() == gregor::errc::invalid_option);
    CHECK(std::string{refused.error().what()}.find("lossless") != std::string::npos);
#if GREGOR_EXCEPTIONS
    bool thrown = false;
    try {
        const gregor::consumer second{t, "g", {.lossy = true}};
    } catch (const gregor::error& e) {
        thrown = e.code() == gregor::errc::invalid_option;
    }
    CHECK(thrown);
#endif
}

} // namespace

void portable::test_handles()
{
    laps_around_the_ring();
    a_full_ring_refuses();
    a_lossy_reader_is_told_what_it_missed();
    claims();
    batches_and_positions();
    seeking();
    members_share_a_group();
    what_cannot_be_opened();
}
