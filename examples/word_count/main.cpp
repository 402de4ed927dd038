// SPDX-License-Identifier: MIT
// WordCount, the first program of every system that moves records: `word_count --help`.

#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "archive.hpp"
#include "check.hpp"
#include "input.hpp"
#include "live_line.hpp"
#include "options.hpp"
#include "pipeline.hpp"
#include "report.hpp"

namespace word_count {
namespace {

void say(const std::vector<std::string>& sentences)
{
    for (const std::string& each : sentences) {
        fmt::print(stderr, "word_count: {}\n", each);
    }
}

/// How much the reader will read; 0 where a stream makes it unknown.
std::uint64_t total_bytes(const std::vector<input>& texts, std::uint32_t repeat)
{
    std::uint64_t sum = 0;
    for (const input& text : texts) {
        if (text.bytes() == 0) {
            return 0;
        }
        sum += text.bytes() * repeat;
    }
    return sum;
}

result run_watched(std::vector<input>& texts, const options& chosen)
{
    pipeline stages{chosen};
    std::optional<live_line> live;
    if (is_watched()) {
        live.emplace(stages, total_bytes(texts, chosen.repeat));
    }
    return stages.run(texts);
}

/// What the archive holds with this run, or why it is not in it.
struct archiving {
    std::optional<archived> all;
    std::string problem;
};

archiving keep(archive& in, const archived& before, const result& found)
{
    archiving done;
    try {
        in.add(found.counts);
        done.all = in.read();
    } catch (const gregor::error& problem) {
        done.problem = problem.what();
        return done;
    }
    const std::uint64_t words = found.stages.back().done.records;
    if (done.all->runs != before.runs + 1 || done.all->words != before.words + words) {
        done.problem = "the archive does not hold what was added to it";
    }
    return done;
}

exit_status count_words(const options& chosen)
{
    std::optional<archive> kept;
    std::optional<archived> before;
    if (!chosen.log.empty()) {
        kept.emplace(chosen.log); // before there is anything to lose
        before = kept->read();
    }
    found_inputs inputs = find_inputs(
        chosen.paths.empty() ? std::vector<std::string>{GREGOR_SOURCE_DIR} : chosen.paths);
    say(inputs.passed_over);
    if (!inputs.errors.empty()) {
        say(inputs.errors);
        return cannot_start;
    }

    const result found = run_watched(inputs.texts, chosen);
    if (found.stages.front().done.bytes == 0) {
        say({"there is nothing to count"});
        return nothing_to_count;
    }

    const plain_count plain = count_plainly(inputs.texts);
    const auto wrong = differences(found.counts, plain, chosen.repeat);
    archiving archived;
    if (kept && wrong.empty()) {
        archived = keep(*kept, *before, found);
    }
    const report what{chosen, inputs.texts.size(),
                      found,  plain.seconds,
                      wrong,  archived.all ? &*archived.all : nullptr};
    chosen.json ? print_json(what) : print_tables(what);
    if (!wrong.empty()) {
        say(wrong);
        say({"THE COUNT IS WRONG, unless a file has changed in the meantime"});
        return totals_differ;
    }
    if (!archived.problem.empty()) {
        say({archived.problem, "this run is counted, and not archived"});
        return not_archived;
    }
    return counted;
}

} // namespace
} // namespace word_count

int main(int count, char** arguments)
{
    using namespace word_count;
    try {
        const options chosen = parse(count, arguments);
        if (chosen.help) {
            fmt::print("{}", help());
            return counted;
        }
        return count_words(chosen);
    } catch (const usage_error& problem) {
        say({problem.what(), "--help shows what there is"});
    } catch (const std::exception& problem) {
        say({problem.what()});
    }
    return cannot_start;
}
