// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <cerrno>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <filesystem>
#    include <functional>
#    include <memory>
#    include <span>
#    include <string>
#    include <string_view>
#    include <vector>

#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/failing_files.hpp"
#    include "support/failing_topic.hpp"
#    include "support/statuses.hpp"

// What a topic of texts does, whose blobs lie beside its segments, where the system does not do
// what it should; and when it makes them lasting.

using gregor::flush_policy;
using gregor::offset_t;
using gregor::partition_id;
using gregor::send_status;
using support::failing_files;
using support::look_through;
using support::numbered;
using support::scratch_directory;
using support::segment;

namespace {

constexpr partition_id zero{0};
constexpr std::size_t chunk = 4096;

/// The system's calls, as they are counted and fail; and which files were made lasting.
struct noting_files : failing_files {
    static inline std::vector<std::string> synced;
    static inline std::string parts;              ///< of files that were made lasting in part
    static inline std::string_view fails_sync_of; ///< what ends so
    static inline std::string_view fails_removal_of;

    static gregor::disk::outcome remove(int directory, const char* name) noexcept
    {
        return !fails_removal_of.empty() && std::string_view{name}.ends_with(fails_removal_of)
                   ? gregor::disk::outcome{EIO, "remove"}
                   : failing_files::remove(directory, name);
    }

    static gregor::disk::outcome sync(int file) noexcept
    {
        return noted(file) ? failing_files::sync(file) : gregor::disk::outcome{EIO, "sync"};
    }
    static gregor::disk::outcome sync_part(int file, std::uint64_t from, std::size_t count,
                                           void* mapped) noexcept
    {
        const bool fine = noted(file);
        parts += "; " + std::to_string(from) + " to " + std::to_string(from + count);
        return fine ? failing_files::sync_part(file, from, count, mapped)
                    : gregor::disk::outcome{EIO, "sync"};
    }
    /// How many times a file whose name ends so was made lasting since.
    static std::size_t syncs_of(std::string_view ending)
    {
        std::size_t count = 0;
        for (const std::string& each : synced) {
            count += each.ends_with(ending) ? 1U : 0U;
        }
        return count;
    }

private:
    /// False where that is to fail.
    static bool noted(int file)
    {
        char name[4096] = {};
        const std::string link = "/proc/self/fd/" + std::to_string(file);
        static_cast<void>(::readlink(link.c_str(), name, sizeof name - 1) == 0);
        synced.emplace_back(name);
        return fails_sync_of.empty() || !synced.back().ends_with(fails_sync_of);
    }
};

struct noting_storage {
    using policy_kind = gregor::kind::storage;
};

/// A text, while which is written something else happens.
struct slow_text {
    std::string text;
    std::function<void()> meanwhile;
};

} // namespace

template <>
struct gregor::serde<slow_text> {
    static std::size_t size(const slow_text& value) noexcept { return value.text.size(); }
    static void write(const slow_text& value, std::byte* to) noexcept
    {
        if (value.meanwhile) {
            value.meanwhile();
        }
        std::memcpy(to, value.text.data(), value.text.size());
    }
    static slow_text read(std::span<const std::byte> from)
    {
        return {{reinterpret_cast<const char*>(from.data()), from.size()}, {}};
    }
};

template <class Record, bool Many>
struct gregor::log_of<noting_storage, Record, Many> {
    using type = gregor::mapped_log<Record, Many, gregor::ring::std_env, noting_files>;
};

namespace {

using failing_topic = gregor::topic<std::string, noting_storage, gregor::overflow::reject>;

gregor::topic_options options_of(const scratch_directory& folder, flush_policy flush)
{
    auto options = support::log_in(folder);
    options.log.flush = flush;
    options.log.flush_records = 100;
    options.log.retention_bytes = 5 * segment * 40;
    options.log.prepare_bytes = 1000;
    return options;
}

} // namespace

TEST_CASE("whichever call to the system fails, a topic of texts says so, and loses none",
          "[durable][encoded]")
{
    const int code = GENERATE(EIO, ENOSPC);
    const auto flush = GENERATE(flush_policy::none, flush_policy::every_records);
    CHECK(support::fail_each_call<failing_topic>(
              code, [&](const auto& folder) { return options_of(folder, flush); }) > 100);
}

TEST_CASE("where blobs could not be made lasting nothing is any more, for good",
          "[durable][encoded]")
{
    const scratch_directory folder;
    failing_files::fail_nothing();
    {
        failing_topic topic{"trades", options_of(folder, flush_policy::none)};
        gregor::producer out{topic};
        REQUIRE(out.send(numbered<std::string>(0)));
        REQUIRE_FALSE(topic.flush());
        REQUIRE(out.send(numbered<std::string>(1)));
        noting_files::fails_sync_of = ".blobs";
        const auto why = topic.flush();
        noting_files::fails_sync_of = {};
        REQUIRE(why);
        CHECK(why->code() == std::errc::io_error);
        CHECK(topic.flush());
        CHECK(topic.durable_offset(zero) == 1);
        CHECK(topic.failure(zero));
    }
    CHECK(look_through<std::string>(folder, 2) == ""); // to this system, they are there
}

