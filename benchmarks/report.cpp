// SPDX-License-Identifier: MIT
#include "report.hpp"

#include "statistics.hpp"
#include "targets.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace benchmarks {
namespace {

bool beats(const series& one, const series& other)
{
    const double mine = summarize(one.values).median;
    const double theirs = summarize(other.values).median;
    return one.subject.direction == better::higher ? mine > theirs : mine < theirs;
}

template <class Condition>
const series* best_of(const group& members, Condition condition)
{
    const series* best = nullptr;
    for (const series& each : members)
        if (condition(each.subject) && (best == nullptr || beats(each, *best)))
            best = &each;
    return best;
}

std::string figure(double value)
{
    if (value >= 1000)
        return fmt::format("{:.0f}", value);
    if (value >= 100)
        return fmt::format("{:.1f}", value);
    return fmt::format("{:.2f}", value);
}

std::string ratio_text(const series& subject, const series* reference)
{
    if (reference == nullptr || reference == &subject)
        return "";
    const summary ratio = summarize(ratios(subject, *reference));
    if (ratio.median == 0)
        return "no rounds alike";
    return fmt::format("{:.2f} ({:.2f}-{:.2f})", ratio.median, ratio.min, ratio.max);
}

/// "p99_ns 250" from the medians of every round's extra figures.
std::string extras_text(const series& subject)
{
    std::string text;
    if (subject.extras.empty())
        return text;
    for (std::size_t i = 0; i < subject.extras.front().size(); ++i) {
        std::vector<double> values;
        for (const auto& round : subject.extras)
            values.push_back(round[i].second);
        text += fmt::format("  {} {}", subject.extras.front()[i].first,
                            figure(summarize(values).median));
    }
    return text;
}

void print_group(const group& members)
{
    const double usual_probe = usual_probe_ns(members);
    const entry& first = members.front().subject;
    const bool higher = first.direction == better::higher;
    const series* peer = best_of(members, [](const entry& each) { return each.is_peer(); });
    const series* limit = best_of(members, [](const entry& each) { return each.is_limit(); });

    fmt::print("\n{}, {}-byte records, batch {}: {}, {} is better (round trip {:.0f} ns)\n",
               first.scenario, first.payload_bytes, first.batch, first.unit,
               higher ? "more" : "less", usual_probe);
    fmt::print("  {:<36}{:>9}{:>9}{:>9}  {:<6}  {:<18}  {:<18}\n", "subject", "median", "min",
               "max", "kept", peer != nullptr ? "against best peer" : "",
               limit != nullptr ? "against limit" : "");

    std::vector<const series*> order;
    for (const series& each : members)
        order.push_back(&each);
    std::stable_sort(order.begin(), order.end(),
                     [](const series* one, const series* other) { return beats(*one, *other); });
    for (const series* each : order) {
        const kept_rounds kept = rounds_to_keep(*each, usual_probe);
        const summary value = summarize(kept_values(*each, kept));
        const char mark = each == peer ? '*' : each == limit ? '+' : ' ';
        fmt::print("{} {:<36}{:>9}{:>9}{:>9}  {:<6}  {:<18}  {:<18}{}\n", mark,
                   each->subject.subject, figure(value.median), figure(value.min),
                   figure(value.max),
                   fmt::format("{}/{}{}", kept.count, each->values.size(), kept.usual ? "" : "!"),
                   ratio_text(*each, peer), ratio_text(*each, limit), extras_text(*each));
    }
}

struct measured_target {
    std::string subject;
    std::string reference;
    summary ratio;
};

/// The best gregor variant that the target admits against the best reference it names.
std::optional<measured_target> measure(const target& wanted, const std::vector<group>& results)
{
    for (const group& members : results) {
        const entry& first = members.front().subject;
        if (first.scenario != wanted.scenario || first.payload_bytes != wanted.payload_bytes ||
            first.batch != wanted.batch)
            continue;
        const auto named = [](std::string_view pattern) {
            return [pattern](const entry& each) {
                return pattern == "a peer" ? each.is_peer() : matches(pattern, each.subject);
            };
        };
        const series* subject = best_of(members, named(wanted.subject));
        const series* reference = best_of(members, named(wanted.reference));
        if (subject == nullptr || reference == nullptr)
            continue;
        return measured_target{subject->subject.subject, reference->subject.subject,
                               summarize(ratios(*subject, *reference))};
    }
    return std::nullopt;
}

void print_targets(std::string_view title, std::span<const target> all,
                   const std::vector<group>& results)
{
    bool first = true;
    for (const target& wanted : all) {
        const auto found = measure(wanted, results);
        if (!found)
            continue;
        if (first)
            fmt::print("\n{}: by which factor the subject is better, in rounds taken side by"
                       " side\n",
                       title);
        first = false;
        fmt::print("  {:<17}{:>4} B b{:<3} {:<24} against {:<32} {:>5.2f} ({:.2f}-{:.2f}), wanted"
                   " {:.2f}: {}\n",
                   wanted.scenario, wanted.payload_bytes, wanted.batch, found->subject,
                   found->reference, found->ratio.median, found->ratio.min, found->ratio.max,
                   wanted.at_least,
                   found->ratio.median == 0                 ? "no rounds alike"
                   : found->ratio.median >= wanted.at_least ? "reached"
                                                            : "MISSED");
    }
}

std::string quoted(std::string_view text)
{
    std::string result = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\')
            result += '\\';
        if (static_cast<unsigned char>(letter) < 0x20)
            result += fmt::format("\\u{:04x}", static_cast<unsigned char>(letter));
        else
            result += letter;
    }
    return result + '"';
}

