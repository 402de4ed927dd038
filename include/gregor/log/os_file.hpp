// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/log/boot_id.hpp"
#include "gregor/log/outcome.hpp"

// The one place of this floor that knows the operating system: files, directories, mappings. Linux
// so far; where there is none, what stands on it is absent.

#if GREGOR_FILES
#    include <dirent.h>
#    include <fcntl.h>
#    include <sys/file.h>
#    include <sys/mman.h>
#    include <sys/random.h>
#    include <sys/resource.h>
#    include <sys/stat.h>
#    include <sys/syscall.h>
#    include <sys/uio.h>
#    include <unistd.h>
#endif

namespace gregor::inline GREGOR_ABI::disk {

#if GREGOR_FILES

/// The system's calls, as the log needs them. What opens, opens nothing but what it was asked for:
/// names are looked up in an open directory, symbolic links are not followed, and only regular
/// files count. The log is a template on this, so that tests let the n-th call fail.
///
/// Threads   any
/// Errors    returned; nothing throws, and no signal comes of a full disk or of a limit
struct os_files {
    // --- directories -----------------------------------------------------------------------------

    /// The one that the user names; symbolic links on the way to it are his business.
    static outcome open_directory(const char* path, int& directory) noexcept
    {
        directory = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return said(directory, "open directory");
    }

    static outcome open_directory_in(int parent, const char* name, int& directory) noexcept
    {
        directory = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return said(directory, "open directory");
    }

    /// Makes one, for this user alone; one that is there already will do.
    static outcome make_directory(int parent, const char* name) noexcept
    {
        const int rc = ::mkdirat(parent, name, 0700);
        return rc != 0 && errno == EEXIST ? outcome{} : said(rc, "make directory");
    }

    /// Makes lasting which names it holds.
    static outcome sync_directory(int directory) noexcept
    {
        return said(insist([&] { return ::fsync(directory); }), "sync directory");
    }

    static outcome rename(int directory, const char* from, const char* to) noexcept
    {
        return said(::renameat(directory, from, directory, to), "rename");
    }

    /// Into another directory, in which there is nothing of this name.
    static outcome move(int from, int to, const char* name) noexcept
    {
        return said(::renameat(from, name, to, name), "move");
    }

    /// What is called so in one directory and what is in the other change places, at once.
    static outcome exchange(int one, int other, const char* name) noexcept
    {
        return said(::syscall(SYS_renameat2, one, name, other, name, 2U /* both */), "exchange");
    }

    static outcome remove(int directory, const char* name) noexcept
    {
        return said(::unlinkat(directory, name, 0), "remove");
    }
    static outcome remove_directory(int parent, const char* name) noexcept
    {
        return said(::unlinkat(parent, name, AT_REMOVEDIR), "remove directory");
    }

    /// Calls visit(name) for each name in it, in no order.
    template <class Visit>
    static outcome list(int directory, Visit&& visit)
    {
        // another open directory: reading moves through it, and closing closes it
        const int mine = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* const entries = mine < 0 ? nullptr : ::fdopendir(mine);
        if (entries == nullptr) {
            const outcome failed = said(-1, "list directory");
            close(mine);
            return failed;
        }
        const closing_directory closing{entries};
        for (;;) {
            errno = 0;
            // NOLINTNEXTLINE(concurrency-mt-unsafe): of a stream that nobody else has
            const dirent* const entry = ::readdir(entries);
            if (entry == nullptr) {
                return errno == 0 ? outcome{} : said(-1, "list directory");
            }
            visit(std::string_view{entry->d_name});
        }
    }

    // --- files -----------------------------------------------------------------------------------

