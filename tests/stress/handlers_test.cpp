// SPDX-License-Identifier: MIT
#include <gregor/run.hpp>

#if GREGOR_STOP_TOKEN

#    include <algorithm>
#    include <array>
#    include <chrono>
#    include <cstddef>
#    include <cstdint>
#    include <mutex>
#    include <stdexcept>
#    include <string>
#    include <thread>
#    include <vector>

#    include "stress/traffic.hpp"
#    include "support/catch.hpp"

namespace {

constexpr std::uint32_t producers = 2;
constexpr std::uint64_t keys_each = 16;

constexpr std::uint32_t key_of(const support::plain& value)
{
    return static_cast<std::uint32_t>(value.producer * keys_each + value.number % keys_each);
}

using keyed = gregor::topic<support::plain, gregor::keyed_by<key_of>>;

/// Handles each key's records, once each and in order; some only at the second attempt, some not at
/// all. No locks: a key's records are never handled at once, and each after the one before.
class bookkeeper {
public:
    explicit bookkeeper(support::findings& wrong) : wrong_(wrong) {}

    template <class Record>
    void operator()(const Record& record)
    {
        const support::plain& value = record.value();
        page& its = pages_[key_of(value)];
        if (value.number % 101 == 0) {
            throw std::runtime_error("it never works");
        }
        if (value.number % 37 == 0 && !its.tried) {
            its.tried = true;
            throw std::runtime_error("it works next time");
        }
        its.tried = false;
        enter(its, value);
    }

    /// The key's next record, done or dead.
    void enter_dead(const support::plain& value) { enter(pages_[key_of(value)], value); }

    [[nodiscard]] std::uint64_t total() const
    {
        std::uint64_t sum = 0;
        for (const page& each : pages_) {
            sum += each.count;
        }
        return sum;
    }

private:
    struct alignas(64) page {
        std::uint64_t count = 0;
        bool tried = false;
    };

    void enter(page& its, const support::plain& value)
    {
        wrong_.expect(support::payload<support::plain>::read(value).intact, "a torn record");
        const std::uint64_t due = its.count * keys_each + value.number % keys_each;
        if (value.number != due) {
            wrong_.add("producer " + std::to_string(value.producer) + ": expected " +
                       std::to_string(due) + ", found " + std::to_string(value.number));
        }
        its.count = value.number / keys_each + 1;
    }

    support::findings& wrong_;
    std::array<page, producers * keys_each> pages_{};
};

/// Members come and go while producers run; every record is done or dead, once, in order.
template <class Start>
void storm(Start&& start)
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    support::findings wrong;
    keyed topic{"t", {.partitions = 4, .capacity_records = 64, .groups = {"g"}}};
    bookkeeper books{wrong};
    const gregor::run_options options{
        .members = 2,
        .retry = {.attempts = 1, .first_delay = std::chrono::nanoseconds{0}},
        .workers = 3,
        .window_records = 1 + dice.below(48),
        .consumer = {.max_poll_records = 1 + dice.below(32)}};
    std::uint64_t dead = 0; // letters are written one at a time
    const auto bury = [&](gregor::dead_letter<support::plain>&& letter) {
        wrong.expect(letter.attempts == 2, "a letter after other than two attempts");
        books.enter_dead(*letter.value);
        ++dead;
    };
    auto work = start(topic, [&](const auto& record) { books(record); }, options, bury);
    const stress::stopwatch watch;
    std::array<std::uint64_t, producers> sent{};
    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != producers; ++p) {
        senders.emplace_back([&, p] {
            support::dice mine{seed + 1 + p};
            gregor::producer out{topic};
            using payload = support::payload<support::plain>;
            while (!watch.over() && out.send(payload::make(p, sent[p]))) {
                ++sent[p];
                stress::stumble(mine);
            }
        });
    }
    while (!watch.over()) {
        work.set_members(1 + dice.below(5));
        std::this_thread::sleep_for(std::chrono::microseconds{dice.below(3000)});
    }
    for (std::thread& each : senders) {
        each.join();
    }
    topic.close();
    work.wait();
    const gregor::run_counts counts = work.counts();
    CHECK(books.total() == sent[0] + sent[1]);
    CHECK(counts.handled + counts.dead_lettered == sent[0] + sent[1]);
    CHECK(counts.dead_lettered == dead);
    stress::tell_checked(books.total());
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("handlers at full speed, some of which fail, while members come and go", "[stress]")
{
    storm([](keyed& topic, auto handler, const gregor::run_options& options, auto bury) {
        return gregor::run(topic, "g", handler, options, bury);
    });
}

TEST_CASE("workers by key at full speed, some of which fail, while members come and go", "[stress]")
{
    storm([](keyed& topic, auto handler, const gregor::run_options& options, auto bury) {
        return gregor::run_keyed(topic, "g", handler, options, bury);
    });
}

TEST_CASE("runners start, stop and are destroyed under load, and nothing is lost", "[stress]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    support::findings wrong;
    keyed topic{"t", {.partitions = 3, .capacity_records = 64, .groups = {"g"}}};
    const stress::stopwatch watch;
    std::thread sender{[&] {
        gregor::producer out{topic};
        for (std::uint64_t i = 0; !watch.over(); ++i) {
            using payload = support::payload<support::plain>;
            static_cast<void>(out.send(payload::make(0, i)));
        }
        topic.close();
    }};
    // each offset at least once: the furthest that was handled of each partition, and no gap
    std::mutex mutex;
    std::array<std::vector<bool>, 3> seen;
    const auto handler = [&](const auto& record) {
        const std::lock_guard lock{mutex};
        auto& its = seen[record.partition().value];
        its.resize(std::max(its.size(), static_cast<std::size_t>(record.offset()) + 1));
        its[static_cast<std::size_t>(record.offset())] = true;
    };
    for (bool over = false; !over;) {
        over = watch.over();
        const gregor::run_options options{.members = 1 + dice.below(3),
                                          .workers = 1 + dice.below(3),
                                          .window_records = 1 + dice.below(20)};
        auto work = dice.one_in(2) ? gregor::run(topic, "g", handler, options)
                                   : gregor::run_keyed(topic, "g", handler, options);
        if (over) {
            work.wait();
        } else if (dice.one_in(3)) {
            work.request_stop();
        } else {
            std::this_thread::sleep_for(std::chrono::microseconds{dice.below(3000)});
        }
    }
    sender.join();
    std::uint64_t total = 0;
    for (std::uint32_t p = 0; p != 3; ++p) {
        CHECK(seen[p].size() == topic.end_offset({p}));
        wrong.expect(std::find(seen[p].begin(), seen[p].end(), false) == seen[p].end(),
                     "a record that nobody handled");
        total += seen[p].size();
    }
    stress::tell_checked(total);
    INFO(wrong.text());
    CHECK(wrong.none());
}

#endif
