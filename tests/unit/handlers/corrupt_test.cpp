// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>
#include <gregor/run.hpp>

#if GREGOR_STOP_TOKEN && GREGOR_FILES

#    include <algorithm>
#    include <chrono>
#    include <cstdint>
#    include <stdexcept>
#    include <string>
#    include <thread>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/handling.hpp"

// Handlers that come to a record which is not what was written to the disk.

using namespace std::chrono_literals;
using gregor::offset_t;
using gregor::partition_id;
using gregor::run;
using gregor::run_keyed;
using support::committed_by;
using support::scratch_directory;
using support::segment;
using support::trade;

namespace {

constexpr partition_id zero{0};
constexpr offset_t end = 3 * segment;

using log_topic = gregor::topic<trade, gregor::storage::mmap_log>;
using keyed_log = gregor::topic<trade, gregor::storage::mmap_log, gregor::keyed_by<&trade::id>>;
using seen = support::notebook<offset_t>;

gregor::topic_options options_of(const scratch_directory& folder)
{
    auto options = support::log_in(folder);
    options.partitions = 2;
    options.groups = {"g"};
    return options;
}

/// Two partitions, of which the first has a record that is broken.
template <class Topic>
void write_broken(const scratch_directory& folder, offset_t where)
{
    {
        Topic topic{"trades", options_of(folder)};
        support::send_trades(topic, 0, end);
        gregor::producer out{topic};
        REQUIRE(out.send(trade::number(0), {.partition = partition_id{1}}));
    }
    support::damage(folder, where, 20);
}

std::vector<offset_t> from_to(offset_t from, offset_t to)
{
    std::vector<offset_t> all;
    for (; from != to; ++from) {
        all.push_back(from);
    }
    return all;
}

std::vector<offset_t> sorted(std::vector<offset_t> offsets)
{
    std::sort(offsets.begin(), offsets.end());
    return offsets;
}

/// Whether it was stopped by a record that is broken.
bool was_stopped_by_damage(gregor::runner& work, const std::string& group = "g")
{
    try {
        work.wait();
    } catch (const gregor::error& e) {
        return e.code() == gregor::errc::corrupt &&
               e.operation() == "runner of topic \"trades\" in group \"" + group + "\"" &&
               work.members() == 0;
    }
    return false;
}

/// Notes the records of the first partition.
auto noting(seen& all)
{
    return [&all](const auto& record) {
        if (record.partition() == zero) {
            all.write(record.offset());
        }
    };
}

} // namespace

TEST_CASE("a broken record stops a runner where it stands, and what is before it is committed",
          "[run]")
{
    const offset_t where = GENERATE(offset_t{0}, offset_t{511}, offset_t{700});
    const scratch_directory folder;
    write_broken<log_topic>(folder, where);
    log_topic topic{"trades", options_of(folder)};
    seen before;
    auto work = run(topic, "g", noting(before),
                    {.members = 2, .retry = {.attempts = 3}, .failure = gregor::on_failure::skip});
    CHECK(was_stopped_by_damage(work));
    CHECK(before.lines() == from_to(0, where));
    CHECK(work.counts().skipped == 0);
    CHECK(work.counts().retried == 0);
    CHECK(committed_by(topic, "g") == where);

    // it stays in the way until somebody says that it is to be passed over
    seen none;
    auto again = run(topic, "g", noting(none));
    CHECK(was_stopped_by_damage(again));
    CHECK(none.lines().empty());
    {
        gregor::consumer in{topic, "g"};
        CHECK(in.commit(zero, where + 1) == gregor::commit_status::ok);
    }
    seen rest;
    auto last = run(topic, "g", noting(rest));
    topic.close();
    last.wait();
    CHECK(rest.lines() == from_to(where + 1, end));
}

TEST_CASE("a handler of batches gets what is before a broken record", "[run]")
{
    const scratch_directory folder;
    write_broken<log_topic>(folder, 700);
    log_topic topic{"trades", options_of(folder)};
    seen before;
    auto work = run(topic, "g", [&](const gregor::batch<log_topic>& batch) {
        for (const auto& record : batch) {
            noting(before)(record);
        }
    });
    CHECK(was_stopped_by_damage(work));
    CHECK(before.lines() == from_to(0, 700));
    CHECK(committed_by(topic, "g") == 700);
}