    static outcome open(int directory, const char* name, open_mode how, int& file) noexcept
    {
        const int mode = how == open_mode::read     ? O_RDONLY
                         : how == open_mode::write  ? O_RDWR
                         : how == open_mode::create ? O_RDWR | O_CREAT | O_EXCL
                                                    : O_RDWR | O_CREAT;
        // not blocking: a pipe in a file's place is refused, not waited for
        file = insist([&] {
            return ::openat(directory, name, mode | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        });
        if (file < 0) {
            return said(file, "open");
        }
        struct stat found = {};
        const int rc = ::fstat(file, &found);
        if (rc == 0 && S_ISREG(found.st_mode)) {
            return {};
        }
        const outcome failed = rc != 0 ? said(rc, "look at") : outcome{EINVAL, "open as a file"};
        close(std::exchange(file, -1));
        return failed;
    }

    static void close(int file) noexcept
    {
        if (file >= 0) {
            ::close(file);
        }
    }

    static outcome look(int file, file_facts& facts) noexcept
    {
        struct stat found = {};
        const int rc = ::fstat(file, &found);
        facts = {static_cast<std::uint64_t>(found.st_size),
                 static_cast<std::uint64_t>(found.st_dev),
                 static_cast<std::uint64_t>(found.st_ino)};
        return said(rc, "look at");
    }

    /// Makes the file at least that long, with room on the disk for all of it: writing there later
    /// cannot find the disk full.
    static outcome allocate(int file, std::uint64_t bytes) noexcept
    {
        constexpr const char* call = "allocate";
        rlimit most = {};
        if (::getrlimit(RLIMIT_FSIZE, &most) != 0) {
            return said(-1, call);
        }
        // beyond this limit, the kernel would send a signal
        const bool limited = most.rlim_cur != RLIM_INFINITY && bytes > most.rlim_cur;
        if (limited || !is_place(bytes)) {
            return {EFBIG, call};
        }
        int code = EINTR;
        while (code == EINTR) {
            code = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
        }
        return {code, call};
    }

    /// Reads as many; fewer are an error: the file ends before.
    static outcome read(int file, void* into, std::size_t count, std::uint64_t from) noexcept
    {
        auto* at = static_cast<char*>(into);
        return in_parts("read", EIO, count, from, [&](std::size_t part, off_t place) {
            const ssize_t done = ::pread(file, at, part, place);
            at += done > 0 ? done : 0;
            return done;
        });
    }

    static outcome write(int file, const void* bytes, std::size_t count,
                         std::uint64_t from) noexcept
    {
        const auto* at = static_cast<const char*>(bytes);
        return in_parts("write", ENOSPC, count, from, [&](std::size_t part, off_t place) {
            const ssize_t done = ::pwrite(file, at, part, place);
            at += done > 0 ? done : 0;
            return done;
        });
    }

    /// Writes zeros beside what is mapped there, which shows them at once.
    static outcome write_zeros(int file, std::size_t count, std::uint64_t from) noexcept
    {
        static char zeros[std::size_t{1} << 18U]; // not const: then it takes no room in the program
        const std::size_t part = count < sizeof zeros ? count : sizeof zeros;
        const outcome did = write(file, zeros, part, from);
        return did.ok() && part != count ? write_zeros(file, count - part, from + part) : did;
    }

    /// Writes, and makes that lasting, the file's length included; and no more, where that can be.
    static outcome write_through(int file, const void* bytes, std::size_t count,
                                 std::uint64_t from) noexcept
    {
        const auto* at = static_cast<const char*>(bytes);
        const outcome did =
            in_parts("write", ENOSPC, count, from, [&](std::size_t part, off_t place) {
                const iovec piece{const_cast<char*>(at), part};
                const ssize_t done = ::pwritev2(file, &piece, 1, place, RWF_DSYNC);
                at += done > 0 ? done : 0;
                return done;
            });
        if (did.code != EOPNOTSUPP && did.code != ENOSYS) {
            return did;
        }
        const outcome wrote = write(file, bytes, count, from);
        return wrote.ok() ? sync(file) : wrote;
    }

    /// Makes lasting what was written to it, its length included.
    static outcome sync(int file) noexcept
    {
        return said(insist([&] { return ::fdatasync(file); }), "sync");
    }

    /// The same for a part of it, from a page's beginning on, that is mapped there.
    static outcome sync_part(int, std::uint64_t, std::size_t bytes, void* mapped) noexcept
    {
        return said(insist([&] { return ::msync(mapped, bytes, MS_SYNC); }), "sync");
    }

    static outcome cut(int file, std::uint64_t bytes) noexcept
    {
        return said(insist([&] { return ::ftruncate(file, static_cast<off_t>(bytes)); }), "cut");
    }

    /// For this process alone, or with others that want it so. EWOULDBLOCK where another has it.
    static outcome lock(int file, bool alone = true) noexcept
    {
        const int how = (alone ? LOCK_EX : LOCK_SH) | LOCK_NB;
        return said(insist([&] { return ::flock(file, how); }), "lock");
    }

    // --- mappings --------------------------------------------------------------------------------

    /// From a page's beginning on.
    static outcome map(int file, std::size_t bytes, bool writable, void*& at,
                       std::uint64_t from = 0) noexcept
    {
        if (!is_place(from)) {
            return {EFBIG, "map"};
        }
        at = ::mmap(nullptr, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file,
                    static_cast<off_t>(from));
        if (at == MAP_FAILED) {
            at = nullptr;
            return said(-1, "map");
        }
        // a forked child that wrote to it would write into the parent's log
        if (::madvise(at, bytes, MADV_DONTFORK) != 0) {
            const outcome failed = said(-1, "map");
            unmap(std::exchange(at, nullptr), bytes);
            return failed;
        }
        return {};
    }

    /// Address space of so many zeros, which takes no memory; parts of files are mapped into it.
    static outcome reserve(std::size_t bytes, void*& at) noexcept
    {
        at = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) {
            at = nullptr;
            return said(-1, "reserve address space for");
        }
        return {};
    }

    /// Maps the file from `from` on, to be written, in the place of what was reserved there.
    static outcome map_into(int file, std::uint64_t from, std::size_t bytes, void* place) noexcept
    {
        constexpr const char* call = "map";
        if (!is_place(from)) {
            return {EFBIG, call};
        }
        if (!replace(place, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file,
                     static_cast<off_t>(from))) {
            return said(-1, call);
        }
        if (::madvise(place, bytes, MADV_DONTFORK) != 0) { // as above
            const outcome failed = said(-1, call);
            forget(place, bytes);
            return failed;
        }
        return {};
    }

