// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>
#include <gregor/run.hpp>

#if GREGOR_STOP_TOKEN && GREGOR_FILES

#    include <cstddef>
#    include <map>
#    include <optional>
#    include <stdexcept>
#    include <string>
#    include <utility>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/handling.hpp"
#    include "support/scratch_directory.hpp"

// Handlers of records that lie in a log on disk by serde<T>.

using gregor::partition_id;
using gregor::run;
using gregor::run_keyed;
using gregor::storage::mmap_log;
using support::committed_by;

namespace {

using texts = gregor::topic<std::string, gregor::key<std::string>, mmap_log>;
using numbers = gregor::topic<std::vector<int>, gregor::key<int>, mmap_log>;

gregor::topic_options log_in(const support::scratch_directory& folder)
{
    gregor::topic_options options;
    options.groups = {"g"};
    options.log.directory = folder.path();
    options.log.segment_records = 512;
    options.log.blob_chunk_bytes = 1U << 16U;
    return options;
}

std::string text_of(int n)
{
    return std::string(static_cast<std::size_t>(n), 'x') + std::to_string(n);
}

} // namespace

TEST_CASE("workers get whole copies of records that do not lie in their slots", "[run][keyed]")
{
    const support::scratch_directory folder;
    texts topic{"texts", log_in(folder)};
    gregor::producer out{topic};
    for (int n = 0; n != 400; ++n) {
        const auto key =
            n % 5 == 0 ? std::nullopt : std::optional<std::string>{std::to_string(n % 7)};
        REQUIRE(out.send(text_of(n), {.key = key}));
    }
    support::notebook<std::pair<std::string, std::string>> seen;
    auto work = run_keyed(topic, "g",
                          [&](const auto& record) {
                              seen.write({record.key() ? std::string{*record.key()} : "none",
                                          std::string{record.value()}});
                          },
                          {.workers = 3, .window_records = 16});
    topic.close();
    work.wait();
    std::map<std::string, std::vector<std::string>> by_key;
    for (auto& [key, text] : seen.lines()) {
        by_key[key].push_back(text);
    }
    std::map<std::string, std::vector<std::string>> expected;
    for (int n = 0; n != 400; ++n) {
        if (n % 5 != 0) { // those without a key come in any order
            expected[std::to_string(n % 7)].push_back(text_of(n));
        }
    }
    CHECK(by_key["none"].size() == 80);
    by_key.erase("none");
    CHECK(by_key == expected);
    CHECK(committed_by(topic, "g") == 400);
}

TEST_CASE("dead letters of records that do not lie in their slots have their values",
          "[run][keyed][dead_letter]")
{
    const support::scratch_directory folder;
    numbers topic{"numbers", log_in(folder)};
    gregor::producer out{topic};
    for (int n = 0; n != 10; ++n) {
        REQUIRE(out.send(std::vector<int>(static_cast<std::size_t>(n), n), {.key = n % 3}));
    }
    topic.close();
    gregor::topic<gregor::dead_letter<std::vector<int>>> dead{"dead"};
    const auto fails = [](const auto& record) {
        if (record.value().size() == 7) {
            throw std::runtime_error("seven");
        }
    };
    const bool keyed = GENERATE(false, true);
    if (keyed) {
        auto work = run_keyed(topic, "g", fails, {}, gregor::dead_letters_to(dead));
        work.wait();
    } else {
        auto work = run(topic, "g", fails, {}, gregor::dead_letters_to(dead));
        work.wait();
    }
    CHECK(committed_by(topic, "g") == 10);
    gregor::consumer in{dead, "g"};
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 1);
    CHECK(batch.front().value().offset == 7);
    CHECK(batch.front().value().value == std::vector<int>(7, 7));
}

#endif
