// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/findings.hpp"
#include "support/payloads.hpp"
#include "support/reading.hpp"

#if GREGOR_FILES
#    include "support/scratch_directory.hpp"
#endif

// One body for all topic types: send, poll, commit, close, and look whether each record arrived
// once, in the order of its producer, whole, with what it carries; in one thread and in two, over
// many laps of a small ring, with a second producer that joins half-way.

namespace matrix {

using gregor::poll_status;
using gregor::send_status;
using support::findings;

template <class K>
[[nodiscard]] K make_key(std::uint64_t n)
{
    if constexpr (std::is_same_v<K, std::string>) {
        return "the key of customer " + std::to_string(n % 5);
    } else {
        return static_cast<K>(n % 5);
    }
}

/// What the n-th record carries besides its value: some carry it, some do not.
template <class Topic>
[[nodiscard]] typename Topic::attributes attributes_of(std::uint64_t n)
{
    using layout = typename Topic::layout;
    typename Topic::attributes given;
    if constexpr (layout::key_policy::stored) {
        if (n % 3 != 0) {
            given.key = make_key<typename layout::key_policy::type>(n);
        }
    }
    if constexpr (layout::has_timestamp) {
        given.timestamp = gregor::timestamp_t{std::chrono::milliseconds{n}};
    }
    if constexpr (layout::has_headers) {
        if (n % 2 != 0) {
            given.headers = {{"number", std::to_string(n)}, {"a name of some length", ""}};
        }
    }
    return given;
}

/// Looks at each record: is it whole, is it the next of its producer, has it come before?
template <class Topic>
class inspector {
public:
    inspector(findings& found, std::uint64_t total) : found_(found), seen_(total) {}

    void look(const gregor::record<Topic>& record)
    {
        const support::origin from =
            support::payload<typename Topic::value_type>::read(record.value());
        if (!found_.expect(from.intact, "a value is not as it was sent") ||
            !found_.expect(from.number < seen_.size(), "a value that nobody sent")) {
            return;
        }
        found_.expect(!seen_[from.number], "a record came twice");
        seen_[from.number] = true;
        auto& next = next_[{record.partition().value, from.producer}];
        found_.expect(from.number >= next, "a record came before one that was sent before it");
        next = from.number + 1;
        look_besides(record, from.number);
        if constexpr (Topic::layout::takes) {
            if (from.number % 2 == 0) {
                static_cast<void>(record.take());
            }
        }
        ++count_;
    }

    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    void look_besides(const gregor::record<Topic>& record, std::uint64_t n)
    {
        using layout = typename Topic::layout;
        const auto given = attributes_of<Topic>(n);
        if constexpr (layout::key_policy::stored) {
            found_.expect(record.key() == given.key, "a key is not as it was sent");
            place(record, given.key);
        } else if constexpr (layout::key_policy::derived) {
            place(record, std::optional{record.key()});
        }
        if constexpr (layout::has_timestamp) {
            found_.expect(record.timestamp() == given.timestamp,
                          "a timestamp is not as it was given");
        }
        if constexpr (layout::has_headers) {
            found_.expect(record.headers() == given.headers, "headers are not as they were sent");
        }
    }

    template <class Key>
    void place(const gregor::record<Topic>& record, const std::optional<Key>& key)
    {
        if constexpr (std::is_same_v<typename Topic::policies::partitioner,
                                     gregor::partitioner::kafka>) {
            if (key) {
                const auto bytes = gregor::key_bytes<Key>::of(*key);
                found_.expect(record.partition() == gregor::partition_of(bytes, 2),
                              "a record is not in the partition of its key");
            }
        }
    }

    findings& found_;
    std::vector<bool> seen_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> next_;
    std::uint64_t count_ = 0;
};

/// Reads what is there; says how the last poll ended.
template <class Topic>
poll_status read(gregor::consumer<Topic>& in, inspector<Topic>& look)
{
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.status() != poll_status::records) {
            return batch.status();
        }
        for (const auto& record : batch) {
            look.look(record);
        }
        if (batch.begin_offset() % 3 == 0) {
            in.commit(batch.back());
        }
    }
}

/// The smallest log that there is, and where it is kept.
template <class Topic>
struct small_log {
    small_log()
    {
        options.partitions = 2;
        options.capacity_records = 8;
        options.groups = {"g"};
#if GREGOR_FILES
        if constexpr (Topic::durable) {
            folder.emplace();
            options.log.directory = folder->path();
            options.log.segment_records = 512;
            options.log.blob_chunk_bytes = 16384;
            options.log.retention_bytes = 2 * (512 * sizeof(typename Topic::slot_type) +
                                               (Topic::encoded ? options.log.blob_chunk_bytes : 0));
            options.log.prepare_bytes = 0;
        }
#endif
    }

#if GREGOR_FILES
    std::optional<support::scratch_directory> folder; // before what is in it
#endif
    gregor::topic_options options;
};

