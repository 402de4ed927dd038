// SPDX-License-Identifier: MIT
#pragma once

// What keeps records on disk from inside a process, each as its documentation says is fast. Those
// that are not installed are left out.

#include "payload.hpp"
#include "store.hpp"

#include "gregor/mmap_log.hpp"
#include "gregor/producer.hpp"
#include "gregor/topic.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(GREGOR_BENCH_HAVE_LMDB)
#    include <lmdb.h>
#endif
#if defined(GREGOR_BENCH_HAVE_LEVELDB)
#    include <leveldb/db.h>
#    include <leveldb/write_batch.h>
#endif
#if defined(GREGOR_BENCH_HAVE_ROCKSDB)
#    include <rocksdb/db.h>
#    include <rocksdb/options.h>
#    include <rocksdb/write_batch.h>
#endif
#if defined(GREGOR_BENCH_HAVE_SQLITE)
#    include <sqlite3.h>
#endif

namespace benchmarks {

/// write(2): through a buffer of 64 KiB, or one call for each append. No checksum, no index.
template <bool Buffered>
class written_file {
public:
    written_file(const std::filesystem::path& folder, std::size_t /*record_bytes*/)
        : file_(::open((folder / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600))
    {
        expect(file_ >= 0, "a file cannot be created");
        buffer_.reserve(buffer_bytes);
    }
    written_file(const written_file&) = delete;
    written_file& operator=(const written_file&) = delete;
    ~written_file() { ::close(file_); }

    void append(std::span<const std::byte> records, bool synced)
    {
        if constexpr (Buffered) {
            if (buffer_.size() + records.size() > buffer_bytes) {
                flush();
            }
            buffer_.insert(buffer_.end(), records.begin(), records.end());
        } else {
            write(records);
        }
        if (synced) {
            flush();
            expect(::fdatasync(file_) == 0, "fdatasync failed");
        }
    }

    void flush()
    {
        write(buffer_);
        buffer_.clear();
    }

private:
    static constexpr std::size_t buffer_bytes = 64 * 1024;

    void write(std::span<const std::byte> bytes) const
    {
        while (!bytes.empty()) {
            const ssize_t written = ::write(file_, bytes.data(), bytes.size());
            expect(written > 0 || errno == EINTR, "write failed");
            bytes = bytes.subspan(written > 0 ? static_cast<std::size_t>(written) : 0);
        }
    }

    int file_;
    std::vector<std::byte> buffer_;
};

/// Big-endian, so that the order of bytes is the order of numbers.
class ordered_key {
public:
    explicit ordered_key(std::uint64_t number) noexcept
    {
        for (std::size_t i = 0; i != sizeof bytes_; ++i) {
            bytes_[i] = static_cast<char>(number >> (8 * (sizeof bytes_ - 1 - i)));
        }
    }
    char* data() noexcept { return bytes_; }
    static constexpr std::size_t size() noexcept { return sizeof(std::uint64_t); }
    std::string_view view() const noexcept { return {bytes_, sizeof bytes_}; }

private:
    char bytes_[sizeof(std::uint64_t)];
};

/// Calls f(record) for each of the records that lie side by side.
template <class F>
void for_each_record(std::span<const std::byte> records, std::size_t record_bytes, F&& f)
{
    for (; !records.empty(); records = records.subspan(record_bytes)) {
        f(std::string_view{reinterpret_cast<const char*>(records.data()), record_bytes});
    }
}

#if GREGOR_FILES
/// A topic with storage::mmap_log, in segments of 16 MiB. Prepared: room for all that is appended
/// is made before the clock runs, as `maintain()` would keep it on a thread of its own; else who
/// appends makes it, step by step. Recycled: no more than four segments are kept, so that each new
/// one is an old one.
enum class room : std::uint8_t { inline_steps, prepared, recycled };

/// `bytes`: at least as many are appended, slots and all.
[[nodiscard]] inline gregor::topic_options log_in(const std::filesystem::path& folder, room wanted,
                                                  std::size_t bytes)
{
    constexpr std::size_t segment = std::size_t{16} << 20U;
    gregor::topic_options options;
    options.log.directory = folder.string();
    options.log.segment_bytes = segment;
    options.log.prepare_bytes = bytes;
    options.log.retention_bytes = wanted == room::recycled ? 4 * segment : 0;
    return options;
}

template <std::size_t Bytes, room Room>
class mapped_topic {
public:
    using topic_type = gregor::topic<payload<Bytes>, gregor::storage::mmap_log>;