template <class Range, class Format>
std::string json_list(const Range& values, Format format)
{
    std::string result = "[";
    for (const auto& value : values)
        result += fmt::format("{}{}", result.size() == 1 ? "" : ",", format(value));
    return result + "]";
}

std::string number(double value)
{
    return fmt::format("{:.6g}", value);
}

std::string json_run(const series& each, double usual_probe)
{
    const kept_rounds kept = rounds_to_keep(each, usual_probe);
    const summary value = summarize(kept_values(each, kept));
    std::string result = fmt::format(
        R"({{"scenario":{},"subject":{},"payload_bytes":{},"batch":{},"unit":{},"better":"{}",)"
        R"("median":{},"min":{},"max":{},"rounds":{},"probe_ns":{},"kept":{})",
        quoted(each.subject.scenario), quoted(each.subject.subject), each.subject.payload_bytes,
        each.subject.batch, quoted(each.subject.unit),
        each.subject.direction == better::higher ? "higher" : "lower", number(value.median),
        number(value.min), number(value.max), json_list(each.values, number),
        json_list(each.probes_ns, number),
        json_list(kept.keep, [](bool keep) { return keep ? "true" : "false"; }));
    for (std::size_t i = 0; !each.extras.empty() && i < each.extras.front().size(); ++i)
        result += fmt::format(
            ",{}:{}", quoted(each.extras.front()[i].first),
            json_list(each.extras, [i](const auto& round) { return number(round[i].second); }));
    return result + "}";
}

} // namespace

void print_report(const machine& here, std::optional<double> others_per_cent,
                  const std::vector<group>& results)
{
    fmt::print("{}, {} cores, {}\n{}, {}, commit {}\n", here.cpu, here.cores, here.kernel,
               here.compiler, here.flags, here.commit);
    for (const auto& [name, version] : here.peers)
        fmt::print("{} {}\n", name, version);
    fmt::print(
        "round trip: of a cache line between the two cores, the median of the probes; figures"
        " of tables with another one do not compare\n"
        "kept: rounds with a probe near that (!: too few, so all are shown); *: the best"
        " peer; +: the limit\n"
        "against: median (min-max) of the factor by which the subject is better, round by"
        " round; above 1 it wins\n");
    if (others_per_cent)
        fmt::print("others used {:.1f} % of the cores meanwhile{}\n", *others_per_cent,
                   *others_per_cent > 3 ? ": TOO MUCH for figures to be quoted" : "");
#if !defined(NDEBUG)
    fmt::print("built without NDEBUG: assertions are on, the figures are not for comparison\n");
#endif
    for (const group& each : results)
        print_group(each);
    print_targets("What the project promises", promises, results);
    print_targets("What it aims at", goals, results);
}

std::string to_json(const machine& here, std::optional<double> others_per_cent,
                    const std::vector<group>& results)
{
    std::string runs;
    for (const group& members : results)
        for (const series& each : members)
            runs += (runs.empty() ? "\n  " : ",\n  ") + json_run(each, usual_probe_ns(members));
    return fmt::format(
        R"({{"machine":{{"cpu":{},"cores":{},"kernel":{},"compiler":{},"flags":{},"commit":{},)"
        R"("others_per_cent":{},"peers":{}}},"runs":[{}]}})"
        "\n",
        quoted(here.cpu), here.cores, quoted(here.kernel), quoted(here.compiler),
        quoted(here.flags), quoted(here.commit),
        others_per_cent ? number(*others_per_cent) : "null",
        json_list(here.peers,
                  [](const auto& peer) {
                      return fmt::format(R"({{"name":{},"version":{}}})", quoted(peer.first),
                                         quoted(peer.second));
                  }),
        runs);
}

} // namespace benchmarks
