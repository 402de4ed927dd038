// SPDX-License-Identifier: MIT
#include <gregor/log/file_lock.hpp>
#include <gregor/log/recovery.hpp>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/scratch_directory.hpp"
#include "support/small_disk.hpp"
#include "tool/log_tool.hpp"

// The program gregor_log, from the outside: what it prints and how it ends, on small logs.

namespace disk = gregor::disk;

using gregor::offset_t;
using small_disk::format;
using tool::check;
using tool::ended;
using tool::run;

namespace {

/// Two partitions of numbers: 19 in three segments, and 3 in one.
struct numbers {
    support::scratch_directory scratch;

    numbers()
    {
        for (const auto& [partition, count] : {std::pair{"0", offset_t{19}}, {"1", 3}}) {
            std::filesystem::create_directories(scratch / topic(partition));
            small_disk::write(scratch / topic(partition), count);
        }
        // the second one's header has to say so
        change_header(file("1", 0), [](disk::header_page& page) { page.header.partition = 1; });
    }

    /// Changes the header of a file, and puts its checksum right.
    template <class Change>
    static void change_header(const std::string& name, Change&& change)
    {
        disk::header_page page{};
        std::string whole = support::bytes_of(name);
        std::memcpy(&page, whole.data(), sizeof page);
        change(page);
        disk::finish_block(page.header, disk::header_magic, page.header.salt);
        std::memcpy(whole.data(), &page, sizeof page);
        support::put_bytes(name, whole);
    }

    static std::string topic(const std::string& partition) { return "numbers/" + partition; }
    [[nodiscard]] std::string file(const std::string& partition, offset_t base) const
    {
        return small_disk::segment_file(scratch / topic(partition), base);
    }

    void scribble(const std::string& name, std::size_t at, const std::string& bytes) const
    {
        std::string whole = support::bytes_of(name);
        whole.replace(at, bytes.size(), bytes);
        support::put_bytes(name, whole);
    }

    [[nodiscard]] std::vector<small_disk::snapshot> files() const
    {
        return {small_disk::snapshot{scratch / topic("0")},
                small_disk::snapshot{scratch / topic("1")}};
    }
};

/// A topic of texts, one of them void, one of bytes that are no text.
void write_texts(const support::scratch_directory& scratch)
{
    const std::string path = scratch / "texts/0";
    std::filesystem::create_directories(path);
    const disk::segment_format texts{
        .type = "text", .payload_bytes = 12, .payload_alignment = 1, .slot_count = 8};
    const auto in = small_disk::open(path);
    auto log = disk::recover(in, texts);
    REQUIRE(log.has_value());
    auto made = disk::segment<>::create(in, texts, 0, 0, 1);
    REQUIRE(made.has_value());
    offset_t at = 0;
    for (const std::string_view text :
         {"hello, disk!", "\"a\\b\"\n", "", "caf\xc3\xa9", "\xff\xfe", "\x01"}) {
        std::vector<unsigned char> slot(static_cast<std::size_t>(texts.slot_bytes()));
        std::memcpy(slot.data() + texts.payload_at(), text.data(), text.size());
        const auto kind = text.empty() ? disk::slot_kind::skipped : disk::slot_kind::record;
        disk::finish_slot(disk::salted(made->salt()), at, kind, slot.data(), slot.size());
        REQUIRE(made->write(at++, 1, slot.data()).ok());
    }
}

} // namespace

TEST_CASE("gregor_log lists the topics of a folder, and nothing else", "[log_tool]")
{
    const numbers log;
    std::filesystem::create_directories(log.scratch / "notes/of mine");
    support::put_bytes(log.scratch / "file", "x");
    const ended result = run(log.scratch, "list .");
    check(result, 0, {"topic ", "numbers ", " 2 ", " 4 ", " 32768  number\n"});
    CHECK(result.said.find("notes") == std::string::npos);
}

