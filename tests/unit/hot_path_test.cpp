// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

// What happens to each record allocates nothing, once the handles are there.

using gregor::consumer;
using gregor::partition_id;
using gregor::producer;
using gregor::topic;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};

/// A value that owns memory, as some do: it is made before it is counted what its sending takes.
struct order {
    std::string symbol;
    std::uint64_t number = 0;
};

template <class T>
T made(std::uint64_t i)
{
    if constexpr (std::is_same_v<T, order>) {
        return {"a symbol that is too long to be kept in place", i};
    } else {
        return T(i);
    }
}

/// Counts what is allocated in the calls it is given, and nothing else.
class meter {
public:
    template <class Call>
    void operator()(Call&& call)
    {
        const long before = support::allocations();
        call();
        allocated_ += support::allocations() - before;
    }
    [[nodiscard]] long allocated() const noexcept { return allocated_; }

private:
    long allocated_ = 0;
};

/// Sends by every way there is, by moving.
template <class Topic>
void send_in_every_way(meter& counted, producer<Topic>& out)
{
    using value = typename Topic::value_type;
    std::array<value, 6> values{made<value>(1), made<value>(2), made<value>(3),
                                made<value>(4), made<value>(5), made<value>(6)};
    std::vector<value> batch;
    std::vector<value> another;
    for (std::uint64_t i = 0; i != 5; ++i) {
        batch.push_back(made<value>(i));
        another.push_back(made<value>(i));
    }
    bool sent = true;
    counted([&] {
        sent = out.send(std::move(values[0])) && sent;
        sent = out.send(std::move(values[1]), {.partition = one}) && sent;
        sent = out.try_send(std::move(values[2])) && sent;
        sent = out.send_for(std::move(values[3]), std::chrono::seconds{1}) && sent;
        sent = out.emplace(std::move(values[4])) && sent;
        sent = out.send_batch(std::move(batch)) && sent;
        sent = out.try_send_batch(std::move(another)) && sent;
        auto claim = out.claim(2, {.partition = zero});
        claim.emplace(std::move(values[5]));
        sent = claim.publish() && sent;
        auto dropped = out.try_claim(1, {.partition = one});
        sent = static_cast<bool>(dropped) && sent;
    });
    CHECK(sent);
}

/// Reads what is there by every way there is, commits it in every way, and asks where it is.
template <class Topic>
std::size_t read_in_every_way(meter& counted, consumer<Topic>& in)
{
    std::size_t records = 0;
    counted([&] {
        for (bool tries = false;; tries = !tries) {
            const auto batch = tries ? in.try_poll() : in.poll(std::chrono::microseconds{1});
            if (batch.empty()) {
                break;
            }
            for (const auto& record : batch) {
                records += record.offset() < batch.next_offset() ? 1 : 0;
                static_cast<void>(in.commit(record));
                if constexpr (Topic::layout::takes) {
                    const auto mine = record.take();
                    records += mine.symbol.empty() ? 1 : 0;
                }
            }
            static_cast<void>(in.commit());
            static_cast<void>(in.commit(batch.partition(), batch.next_offset()));
            in.seek(batch.partition(), batch.next_offset());
            records += in.pause({zero, one}) ? 0 : 1;
            records += in.resume({zero, one}) ? 0 : 1;
        }
        for (const partition_id p : {zero, one}) {
            records += in.lag(p) + in.end_offset(p) - in.position(p);
            records += in.committed(p).value_or(in.begin_offset(p)) - in.position(p);
        }
        in.wakeup();
        static_cast<void>(in.poll());
    });
    return records;
}