/// What is kept of a topic is read by who opens it again: the last records, each of them whole.
template <class Topic>
void in_the_next_life(findings& found, gregor::topic_options options, std::uint64_t total)
{
    options.groups.clear();
    Topic t{"matrix", options};
    gregor::consumer in{t, "another"};
    std::uint64_t kept = 0;
    for (const std::uint32_t p : {0U, 1U}) {
        kept += t.end_offset({p}) - t.begin_offset({p});
    }
    t.close();
    inspector<Topic> look{found, total};
    found.expect(read(in, look) == poll_status::closed, "the log has no end");
    found.expect(look.count() == kept && kept != 0, "not all that was kept came again");
}

template <class Topic>
void in_one_thread(findings& found, const small_log<Topic>& log, std::uint64_t total)
{
    using value = support::payload<typename Topic::value_type>;
    Topic t{"matrix", log.options};
    std::vector<gregor::producer<Topic>> producers;
    producers.emplace_back(t);
    gregor::consumer in{t, "g"};
    inspector<Topic> look{found, total};
    for (std::uint64_t n = 0; n != total; ++n) {
        if (Topic::policies::producers::many && n == total / 2) {
            producers.emplace_back(t);
        }
        const auto p = static_cast<std::uint32_t>(n % producers.size());
        auto given = value::make(p, n);
        gregor::sent sent = producers[p].try_send(std::move(given), attributes_of<Topic>(n));
        for (int i = 0; sent.status() == send_status::full && i != 3; ++i) {
            found.expect(value::read(given).intact, "a refused value was touched");
            read(in, look);
            sent = producers[p].try_send(std::move(given), attributes_of<Topic>(n));
        }
        found.expect(sent.status() == send_status::ok, "a record was not taken");
    }
    t.close();
    auto given = value::make(0, 0);
    found.expect(producers[0].send(std::move(given)).status() == send_status::closed,
                 "a closed topic takes records");
    found.expect(read(in, look) == poll_status::closed, "a closed topic does not say so");
    found.expect(look.count() == total, "not all records came");
    in.close();
    found.expect(t.wait_drained(std::chrono::nanoseconds{0}), "the topic is not drained");
}

template <class Topic>
void in_two_threads(findings& found, const small_log<Topic>& log, std::uint64_t total)
{
    using value = support::payload<typename Topic::value_type>;
    Topic t{"matrix", log.options};
    std::thread sender{[&] {
        gregor::producer out{t};
        for (std::uint64_t n = 0; n != total; ++n) {
            auto given = value::make(0, n);
            gregor::sent sent = out.send(std::move(given), attributes_of<Topic>(n));
            while (sent.status() == send_status::full && !Topic::policies::overflow::waits) {
                std::this_thread::yield();
                sent = out.send(std::move(given), attributes_of<Topic>(n));
            }
            if (!found.expect(sent.status() == send_status::ok, "a record was not taken")) {
                break;
            }
        }
        t.close();
    }};
    gregor::consumer in{t, "g"};
    inspector<Topic> look{found, total};
    poll_status how = poll_status::records;
    while (how == poll_status::records) {
        const auto batch = in.poll(support::patience);
        how = batch.status();
        for (const auto& record : batch) {
            look.look(record);
        }
    }
    found.expect(how == poll_status::closed, "the last poll does not say closed");
    sender.join();
    found.expect(look.count() == total, "not all records came");
}

/// All of it, for one topic type.
template <class Topic>
void check(std::string_view name)
{
    constexpr bool is_large = sizeof(typename Topic::slot_type) > 1000;
    constexpr std::uint64_t laps = Topic::durable ? 5000 : is_large ? 40 : 200;
    constexpr std::uint64_t more = Topic::durable ? 5000 : is_large ? 60 : 2000;
    findings found;
    {
        const small_log<Topic> log;
        in_one_thread<Topic>(found, log, laps);
        if constexpr (Topic::durable) {
            in_the_next_life<Topic>(found, log.options, laps);
        }
    }
    in_two_threads<Topic>(found, small_log<Topic>{}, more);
    INFO(name << '\n' << found.text());
    CHECK(found.none());
}

} // namespace matrix
