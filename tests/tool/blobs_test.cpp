// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/scratch_directory.hpp"
#include "tool/log_tool.hpp"

// gregor_log on topics whose records lie in blobs.

using gregor::storage::mmap_log;
using support::log_in;
using support::segment;
using tool::check;
using tool::run;

namespace {

using texts = gregor::topic<std::string, mmap_log>;

[[nodiscard]] gregor::topic_options in_chunks(const support::scratch_directory& scratch)
{
    auto options = log_in(scratch);
    options.log.blob_chunk_bytes = 4096;
    return options;
}

} // namespace

TEST_CASE("gregor_log tells segments and chunks", "[log_tool][durable][encoded]")
{
    const support::scratch_directory scratch;
    {
        texts topic{"texts", in_chunks(scratch)};
        gregor::producer out{topic};
        for (std::size_t n = 0; n != segment + 1; ++n) {
            REQUIRE(out.send(std::string(10, 'x')));
        }
    }
    check(run(scratch, "list ."), 0, {"texts ", " 1 ", " 2 ", "  std::string\n"});
    check(run(scratch, "describe texts"), 0,
          {"type        std::string, 24 bytes aligned to 8, layout 8 (value in blobs)\n",
           "blobs       in chunks of 4096 bytes\n", "  blobs from 0 to 8", "  blobs from 8192\n",
           "  00000000000000000000.blobs  8192 bytes\n",
           "  00000000000000008192.blobs  8192 bytes\n"});
    check(run(scratch, "verify texts"), 0, {"513 records, 0 voids: no damage\n"});
}

TEST_CASE("gregor_log dumps values, keys and headers from blobs", "[log_tool][durable][encoded]")
{
    using dressed = gregor::topic<std::string, mmap_log, gregor::key<std::string>, gregor::headers,
                                  gregor::timestamps>;
    const support::scratch_directory scratch;
    const gregor::timestamp_t then{std::chrono::seconds{5}};
    {
        dressed topic{"texts", in_chunks(scratch)};
        gregor::producer out{topic};
        REQUIRE(out.send("first", {.timestamp = then}));
        REQUIRE(out.send(
            "the second",
            {.key = "k", .timestamp = then, .headers = {{"name", "value"}, {"", "\"quoted\""}}}));
        REQUIRE(out.send(std::string{'\1', '\0'}, {.key = "", .timestamp = then}));
    }
    check(run(scratch, "describe texts"), 0,
          {"layout 31 (key in blobs, timestamp, headers in blobs, value in blobs)\n"});
    CHECK(
        run(scratch, "dump texts").said ==
        "0 0 \"first\"\n"
        "0 1 \"the second\" key \"k\" header \"name\": \"value\" header \"\": \"\\\"quoted\\\"\"\n"
        "0 2 0100 key \"\"\n");
    CHECK(run(scratch, "dump texts --format json").said ==
          R"({"partition":0,"offset":0,"kind":"record","time":5000000000,"bytes":5,)"
          R"("text":"first","key":null})"
          "\n"
          R"({"partition":0,"offset":1,"kind":"record","time":5000000000,"bytes":10,)"
          R"("text":"the second","key":{"bytes":1,"text":"k"},"headers":[)"
          R"({"name":"name","value":"value"},{"name":"","value":"\"quoted\""}]})"
          "\n"
          R"({"partition":0,"offset":2,"kind":"record","time":5000000000,"bytes":2,)"
          R"("hex":"0100","key":{"bytes":0,"text":""}})"
          "\n");
    check(run(scratch, "dump texts --format hex --to 1"), 0,
          {"0 0 record\n    000000  ",
           "  blob of 8 bytes at 0\n    000000  66 69 72 73 74 00 00 00", "|first...|\n"});
    check(run(scratch, "dump texts --since 5001"), 0, {});
}

TEST_CASE("gregor_log shows as a whole what it cannot take apart", "[log_tool][durable][encoded]")
{
    const support::scratch_directory scratch;
    {
        gregor::topic<std::uint64_t, mmap_log, gregor::key<std::string>> keyed{"keyed",
                                                                               in_chunks(scratch)};
        REQUIRE(gregor::producer{keyed}.send(std::uint64_t{7}, {.key = "a key"}));
        gregor::topic<std::string, mmap_log, gregor::key<char>> texts{"texts", in_chunks(scratch)};
        REQUIRE(gregor::producer{texts}.send("a text", {.key = 'k'}));
        struct alignas(64) wide {
            char name[64];
        };
        gregor::topic<std::vector<wide>, mmap_log, gregor::key<std::string>> aligned{
            "aligned", in_chunks(scratch)};
        REQUIRE(gregor::producer{aligned}.send(std::vector<wide>{{"wide"}}, {.key = "far"}));
    }
    check(run(scratch, "dump keyed"), 0, {"0 0 slot 0500000001000000", " key \"a key\"\n"});
    check(run(scratch, "dump texts"), 0, {"0 0 blob ", " slot 6b01"});
    check(run(scratch, "dump texts --format json"), 0,
          {R"("kind":"record","blob":{"bytes":8,"hex":"6120746578740000"},"slot":{"bytes":)"});
    check(run(scratch, "dump aligned"), 0, {"0 0 77696465", " key \"far\"\n"});
}

TEST_CASE("gregor_log says what of blobs is damaged", "[log_tool][durable][encoded]")
{
    const support::scratch_directory scratch;
    {
        texts topic{"texts", in_chunks(scratch)};
        gregor::producer out{topic};
        REQUIRE(out.send("hello"));
        REQUIRE(out.send("blob"));
    }
    const std::string file = scratch / "texts/0/00000000000000000000.blobs";
    std::string bytes = support::bytes_of(file);
    SECTION("of one byte")
    {
        bytes[bytes.find("blob", 4096)] = 'g';
        support::put_bytes(file, bytes);
        check(run(scratch, "verify texts"), 1,
              {"00000000000000000000.log: offset 1 (byte ", "): expected a blob of 8 bytes at 8, ",
               " found other bytes\n", ": one damage\n"});
        check(run(scratch, "dump texts"), 1, {"0 0 \"hello\"\n0 1 damaged\n"});
    }
    SECTION("of a chunk")
    {
        std::filesystem::remove(file);
        check(run(scratch, "verify texts"), 1, {"found no file of it\n", ": 2 damages\n"});
    }
    SECTION("of a header")
    {
        bytes[5] = 'x';
        support::put_bytes(file, bytes);
        check(run(scratch, "verify texts"), 0,
              {"note: its header is not whole, which means nothing\n", ": no damage\n"});
    }
    SECTION("by a chunk of another log")
    {
        auto options = in_chunks(scratch);
        options.partitions = 2;
        {
            texts other{"other", options};
            REQUIRE(gregor::producer{other}.send("hello", {.partition = gregor::partition_id{1}}));
        }
        std::filesystem::copy_file(scratch / "other/1/00000000000000000000.blobs", file,
                                   std::filesystem::copy_options::overwrite_existing);
        check(run(scratch, "verify texts"), 1,
              {".blobs: expected a chunk of this log, at this position, found another one\n"});
    }
}
