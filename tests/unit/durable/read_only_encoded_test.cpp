// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/scratch_directory.hpp"
#include "support/seen_folder.hpp"
#include "support/statuses.hpp"

#if GREGOR_FILES

// A log whose records lie in blobs, opened to be read: what is beside the slots does not change
// either.

using gregor::log_opening;
using gregor::offset_t;
using gregor::partition_id;
using gregor::poll_status;
using support::killed_after;
using support::scratch_directory;
using support::seen_folder;

namespace {

constexpr partition_id zero{0};
constexpr std::size_t segment = 512;
constexpr std::size_t chunk = 16384;

using text_topic = gregor::topic<std::string, gregor::storage::mmap_log, gregor::key<std::string>,
                                 gregor::headers, gregor::overflow::reject>;

gregor::topic_options options_of(const scratch_directory& folder, log_opening opening)
{
    gregor::topic_options options;
    options.log.directory = folder.path();
    options.log.segment_records = segment;
    options.log.blob_chunk_bytes = chunk;
    options.log.retention_bytes = 300000;
    options.log.opening = opening;
    return options;
}

std::string text_of(std::uint64_t n)
{
    return std::string(static_cast<std::size_t>(n * 37 % 150), static_cast<char>('a' + n % 26));
}

void send(text_topic& topic, std::uint64_t from, std::uint64_t to)
{
    gregor::producer out{topic};
    for (; from != to; ++from) {
        static_cast<void>(out.send(
            text_of(from), {.key = std::to_string(from), .headers = {{"n", text_of(from + 1)}}}));
    }
}

struct found {
    offset_t begin;
    offset_t end;
    std::uint64_t right = 0;
    poll_status why = poll_status::records;

    friend bool operator==(const found&, const found&) = default;
};

found look(const scratch_directory& folder, log_opening opening, const char* group = "readers")
{
    text_topic topic{"texts", options_of(folder, opening)};
    topic.close();
    gregor::producer out{topic};
    CHECK(out.send("more").status() == gregor::send_status::closed);
    CHECK_FALSE((opening == log_opening::read_only && topic.maintain()));
    found result{topic.begin_offset(zero), topic.end_offset(zero)};
    gregor::consumer in{topic, group};
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.status() != poll_status::records) {
            result.why = batch.status();
            return result;
        }
        for (const auto& record : batch) {
            const std::uint64_t n = record.offset();
            const bool right = record.value() == text_of(n) && record.key() == std::to_string(n) &&
                               record.headers()[0].value == text_of(n + 1);
            result.right += right ? 1U : 0U;
        }
    }
}

std::vector<std::string> chunks_of(const scratch_directory& folder)
{
    std::vector<std::string> chunks;
    for (const auto& entry : std::filesystem::directory_iterator{folder / "texts/0"}) {
        if (entry.path().extension() == ".blobs") {
            chunks.push_back(entry.path().string());
        }
    }
    std::sort(chunks.begin(), chunks.end());
    return chunks;
}

} // namespace

TEST_CASE("texts are read in a log that is opened to be read, and none of its files changes",
          "[durable][encoded]")
{
    const scratch_directory folder;
    const std::uint64_t count = GENERATE(0U, 100U, 1300U, 5000U);
    const bool killed = GENERATE(false, true);
    const auto live = [&] {
        auto* const topic = new text_topic{"texts", options_of(folder, log_opening::create)};
        send(*topic, 0, count);
        return topic;
    };
    if (killed) {
        killed_after(live);
    } else {
        delete live();
    }
    const seen_folder before{folder};
    const found seen = look(folder, log_opening::read_only);
    CHECK(seen.end == count);
    CHECK(seen.right == count - seen.begin);
    CHECK(seen.why == poll_status::closed);
    CHECK(before == seen_folder{folder});
    CHECK(seen == look(folder, log_opening::read_only));
    CHECK(seen == look(folder, log_opening::open_existing));
}

TEST_CASE("what is missing of a chunk is told of a log that is opened to be read, too",
          "[durable][encoded]")
{
    const scratch_directory folder;
    killed_after([&] {
        auto* const topic = new text_topic{"texts", options_of(folder, log_opening::create)};
        send(*topic, 0, 1000);
    });
    look(folder, log_opening::open_existing, "others"); // seals the first segment
    const std::vector<std::string> chunks = chunks_of(folder);
    REQUIRE(chunks.size() > 2);
    const std::uintmax_t kept = GENERATE(0U, 100U, 4096U, 6000U, 12288U);
    std::filesystem::resize_file(chunks[1], kept);
    const seen_folder before{folder};
    const found seen = look(folder, log_opening::read_only);
    CHECK(seen.right < 1000);
    CHECK(seen.right > 50);
    CHECK(seen.why == poll_status::corrupt);
    CHECK(before == seen_folder{folder});
    CHECK(seen == look(folder, log_opening::open_existing));
}

#endif