    mapped_topic(const std::filesystem::path& folder, std::size_t /*record_bytes*/,
                 std::uint64_t records = 1)
        : topic_("records", log_in(folder, Room, records * (Bytes + slot_head_bytes))), out_(topic_)
    {
        if (Room == room::prepared) {
            topic_.maintain();
        }
    }

    void append(std::span<const std::byte> records, bool synced)
    {
        const auto* const first = reinterpret_cast<const payload<Bytes>*>(records.data());
        const std::size_t count = records.size() / Bytes;
        if (count == 1) {
            expect(static_cast<bool>(out_.send(*first)), "a record was not taken");
        } else {
            expect(static_cast<bool>(out_.send_batch(std::span{first, count})),
                   "a batch was not taken");
        }
        if (synced) {
            expect(!topic_.flush(), "the log could not be flushed");
        }
    }
    void flush() {}

private:
    static constexpr std::size_t slot_head_bytes = 16;

    topic_type topic_;
    gregor::producer<topic_type> out_;
};

/// The same with strings, of whose length the topic knows nothing: they lie beside the slots.
template <room Room>
class mapped_texts {
public:
    mapped_texts(const std::filesystem::path& folder, std::size_t record_bytes,
                 std::uint64_t records)
        : topic_("records", log_in(folder, Room, records * (record_bytes + slot_bytes))),
          out_(topic_), record_bytes_(record_bytes)
    {
        if (Room == room::prepared) {
            topic_.maintain();
        }
    }

    void append(std::span<const std::byte> records, bool synced)
    {
        texts_.resize(records.size() / record_bytes_);
        std::size_t next = 0;
        for_each_record(records, record_bytes_,
                        [&](std::string_view record) { texts_[next++] = record; });
        if (texts_.size() == 1) {
            expect(static_cast<bool>(out_.send(texts_.front())), "a record was not taken");
        } else {
            expect(static_cast<bool>(out_.send_batch(texts_)), "a batch was not taken");
        }
        if (synced) {
            expect(!topic_.flush(), "the log could not be flushed");
        }
    }
    void flush() {}

private:
    using topic_type = gregor::topic<std::string, gregor::storage::mmap_log>;
    static constexpr std::size_t slot_bytes = 64; // beside the blob, or less

    topic_type topic_;
    gregor::producer<topic_type> out_;
    std::size_t record_bytes_;
    std::vector<std::string> texts_; // used again
};
#endif

/// The limit: plain stores into pages of a mapped file that are written already, round and round.
class dirty_pages {
public:
    dirty_pages(const std::filesystem::path& folder, std::size_t /*record_bytes*/)
        : file_(::open((folder / "log").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600))
    {
        expect(file_ >= 0 && ::posix_fallocate(file_, 0, bytes) == 0, "no file of 32 MiB");
        void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
        expect(at != MAP_FAILED, "a file cannot be mapped");
        begin_ = static_cast<std::byte*>(at);
        std::memset(begin_, 1, bytes);
    }
    dirty_pages(const dirty_pages&) = delete;
    dirty_pages& operator=(const dirty_pages&) = delete;
    ~dirty_pages()
    {
        ::munmap(begin_, bytes);
        ::close(file_);
    }

    void append(std::span<const std::byte> records, bool synced)
    {
        if (used_ + records.size() > bytes) {
            used_ = 0;
        }
        std::memcpy(begin_ + used_, records.data(), records.size());
        used_ += records.size();
        expect(!synced || ::fdatasync(file_) == 0, "fdatasync failed");
    }
    void flush() {}

private:
    static constexpr std::size_t bytes = std::size_t{32} << 20U;