TEST_CASE("gregor_log describes what the files say of themselves", "[log_tool]")
{
    const numbers log;
    support::put_bytes(log.scratch / "numbers/0/00000000000000000024.log.new", "x");
    check(run(log.scratch, "describe numbers/"), 0,
          {"topic       numbers\n", "type        number, 16 bytes aligned to 8, layout 0\n",
           "slots       32 bytes, the record at 16, 8 in a segment, ", "-endian\n",
           "partitions  2\n", "partition 0: offsets 0 to 19, 3 segments\n",
           "checkpoint  durable below 0, epoch 0 from 0, not closed\n",
           "00000000000000000000.log  8192 bytes  sealed  salt ", " after 0000000000000000\n",
           "created 1970-01-01T00:00:00.000000001Z  sealed 1970-01-01T00:00:00.000000002Z\n",
           "00000000000000000016.log  8192 bytes  open  salt ",
           "00000000000000000024.log.new  1 bytes, not finished\n",
           "partition 1: offsets 0 to 3, 1 segments\n"});
    check(run(log.scratch, "describe numbers --partition 1"), 0, {"partition 1"});
}

TEST_CASE("gregor_log finds no damage where there is none, and changes nothing", "[log_tool]")
{
    const numbers log;
    const auto before = log.files();
    const ended result = run(log.scratch, "verify numbers");
    check(result, 0, {});
    CHECK(result.said == "numbers: 2 partitions, 4 segments, 22 records, 0 voids: no damage\n");
    for (const char* command :
         {"list .", "describe numbers", "dump numbers", "recover numbers --dry-run"}) {
        CHECK(run(log.scratch, command).status == 0);
    }
    CHECK(log.files() == before);
    CHECK_FALSE(std::filesystem::exists(log.scratch / "numbers/lock"));
}