TEST_CASE("chunks that cannot be taken away cost no text, and go the next time",
          "[durable][encoded]")
{
    namespace disk = gregor::disk;
    const disk::segment_format format{.type = "text",
                                      .payload_bytes = 24,
                                      .payload_alignment = 8,
                                      .slot_count = 8,
                                      .blob_chunk_bytes = chunk};
    const scratch_directory folder;
    failing_files::fail_nothing();
    auto log = disk::partition_files<noting_files>::open(
        *disk::directory<noting_files>::open(folder.path()), format);
    REQUIRE(log.has_value());
    REQUIRE_FALSE(log->add_segment(0));
    for (const std::uint64_t at : {0U, 1U, 2U}) {
        REQUIRE_FALSE(log->add_chunk(at * chunk));
        REQUIRE_FALSE(log->add_segment((at + 1) * chunk));
    }
    noting_files::fails_removal_of = ".blobs";
    CHECK_FALSE(log->add_segment_of_oldest(3 * chunk)); // it is there, and is written to
    CHECK(log->begin() == 8);
    CHECK(log->room_end() == 40);
    CHECK(log->remove_oldest()); // so it is told
    CHECK(log->begin() == 16);
    noting_files::fails_removal_of = {};
    CHECK(log->blobs().has(0));
    CHECK_FALSE(log->remove_oldest());
    CHECK_FALSE(log->blobs().has(2 * chunk));
    CHECK(log->blob_bytes() == 0);
    CHECK_FALSE(std::filesystem::exists(folder / disk::chunk_name(0)));
}

TEST_CASE("a full chunk is made lasting once all of its texts are written, and no more",
          "[durable][encoded]")
{
    using slow_topic = gregor::topic<slow_text, noting_storage>;
    const bool alone = GENERATE(true, false);
    const scratch_directory folder;
    failing_files::fail_nothing();
    slow_topic topic{"texts", options_of(folder, flush_policy::none)};
    gregor::producer out{topic};
    const auto other = alone ? nullptr : std::make_unique<gregor::producer<slow_topic>>(topic);
    REQUIRE(out.send({"the first", {}}));
    bool flushed = false;
    // its bytes are taken: there are no more in its chunk
    REQUIRE(out.send({std::string(chunk - 16, 'x'), [&] { flushed = !topic.flush(); }}));
    CHECK(flushed);
    CHECK(topic.durable_offset(zero) == 1);
    const std::string file = gregor::disk::chunk_name(0);
    const auto syncs = [&] {
        noting_files::synced.clear();
        REQUIRE_FALSE(topic.flush());
        return noting_files::syncs_of(file);
    };
    CHECK(syncs() == 1);
    CHECK(topic.durable_offset(zero) == 2);
    REQUIRE(out.send({"in the next one", {}}));
    CHECK(syncs() <= 1);
    REQUIRE(out.send({"there, too", {}}));
    CHECK(syncs() == 0);
    CHECK(noting_files::syncs_of(gregor::disk::chunk_name(chunk)) == 1);
}

TEST_CASE("a flush makes lasting the pages of blobs that were written since the last one",
          "[durable][encoded]")
{
    using slow_topic = gregor::topic<slow_text, noting_storage>;
    const scratch_directory folder;
    failing_files::fail_nothing();
    auto options = options_of(folder, flush_policy::none);
    options.log.blob_chunk_bytes = 8 * 4096;
    options.log.retention_bytes = 0;
    slow_topic topic{"texts", options};
    gregor::producer out{topic};
    const auto blobs_synced = [&] {
        noting_files::parts.clear();
        REQUIRE_FALSE(topic.flush());
        return noting_files::parts.substr(0, noting_files::parts.find(';', 2));
    };
    REQUIRE(out.send({std::string(5000, 'x'), {}}));
    CHECK(blobs_synced() == "; 4096 to 9096"); // behind a page of the file's header
    REQUIRE(out.send({std::string(8, 'y'), {}}));
    CHECK(blobs_synced() == "; 8192 to 9104");
    REQUIRE(out.send({std::string(9000, 'z'), {}}));
    CHECK(blobs_synced() == "; 8192 to 18104");
    // one is not written yet, so its page is made lasting again when it is
    std::string meanwhile;
    REQUIRE(out.send({std::string(16, 'a'), {}}));
    REQUIRE(out.send({std::string(4096, 'b'), [&] { meanwhile = blobs_synced(); }}));
    CHECK(meanwhile == "; 16384 to 22216");
    REQUIRE(out.send({std::string(8, 'c'), {}}));
    CHECK(blobs_synced() == "; 16384 to 22224");
    REQUIRE(out.send({std::string(8, 'd'), {}}));
    CHECK(blobs_synced() == "; 20480 to 22232");
}

#endif