    int file_;
    std::byte* begin_ = nullptr;
    std::size_t used_ = 0;
};

#if defined(GREGOR_BENCH_HAVE_LMDB)
/// One transaction an append, keys appended in order; MDB_NOSYNC, and mdb_env_sync for a sync.
class lmdb_store {
public:
    lmdb_store(const std::filesystem::path& folder, std::size_t record_bytes)
        : record_bytes_(record_bytes)
    {
        check(mdb_env_create(&env_));
        check(mdb_env_set_mapsize(env_, std::size_t{4} << 30U));
        check(mdb_env_open(env_, folder.c_str(), MDB_NOSYNC | MDB_WRITEMAP, 0600));
        MDB_txn* open = nullptr;
        check(mdb_txn_begin(env_, nullptr, 0, &open));
        check(mdb_dbi_open(open, nullptr, 0, &records_));
        check(mdb_txn_commit(open));
    }
    lmdb_store(const lmdb_store&) = delete;
    lmdb_store& operator=(const lmdb_store&) = delete;
    ~lmdb_store() { mdb_env_close(env_); }

    void append(std::span<const std::byte> records, bool synced)
    {
        MDB_txn* open = nullptr;
        check(mdb_txn_begin(env_, nullptr, 0, &open));
        for_each_record(records, record_bytes_, [&](std::string_view record) {
            ordered_key key{next_++};
            MDB_val name{key.size(), key.data()};
            MDB_val value{record.size(), const_cast<char*>(record.data())};
            check(mdb_put(open, records_, &name, &value, MDB_APPEND));
        });
        check(mdb_txn_commit(open));
        if (synced) {
            check(mdb_env_sync(env_, 1));
        }
    }
    void flush() {}

private:
    static void check(int result) { expect(result == 0, mdb_strerror(result)); }

    MDB_env* env_ = nullptr;
    MDB_dbi records_ = 0;
    std::size_t record_bytes_;
    std::uint64_t next_ = 0;
};
#endif

/// LevelDB and RocksDB, whose interfaces are alike: one WriteBatch an append, with `sync` where it
/// is to be synced.
template <class Api>
class log_structured_store {
public:
    log_structured_store(const std::filesystem::path& folder, std::size_t record_bytes)
        : record_bytes_(record_bytes), store_(open(folder.string()))
    {
    }

    void append(std::span<const std::byte> records, bool synced)
    {
        typename Api::batch batch;
        for_each_record(records, record_bytes_, [&](std::string_view record) {
            const ordered_key key{next_++};
            batch.Put(typename Api::slice(key.view().data(), key.view().size()),
                      typename Api::slice(record.data(), record.size()));
        });
        typename Api::write_options how;
        how.sync = synced;
        const auto status = store_->Write(how, &batch);
        expect(status.ok(), status.ToString());
    }
    void flush() {}

    typename Api::store& get() noexcept { return *store_; }

private:
    static std::unique_ptr<typename Api::store> open(const std::string& folder)
    {
        typename Api::options how;
        how.create_if_missing = true;
        how.compression = Api::no_compression;
        typename Api::store* opened = nullptr;
        const auto status = Api::store::Open(how, folder + "/db", &opened);
        expect(status.ok(), status.ToString());
        return std::unique_ptr<typename Api::store>{opened};
    }

