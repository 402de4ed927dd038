// SPDX-License-Identifier: MIT
#include "schedule.hpp"

#include "statistics.hpp"
#include "threads.hpp"
#include "ticks.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

#if defined(__unix__) || defined(__APPLE__)
#    include <unistd.h>
#endif

namespace benchmarks {
namespace {

/// The host's modes lie a factor of two and more apart; within one, probes vary by a third.
constexpr double same_mode = 1.6;

bool near(double one, double other)
{
    return one < other * same_mode && other < one * same_mode;
}

bool same_group(const entry& one, const entry& other)
{
    return one.scenario == other.scenario && one.payload_bytes == other.payload_bytes &&
           one.batch == other.batch;
}

bool is_terminal()
{
#if defined(__unix__) || defined(__APPLE__)
    return isatty(STDERR_FILENO) != 0;
#else
    return false;
#endif
}

void show_progress(const entry& subject, const std::string& stage)
{
    static const bool shown = is_terminal();
    if (!shown)
        return;
    const std::string line =
        fmt::format("{} {} B b{} {}: {}", subject.scenario, subject.payload_bytes, subject.batch,
                    stage, subject.subject);
    fmt::print(stderr, "\r{:<79.79}", line);
    std::fflush(stderr);
}

void clear_progress()
{
    if (is_terminal())
        fmt::print(stderr, "\r{:<79}\r", "");
}

bool report_failure(const entry& subject, const outcome& result)
{
    if (result.failure.empty())
        return false;
    clear_progress();
    fmt::print(stderr, "FAILED {} {}, {} bytes, batch {}: {}\n", subject.scenario, subject.subject,
               subject.payload_bytes, subject.batch, result.failure);
    return true;
}

class runner {
public:
    runner(series& result, const plan& how)
        : result_{result}, how_{how}, work_{result.subject.fixed_work}
    {
    }

    /// Finds how much work takes a round's time. Nothing of it is counted.
    bool calibrate()
    {
        if (work_ != 0)
            return true;
        show_progress(result_.subject, "calibrates");
        for (work_ = 4096;;) {
            const outcome result = result_.subject.round(work_);
            if (report_failure(result_.subject, result))
                return false;
            const bool long_enough = result.seconds > how_.round_seconds / 4;
            adjust(result.seconds, long_enough ? 4 : 32);
            if (long_enough)
                return true;
        }
    }

    bool run(std::size_t round)
    {
        show_progress(result_.subject, fmt::format("round {}/{}", round + 1, how_.rounds));
        const outcome result = result_.subject.round(work_);
        if (report_failure(result_.subject, result))
            return false;
        result_.values.push_back(result.value);
        result_.extras.push_back(result.extras);
        if (result_.subject.fixed_work == 0)
            adjust(result.seconds, 4);
        return true;
    }

    void add_probe(double nanoseconds) { result_.probes_ns.push_back(nanoseconds); }
    bool wants(std::size_t round) const { return round < result_.subject.most_rounds; }

private:
    void adjust(double seconds, double at_most)
    {
        const double factor = how_.round_seconds / std::max(seconds, 1e-6);
        const double next = static_cast<double>(work_) * std::clamp(factor, 1 / at_most, at_most);
        work_ = std::max<std::uint64_t>(static_cast<std::uint64_t>(next), 16);
    }

    series& result_;
    const plan& how_;
    std::uint64_t work_;
};

/// Knows the machine's usual mode from the probes so far, and waits for it within reason.
class mode_watch {
public:
    mode_watch()
    {
        for (int i = 0; i < 25; ++i) {
            look();
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
    }

    double look()
    {
        const double probe = probe_round_trip_ns();
        probes_.push_back(probe);
        return probe;
    }

    /// Returns the last probe.
    double wait_for_usual_mode(double probe)
    {
        const double usual = summarize(probes_).median;
        while (!near(probe, usual) && waited_seconds_ < 2 + seconds_between(began_, now()) / 3) {
            const auto before = now();
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
            probe = probe_round_trip_ns();
            waited_seconds_ += seconds_between(before, now());
        }
        return probe;
    }

private:
    static std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

    std::vector<double> probes_;
    std::chrono::steady_clock::time_point began_ = now();
    double waited_seconds_ = 0;
};

bool run_group(const plan& how, mode_watch& watch, group& results)
{
    std::vector<runner> runners;
    for (series& each : results)
        runners.emplace_back(each, how);
    for (runner& each : runners)
        if (!each.calibrate())
            return false;

    double probe_before = watch.look();
    for (std::size_t round = 0; round < how.rounds; ++round) {
        for (std::size_t place = 0; place < runners.size(); ++place) {
            runner& each = runners[round % 2 == 0 ? place : runners.size() - 1 - place];
            if (!each.wants(round))
                continue;
            probe_before = watch.wait_for_usual_mode(probe_before);
            if (!each.run(round))
                return false;
            const double probe_after = watch.look();
            each.add_probe(std::max(probe_before, probe_after));
            probe_before = probe_after;
        }
    }
    return true;
}

} // namespace

bool run_all(const registry& entries, const plan& how, std::vector<group>& results)
{
    for (const entry& each : entries) {
        if (results.empty() || !same_group(results.back().front().subject, each))
            results.emplace_back();
        results.back().push_back({.subject = each});
    }
    mode_watch watch;
    for (group& each : results)
        if (!run_group(how, watch, each))
            return false;
    clear_progress();
    return true;
}

double usual_probe_ns(const group& members)
{
    std::vector<double> all;
    for (const series& each : members)
        all.insert(all.end(), each.probes_ns.begin(), each.probes_ns.end());
    return summarize(all).median;
}

kept_rounds rounds_to_keep(const series& subject, double usual_probe)
{
    kept_rounds result;
    for (const double probe : subject.probes_ns)
        result.keep.push_back(near(probe, usual_probe));
    const auto count_kept = [&] {
        return static_cast<std::size_t>(std::count(result.keep.begin(), result.keep.end(), true));
    };
    result.count = count_kept();
    if (result.count * 3 < result.keep.size()) {
        result.keep.assign(result.keep.size(), true);
        result.count = count_kept();
        result.usual = false;
    }
    return result;
}

std::vector<double> kept_values(const series& subject, const kept_rounds& kept)
{
    std::vector<double> result;
    for (std::size_t round = 0; round < subject.values.size(); ++round)
        if (kept.keep[round])
            result.push_back(subject.values[round]);
    return result;
}

std::vector<double> ratios(const series& subject, const series& reference)
{
    std::vector<double> result;
    const std::size_t rounds = std::min(subject.values.size(), reference.values.size());
    for (std::size_t round = 0; round < rounds; ++round) {
        if (!near(subject.probes_ns[round], reference.probes_ns[round]))
            continue;
        const double ratio = subject.values[round] / reference.values[round];
        result.push_back(subject.subject.direction == better::higher ? ratio : 1 / ratio);
    }
    return result;
}

} // namespace benchmarks