TEST_CASE("a lossy runner does not pass over a broken record either", "[run]")
{
    const scratch_directory folder;
    write_broken<log_topic>(folder, 700);
    log_topic topic{"trades", options_of(folder)};
    seen before;
    auto work = run(topic, "screen", noting(before), {.consumer = {.lossy = true}});
    CHECK(was_stopped_by_damage(work, "screen"));
    CHECK(before.lines() == from_to(0, 700));
    CHECK(work.counts().missed == 0);
}

TEST_CASE("a broken record is no dead letter: nothing can be said of it", "[run][dead_letter]")
{
    const scratch_directory folder;
    write_broken<log_topic>(folder, 5);
    log_topic topic{"trades", options_of(folder)};
    gregor::topic<gregor::dead_letter<trade>> dead{"dead"};
    auto work = run(
        topic, "g",
        [&](const auto& record) {
            if (record.offset() == 4) {
                throw std::runtime_error("four");
            }
        },
        {}, gregor::dead_letters_to(dead));
    CHECK(was_stopped_by_damage(work));
    CHECK(work.counts().dead_lettered == 1);
    CHECK(dead.end_offset(zero) == 1);
    CHECK(committed_by(topic, "g") == 5);
}

TEST_CASE("a runner that has an hour to come to an end ends at a broken record", "[run]")
{
    const scratch_directory folder;
    write_broken<log_topic>(folder, 700);
    log_topic topic{"trades", options_of(folder)};
    seen before;
    support::door told;
    auto work = run(topic, "g",
                    [&](const auto& record) {
                        told.pass();
                        noting(before)(record);
                    },
                    {.drain = 1h, .consumer = {.max_poll_records = 10}});
    work.request_stop();
    told.open();
    CHECK(was_stopped_by_damage(work));
    CHECK(before.lines() == from_to(0, 700));
    CHECK(committed_by(topic, "g") == 700);
}

TEST_CASE("workers finish what is before a broken record, and it is committed up to there",
          "[run][keyed]")
{
    const offset_t where = GENERATE(offset_t{0}, offset_t{5});
    const scratch_directory folder;
    write_broken<keyed_log>(folder, where);
    keyed_log topic{"trades", options_of(folder)};
    seen before;
    const auto slowly = [&](const auto& record) {
        std::this_thread::sleep_for(10ms); // so that it is met before they are through
        noting(before)(record);
    };
    auto work = run_keyed(topic, "g", slowly, {.workers = 1});
    CHECK(was_stopped_by_damage(work));
    CHECK(sorted(before.lines()) == from_to(0, where));
    CHECK(committed_by(topic, "g") == where);
    {
        gregor::consumer in{topic, "g"};
        CHECK(in.commit(zero, where + 1) == gregor::commit_status::ok);
    }
    seen rest;
    auto last = run_keyed(topic, "g", noting(rest), {.workers = 3});
    topic.close();
    last.wait();
    CHECK(sorted(rest.lines()) == from_to(where + 1, end));
}

TEST_CASE("a stop does not wait for retries before a broken record", "[run][keyed]")
{
    const scratch_directory folder;
    write_broken<keyed_log>(folder, 5);
    keyed_log topic{"trades", options_of(folder)};
    seen tried;
    auto work =
        run_keyed(topic, "g",
                  [&](const auto& record) {
                      if (record.partition() == zero && record.offset() == 3) {
                          tried.write(3);
                          throw std::runtime_error("never");
                      }
                  },
                  {.retry = {.attempts = gregor::for_ever, .first_delay = 1h, .limit = 1h}});
    REQUIRE(support::eventually([&] { return tried.size() == 1; }));
    work.stop();
    CHECK(tried.size() == 1);
    CHECK(committed_by(topic, "g") <= 3);
}

#endif
