// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

namespace {

constexpr gregor::partition_id only{0};

/// One group, read by one member after the other: some leave with a batch in hand, some before they
/// have read anything, some look back first. What a member returned is committed when it leaves, so
/// the group sees every record once.
template <class Topic>
stress::ledger read_in_turns(Topic& topic, std::uint64_t seed, support::findings& wrong)
{
    support::dice dice{seed};
    stress::ledger seen;
    for (;;) {
        auto in = std::make_unique<gregor::consumer<Topic>>(
            topic, "g", gregor::consumer_options{.max_poll_records = 1 + dice.below(16)});
        for (std::uint64_t polls = dice.below(20); polls != 0; --polls) {
            const auto batch = in->poll(std::chrono::seconds{60});
            if (batch.status() == gregor::poll_status::closed) {
                return seen;
            }
            if (!wrong.expect(batch.status() == gregor::poll_status::records, "a reader hangs")) {
                return seen;
            }
            if (polls == 1 && dice.one_in(2)) {
                in.reset(); // the batch outlives it
            }
            for (const auto& record : batch) {
                seen.enter(record, wrong);
            }
            wrong.expect(batch.missed() == 0, "a declared group missed something");
            stress::stumble(dice);
        }
    }
}

/// Joins late, again and again, and looks whether what it gets is whole and has no gap.
template <class Topic>
void join_late(Topic& topic, std::uint64_t seed, support::findings& wrong)
{
    using payload = support::payload<typename Topic::value_type>;
    support::dice dice{seed};
    for (std::uint64_t life = 0; !topic.closed(); ++life) {
        const bool lossy = dice.one_in(3);
        const bool grouped = dice.one_in(2);
        const gregor::consumer_options options{.lossy = lossy,
                                               .reset = dice.one_in(2)
                                                            ? gregor::auto_offset_reset::earliest
                                                            : gregor::auto_offset_reset::latest,
                                               .max_poll_records = 1 + dice.below(16)};
        gregor::consumer<Topic> in =
            grouped
                ? gregor::consumer{topic, "late " + std::to_string(life % 64) + (lossy ? "l" : ""),
                                   options}
                : gregor::consumer{topic, options};
        if (!grouped) {
            in.assign_all();
        }
        gregor::offset_t next = in.position(only);
        // a group that was here before is told with its first batch what it lost on the way
        bool told = !grouped;
        for (std::uint64_t polls = dice.below(10); polls != 0; --polls) {
            if (dice.one_in(10)) {
                in.seek_to_beginning(only);
                next = in.position(only);
                told = false;
            }
            const auto batch = in.poll(std::chrono::milliseconds{1});
            if (batch.empty()) {
                continue;
            }
            if (told && !lossy) {
                wrong.expect(batch.begin_offset() == next + batch.missed(),
                             "a gap in what a late group got");
            }
            wrong.expect(batch.begin_offset() >= next, "a reader was set back");
            next = batch.next_offset();
            told = true;
            for (const auto& record : batch) {
                wrong.expect(payload::read(record.value()).intact, "a torn record");
            }
            if (dice.one_in(16)) {
                in.commit(only, batch.begin_offset()); // back
            }
        }
    }
}

template <class T, class... Policies>
void run(std::uint32_t producers)
{
    using topic_type = gregor::topic<T, Policies...>;
    const support::fresh_seed seed;
    INFO(seed);
    topic_type topic{"t", {.capacity_records = 32, .groups = {"g"}}};
    support::findings wrong;
    const stress::stopwatch watch;
    std::vector<std::uint64_t> sent(producers);
    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != producers; ++p) {
        senders.emplace_back([&, p] {
            support::dice dice{seed + 2 + p};
            gregor::producer out{topic};
            while (!watch.over() && out.send(support::payload<T>::make(p, sent[p]))) {
                ++sent[p];
                stress::stumble(dice);
            }
        });
    }
    stress::ledger seen;
    std::thread group{[&] { seen = read_in_turns(topic, seed, wrong); }};
    std::thread late{[&] { join_late(topic, seed + 1, wrong); }};
    for (auto& each : senders) {
        each.join();
    }
    topic.close();
    group.join();
    late.join();
    for (std::uint32_t p = 0; p != producers; ++p) {
        CHECK(seen.seen_of(p) == sent[p]);
    }
    stress::tell_checked(seen.total());
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("members of a group come and go under load, and the group misses nothing", "[stress]")
{
    run<support::plain>(1);
    run<std::string>(2);
    run<std::string, gregor::producers::single, gregor::wait::sleep>(1);
}
