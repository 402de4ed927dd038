// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "../support/utf8.hpp"

namespace word_count {
namespace {

double mega(std::uint64_t bytes)
{
    return static_cast<double>(bytes) / 1e6;
}

double rate(double amount, double seconds)
{
    return seconds > 0 ? amount / seconds : 0;
}

std::size_t distinct(const std::vector<word_counts>& counts)
{
    std::size_t all = 0;
    for (const word_counts& part : counts) {
        all += part.distinct();
    }
    return all;
}

/// A JSON string. Text need not be UTF-8 and JSON must be: other bytes are written as in Latin-1.
std::string quoted(std::string_view text)
{
    std::string json = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8::character_length(text);
        const auto byte = static_cast<unsigned char>(text.front());
        if (length == 0 || byte < 0x20) {
            json += fmt::format("\\u{:04x}", byte);
        } else {
            if (byte == '"' || byte == '\\') {
                json += '\\';
            }
            json += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return json + '"';
}

} // namespace

std::vector<counted_word> top_words(const std::vector<word_counts>& counts, std::size_t most)
{
    std::vector<counted_word> words;
    words.reserve(distinct(counts));
    const auto add = [&](std::string_view word, std::uint64_t count) {
        words.push_back({word, count});
    };
    for (const word_counts& part : counts) {
        part.for_each(add);
    }
    const auto end = words.begin() + static_cast<std::ptrdiff_t>(std::min(most, words.size()));
    std::partial_sort(words.begin(), end, words.end(),
                      [](const counted_word& a, const counted_word& b) {
                          return a.count != b.count ? a.count > b.count : a.word < b.word;
                      });
    words.erase(end, words.end());
    return words;
}

namespace {

void print_words(const std::vector<counted_word>& words)
{
    for (const counted_word& each : words) {
        fmt::print("{:>12}  {}\n", fmt::group_digits(each.count), each.word);
    }
}

void print_archive(const options& chosen, const archived& all)
{
    fmt::print("\nin the archive {}: {} {}, {} words, {} different ones\n", chosen.log, all.runs,
               all.runs == 1 ? "run" : "runs", fmt::group_digits(all.words),
               fmt::group_digits(distinct(all.counts)));
    if (all.unfinished != 0) {
        fmt::print("{} died while archiving, and are not counted\n", all.unfinished);
    }
    print_words(top_words(all.counts, chosen.top));
}

void print_json_words(const std::vector<counted_word>& words)
{
    const char* separator = "";
    for (const counted_word& each : words) {
        fmt::print(R"({}{{"word":{},"count":{}}})", separator, quoted(each.word), each.count);
        separator = ",";
    }
}

} // namespace

void print_tables(const report& what)
{
    const auto words = top_words(what.found.counts, what.chosen.top);
    print_words(words);
    if (!words.empty()) {
        fmt::print("\n");
    }

    fmt::print("{:<10}{:>8}{:>21}{:>11}{:>10}{:>14}{:>9}\n", "stage", "threads", "records", "MB",
               "seconds", "records/s", "MB/s");
    for (const stage& each : what.found.stages) {
        fmt::print("{:<10}{:>8}{:>15} {:<5}{:>11.1f}{:>10.3f}{:>14}{:>9.1f}\n", each.name,
                   each.threads, fmt::group_digits(each.done.records), each.records,
                   mega(each.done.bytes), each.seconds,
                   fmt::group_digits(static_cast<std::uint64_t>(
                       rate(static_cast<double>(each.done.records), each.seconds))),
                   rate(mega(each.done.bytes), each.seconds));
    }

    fmt::print("\n{} words, {} different ones, in {} {}; {} partitions in each topic\n",
               fmt::group_digits(what.found.stages.back().done.records),
               fmt::group_digits(distinct(what.found.counts)), fmt::group_digits(what.texts),
               what.texts == 1 ? "text" : "texts", what.chosen.partitions);
    if (what.chosen.elastic_ms != 0) {
        const stage& tokenize = what.found.stages[1];
        const stage& count = what.found.stages[2];
        fmt::print("{} tokenizers came and {} went meanwhile, {} counters came and {} went\n",
                   tokenize.joined, tokenize.left, count.joined, count.left);
    }
    if (what.differences.empty()) {
        fmt::print("a plain sequential count agrees; it took {:.3f} s{}\n", what.plain_seconds,
                   what.chosen.repeat == 1 ? "" : " for one pass");
    }
    if (what.in_archive != nullptr) {
        print_archive(what.chosen, *what.in_archive);
    }
}

void print_json(const report& what)
{
    fmt::print(
        R"({{"texts":{},"repeat":{},"threads":{},"partitions":{},"elastic_ms":{},"words":{},)"
        R"("distinct":{},"agrees":{},"plain_seconds":{:.6f},"stages":[)",
        what.texts, what.chosen.repeat, what.chosen.threads, what.chosen.partitions,
        what.chosen.elastic_ms, what.found.stages.back().done.records, distinct(what.found.counts),
        what.differences.empty(), what.plain_seconds);
    const char* separator = "";
    for (const stage& each : what.found.stages) {
        fmt::print("{}{{\"name\":\"{}\",\"threads\":{},\"joined\":{},\"left\":{},\"records\":{},"
                   "\"bytes\":{},\"seconds\":{:.6f},"
                   "\"records_per_second\":{:.0f},\"mb_per_second\":{:.3f}}}",
                   separator, each.name, each.threads, each.joined, each.left, each.done.records,
                   each.done.bytes, each.seconds,
                   rate(static_cast<double>(each.done.records), each.seconds),
                   rate(mega(each.done.bytes), each.seconds));
        separator = ",";
    }
    fmt::print(R"(],"top":[)");
    print_json_words(top_words(what.found.counts, what.chosen.top));
    fmt::print("]");
    if (what.in_archive != nullptr) {
        const archived& all = *what.in_archive;
        fmt::print(R"(,"archive":{{"runs":{},"unfinished":{},"words":{},"distinct":{},"top":[)",
                   all.runs, all.unfinished, all.words, distinct(all.counts));
        print_json_words(top_words(all.counts, what.chosen.top));
        fmt::print("]}}");
    }
    fmt::print("}}\n");
}

} // namespace word_count