TEST_CASE("gregor_log says where each damage is, what was expected and what was found",
          "[log_tool]")
{
    const numbers log;
    const auto verified = [&](const std::vector<std::string>& parts) {
        check(run(log.scratch, "verify numbers"), 1, parts);
    };
    SECTION("in a record")
    {
        log.scribble(log.file("0", 16), 4096 + 32 + 16, "?");
        verified({"numbers/0/00000000000000000016.log: offset 17 (byte 4128): expected checksum ",
                  ", found ", "21 records", "one damage\n"});
    }
    SECTION("in a stamp")
    {
        log.scribble(log.file("1", 0), 4096, "\x99");
        verified({"numbers/1/00000000000000000000.log: offset 0 (byte 4096): expected stamp 0x5, "
                  "or none, found 0x99\n"});
    }
    SECTION("a record that is gone from a sealed segment")
    {
        log.scribble(log.file("0", 8), 4096 + 7 * 32, std::string(32, '\0'));
        verified({"00000000000000000008.log: offset 15 (byte 4320): expected a record, for the "
                  "segment is sealed, found none\n"});
    }
    SECTION("one that is gone below what is durable")
    {
        small_disk::forget_boot(log.scratch / "numbers/1", offset_t{3});
        log.scribble(log.file("1", 0), 4096 + 32, std::string(32, '\0'));
        verified({"offset 1 (byte 4128): expected a record, for it is below what is durable"});
    }
    SECTION("in headers")
    {
        log.scribble(log.file("0", 0), 100, "x");
        log.scribble(log.file("0", 8), 3, "x");
        verified({"00000000000000000000.log: expected a header with its checksum, found",
                  "00000000000000000008.log: expected to begin with gregorLS, found something"});
    }
    SECTION("in the only header")
    {
        std::filesystem::remove_all(log.scratch / "numbers/0");
        log.scribble(log.file("1", 0), 8, "\x02");
        verified({"00000000000000000000.log: expected version 1, found 2"});
        check(run(log.scratch, "describe numbers"), 0, {"not known", "expected version 1"});
        check(run(log.scratch, "dump numbers"), 1, {"expected version 1, found 2"});
        check(run(log.scratch, "recover numbers"), 1, {"expected a segment with a header"});
    }
    SECTION("in a seal")
    {
        log.scribble(log.file("0", 8), 1024 + 9, "x");
        verified({"00000000000000000008.log: expected a seal with its checksum, or none"});
    }
    SECTION("in both blocks of a checkpoint")
    {
        log.scribble(log.scratch / "numbers/0/checkpoint", 20, "x");
        check(run(log.scratch, "verify numbers"), 0, {"checkpoint: note: one of its two blocks"});
        log.scribble(log.scratch / "numbers/0/checkpoint", 4096 + 20, "x");
        verified({"numbers/0/checkpoint: expected a block with its checksum, found none"});
    }
    SECTION("no checkpoint")
    {
        std::filesystem::remove(log.scratch / "numbers/1/checkpoint");
        verified({"numbers/1/checkpoint: expected a checkpoint beside the segments, found none"});
    }
    SECTION("a segment that is missing, in the middle or at the end")
    {
        small_disk::forget_boot(log.scratch / "numbers/1", offset_t{3});
        std::filesystem::remove(log.file("0", 8));
        std::filesystem::remove(log.file("1", 0));
        verified({"00000000000000000016.log: expected a segment 8 before it, found none",
                  "numbers/1: expected segments to offset 3, which is durable, found segments to "
                  "0\n"});
    }
    SECTION("a segment that follows another one than that before it")
    {
        log.change_header(log.file("0", 8),
                          [](disk::header_page& page) { page.header.previous_salt = 7; });
        verified({"00000000000000000008.log: expected to follow the segment of salt ",
                  ", found 0000000000000007\n", "one damage"});
    }
    SECTION("a seal that is gone")
    {
        log.scribble(log.file("0", 0), 1024, std::string(512, '\0'));
        verified({"00000000000000000008.log: expected a seal on the segment before it, as it has "
                  "one, found none\n"});
    }
    SECTION("a header of another partition, or of records of another type")
    {
        log.change_header(log.file("0", 16),
                          [](disk::header_page& page) { page.header.partition = 4; });
        log.change_header(log.file("1", 0),
                          [](disk::header_page& page) { page.header.type[0] = 'l'; });
        verified({"00000000000000000016.log: expected partition 0, found 4\n",
                  "numbers/1/00000000000000000000.log: expected records of type number, found "
                  "lumber\n"});
    }
    SECTION("a header of a machine of another byte order")
    {
        const bool little = disk::native_byte_order() == 1;
        std::filesystem::remove_all(log.scratch / "numbers/0");
        log.change_header(log.file("1", 0), [&](disk::header_page& page) {
            page.header.byte_order = little ? 2U : 1U;
        });
        const std::string other = little ? "big-endian" : "little-endian";
        verified({"expected byte order ", ", found " + other});
        check(run(log.scratch, "describe numbers"), 0, {"8 in a segment, " + other});
    }
    SECTION("a file that was cut")
    {
        std::filesystem::resize_file(log.file("0", 16), 8000);
        verified({"00000000000000000016.log: expected 8192 bytes, found 8000 bytes"});
    }
}

TEST_CASE("gregor_log sees each byte of a segment that is not as it was", "[log_tool]")
{
    const numbers log;
    const std::string before = run(log.scratch, "verify numbers --partition 1").said;
    const std::string file = log.file("1", 0);
    const std::string bytes = support::bytes_of(file);
    std::string unseen;
    for (std::size_t at = 0; at != 4096 + 3 * 32; ++at) {
        if (bytes[at] != 0 || at % 97 == 0) {
            log.scribble(file, at, std::string(1, static_cast<char>(bytes[at] ^ 0x20)));
            // of the block that says which file this is, only that it is a copy
            const int wanted = at >= 512 && at < 1024 ? 0 : 1;
            const ended result = run(log.scratch, "verify numbers --partition 1");
            if (result.status != wanted || result.said == before) {
                unseen += std::to_string(at) + " ";
            }
            support::put_bytes(file, bytes);
        }
    }
    INFO(unseen);
    CHECK(unseen.empty());
}

