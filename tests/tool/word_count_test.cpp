// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/scratch_directory.hpp"
#include "tool/log_tool.hpp"

// The archive of word_count, from the outside.

using gregor::storage::mmap_log;
using support::log_in;
using support::trade;
using tool::check;
using tool::ended;

namespace {

const std::string counter = "'" GREGOR_WORD_COUNT "' ";

/// A folder with a text of seven words, and one for the archive.
struct texts {
    support::scratch_directory scratch;

    texts()
    {
        std::filesystem::create_directory(scratch / "kept");
        std::ofstream{scratch / "text"} << "one two two three three three " << long_word << '\n';
    }

    /// Counts the text; the archive is in the folder `kept`.
    [[nodiscard]] ended count(const std::string& arguments = "--top=1 --json") const
    {
        return tool::run_in(scratch, counter + "--log kept --threads 2 text " + arguments);
    }
    [[nodiscard]] gregor::topic_options kept() const
    {
        gregor::topic_options options;
        options.log.directory = scratch / "kept";
        return options;
    }

    inline static const std::string long_word = std::string(100, 'l') + "ong";
};

/// What the program writes, as far as a test has to know.
struct piece {
    std::uint64_t count;
    std::uint8_t what;
    std::uint8_t length;
    std::array<char, 38> letters;
};

} // namespace

template <>
inline constexpr std::string_view gregor::type_name<piece> = "word of word_count";

TEST_CASE("word_count adds each run to its archive, and shows all of it", "[word_count][durable]")
{
    const texts some;
    check(some.count(), 0,
          {R"("words":7,"distinct":4,"agrees":true)", R"("top":[{"word":"three","count":3}])",
           R"("archive":{"runs":1,"unfinished":0,"words":7,"distinct":4,)",
           R"("top":[{"word":"three","count":3}]}})"});
    check(some.count("--top=4 --json --repeat=10"), 0,
          {R"("archive":{"runs":2,"unfinished":0,"words":77,"distinct":4,"top":[)",
           R"({"word":"three","count":33},{"word":"two","count":22},)",
           R"({"word":")" + texts::long_word + R"(","count":11})",
           R"({"word":"one","count":11}])"});
    check(some.count("--top=1"), 0,
          {"7 words, 4 different ones, in 1 text", "a plain sequential count agrees",
           "in the archive kept: 3 runs, 84 words, 4 different ones\n", "36  three\n"});
    check(tool::run(some.scratch, "verify kept/word_counts"), 0, {"no damage"});
}

TEST_CASE("word_count says why it has no archive, before it counts", "[word_count][durable]")
{
    const texts some;
    check(tool::run_in(some.scratch, counter + "--log nowhere text"), 2,
          {"word_count: open directory \"nowhere\": No such file or directory\n"});
    check(tool::run_in(some.scratch, counter + "text --log"), 2, {"--log takes a folder"});
    check(tool::run_in(some.scratch, counter + "text --log="), 2, {"--log takes a folder"});
    check(tool::run_in(some.scratch, counter + "text --log text"), 2,
          {"word_count: open directory \"text\": Not a directory\n"});
    {
        gregor::topic<trade, mmap_log> other{"word_counts", some.kept()};
        REQUIRE(gregor::producer{other}.send(trade::number(1)));
        check(some.count(), 2, {"kept/word_counts", "another process uses it"});
    }
    const ended refused = some.count();
    check(refused, 2, {"kept/word_counts/0/", "word of word_count", "found trade"});
    CHECK(refused.said.find("words") == std::string::npos);
}

TEST_CASE("word_count counts what its archive has no room for", "[word_count][durable]")
{
    const texts some;
    const ended full =
        tool::run_in(some.scratch, "ulimit -f 100 && " + counter + "--log kept text --top=1");
    check(full, 4,
          {"word_count: ", "kept/word_counts/0/", "this run is counted, and not archived\n"});
    check(full, 4, {"3  three\n", "a plain sequential count agrees"});
    check(some.count(), 0, {R"("archive":{"runs":1,"unfinished":0,"words":7,)"});
}

TEST_CASE("word_count counts words of any length", "[word_count]")
{
    // up to 19 letters lie in a record, longer words beside it; 1024 are the most
    const support::scratch_directory scratch;
    {
        std::ofstream text{scratch / "text"};
        for (int times = 0; times != 3; ++times) {
            for (const std::size_t length : {1U, 2U, 18U, 19U, 20U, 21U, 1023U, 1024U, 1030U}) {
                text << std::string(length, 'a') << ' ' << std::string(length, 'B') << '\n';
            }
        }
    }
    // 9 lengths of either letter; what is left of 1030 is one of 6
    check(tool::run_in(scratch, counter + "text --threads 2 --json --repeat=50 --top=0"), 0,
          {R"("words":3000,"distinct":18,"agrees":true)"});
}

TEST_CASE("word_count passes over runs that died while they were archived", "[word_count][durable]")
{
    const texts some;
    check(some.count(), 0, {R"("archive":{"runs":1,)"});
    for (std::uint64_t dead = 1; dead != 3; ++dead) {
        {
            auto options = some.kept();
            options.log.segment_bytes = std::size_t{1} << 20U; // as the program has it
            gregor::topic<piece, mmap_log> log{"word_counts", options};
            gregor::producer out{log};
            REQUIRE(out.send({0, 0, 0, {}}));
            REQUIRE(out.send({5, 2, 4, {"lost"}}));
            REQUIRE(out.send({5, 1, 4, {"half"}}));
        }
        check(some.count(), 0,
              {R"("archive":{"runs":)" + std::to_string(1 + dead) + R"(,"unfinished":)" +
               std::to_string(dead) + R"(,"words":)" + std::to_string(7 * (1 + dead)) +
               R"(,"distinct":4,)"});
    }
    check(some.count("--top=0"), 0, {"2 died while archiving, and are not counted\n"});
}
