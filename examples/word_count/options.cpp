// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "words.hpp"

namespace word_count {
namespace {

constexpr std::uint32_t most_threads = 256;
constexpr std::uint32_t most_partitions = 4096;
constexpr std::uint32_t most_repeats = 1'000'000;
constexpr std::uint32_t most_words = 1'000'000;
constexpr std::uint32_t usual_elastic_ms = 1000;
constexpr std::uint32_t most_elastic_ms = 3'600'000;

std::uint32_t number(std::string_view name, std::string_view text, std::uint32_t least,
                     std::uint32_t most)
{
    std::uint32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc{} || stop != end || value < least || value > most) {
        throw usage_error{
            fmt::format("{} takes a number from {} to {}, not '{}'", name, least, most, text)};
    }
    return value;
}

std::uint32_t default_threads()
{
    // A reader, tokenizers and counters share the cores; the two groups do most of the work.
    return std::clamp(std::thread::hardware_concurrency() / 2, 1U, most_threads);
}

} // namespace

options parse(int count, const char* const* arguments)
{
    options chosen;
    bool only_paths = false;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (only_paths || argument == "-" || !argument.starts_with('-')) {
            chosen.paths.emplace_back(argument);
            continue;
        }
        const std::size_t equals = argument.find('=');
        const std::string_view name = argument.substr(0, equals);
        const auto value = [&](std::uint32_t least, std::uint32_t most) {
            if (equals != std::string_view::npos) {
                return number(name, argument.substr(equals + 1), least, most);
            }
            if (i + 1 == count) {
                throw usage_error{fmt::format("{} takes a number", name)};
            }
            return number(name, arguments[++i], least, most);
        };
        if (argument == "--") {
            only_paths = true;
        } else if (argument == "--help" || argument == "-h") {
            chosen.help = true;
        } else if (argument == "--json") {
            chosen.json = true;
        } else if (name == "--threads") {
            chosen.threads = value(1, most_threads);
        } else if (name == "--partitions") {
            chosen.partitions = value(1, most_partitions);
        } else if (name == "--repeat") {
            chosen.repeat = value(1, most_repeats);
        } else if (argument == "--elastic") {
            chosen.elastic_ms = usual_elastic_ms; // it takes a number only with '='
        } else if (name == "--elastic") {
            chosen.elastic_ms = value(1, most_elastic_ms);
        } else if (name == "--log") {
            chosen.log = equals != std::string_view::npos ? argument.substr(equals + 1)
                         : i + 1 != count                 ? std::string_view{arguments[++i]}
                                                          : std::string_view{};
            if (chosen.log.empty()) {
                throw usage_error{"--log takes a folder"};
            }
        } else if (name == "--top") {
            chosen.top = value(0, most_words);
        } else {
            throw usage_error{fmt::format("there is no option {}", name)};
        }
    }
    if (chosen.threads == 0) {
        chosen.threads = chosen.partitions == 0 ? default_threads()
                                                : std::min(default_threads(), chosen.partitions);
    }
    if (chosen.partitions == 0) {
        // a multiple of the threads, so that each has as many as the others
        chosen.partitions = std::max(4 / chosen.threads, 2U) * chosen.threads;
    }
    if (chosen.partitions < chosen.threads) {
        throw usage_error{fmt::format("{} threads need {} partitions or more: each reads its own",
                                      chosen.threads, chosen.threads)};
    }
    return chosen;
}

std::string help()
{
    return fmt::format(
        R"(word_count [option...] [file or folder...]

Counts words: lines go into a topic, a group of tokenizers reads it and sends words into a second
topic, keyed by word, and a group of counters reads that one. Then a plain sequential count checks
the result.

  (no file)         the text of gregor's own repository
  -                 standard input; it is kept in a temporary file, for it is counted twice
  --threads N       tokenizers, and as many counters   (here {})
  --partitions N    of each topic, at least as many    (twice the threads, 4 or more)
  --repeat N        reads the input N times            (1)
  --elastic[=MS]    while it runs, every MS milliseconds (1000) a tokenizer and a counter are added,
                    up to twice the threads, or sent away, down to one
  --top N           shows the N most frequent words    (10)
  --log DIR         adds what this run has counted to the archive in this folder (make it before),
                    and shows what all runs together have counted. It is a topic with a log on
                    disk: a run that is in it outlives crashes, and one that died is not counted
  --json            prints one JSON object instead of tables
  --help            prints this

A word is a run of ASCII letters (taken as lower case), digits and bytes beyond ASCII; a run of more
than {} bytes counts as several words. Of a folder all text files are read, but for hidden folders
and build folders; binary, empty and unreadable files in it are passed over, with a note.

Exit status:
  {}  the words are counted, and both counts agree
  {}  the counts differ
  {}  an option makes no sense, or a file named here is missing, unreadable or binary,
     or the archive is missing, broken, of something else, or in use by another process
  {}  there is nothing to count: everything is empty, or was passed over
  {}  the words are counted, but could not be archived
)",
        default_threads(), longest_word, static_cast<int>(counted), static_cast<int>(totals_differ),
        static_cast<int>(cannot_start), static_cast<int>(nothing_to_count),
        static_cast<int>(not_archived));
}

} // namespace word_count