TEST_CASE("gregor_log dumps records as text, as JSON and as bytes", "[log_tool]")
{
    const support::scratch_directory scratch;
    write_texts(scratch);
    CHECK(run(scratch, "dump texts").said == "0 0 \"hello, disk!\"\n"
                                             "0 1 \"\\\"a\\\\b\\\"\\n\"\n"
                                             "0 2 void\n"
                                             "0 3 \"caf\xc3\xa9\"\n"
                                             "0 4 fffe00000000000000000000\n"
                                             "0 5 010000000000000000000000\n");
    CHECK(
        run(scratch, "dump texts --format json --from=1 --to 5").said ==
        R"({"partition":0,"offset":1,"kind":"record","bytes":12,"text":"\"a\\b\"\n"})"
        "\n"
        R"({"partition":0,"offset":2,"kind":"void"})"
        "\n"
        "{\"partition\":0,\"offset\":3,\"kind\":\"record\",\"bytes\":12,\"text\":\"caf\xc3\xa9\"}\n"
        R"({"partition":0,"offset":4,"kind":"record","bytes":12,"hex":"fffe00000000000000000000"})"
        "\n");
    CHECK(run(scratch, "dump texts --format hex --to 1").said ==
          "0 0 record\n"
          "    000000  68 65 6c 6c 6f 2c 20 64 69 73 6b 21              |hello, disk!|\n");

    const numbers log;
    const ended some = run(log.scratch, "dump numbers --partition 0 --from 8 --to 17 --format hex");
    check(some, 0, {"0 8 record\n", "0 16 record\n"});
    CHECK(some.said.find("0 7 ") == std::string::npos);
    CHECK(some.said.find("0 17 ") == std::string::npos);

    log.scribble(log.file("1", 0), 4096 + 20, "?");
    log.scribble(log.file("0", 8), 100, "?");
    const ended broken = run(log.scratch, "dump numbers");
    check(broken, 1, {"1 0 damaged\n1 1 "});
    check(broken, 1, {"00000000000000000008.log\": expected a header with its checksum"});
    check(broken, 1, {"1 records are damaged"});
}

TEST_CASE("gregor_log recovers as opening does, and tells before what it would do", "[log_tool]")
{
    const numbers log;
    log.scribble(log.file("0", 16), 4096 + 32, std::string(32, '\0'));
    const auto before = log.files();
    const std::vector<std::string> outcome{
        "partition 0: offsets 0 to 17, durable below 17, epoch 1\n", "a copy",
        "0 voids made, 1 records set aside, 0 broken ones too, 32 bytes erased",
        "partition 1: offsets 0 to 3, durable below 0, epoch 0\n", "every record counts"};
    small_disk::forget_boot(log.scratch / "numbers/0");
    support::put_bytes(log.scratch / "numbers/0/00000000000000000024.log.new", "x");
    const auto forgotten = log.files();
    check(run(log.scratch, "recover numbers --dry-run"), 0, outcome);
    CHECK(log.files() == forgotten);
    check(run(log.scratch, "recover numbers"), 0, outcome);
    CHECK_FALSE(log.files() == before);
    check(run(log.scratch, "verify numbers"), 0,
          {"00000000000000000016.0.aside: note: records that a recovery set aside"});

    log.scribble(log.file("0", 8), 4096 + 20, "?");
    check(run(log.scratch, "recover numbers"), 0, {"partition 0"});
    check(run(log.scratch, "recover numbers --sealed"), 1,
          {"partition 0: segment \"numbers/0/00000000000000000008.log\": expected a whole record "
           "at offset 8"});
}

