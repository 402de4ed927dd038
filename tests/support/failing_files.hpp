// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/log/os_file.hpp>

#if GREGOR_FILES

#    include <array>
#    include <cerrno>
#    include <cstddef>
#    include <cstdint>
#    include <utility>

#    include <unistd.h>

namespace support {

/// The system's calls, but that nothing is made lasting: a test that kills no machine needs not
/// wait for the disk.
struct hasty_files : gregor::disk::os_files {
    static gregor::disk::outcome sync_directory(int) noexcept { return {}; }
    static gregor::disk::outcome sync(int) noexcept { return {}; }
    static gregor::disk::outcome sync_part(int, std::uint64_t, std::size_t, void*) noexcept
    {
        return {};
    }
};

/// The system's calls, of which the n-th fails; with `for_good`, all after it, too: as if the
/// process had been killed there.
///
/// Threads   one at a time
struct failing_files : hasty_files {
    using outcome = gregor::disk::outcome;
    using base = hasty_files;

    static inline long calls = 0;
    static inline long fails_at = -1;
    static inline int code = EIO;
    static inline bool for_good = false;
    static inline bool dies = false; ///< the process ends there, at once

    static void fail_call(long n, int with = EIO, bool from_there_on = false) noexcept
    {
        calls = 0;
        fails_at = n;
        code = with;
        for_good = from_there_on;
        dies = false;
    }
    /// The process is gone before its n-th call.
    static void die_at_call(long n) noexcept
    {
        fail_call(n);
        dies = true;
    }
    static void fail_nothing() noexcept { fail_call(-1); }
    [[nodiscard]] static bool failed() noexcept { return fails_at >= 0 && calls > fails_at; }

    static outcome open_directory(const char* path, int& directory) noexcept
    {
        return or_fail([&] { return base::open_directory(path, directory); });
    }
    static outcome open_directory_in(int parent, const char* name, int& directory) noexcept
    {
        return or_fail([&] { return base::open_directory_in(parent, name, directory); });
    }
    static outcome make_directory(int parent, const char* name) noexcept
    {
        return or_fail([&] { return base::make_directory(parent, name); });
    }
    static outcome sync_directory(int directory) noexcept
    {
        return or_fail([&] { return base::sync_directory(directory); });
    }
    static outcome rename(int directory, const char* from, const char* to) noexcept
    {
        return or_fail([&] { return base::rename(directory, from, to); });
    }
    static outcome move(int from, int to, const char* name) noexcept
    {
        return or_fail([&] { return base::move(from, to, name); });
    }
    static outcome exchange(int one, int other, const char* name) noexcept
    {
        return or_fail([&] { return base::exchange(one, other, name); });
    }
    static outcome remove(int directory, const char* name) noexcept
    {
        return or_fail([&] { return base::remove(directory, name); });
    }
    static outcome remove_directory(int parent, const char* name) noexcept
    {
        return or_fail([&] { return base::remove_directory(parent, name); });
    }
    template <class Visit>
    static outcome list(int directory, Visit&& visit)
    {
        return or_fail([&] { return base::list(directory, std::forward<Visit>(visit)); });
    }
    static outcome open(int directory, const char* name, gregor::disk::open_mode how,
                        int& file) noexcept
    {
        return or_fail([&] { return base::open(directory, name, how, file); });
    }
    static outcome look(int file, gregor::disk::file_facts& facts) noexcept
    {
        return or_fail([&] { return base::look(file, facts); });
    }
    static outcome allocate(int file, std::uint64_t bytes) noexcept
    {
        return or_fail([&] { return base::allocate(file, bytes); });
    }
    static outcome read(int file, void* into, std::size_t count, std::uint64_t from) noexcept
    {
        return or_fail([&] { return base::read(file, into, count, from); });
    }
    static outcome write(int file, const void* bytes, std::size_t count,
                         std::uint64_t from) noexcept
    {
        return or_fail([&] { return base::write(file, bytes, count, from); });
    }
    static outcome write_through(int file, const void* bytes, std::size_t count,
                                 std::uint64_t from) noexcept
    {
        return or_fail([&] { return base::write_through(file, bytes, count, from); });
    }
    static outcome write_zeros(int file, std::size_t count, std::uint64_t from) noexcept
    {
        return or_fail([&] { return base::write_zeros(file, count, from); });
    }
    static outcome sync(int file) noexcept
    {
        return or_fail([&] { return base::sync(file); });
    }
    static outcome sync_part(int file, std::uint64_t from, std::size_t bytes, void* at) noexcept
    {
        return or_fail([&] { return base::sync_part(file, from, bytes, at); });
    }
    static outcome cut(int file, std::uint64_t bytes) noexcept
    {
        return or_fail([&] { return base::cut(file, bytes); });
    }
    static outcome lock(int file, bool alone = true) noexcept
    {
        return or_fail([&] { return base::lock(file, alone); });
    }
    static outcome map(int file, std::size_t bytes, bool writable, void*& at,
                       std::uint64_t from = 0) noexcept
    {
        return or_fail([&] { return base::map(file, bytes, writable, at, from); });
    }
    static outcome reserve(std::size_t bytes, void*& at) noexcept
    {
        return or_fail([&] { return base::reserve(bytes, at); });
    }
    static outcome map_into(int file, std::uint64_t from, std::size_t bytes, void* place) noexcept
    {
        return or_fail([&] { return base::map_into(file, from, bytes, place); });
    }
    static outcome map_copy(int file, std::size_t bytes, void*& at, std::uint64_t from) noexcept
    {
        return or_fail([&] { return base::map_copy(file, bytes, at, from); });
    }
    static outcome map_copy_into(int file, std::uint64_t from, std::size_t bytes,
                                 void* place) noexcept
    {
        return or_fail([&] { return base::map_copy_into(file, from, bytes, place); });
    }
    static outcome allow_writes(void* place, std::size_t bytes, bool allowed) noexcept
    {
        return or_fail([&] { return base::allow_writes(place, bytes, allowed); });
    }
    static outcome boot_id(std::array<unsigned char, 16>& id) noexcept
    {
        return or_fail([&] { return base::boot_id(id); });
    }
    static outcome random(std::uint64_t& value) noexcept
    {
        return or_fail([&] { return base::random(value); });
    }

private:
    template <class Call>
    static outcome or_fail(Call&& call)
    {
        const long mine = calls++;
        if (fails_at >= 0 && (mine == fails_at || (for_good && mine > fails_at))) {
            if (dies) {
                ::_exit(0);
            }
            return {code, "fail"};
        }
        return call();
    }
};

} // namespace support

#endif