/// Twenty rounds of everything, after one in which whoever wants to may warm up.
template <class Topic>
void allocates_nothing(bool shared)
{
    Topic t{"t", {.partitions = 2, .capacity_records = 64}};
    producer out{t};
    std::optional<producer<Topic>> second;
    if (shared) {
        second.emplace(t);
    }
    consumer in{t, "g"};
    std::optional<consumer<Topic>> lossy;
    if constexpr (!Topic::layout::takes) {
        lossy.emplace(t, "lossy", gregor::consumer_options{.lossy = true});
    }
    for (int round = 0; round != 21; ++round) {
        meter counted;
        send_in_every_way(counted, out);
        std::size_t sent = 16;
        if (second) {
            send_in_every_way(counted, *second);
            sent *= 2;
        }
        CHECK(read_in_every_way(counted, in) == sent);
        if (lossy) {
            CHECK(read_in_every_way(counted, *lossy) == sent);
        }
        INFO("shared " << shared << ", round " << round);
        CHECK((counted.allocated() == 0 || round == 0));
    }
    meter counted;
    counted([&] {
        t.close();
        static_cast<void>(t.wait_drained(std::chrono::nanoseconds{0}));
        static_cast<void>(in.try_poll());
        in.close();
    });
    CHECK(counted.allocated() == 0);
}

} // namespace

TEST_CASE("sending and reading allocate nothing", "[hot_path]")
{
    for (const bool shared : {false, true}) {
        allocates_nothing<topic<std::uint64_t>>(shared);
        allocates_nothing<topic<order>>(shared);
    }
}

TEST_CASE("keys in the value, timestamps and waits allocate nothing", "[hot_path]")
{
    using gregor::keyed_by;
    for (const bool shared : {false, true}) {
        allocates_nothing<topic<order, keyed_by<&order::symbol>>>(shared);
        allocates_nothing<topic<std::uint64_t, gregor::timestamps, gregor::wait::sleep>>(shared);
        allocates_nothing<topic<order, gregor::groups::one, gregor::wait::yield>>(shared);
    }
    allocates_nothing<topic<std::uint64_t, gregor::producers::single>>(false);
}

TEST_CASE("a small value is sent and looked at where it lies without an allocation", "[hot_path]")
{
    topic<std::uint64_t> t{"t", {.capacity_records = 16}};
    producer out{t};
    consumer in{t, "g"};
    const std::vector<std::uint64_t> four{1, 2, 3, 4};
    meter counted;
    std::uint64_t sum = 0;
    counted([&] {
        for (std::uint64_t i = 0; i != 100; ++i) {
            out.send(i);
            out.send_batch(four);
            auto claim = out.claim(2);
            claim[0] = 5;
            claim[1] = 6;
            claim.publish();
            for (auto batch = in.poll(); !batch.empty(); batch = in.try_poll()) {
                for (const std::uint64_t value : batch.values()) {
                    sum += value;
                }
                batch.let_go();
            }
        }
    });
    CHECK(sum == 100 * 21 + 99 * 50);
    CHECK(counted.allocated() == 0);
}

TEST_CASE("polls of many partitions, and for so many records, allocate nothing", "[hot_path]")
{
    constexpr std::uint32_t partitions = 50;
    topic<std::uint64_t> t{"t", {.partitions = partitions, .capacity_records = 64}};
    producer out{t};
    consumer in{t, "g"};
    meter counted;
    std::uint64_t read = 0;
    counted([&] {
        for (std::uint32_t i = 0; i != 5000; ++i) {
            const partition_id p{i % 100 == 0 ? i / 100 : 0};
            out.send(i, {.partition = p});
            const auto batch =
                i % 2 == 0 ? in.try_poll() : in.poll(3, std::chrono::nanoseconds{10});
            read += batch.size();
        }
    });
    CHECK(read == 5000);
    CHECK(counted.allocated() == 0);
}

TEST_CASE("a refusal allocates nothing", "[hot_path]")
{
    topic<order> t{"t", {.capacity_records = 4}};
    producer out{t};
    consumer in{t, "g"};
    while (out.try_send(made<order>(1))) {}
    order kept = made<order>(2);
    std::vector<order> several(3);
    const auto each_is = [&](gregor::send_status status) {
        return out.try_send(std::move(kept)).status() == status &&
               out.try_send_batch(std::move(several)).status == status &&
               out.try_claim(2).status() == status;
    };
    meter counted;
    bool refused = true;
    counted([&] { refused = each_is(gregor::send_status::full); });
    counted([&] { t.close(); });
    counted([&] { refused = refused && each_is(gregor::send_status::closed); });
    CHECK(refused);
    CHECK(kept.number == 2);
    CHECK(counted.allocated() == 0);
}