TEST_CASE("gregor_log repairs what recover refuses, and keeps the rest in a folder", "[log_tool]")
{
    const numbers log;
    check(run(log.scratch, "repair numbers"), 0,
          {"partition 0: offsets 0 to 19", "no damage\n", "partition 1: offsets 0 to 3",
           "no damage\n"});
    log.scribble(log.file("0", 8), 100, "?");
    log.scribble(log.file("1", 0), 4096 + 32 + 20, "?");
    check(run(log.scratch, "recover numbers"), 1, {"partition 0: ", "partition 1: "});
    check(run(log.scratch, "repair numbers --partition 1"), 0,
          {"partition 1: offsets 0 to 1, durable below 1, epoch 1\n",
           "segment \"numbers/1/00000000000000000000.log\": expected a whole record at offset 1, "
           "found a broken one\n",
           "set aside in numbers/1/repair.0.aside: 0 files, and 1 records and 1 broken ones"});
    check(run(log.scratch, "repair numbers"), 0,
          {"partition 0: offsets 0 to 8, durable below 8, epoch 1\n",
           "00000000000000000008.log\": expected a header with its checksum",
           "set aside in numbers/0/repair.0.aside: 2 files, and 0 records",
           "partition 1: offsets 0 to 1", "no damage\n"});
    CHECK(
        std::filesystem::exists(log.scratch / "numbers/0/repair.0.aside/00000000000000000008.log"));
    check(run(log.scratch, "verify numbers"), 0,
          {"numbers/0/repair.0.aside: note: ", "9 records", "no damage\n"});
    check(run(log.scratch, "dump numbers --partition 1"), 0, {"1 0 "});
    check(run(log.scratch, "repair numbers --sealed"), 2, {"says nothing to 'repair'"});

    log.change_header(log.file("1", 0), [](disk::header_page& page) { page.header.type[0] = 'l'; });
    check(run(log.scratch, "repair numbers"), 2,
          {"partition 1: segment", "expected records of type number, found lumber"});
}

TEST_CASE("gregor_log says what a repair would do, and does nothing of it", "[log_tool]")
{
    const numbers log;
    check(run(log.scratch, "repair numbers --dry-run"), 0,
          {"partition 0: offsets 0 to 19", "no damage\n", "partition 1: offsets 0 to 3",
           "no damage\n"});
    log.scribble(log.file("0", 8), 100, "?");
    log.scribble(log.file("1", 0), 4096 + 32 + 20, "?");
    const auto before = log.files();
    const std::vector<std::string> told{
        "partition 0: offsets 0 to 8, durable below 8, epoch 1\n",
        "00000000000000000008.log\": expected a header with its checksum",
        "set aside in numbers/0/repair.0.aside: 2 files, and 0 records",
        "partition 1: offsets 0 to 1, durable below 1, epoch 1\n",
        "segment \"numbers/1/00000000000000000000.log\": expected a whole record at offset 1, "
        "found a broken one\n",
        "set aside in numbers/1/repair.0.aside: 0 files, and 1 records and 1 broken ones"};
    const ended dry = run(log.scratch, "repair numbers --dry-run");
    check(dry, 1, told);
    check(dry, 1, {"would be set aside in", "would be set aside in"});
    CHECK(log.files() == before);
    CHECK_FALSE(std::filesystem::exists(log.scratch / "numbers/0/repair.0.aside"));
    check(run(log.scratch, "repair numbers"), 0, told);
    check(run(log.scratch, "repair numbers --dry-run"), 0, {"no damage\n", "no damage\n"});
}

TEST_CASE("gregor_log looks at a topic that somebody reads, and does not mend it", "[log_tool]")
{
    const numbers log;
    std::ofstream{log.scratch / "numbers/lock"} << "1\n"; // who wrote last
    const auto in = small_disk::open(log.scratch / "numbers");
    const auto lock = disk::file_lock<>::share(in.get(), in.path);
    REQUIRE(lock.has_value());
    check(run(log.scratch, "recover numbers"), 2,
          {"expected nobody that reads it, found a reader"});
    check(run(log.scratch, "repair numbers"), 2, {"expected nobody that reads it, found a reader"});
    check(run(log.scratch, "recover numbers --dry-run"), 0, {"offsets 0 to 19"});
    check(run(log.scratch, "repair numbers --dry-run"), 0, {"offsets 0 to 19"});
    CHECK(run(log.scratch, "verify numbers").said.find("writes to it") == std::string::npos);
}

