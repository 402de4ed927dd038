// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <algorithm>
#    include <cstdint>
#    include <cstdio>
#    include <string>
#    include <vector>

#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/failing_storage.hpp"
#    include "support/stepped_process.hpp"

// A process ends before each of its calls to the system in turn, while it opens a topic on disk,
// sends, rolls, makes lasting, takes away what is old, and closes: what it had sent is there.

using gregor::flush_policy;
using gregor::offset_t;
using gregor::partition_id;
using support::failing_files;
using support::scratch_directory;
using support::segment;
using support::trade;

namespace {

constexpr partition_id zero{0};

gregor::topic_options options_of(const scratch_directory& folder, flush_policy flush)
{
    auto options = support::log_in(folder);
    options.log.flush = flush;
    options.log.flush_records = 100;
    options.log.retention_bytes = 3 * segment * 32;
    options.log.prepare_bytes = 1000;
    return options;
}

/// One life of a topic of such values: sends the records that belong to the offsets up to `end`.
/// What was sent is told in `sent`; true when nothing failed.
template <class Value>
bool live(const scratch_directory& folder, flush_policy flush, offset_t end,
          volatile offset_t& sent)
{
    auto topic =
        gregor::topic<Value, support::failing_storage>::create("trades", options_of(folder, flush));
    if (!topic) {
        return false;
    }
    gregor::producer out{*topic};
    while (topic->end_offset(zero) < end) {
        std::vector<Value> some;
        for (offset_t n = topic->end_offset(zero); n != end && some.size() != 90; ++n) {
            some.push_back(support::numbered<Value>(n));
        }
        if (!out.send_batch(some)) {
            return false;
        }
        sent = topic->end_offset(zero);
        topic->maintain();
        if (sent % 7 == 0 && topic->flush()) {
            return false;
        }
    }
    return true;
}

/// How a child ended that lives until its n-th call: 0 there, 1 after the last one.
template <class Value>
int killed_at(long n, const scratch_directory& folder, flush_policy flush, offset_t end,
              volatile offset_t& sent)
{
    const pid_t child = ::fork();
    if (child == 0) {
        failing_files::die_at_call(n);
        ::_exit(live<Value>(folder, flush, end, sent) ? 1 : 2);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

template <class Value>
void kill_at_every_call()
{
    const auto flush = GENERATE(flush_policy::none, flush_policy::every_records);
    const support::shared_with_child<volatile offset_t> sent;
    long n = 0;
    for (int ended = 0; ended == 0; ++n) {
        INFO("killed before call " << n);
        const scratch_directory folder;
        failing_files::fail_nothing();
        *sent = 0;
        REQUIRE(live<Value>(folder, flush, 1000, *sent));
        ended = killed_at<Value>(n, folder, flush, 2600, *sent);
        REQUIRE(ended != 2);
        CHECK(*sent >= 1000);
        if (n % 4 == 0) {
            // and its heir, while he opens the log
            REQUIRE(killed_at<Value>(n / 4 % 50, folder, flush, 2600, *sent) != 2);
        }
        CHECK(support::look_through<Value>(folder, *sent) == "");
    }
    CHECK(n > 50);
    std::printf("crash: killed before each of %ld calls to the system\n", n - 1);
}

} // namespace

TEST_CASE("who is killed before any of his calls to the system has what he had sent", "[crash]")
{
    kill_at_every_call<trade>();
}

TEST_CASE("who is killed before any of his calls to the system has the texts he had sent",
          "[crash]")
{
    kill_at_every_call<std::string>();
}

#endif