    std::size_t record_bytes_;
    std::uint64_t next_ = 0;
    std::unique_ptr<typename Api::store> store_;
};

#if defined(GREGOR_BENCH_HAVE_LEVELDB)
struct leveldb_api {
    using store = leveldb::DB;
    using batch = leveldb::WriteBatch;
    using slice = leveldb::Slice;
    using options = leveldb::Options;
    using write_options = leveldb::WriteOptions;
    using read_options = leveldb::ReadOptions;
    using iterator = leveldb::Iterator;
    static constexpr auto no_compression = leveldb::kNoCompression;
};
#endif

#if defined(GREGOR_BENCH_HAVE_ROCKSDB)
struct rocksdb_api {
    using store = rocksdb::DB;
    using batch = rocksdb::WriteBatch;
    using slice = rocksdb::Slice;
    using options = rocksdb::Options;
    using write_options = rocksdb::WriteOptions;
    using read_options = rocksdb::ReadOptions;
    using iterator = rocksdb::Iterator;
    static constexpr auto no_compression = rocksdb::kNoCompression;
};
#endif

#if defined(GREGOR_BENCH_HAVE_SQLITE)
/// A table in WAL mode, a prepared insert, one transaction an append; synchronous=FULL for one that
/// is to be synced, OFF for the others.
class sqlite_store {
public:
    sqlite_store(const std::filesystem::path& folder, std::size_t record_bytes)
        : record_bytes_(record_bytes)
    {
        check(sqlite3_open((folder / "db").c_str(), &db_));
        run("PRAGMA journal_mode=WAL");
        run("PRAGMA synchronous=OFF");
        run("CREATE TABLE log(id INTEGER PRIMARY KEY, record BLOB)");
        check(sqlite3_prepare_v2(db_, "INSERT INTO log(record) VALUES(?)", -1, &insert_, nullptr));
    }
    sqlite_store(const sqlite_store&) = delete;
    sqlite_store& operator=(const sqlite_store&) = delete;
    ~sqlite_store()
    {
        sqlite3_finalize(insert_);
        sqlite3_close(db_);
    }

    void append(std::span<const std::byte> records, bool synced)
    {
        if (synced != syncs_) {
            run(synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
            syncs_ = synced;
        }
        run("BEGIN");
        for_each_record(records, record_bytes_, [&](std::string_view record) {
            check(sqlite3_bind_blob(insert_, 1, record.data(), static_cast<int>(record.size()),
                                    nullptr));
            expect(sqlite3_step(insert_) == SQLITE_DONE, sqlite3_errmsg(db_));
            check(sqlite3_reset(insert_));
        });
        run("COMMIT");
    }
    void flush() {}

private:
    void check(int result) { expect(result == SQLITE_OK, sqlite3_errmsg(db_)); }
    void run(const char* statement)
    {
        check(sqlite3_exec(db_, statement, nullptr, nullptr, nullptr));
    }

    sqlite3* db_ = nullptr;
    sqlite3_stmt* insert_ = nullptr;
    std::size_t record_bytes_;
    bool syncs_ = false;
};
#endif

/// An empty one, and where it asks for that, room for so many.
template <class Store, std::size_t Bytes>
Store made_for(const std::filesystem::path& folder, std::uint64_t records)
{
    if constexpr (requires { Store{folder, Bytes, records}; }) {
        return Store{folder, Bytes, records};
    } else {
        return Store{folder, Bytes};
    }
}

/// All that keep what is appended, by their names: `add.operator()<Store>(subject)`.
template <std::size_t Bytes, class Add>
void each_store(const Add& add)
{
#if GREGOR_FILES
    add.template operator()<mapped_topic<Bytes, room::inline_steps>>("gregor/mmap_log");
    add.template operator()<mapped_topic<Bytes, room::prepared>>("gregor/mmap_log_prepared");
    add.template operator()<mapped_texts<room::prepared>>("gregor/mmap_log_texts_prepared");
#endif
    add.template operator()<written_file<true>>("std/write_buffered");
    add.template operator()<written_file<false>>("std/write");
#if defined(GREGOR_BENCH_HAVE_LMDB)
    add.template operator()<lmdb_store>("lmdb");
#endif
#if defined(GREGOR_BENCH_HAVE_LEVELDB)
    add.template operator()<log_structured_store<leveldb_api>>("leveldb");
#endif
#if defined(GREGOR_BENCH_HAVE_ROCKSDB)
    add.template operator()<log_structured_store<rocksdb_api>>("rocksdb");
#endif
#if defined(GREGOR_BENCH_HAVE_SQLITE)
    add.template operator()<sqlite_store>("sqlite_wal");
#endif
}

} // namespace benchmarks
