// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"
#include "support/payloads.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

// One body for every kind of topic: what a user may rely on whatever the policies are.

namespace matrix {

inline constexpr std::size_t capacity = 8;
inline constexpr gregor::partition_id only{0};

/// A key for what carries one.
template <class Topic>
typename Topic::attributes given([[maybe_unused]] std::uint64_t number)
{
    typename Topic::attributes with;
    if constexpr (Topic::layout::key_policy::stored) {
        with.key = std::to_string(number);
    }
    if constexpr (Topic::layout::has_headers) {
        with.headers = {{"number", std::to_string(number)}};
    }
    if constexpr (Topic::layout::has_timestamp) {
        with.timestamp = gregor::timestamp_t{std::chrono::seconds{number}};
    }
    return with;
}

template <class Record>
void check_record(const Record& record, std::uint32_t producer, std::uint64_t number)
{
    using value = std::remove_cvref_t<decltype(record.value())>;
    const support::origin from = support::payload<value>::read(record.value());
    CHECK(from.intact);
    CHECK(from.producer == producer);
    CHECK(from.number == number);
    if constexpr (requires { record.timestamp(); }) {
        CHECK(record.timestamp() == gregor::timestamp_t{std::chrono::seconds{number}});
    }
    if constexpr (requires { record.headers(); }) {
        CHECK(record.headers() == gregor::header_list{{"number", std::to_string(number)}});
    }
    if constexpr (requires { record.key().has_value(); }) {
        CHECK(record.key() == std::to_string(number));
    }
}

/// Sends `count` records, each in the next of the ways there are, and reads them back.
template <class Topic>
void send_and_read(gregor::producer<Topic>& out, gregor::consumer<Topic>& in,
                   std::uint32_t producer, std::uint64_t first, std::uint64_t count)
{
    using value = typename Topic::value_type;
    using payload = support::payload<value>;
    for (std::uint64_t number = first; number != first + count; ++number) {
        auto with = given<Topic>(number);
        switch (number % 3) {
        case 0: CHECK(out.send(payload::make(producer, number), std::move(with))); break;
        case 1: CHECK(out.try_send(payload::make(producer, number), std::move(with))); break;
        default: {
            with.partition = only;
            auto claim = out.claim(2, std::move(with));
            REQUIRE(claim);
            claim.emplace(payload::make(producer, number));
            CHECK(claim.publish());
        }
        }
    }
    std::uint64_t next = first;
    while (next != first + count) {
        const auto batch = in.poll(support::patience);
        REQUIRE(batch.status() == gregor::poll_status::records);
        CHECK(batch.missed() == 0);
        for (const auto& record : batch) {
            check_record(record, producer, next++);
        }
        in.commit();
    }
}

/// Fills the ring until it refuses, and sees that what was refused is untouched.
template <class Topic>
void fill(gregor::producer<Topic>& out, std::uint64_t first)
{
    using payload = support::payload<typename Topic::value_type>;
    std::uint64_t number = first;
    for (;; ++number) {
        auto value = payload::make(1, number);
        const gregor::sent sent = out.try_send(std::move(value), given<Topic>(number));
        if (!sent) {
            CHECK(sent.status() == gregor::send_status::full);
            const support::origin untouched = payload::read(value);
            CHECK(untouched.intact);
            CHECK(untouched.number == number);
            break;
        }
    }
    CHECK(number - first >= capacity / 2);
    CHECK(number - first <= capacity);
}

/// Two laps with one producer, two more after a second one has come, a full ring, and the end.
template <class Topic>
void check_topic()
{
    Topic topic{"t", {.capacity_records = capacity}};
    gregor::consumer<Topic> in{topic, "g"};
    {
        gregor::producer<Topic> out{topic};
        for (std::uint64_t lap = 0; lap != 4; ++lap) {
            send_and_read(out, in, 0, lap * 4, 4);
        }
        if constexpr (Topic::policies::producers::many) {
            gregor::producer<Topic> second{topic};
            for (std::uint64_t lap = 0; lap != 4; ++lap) {
                send_and_read(second, in, 1, lap * 2, 2);
                send_and_read(out, in, 0, 16 + lap * 2, 2);
            }
        }
        fill(out, 1000);
    }
    topic.close();
    std::uint64_t next = 1000;
    for (;;) {
        const auto batch = in.poll(support::patience);
        if (batch.status() == gregor::poll_status::closed) {
            break;
        }
        REQUIRE(batch.status() == gregor::poll_status::records);
        for (const auto& record : batch) {
            check_record(record, 1, next++);
        }
    }
    CHECK(topic.wait_drained(std::chrono::nanoseconds{0}));
    gregor::producer<Topic> late{topic};
    using payload = support::payload<typename Topic::value_type>;
    CHECK(late.send(payload::make(0, 0)).status() == gregor::send_status::closed);
}

template <class... Topics>
void check_topics()
{
    (check_topic<Topics>(), ...);
}

} // namespace matrix
