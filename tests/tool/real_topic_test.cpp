// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/scratch_directory.hpp"
#include "tool/log_tool.hpp"

// gregor_log on what topics leave on disk, of which it knows no type.

using namespace std::chrono_literals;
using gregor::partition_id;
using gregor::timestamp_t;
using gregor::storage::mmap_log;
using support::log_in;
using support::segment;
using support::trade;
using tool::check;
using tool::ended;
using tool::run;

namespace {

using text = std::array<char, 12>;

/// The bytes of an integer as they lie in memory, in hex.
template <class T>
std::string hex(T value)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string made;
    for (const auto byte : std::bit_cast<std::array<unsigned char, sizeof(T)>>(value)) {
        made += digits[byte / 16U];
        made += digits[byte % 16U];
    }
    return made;
}

} // namespace

template <>
inline constexpr std::string_view gregor::type_name<text> = "text of 12";

TEST_CASE("gregor_log reads a topic's log, its segments and its voids", "[log_tool][durable]")
{
    const support::scratch_directory scratch;
    {
        auto options = log_in(scratch);
        options.partitions = 2;
        gregor::topic<trade, mmap_log> topic{"trades", options};
        gregor::producer out{topic};
        gregor::producer second{topic}; // from now on what is given up stays in the log
        for (std::uint64_t n = 0; n != segment + 1; ++n) {
            REQUIRE(out.send(trade::number(n), {.partition = partition_id{0}}));
        }
        {
            const auto given_up = second.claim(2, {.partition = partition_id{1}});
        }
        REQUIRE(second.send(trade::number(7), {.partition = partition_id{1}}));
        check(run(scratch, "describe trades"), 0, {"in use      process "});
    }
    check(run(scratch, "list ."), 0, {"trades ", " 2 ", " 3 ", "  trade\n"});
    check(run(scratch, "describe trades"), 0,
          {"type        trade, 16 bytes aligned to 8, layout 0\n",
           "slots       32 bytes, the record at 16, 512 in a segment, ",
           "partition 0: offsets 0 to 513, 2 segments\n",
           "checkpoint  durable below 513, epoch 0 from 0, closed\n",
           "00000000000000000000.log  20480 bytes  sealed  salt ",
           "00000000000000000512.log  20480 bytes  open  salt ",
           "partition 1: offsets 0 to 3, 1 segments\n"});
    check(run(scratch, "verify trades"), 0,
          {"trades: 2 partitions, 3 segments, 514 records, 2 voids: no damage\n"});
    CHECK(run(scratch, "dump trades --partition 1").said ==
          "1 0 void\n1 1 void\n1 2 " + hex(trade::number(7)) + "\n");
    CHECK(run(scratch, "dump trades --from 511 --to 513").said ==
          "0 511 " + hex(trade::number(511)) + "\n0 512 " + hex(trade::number(512)) + "\n");
    const gregor::topic<trade, mmap_log> again{"trades", log_in(scratch)}; // it changed nothing
    CHECK(again.recovered(partition_id{0}).end == segment + 1);
}

