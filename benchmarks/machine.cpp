// SPDX-License-Identifier: MIT
#include "report.hpp"

#include "threads.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include <fmt/format.h>

#include "commit.hpp"

#if defined(__unix__) || defined(__APPLE__)
#    include <sys/resource.h>
#    include <sys/utsname.h>
#    include <unistd.h>
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
#    include <boost/version.hpp>
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
#    include <oneapi/tbb/version.h>
#endif

namespace benchmarks {
namespace {

std::string cpu_model()
{
    std::ifstream file{"/proc/cpuinfo"};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name"))
            if (const auto colon = line.find(": "); colon != std::string::npos)
                return line.substr(colon + 2);
    return "unknown";
}

std::string kernel_name()
{
#if defined(__unix__) || defined(__APPLE__)
    utsname name{};
    if (uname(&name) == 0)
        return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
#endif
    return "unknown";
}

std::string compiler_name()
{
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

#if defined(__unix__) || defined(__APPLE__)
double seconds(const timeval& time)
{
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}
#endif

} // namespace

interference::interference() : before_{read()} {}

std::optional<interference::reading> interference::read()
{
    // "cpu", then user nice system idle iowait irq softirq steal, in clock ticks of all cores
    std::ifstream file{"/proc/stat"};
    std::string label;
    std::array<double, 8> ticks{};
    file >> label;
    for (double& each : ticks)
        file >> each;
    if (!file || label != "cpu")
        return std::nullopt;

    reading result{};
#if defined(__unix__) || defined(__APPLE__)
    const auto a_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    constexpr std::size_t idle = 3;
    constexpr std::size_t waiting = 4;
    for (std::size_t i = 0; i < ticks.size(); ++i) {
        result.all_seconds += ticks[i] / a_second;
        if (i != idle && i != waiting)
            result.busy_seconds += ticks[i] / a_second;
    }
    rusage own{};
    getrusage(RUSAGE_SELF, &own);
    result.own_seconds = seconds(own.ru_utime) + seconds(own.ru_stime);
#endif
    return result;
}

std::optional<double> interference::per_cent() const
{
    const std::optional<reading> after = read();
    if (!before_ || !after)
        return std::nullopt;
    const double busy = after->busy_seconds - before_->busy_seconds;
    const double own = after->own_seconds - before_->own_seconds;
    const double all = after->all_seconds - before_->all_seconds;
    return all <= 0 ? std::nullopt : std::optional{std::max(0.0, 100 * (busy - own) / all)};
}

machine machine::describe()
{
    machine here;
    here.cpu = cpu_model();
    here.cores = core_list::get().count();
    here.kernel = kernel_name();
    here.compiler = compiler_name();
    here.flags = GREGOR_BENCH_FLAGS;
    here.commit = GREGOR_BENCH_COMMIT;
#if defined(GREGOR_BENCH_HAVE_CONCURRENTQUEUE)
    here.peers.emplace_back("moodycamel/concurrent_queue", "unversioned header");
#endif
#if defined(GREGOR_BENCH_HAVE_READERWRITERQUEUE)
    here.peers.emplace_back("moodycamel/reader_writer_queue", "unversioned header");
#endif
#if defined(GREGOR_BENCH_HAVE_BOOST)
    here.peers.emplace_back("boost", BOOST_LIB_VERSION);
#endif
#if defined(GREGOR_BENCH_HAVE_TBB)
    here.peers.emplace_back("tbb", fmt::format("{}.{}", TBB_VERSION_MAJOR, TBB_VERSION_MINOR));
#endif
    return here;
}

} // namespace benchmarks
