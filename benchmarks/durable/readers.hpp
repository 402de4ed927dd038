// SPDX-License-Identifier: MIT
#pragma once

// How the stores of stores.hpp are read back by a program that did not write them.
//
//     Reader(folder, record_bytes)   opens what is there
//     read(visit)                    visit(record) for each record from the first one on, in order

#include "segment_files.hpp"
#include "stores.hpp"

#include "gregor/consumer.hpp"
#include "gregor/log/recovery.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace benchmarks {

#if GREGOR_FILES
/// All segments are mapped; 8 KiB of slots at a time (16 slots, if that is more) are found whole,
/// checksums included, before a record of them is looked at, which is then in the processor's first
/// cache still.
class segment_reader {
public:
    segment_reader(const std::filesystem::path& folder, std::size_t record_bytes)
    {
        const auto format = segment_files::format(record_bytes);
        const auto in = *gregor::disk::directory<files>::open(folder.string());
        std::vector<gregor::offset_t> bases;
        const auto did = files::list(in.get(), [&](std::string_view name) {
            if (const auto base = gregor::disk::base_in(name)) {
                bases.push_back(*base);
            }
        });
        expect(did.ok(), "the log could not be read");
        std::sort(bases.begin(), bases.end());
        for (const gregor::offset_t base : bases) {
            segments_.push_back(*gregor::disk::segment<files>::open(in, format, base));
            expect(segments_.back().map().ok(), "a segment could not be mapped");
        }
    }

    template <class Visit>
    void read(Visit&& visit)
    {
        for (const auto& in : segments_) {
            const gregor::disk::segment_format& format = in.format();
            const std::size_t slot_bytes = format.slot_bytes(); // divides
            const std::size_t payload_at = format.payload_at();
            const gregor::offset_t piece = std::max<std::size_t>(16, 8 * 1024 / slot_bytes);
            for (gregor::offset_t from = in.base(), whole = from; from != in.end(); from = whole) {
                const gregor::offset_t to = std::min(from + piece, in.end());
                whole = in.first_not_whole(from, to);
                const unsigned char* record = in.slot(from) + payload_at;
                for (; from != whole; ++from, record += slot_bytes) {
                    visit(std::string_view{reinterpret_cast<const char*>(record),
                                           format.payload_bytes});
                }
                if (whole != to) {
                    return; // the end of the log, unless records are found to be missing
                }
            }
        }
    }

private:
    using files = gregor::disk::os_files;

    std::vector<gregor::disk::segment<files>> segments_;
};

/// The topic again, and a consumer of it, by 500 records: what another life has left is checked
/// each time that it is read.
template <std::size_t Bytes>
class topic_reader {
public:
    topic_reader(const std::filesystem::path& folder, std::size_t record_bytes)
        : topic_("records", log_in(folder, room::inline_steps, record_bytes)), in_(topic_)
    {
        in_.assign({the_one});
    }

    template <class Visit>
    void read(Visit&& visit)
    {
        expect(in_.seek(the_one, 0), "the log has no begin");
        for (;;) {
            const auto records = in_.try_poll();
            if (records.empty()) {
                return;
            }
            for (const auto& record : records) {
                visit(std::string_view{reinterpret_cast<const char*>(&record.value()), Bytes});
            }
        }
    }

private:
    using topic_type = typename mapped_topic<Bytes, room::inline_steps>::topic_type;
    static constexpr gregor::partition_id the_one{0};

    topic_type topic_;
    gregor::consumer<topic_type> in_;
};
#endif

/// read(2) in pieces of 256 KiB. No checksum.
class read_file {
public:
    read_file(const std::filesystem::path& folder, std::size_t record_bytes)
        : file_(::open((folder / "log").c_str(), O_RDONLY | O_CLOEXEC)),
          record_bytes_(record_bytes), buffer_(256 * 1024 / record_bytes * record_bytes)
    {
        expect(file_ >= 0, "a file cannot be opened");
    }
    read_file(const read_file&) = delete;
    read_file& operator=(const read_file&) = delete;
    ~read_file() { ::close(file_); }

    template <class Visit>
    void read(Visit&& visit)
    {
        expect(::lseek(file_, 0, SEEK_SET) == 0, "a file cannot be read again");
        for (ssize_t count = 1; count != 0;) {
            count = ::read(file_, buffer_.data(), buffer_.size());
            expect(count >= 0, "read failed");
            for_each_record({buffer_.data(), static_cast<std::size_t>(count)}, record_bytes_,
                            visit);
        }
    }

private:
    int file_;
    std::size_t record_bytes_;
    std::vector<std::byte> buffer_;
};

