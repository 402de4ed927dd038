// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstdio>
#    include <string>

#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/random.hpp"
#    include "support/telling_child.hpp"

// A process that sends, polls and commits is killed at any moment, again and again: its group goes
// on at the offset that was committed last, or at the one that was being committed, with its note.

using gregor::offset_t;
using gregor::partition_id;
using support::log_in;
using support::segment;
using support::trade;

namespace {

using log_topic = gregor::topic<trade, gregor::storage::mmap_log>;
constexpr partition_id zero{0};

struct told {
    std::uint64_t begins; ///< 1: it is about to be committed; 0: it is
    offset_t offset;
};

gregor::topic_options options_in(const support::scratch_directory& folder)
{
    auto options = log_in(folder);
    options.log.retention_bytes = 4 * segment * 32;
    return options;
}

[[noreturn]] void live(const support::scratch_directory& folder, int tell, std::uint64_t seed)
{
    support::dice dice{seed};
    log_topic topic{"trades", options_in(folder)};
    gregor::producer out{topic};
    gregor::consumer<log_topic> in{topic, "risk", {.auto_commit = false}};
    const auto say = [&](const told& what) {
        if (!support::tell(tell, what)) {
            ::_exit(2);
        }
    };
    for (;;) {
        for (std::uint64_t more = dice.below(200); more != 0; --more) {
            if (!out.try_send(trade::number(topic.end_offset(zero)))) {
                break; // full: the group has to go on first
            }
        }
        const auto batch = in.try_poll();
        for (const auto& record : batch) {
            if (record.value() != trade::number(record.offset())) {
                ::_exit(4);
            }
        }
        if (!batch.empty()) {
            const offset_t next = batch[0].offset() + 1 + dice.below(batch.size());
            say({1, next});
            static_cast<void>(in.commit(zero, next, std::to_string(next)));
            say({0, next});
            in.seek(zero, next);
        }
    }
}

} // namespace

TEST_CASE("a group whose process is killed goes on where it committed last", "[crash]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    const support::scratch_directory folder;
    offset_t done = 0;
    std::uint64_t commits = 0;
    std::string wrong;
    const int kills = support::kills(60);
    for (int life = 0; life != kills && wrong.empty(); ++life) {
        const std::uint64_t its_seed = dice.below(1U << 30U);
        support::telling_child<told> child{[&](int tell) { live(folder, tell, its_seed); }};
        std::uint64_t left = 1 + dice.below(60);
        offset_t begun = done;
        for (told what{}; child.hear(what, left);) {
            begun = what.offset;
            done = what.begins == 1 ? done : what.offset;
            commits += what.begins == 1 ? 0U : 1U;
        }
        wrong = child.end();
        log_topic topic{"trades", options_in(folder)};
        auto found = gregor::group_admin{topic}.describe("risk");
        REQUIRE(found.has_value());
        const auto& its = found.value().partitions[0];
        const offset_t now = its.committed.value_or(0);
        if (now != done && now != begun) {
            wrong = "committed " + std::to_string(done) + ", then " + std::to_string(begun) +
                    ", found " + std::to_string(now);
        } else if (its.committed && its.metadata != std::to_string(now)) {
            wrong = "found the note " + its.metadata + " at " + std::to_string(now);
        }
        done = now;
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(commits > 200);
    std::printf("crash: a group, %llu commits, to offset %llu: %d kills\n",
                static_cast<unsigned long long>(commits), static_cast<unsigned long long>(done),
                kills);
}

#endif