TEST_CASE("gregor_log reads records with keys and timestamps", "[log_tool][durable]")
{
    const support::scratch_directory scratch;
    const auto then = timestamp_t{} + 1'700'000'000s;
    const auto since = std::chrono::duration_cast<timestamp_t::duration>(1'700'000'000s).count();
    {
        gregor::topic<trade, mmap_log, gregor::key<std::uint64_t>, gregor::timestamps> both{
            "both", log_in(scratch)};
        REQUIRE(gregor::producer{both}.send(trade::number(7),
                                            {.key = 0x1122334455667788U, .timestamp = then}));
        gregor::topic<text, mmap_log, gregor::timestamps> stamped{"stamped", log_in(scratch)};
        REQUIRE(gregor::producer{stamped}.send({"hello, disk"}, {.timestamp = then}));
        gregor::topic<text, mmap_log, gregor::key<char>> keyed{"keyed", log_in(scratch)};
        REQUIRE(gregor::producer{keyed}.send({"hello, disk"}, {.key = 'k'}));
    }
    check(
        run(scratch, "list ."), 0,
        {"both ", "trade, key ", "keyed ", "text of 12, key char\n", "stamped ", "  text of 12\n"});
    check(run(scratch, "describe both"), 0, {" layout 3 (key, timestamp, value)\n"});
    check(run(scratch, "describe stamped"), 0, {" layout 2 (timestamp, value)\n"});
    check(run(scratch, "describe keyed"), 0,
          {"text of 12, key char, 14 bytes aligned to 1, layout 1 (key, value)\n"});
    for (const std::string name : {"both", "keyed", "stamped"}) {
        check(run(scratch, "verify " + name), 0, {"1 records, 0 voids: no damage\n"});
    }
    // key, whether there is one, time, value
    check(run(scratch, "dump both"), 0,
          {"0 0 " + hex(std::uint64_t{0x1122334455667788U}) + "01", hex(since),
           hex(trade::number(7)) + "\n"});
    check(run(scratch, "dump stamped --format json"), 0,
          {R"({"partition":0,"offset":0,"kind":"record","bytes":24,"hex":")" + hex(since) +
           hex(text{"hello, disk"})});
    check(run(scratch, "dump keyed --format hex"), 0,
          {"0 0 record\n    000000  6b 01 68 65 6c 6c 6f", "|k.hello, disk.|\n"});
}

TEST_CASE("gregor_log dumps the records of a stretch of time", "[log_tool][durable]")
{
    const support::scratch_directory scratch;
    const auto then = timestamp_t{} + 1'700'000'000s; // 2023-11-14T22:13:20Z
    const auto send = [&](auto& topic, auto attributes) {
        gregor::producer out{topic};
        gregor::producer second{topic};
        for (const auto after : {0ms, 2000ms, -500ms, 1000ms}) {
            attributes.timestamp = then + after;
            REQUIRE(out.send(trade::number(0), attributes));
        }
        attributes.timestamp = then;
        const auto given_up = second.claim(1, std::move(attributes));
    };
    {
        using keyed = gregor::topic<trade, mmap_log, gregor::key<char>, gregor::timestamps>;
        keyed both{"both", log_in(scratch)};
        send(both, keyed::attributes{.key = 'k'});
        using bare = gregor::topic<trade, mmap_log, gregor::timestamps>;
        bare timed{"timed", log_in(scratch)};
        send(timed, bare::attributes{});
    }
    const auto dumped = [&](const std::string& arguments) {
        std::string offsets;
        for (const std::string name : {"both", "timed"}) {
            const ended result = run(scratch, "dump " + name + " --format json " + arguments);
            INFO(result.said);
            CHECK(result.status == 0);
            std::string its;
            const std::string before = R"("offset":)";
            for (std::size_t at = 0; (at = result.said.find(before, at)) != std::string::npos;) {
                at += before.size();
                its += result.said[at];
            }
            CHECK((offsets.empty() || offsets == its));
            offsets = its;
        }
        return offsets;
    };
    CHECK(dumped("") == "01234");
    CHECK(dumped("--since 0") == "0123");
    CHECK(dumped("--since 1700000000000") == "013");
    CHECK(dumped("--since=1700000000001") == "13");
    CHECK(dumped("--until 1700000001000") == "02");
    CHECK(dumped("--since 2023-11-14T22:13:20Z --until 2023-11-14T22:13:21.000000001Z") == "03");
    CHECK(dumped("--since 2023-11-14T22:13:20.000000001Z") == "13");
    CHECK(dumped("--since 2023-11-14T22:13:19.5Z --until 2023-11-14T22:14Z --to 3") == "012");
    CHECK(dumped("--since 2023-11-15") == "");
    CHECK(dumped("--since 2023-11-14 --until 2023-11-15") == "0123");
    CHECK(dumped("--until 2023-11-14") == "");
    CHECK(dumped("--since -1 --until 9999-12-31T23:59:59.999999999Z") == "0123");
    CHECK(dumped("--since 0000-01-01 --until 9223372036854775807") == "0123");
    CHECK(dumped("--since -9223372036854775808 --until 1969-12-31T23:59Z") == "");
}