    /// A copy of the file from `from` on, to be written: its pages are the file's until they are,
    /// and then memory. None of it may lie behind the file's end.
    static outcome map_copy(int file, std::size_t bytes, void*& at, std::uint64_t from) noexcept
    {
        if (!is_place(from)) {
            return {EFBIG, "map"};
        }
        at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file,
                    static_cast<off_t>(from));
        if (at == MAP_FAILED) {
            at = nullptr;
            return said(-1, "map");
        }
        return {};
    }
    /// The same in the place of what was reserved there; not to be written, until that is allowed.
    static outcome map_copy_into(int file, std::uint64_t from, std::size_t bytes,
                                 void* place) noexcept
    {
        const bool done = is_place(from) && replace(place, bytes, PROT_READ, MAP_PRIVATE, file,
                                                    static_cast<off_t>(from));
        return done ? outcome{} : is_place(from) ? said(-1, "map") : outcome{EFBIG, "map"};
    }
    static outcome allow_writes(void* place, std::size_t bytes, bool allowed) noexcept
    {
        return said(::mprotect(place, bytes, allowed ? PROT_READ | PROT_WRITE : PROT_READ), "map");
    }

    /// Zeros again, in one go: who reads there meanwhile reads what was there, or zeros.
    static void forget(void* place, std::size_t bytes) noexcept
    {
        static_cast<void>(
            replace(place, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    }

    /// Brings whole pages into memory: to be written, now (where the system cannot, the first store
    /// to each does); or else to be read, by and by.
    static void populate(void* at, std::size_t bytes, bool to_write) noexcept
    {
        constexpr int populate_write = 23; // MADV_POPULATE_WRITE, of Linux 5.14
        static_cast<void>(::madvise(at, bytes, to_write ? populate_write : MADV_WILLNEED));
    }

    static void unmap(void* at, std::size_t bytes) noexcept
    {
        if (at != nullptr) {
            ::munmap(at, bytes);
        }
    }

    // --- the machine -----------------------------------------------------------------------------

    /// Which start of the system this is: what is only in its memory does not outlive it.
    static outcome boot_id(std::array<unsigned char, 16>& id) noexcept
    {
        constexpr const char* call = "read the boot id from";
        char digits[36] = {};
        const int file = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            return said(file, call);
        }
        const ssize_t count = insist([&] { return ::read(file, digits, sizeof digits); });
        close(file);
        return count == sizeof digits && read_boot_id(digits, id) ? outcome{} : outcome{EIO, call};
    }

    static outcome random(std::uint64_t& value) noexcept
    {
        const ssize_t count = insist([&] { return ::getrandom(&value, sizeof value, 0); });
        return count == sizeof value ? outcome{} : said(-1, "draw a random number");
    }

    [[nodiscard]] static std::int64_t process_id() noexcept { return ::getpid(); }

private:
    struct closing_directory {
        DIR* entries;
        explicit closing_directory(DIR* open) noexcept : entries(open) {}
        closing_directory(const closing_directory&) = delete;
        closing_directory& operator=(const closing_directory&) = delete;
        ~closing_directory() { ::closedir(entries); }
    };

    /// Maps something else where something is mapped, in one go.
    static bool replace(void* place, std::size_t bytes, int protection, int flags, int file,
                        off_t from) noexcept
    {
#    if GREGOR_TSAN
        // by its name, ThreadSanitizer takes it for a write that races with those who look there
        return ::syscall(SYS_mmap, place, bytes, protection, flags | MAP_FIXED, file, from) != -1;
#    else
        return ::mmap(place, bytes, protection, flags | MAP_FIXED, file, from) != MAP_FAILED;
#    endif
    }

    static outcome said(long rc, const char* call) noexcept
    {
        return rc < 0 ? outcome{errno, call} : outcome{};
    }

    template <class Call>
    static std::invoke_result_t<Call&> insist(Call&& call) noexcept
    {
        for (;;) {
            const auto rc = call();
            if (rc >= 0 || errno != EINTR) {
                return rc;
            }
        }
    }

    static bool is_place(std::uint64_t bytes) noexcept
    {
        return bytes <= static_cast<std::uint64_t>((std::numeric_limits<off_t>::max)());
    }

    template <class Part>
    static outcome in_parts(const char* call, int at_the_end, std::size_t count, std::uint64_t from,
                            Part&& part) noexcept
    {
        if (!is_place(from) || !is_place(from + count)) {
            return {EFBIG, call};
        }
        while (count != 0) {
            const ssize_t done = insist([&] { return part(count, static_cast<off_t>(from)); });
            if (done <= 0) {
                return {done == 0 ? at_the_end : errno, call};
            }
            count -= static_cast<std::size_t>(done);
            from += static_cast<std::uint64_t>(done);
        }
        return {};
    }
};

#endif

} // namespace gregor::inline GREGOR_ABI::disk
