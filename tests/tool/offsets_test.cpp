// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <filesystem>
#include <string>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/scratch_directory.hpp"
#include "tool/log_tool.hpp"

// gregor_log on what groups have committed.

using gregor::partition_id;
using gregor::storage::mmap_log;
using support::log_in;
using support::trade;
using tool::check;
using tool::ended;
using tool::run;

namespace {

using log_topic = gregor::topic<trade, mmap_log>;

/// Two partitions; one group has read both and left, one holds its place, one is lossy.
void leave_groups(const support::scratch_directory& scratch)
{
    auto options = log_in(scratch);
    options.partitions = 2;
    options.groups = {"audit"};
    log_topic topic{"trades", options};
    gregor::producer out{topic};
    for (std::uint64_t n = 0; n != 20; ++n) {
        REQUIRE(out.send(trade::number(n), {.partition = partition_id{0}}));
    }
    gregor::consumer in{topic, "risk"};
    static_cast<void>(in.commit(partition_id{0}, 7, "as of \"yesterday\"\n"));
    gregor::consumer screen{topic, "screen \xff", {.lossy = true}};
    static_cast<void>(screen.commit(partition_id{0}, 3));
}

void damage(const std::string& file, std::size_t at)
{
    std::string bytes = support::bytes_of(file);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    support::put_bytes(file, bytes);
}

} // namespace

TEST_CASE("gregor_log says what each group has committed", "[log_tool][durable]")
{
    const support::scratch_directory scratch;
    leave_groups(scratch);
    const ended text = run(scratch, "offsets trades");
    CHECK(text.status == 0);
    CHECK(text.said == "0 \"audit\" nothing, from 0 on, holds\n"
                       "0 \"risk\" 7, note \"as of \\\"yesterday\\\"\\n\"\n"
                       "0 \"screen \\u00ff\" 3, lossy\n"
                       "1 \"audit\" nothing, from 0 on, holds\n"
                       "1 \"risk\" nothing\n"
                       "1 \"screen \\u00ff\" nothing, lossy\n");
    const ended json = run(scratch, "offsets trades --format json --partition 0");
    CHECK(json.status == 0);
    CHECK(
        json.said ==
        R"({"partition":0,"group":"audit","offset":0,"committed":false,"holds":true,"lossy":false})"
        "\n"
        R"({"partition":0,"group":"risk","offset":7,"committed":true,"holds":false,"lossy":false,)"
        R"("note":"as of \"yesterday\"\n"})"
        "\n"
        R"({"partition":0,"group":"screen \u00ff","offset":3,"committed":true,"holds":false,)"
        R"("lossy":true})"
        "\n");
    const ended verified = run(scratch, "verify trades");
    CHECK(verified.said == "trades: 2 partitions, 1 segments, 20 records, 0 voids: no damage\n");
    check(run(scratch, "offsets trades --from 3"), 2, {"--from says nothing to 'offsets'"});
}

TEST_CASE("gregor_log says what of the offsets is damaged", "[log_tool][durable]")
{
    const support::scratch_directory scratch;
    leave_groups(scratch);
    const std::string file = scratch / "trades/0/offsets";
    const std::size_t risk = 2 * std::size_t{4096}; // the second cell
    SECTION("one copy")
    {
        damage(file, risk + 512);
        check(run(scratch, "verify trades"), 0,
              {"trades/0/offsets: note: group \"risk\": one of two copies", "no damage"});
        check(run(scratch, "offsets trades"), 0, {"0 \"risk\" 7"});
    }
    SECTION("both copies of an offset")
    {
        damage(file, risk + 1024);
        damage(file, risk + 1536);
        check(run(scratch, "verify trades"), 1,
              {"trades/0/offsets: group \"risk\": expected an offset with its checksum, found none",
               "one damage"});
        const ended told = run(scratch, "offsets trades");
        check(told, 1, {"0 \"risk\" nothing"});
        check(told, 1, {"1 offsets are damaged"});
    }
    SECTION("both copies of a name")
    {
        damage(file, risk + 40);
        damage(file, risk + 512 + 40);
        check(run(scratch, "verify trades"), 1, {"expected a group's name with its checksum"});
    }
    SECTION("the header")
    {
        damage(file, 30);
        check(run(scratch, "verify trades"), 1,
              {"trades/0/offsets: expected a header with its checksum"});
        check(run(scratch, "offsets trades"), 1, {"1 \"risk\" nothing"});
    }
    SECTION("it is that of another partition")
    {
        std::filesystem::copy_file(scratch / "trades/1/offsets", file,
                                   std::filesystem::copy_options::overwrite_existing);
        check(run(scratch, "verify trades"), 1,
              {"expected the offsets of partition 0, found 1", "one damage"});
    }
}