TEST_CASE("gregor_log leaves a topic alone that somebody writes to", "[log_tool]")
{
    const numbers log;
    const auto in = small_disk::open(log.scratch / "numbers");
    const auto lock = disk::file_lock<>::take(in.get(), in.path);
    REQUIRE(lock.has_value());
    const std::string me = "process " + std::to_string(disk::os_files::process_id());
    for (const char* command : {"recover numbers", "recover numbers --dry-run", "repair numbers",
                                "repair numbers --dry-run"}) {
        check(run(log.scratch, command), 2, {"expected no other writer, found " + me});
    }
    const ended verified = run(log.scratch, "verify numbers");
    CHECK(verified.status == 0);
    if (verified.said.find("note") != std::string::npos) { // where the system tells who has it
        check(verified, 0, {"numbers: note: " + me + " writes to it meanwhile"});
        check(run(log.scratch, "describe numbers"), 0, {"in use      " + me});
    }
}

TEST_CASE("gregor_log says what it cannot do", "[log_tool]")
{
    const numbers log;
    check(run(log.scratch, "--help"), 0, {"gregor_log COMMAND FOLDER", "Exit status"});
    check(run(log.scratch, ""), 2, {"gregor_log: no command is given; --help shows"});
    check(run(log.scratch, "lost ."), 2, {"there is no command 'lost'"});
    check(run(log.scratch, "list"), 2, {"list needs a folder"});
    check(run(log.scratch, "list a b"), 2, {"'b' is one folder too many"});
    check(run(log.scratch, "dump numbers --to ten"), 2, {"--to takes a number, not 'ten'"});
    check(
        run(log.scratch, "dump numbers --since 1"), 2,
        {"topic \"numbers\": expected records that carry the time, for --since and --until, found "
         "none, as its headers say"});
    check(run(log.scratch, "verify numbers --until 1"), 2, {"--until says nothing to 'verify'"});
    check(run(log.scratch, "dump numbers --since"), 2, {"--since takes a value"});
    for (const std::string wrong : {"",
                                    "yesterday",
                                    "1.5",
                                    "12e3",
                                    "99999999999999999999",
                                    "2026-1-2",
                                    "2026-02-30",
                                    "2026-13-01",
                                    "2026-00-01",
                                    "2026-11-25T",
                                    "2026-11-25Z",
                                    "2026-11-25T24:00Z",
                                    "2026-11-25T23:60Z",
                                    "2026-11-25T23:26",
                                    "2026-11-25T23:26:60Z",
                                    "2026-11-25T23:26:01.Z",
                                    "2026-11-25T23:26:01.1234567890Z",
                                    "2026-11-25T23:26Z ",
                                    "2026-11-25T23:26+01:00",
                                    "2026-11-25 23:26Z",
                                    "-2026-11-25"}) {
        check(run(log.scratch, "dump numbers --until='" + wrong + "'"), 2,
              {"--until takes a time in UTC, as 2026-11-25T23:26:01.5Z or 2026-11-25, or "
               "milliseconds since 1970, not '" +
               wrong + "'"});
    }
    check(run(log.scratch, "dump numbers --format xml"), 2, {"text, json or hex, not 'xml'"});
    check(run(log.scratch, "verify numbers --dry-run"), 2, {"--dry-run says nothing to 'verify'"});
    check(run(log.scratch, "verify numbers --quick"), 2, {"there is no option --quick"});
    check(run(log.scratch, "dump numbers --from"), 2, {"--from takes a value"});
    check(run(log.scratch, "dump missing"), 2, {"open directory \"missing\": No such file"});
    check(run(log.scratch, "verify numbers/0"), 2,
          {"topic \"numbers/0\": expected folders of partitions: 0, 1, ..., found none"});
    check(run(log.scratch, "dump numbers --partition 7"), 2,
          {"expected a partition that is there, found 7"});
    check(run(log.scratch, "dump numbers >/dev/full"), 2, {"could not be written"});

    std::filesystem::remove(log.file("1", 0));
    std::filesystem::create_symlink(log.file("0", 0), log.file("1", 0));
    check(run(log.scratch, "verify numbers"), 1, {"numbers/1/00000000000000000000.log: expected"});
}
