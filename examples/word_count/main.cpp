// SPDX-License-Identifier: MIT
// WordCount, the first program of every system that moves records: `word_count --help`.

#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

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

exit_status count_words(const options& chosen)
{
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
    const report what{chosen, inputs.texts.size(), found, plain.seconds, wrong};
    chosen.json ? print_json(what) : print_tables(what);
    if (!wrong.empty()) {
        say(wrong);
        say({"THE COUNT IS WRONG, unless a file has changed in the meantime"});
        return totals_differ;
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