/// The limit: the same file, mapped.
class mapped_file {
public:
    mapped_file(const std::filesystem::path& folder, std::size_t record_bytes)
        : record_bytes_(record_bytes)
    {
        const int file = ::open((folder / "log").c_str(), O_RDONLY | O_CLOEXEC);
        struct stat found = {};
        expect(file >= 0 && ::fstat(file, &found) == 0, "a file cannot be opened");
        bytes_ = static_cast<std::size_t>(found.st_size);
        void* const at = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, file, 0);
        ::close(file);
        expect(at != MAP_FAILED, "a file cannot be mapped");
        begin_ = static_cast<const std::byte*>(at);
    }
    mapped_file(const mapped_file&) = delete;
    mapped_file& operator=(const mapped_file&) = delete;
    ~mapped_file() { ::munmap(const_cast<std::byte*>(begin_), bytes_); }

    template <class Visit>
    void read(Visit&& visit)
    {
        for (std::size_t at = 0; at != bytes_; at += record_bytes_) {
            visit(std::string_view{reinterpret_cast<const char*>(begin_ + at), record_bytes_});
        }
    }

private:
    std::size_t record_bytes_;
    std::size_t bytes_ = 0;
    const std::byte* begin_ = nullptr;
};

#if defined(GREGOR_BENCH_HAVE_LMDB)
/// A cursor, in one transaction. It has no checksums.
class lmdb_reader {
public:
    lmdb_reader(const std::filesystem::path& folder, std::size_t /*record_bytes*/)
    {
        check(mdb_env_create(&env_));
        check(mdb_env_set_mapsize(env_, std::size_t{4} << 30U));
        check(mdb_env_open(env_, folder.c_str(), MDB_RDONLY, 0600));
        check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &open_));
        check(mdb_dbi_open(open_, nullptr, 0, &records_));
        check(mdb_cursor_open(open_, records_, &cursor_));
    }
    lmdb_reader(const lmdb_reader&) = delete;
    lmdb_reader& operator=(const lmdb_reader&) = delete;
    ~lmdb_reader()
    {
        mdb_cursor_close(cursor_);
        mdb_txn_abort(open_);
        mdb_env_close(env_);
    }

    template <class Visit>
    void read(Visit&& visit)
    {
        MDB_val name{};
        MDB_val value{};
        for (MDB_cursor_op next = MDB_FIRST;
             mdb_cursor_get(cursor_, &name, &value, next) == MDB_SUCCESS; next = MDB_NEXT) {
            visit(std::string_view{static_cast<const char*>(value.mv_data), value.mv_size});
        }
    }

private:
    static void check(int result) { expect(result == 0, mdb_strerror(result)); }

    MDB_env* env_ = nullptr;
    MDB_txn* open_ = nullptr;
    MDB_cursor* cursor_ = nullptr;
    MDB_dbi records_ = 0;
};
#endif

/// LevelDB and RocksDB: an iterator that verifies checksums and fills no cache.
template <class Api>
class log_structured_reader {
public:
    log_structured_reader(const std::filesystem::path& folder, std::size_t record_bytes)
        : store_(folder, record_bytes)
    {
    }

    template <class Visit>
    void read(Visit&& visit)
    {
        typename Api::read_options how;
        how.verify_checksums = true;
        how.fill_cache = false;
        const std::unique_ptr<typename Api::iterator> at{store_.get().NewIterator(how)};
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            visit(std::string_view{at->value().data(), at->value().size()});
        }
    }

private:
    log_structured_store<Api> store_;
};

#if defined(GREGOR_BENCH_HAVE_SQLITE)
/// One prepared query. It has no checksums but in what the WAL still holds.
class sqlite_reader {
public:
    sqlite_reader(const std::filesystem::path& folder, std::size_t /*record_bytes*/)
    {
        check(sqlite3_open((folder / "db").c_str(), &db_));
        check(sqlite3_prepare_v2(db_, "SELECT record FROM log ORDER BY id", -1, &query_, nullptr));
    }
    sqlite_reader(const sqlite_reader&) = delete;
    sqlite_reader& operator=(const sqlite_reader&) = delete;
    ~sqlite_reader()
    {
        sqlite3_finalize(query_);
        sqlite3_close(db_);
    }

    template <class Visit>
    void read(Visit&& visit)
    {
        while (sqlite3_step(query_) == SQLITE_ROW) {
            const void* const record = sqlite3_column_blob(query_, 0);
            const auto count = static_cast<std::size_t>(sqlite3_column_bytes(query_, 0));
            visit(std::string_view{static_cast<const char*>(record), count});
        }
        check(sqlite3_reset(query_));
    }

private:
    void check(int result) { expect(result == SQLITE_OK, sqlite3_errmsg(db_)); }

    sqlite3* db_ = nullptr;
    sqlite3_stmt* query_ = nullptr;
};
#endif

} // namespace benchmarks
