// SPDX-License-Identifier: MIT

// durable_reread, durable_first_read: one thread reads a log of 256 MiB of records from the first
// to the last, with all checksums that it has, and looks at a word of each cache line of each
// record; GB of records a second. The log is in the system's memory, and in no cache of the
// processor where those are smaller. The first time is with opening and closing, and with all that
// the system does when a page is looked at first; the other one is a time later.
//
// Left out: writing the log, and the disk.

#include "durable/readers.hpp"
#include "durable/shelf.hpp"
#include "payload.hpp"
#include "registry.hpp"
#include "threads.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

namespace benchmarks {
namespace {

constexpr std::size_t log_bytes = std::size_t{256} << 20U;

enum class which_time { first, later };

/// All records are there, and right.
template <std::size_t Bytes, class Reader>
bool read_all(Reader& reader)
{
    std::uint64_t next = 0;
    std::uint64_t wrong = 0;
    reader.read([&](std::string_view record) {
        // the last word of each line, as payload::torn looks at it; LMDB aligns nothing
        for (std::size_t line = 56; line < Bytes; line += 64) {
            std::uint64_t word = 0;
            std::memcpy(&word, record.data() + line, sizeof word);
            if (word != next) [[unlikely]] {
                ++wrong; // a sum that each record is added to may lie in memory: 1.6 ns a record
            }
        }
        ++next;
    });
    return wrong == 0 && next == log_bytes / Bytes;
}

/// How many seconds that took.
template <class Reader, std::size_t Bytes>
double time_of(which_time when, const std::filesystem::path& folder)
{
    using clock = std::chrono::steady_clock;
    auto began = clock::now();
    auto ended = began;
    bool right = true;
    {
        Reader reader{folder, Bytes};
        if (when == which_time::later) {
            right = read_all<Bytes>(reader);
            began = clock::now();
        }
        right = read_all<Bytes>(reader) && right;
        ended = clock::now();
    }
    expect(right, "a record was lost, torn or out of order");
    if (when == which_time::first) {
        ended = clock::now();
    }
    return std::chrono::duration<double>(ended - began).count();
}

template <class Store, class Reader, std::size_t Bytes>
outcome reread_round(const std::string& what, const std::string& same, which_time when)
{
    outcome result;
    const auto body = [&] {
        try {
            const auto& folder = shelf::get().written<Store, Bytes>(
                "durable_reread " + std::to_string(Bytes), same, log_bytes / Bytes);
            result.seconds = time_of<Reader, Bytes>(when, folder);
        } catch (const std::exception& error) {
            result.failure = error.what();
        }
    };
    run_pinned(what, {{core_list::get().first(), body}});
    result.value = static_cast<double>(log_bytes) / result.seconds / 1e9;
    return result;
}

template <class Store, class Reader, std::size_t Bytes>
void add(registry& all, which_time when, const std::string& subject, const std::string& same)
{
    const char* const scenario =
        when == which_time::first ? "durable_first_read" : "durable_reread";
    all.push_back({.scenario = scenario,
                   .subject = subject,
                   .payload_bytes = Bytes,
                   .unit = "GB/s",
                   .round =
                       [what = std::string{scenario} + " " + subject, same, when](std::uint64_t) {
                           return reread_round<Store, Reader, Bytes>(what, same, when);
                       },
                   .fixed_work = 1});
}

template <std::size_t Bytes>
void add_time(registry& all, which_time when)
{
#if GREGOR_FILES
    add<mapped_topic<Bytes, room::inline_steps>, topic_reader<Bytes>, Bytes>(
        all, when, "gregor/mmap_log", "topic");
    add<segment_files, segment_reader, Bytes>(all, when, "gregor/segment_files", "segments");
#endif
    add<written_file<true>, read_file, Bytes>(all, when, "std/read", "file");
#if defined(GREGOR_BENCH_HAVE_LMDB)
    add<lmdb_store, lmdb_reader, Bytes>(all, when, "lmdb", "lmdb");
#endif
#if defined(GREGOR_BENCH_HAVE_LEVELDB)
    add<log_structured_store<leveldb_api>, log_structured_reader<leveldb_api>, Bytes>(
        all, when, "leveldb", "leveldb");
#endif
#if defined(GREGOR_BENCH_HAVE_ROCKSDB)
    add<log_structured_store<rocksdb_api>, log_structured_reader<rocksdb_api>, Bytes>(
        all, when, "rocksdb", "rocksdb");
#endif
#if defined(GREGOR_BENCH_HAVE_SQLITE)
    add<sqlite_store, sqlite_reader, Bytes>(all, when, "sqlite_wal", "sqlite");
#endif
    add<written_file<true>, mapped_file, Bytes>(all, when, "limit/mapped_file", "file");
}

/// Both times one after the other: the logs of a length are written once.
template <std::size_t Bytes>
void add_length(registry& all)
{
    add_time<Bytes>(all, which_time::later);
    add_time<Bytes>(all, which_time::first);
}

} // namespace

void add_durable_reread(registry& all)
{
    each_length([&]<std::size_t Bytes> { add_length<Bytes>(all); });
}

} // namespace benchmarks