TEST_CASE("gregor_log tells the newest time of a segment, and a seal that lies",
          "[log_tool][durable]")
{
    const support::scratch_directory scratch;
    {
        gregor::topic<text, mmap_log, gregor::timestamps> topic{"texts", log_in(scratch)};
        gregor::producer out{topic};
        for (std::size_t i = 0; i != segment; ++i) {
            const auto then = timestamp_t{} + std::chrono::seconds{i == 9 ? 1'700'000'000 : 1};
            REQUIRE(out.send({"hello"}, {.timestamp = then}));
        }
    }
    check(run(scratch, "describe texts"), 0,
          {", the record at 16, its time at 16, ", "newest record 2023-11-14T22:13:20.000000000Z"});
    check(run(scratch, "verify texts"), 0, {"no damage"});
    const std::string file = scratch / "texts/0/00000000000000000000.log";
    std::string bytes = support::bytes_of(file);
    gregor::disk::header_page page{};
    std::memcpy(&page, bytes.data(), sizeof page);
    page.seal.newest = 5;
    gregor::disk::finish_block(page.seal, gregor::disk::seal_magic, page.header.salt);
    std::memcpy(bytes.data(), &page, sizeof page);
    support::put_bytes(file, bytes);
    check(run(scratch, "verify texts"), 1,
          {"00000000000000000000.log: expected a seal whose newest time is 1700000000000000000, as "
           "the records say, found 5\n"});
}

TEST_CASE("gregor_log shows what is damaged, whatever time is asked for", "[log_tool][durable]")
{
    const support::scratch_directory scratch;
    {
        gregor::topic<text, mmap_log, gregor::timestamps> topic{"texts", log_in(scratch)};
        gregor::producer out{topic};
        REQUIRE(out.send({"hello"}, {.timestamp = timestamp_t{} + 5s}));
        REQUIRE(out.send({"disk"}, {.timestamp = timestamp_t{} + 5s}));
    }
    const std::string file = scratch / "texts/0/00000000000000000000.log";
    std::string bytes = support::bytes_of(file);
    bytes[bytes.find("disk")] = 'r';
    support::put_bytes(file, bytes);
    check(run(scratch, "dump texts --since 6000"), 1, {"0 1 damaged\n"});
}

TEST_CASE("gregor_log finds what became of a topic's record", "[log_tool][durable]")
{
    const support::scratch_directory scratch;
    {
        gregor::topic<text, mmap_log> topic{"texts", log_in(scratch)};
        gregor::producer out{topic};
        REQUIRE(out.send({"hello"}));
        REQUIRE(out.send({"disk"}));
    }
    CHECK(run(scratch, "dump texts").said == "0 0 \"hello\"\n0 1 \"disk\"\n");
    const std::string file = scratch / "texts/0/00000000000000000000.log";
    std::string bytes = support::bytes_of(file);
    bytes[bytes.find("disk")] = 'r';
    support::put_bytes(file, bytes);
    check(run(scratch, "verify texts"), 1,
          {"texts/0/00000000000000000000.log: offset 1 (byte ", "): expected checksum ",
           "1 records, 0 voids: one damage\n"});
    check(run(scratch, "dump texts"), 1, {"0 0 \"hello\"\n0 1 damaged\n"});
    const auto reopened = gregor::topic<text, mmap_log>::create("texts", log_in(scratch));
    REQUIRE_FALSE(reopened.has_value());
    CHECK(reopened.error().code() == gregor::errc::corrupt);
}
