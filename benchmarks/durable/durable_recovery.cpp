// SPDX-License-Identifier: MIT

// durable_recovery: the log of a writer that was killed is opened: 1 GiB of records, of which not a
// segment was ever made lasting and so known to be whole. Milliseconds, until the next record could
// be written.
//
// Measured: the recovery, in the same boot. Left out: writing the log, and the disk, but for the
// checkpoint, which a recovery makes lasting twice. `limit/read` reads the bytes of the same files
// as a recovery does, and looks at none.

#include "durable/segment_files.hpp"
#include "durable/shelf.hpp"
#include "registry.hpp"
#include "threads.hpp"

#include "gregor/log/recovery.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace benchmarks {
namespace {

constexpr std::size_t log_bytes = std::size_t{1} << 30U;

#if GREGOR_FILES

void recover(const std::filesystem::path& folder, std::size_t record_bytes)
{
    using files = gregor::disk::os_files;
    const auto in = *gregor::disk::directory<files>::open(folder.string());
    auto log = gregor::disk::recover(in, segment_files::format(record_bytes));
    expect(log.has_value() && log->report.same_boot && log->report.voids == 0 &&
               log->report.end == log_bytes / record_bytes,
           "the log was not recovered");
}

void read_files(const std::filesystem::path& folder, std::size_t /*record_bytes*/)
{
    std::vector<char> buffer(256 * 1024);
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
        expect(file >= 0, "a file cannot be opened");
        while (::read(file, buffer.data(), buffer.size()) > 0) {}
        ::close(file);
    }
}

using what_is_done = void (*)(const std::filesystem::path& folder, std::size_t record_bytes);

template <std::size_t Bytes>
outcome round(const std::string& what, what_is_done act)
{
    using clock = std::chrono::steady_clock;
    outcome result;
    const auto body = [&] {
        try {
            const auto& folder = shelf::get().written<segment_files, Bytes>(
                "durable_recovery " + std::to_string(Bytes), "segments", log_bytes / Bytes);
            const auto began = clock::now();
            act(folder, Bytes);
            result.seconds = std::chrono::duration<double>(clock::now() - began).count();
        } catch (const std::exception& error) {
            result.failure = error.what();
        }
    };
    run_pinned(what, {{core_list::get().first(), body}});
    result.value = result.seconds * 1e3;
    return result;
}

template <std::size_t Bytes>
void add(registry& all, const std::string& subject, what_is_done act)
{
    all.push_back({.scenario = "durable_recovery",
                   .subject = subject,
                   .payload_bytes = Bytes,
                   .unit = "ms",
                   .direction = better::lower,
                   .round = [what = "durable_recovery " + subject,
                             act](std::uint64_t) { return round<Bytes>(what, act); },
                   .fixed_work = 1});
}

template <std::size_t Bytes>
void add_length(registry& all)
{
    add<Bytes>(all, "gregor/segment_files", recover);
    add<Bytes>(all, "limit/read", read_files);
}

#endif

} // namespace

void add_durable_recovery([[maybe_unused]] registry& all)
{
#if GREGOR_FILES
    each_length([&]<std::size_t Bytes> { add_length<Bytes>(all); });
#endif
}

} // namespace benchmarks
