// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/log/os_file.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// The system's calls, in directories of which some can be confined to be read. In such a one
/// nothing changes, whoever calls: files are opened to be read, and what would change one is not
/// done, and said to be done. So what opens a log to go on with it can open it to be looked at, as
/// long as it does not read by the file again what it wrote: what is mapped to be written is a
/// copy.
///
/// A file that would be new is empty, and holds nothing of what is written to it. To be made
/// lasting changes no file, so that is done.
///
/// Threads, Errors   as `Files`
template <class Files>
struct confinable : Files {
    /// What is opened in it from now on is only read.
    static void confine(int& directory) noexcept { directory |= read_only; }
    [[nodiscard]] static bool confined(int file) noexcept
    {
        return file >= 0 && (file & read_only) != 0;
    }

    // --- directories -----------------------------------------------------------------------------

    static outcome open_directory_in(int parent, const char* name, int& directory) noexcept
    {
        return marked(Files::open_directory_in(real(parent), name, directory), directory,
                      parent & read_only);
    }
    static outcome make_directory(int parent, const char* name) noexcept
    {
        return confined(parent) ? outcome{} : Files::make_directory(parent, name); // there, or not
    }
    static outcome sync_directory(int directory) noexcept
    {
        return confined(directory) ? outcome{} : Files::sync_directory(directory);
    }
    static outcome rename(int directory, const char* from, const char* to) noexcept
    {
        return confined(directory) ? outcome{} : Files::rename(directory, from, to);
    }
    static outcome move(int from, int to, const char* name) noexcept
    {
        return confined(from) || confined(to) ? outcome{} : Files::move(from, to, name);
    }
    static outcome exchange(int one, int other, const char* name) noexcept
    {
        return confined(one) || confined(other) ? outcome{} : Files::exchange(one, other, name);
    }
    static outcome remove(int directory, const char* name) noexcept
    {
        return confined(directory) ? outcome{} : Files::remove(directory, name);
    }
    static outcome remove_directory(int parent, const char* name) noexcept
    {
        return confined(parent) ? outcome{} : Files::remove_directory(parent, name);
    }
    template <class Visit>
    static outcome list(int directory, Visit&& visit)
    {
        return Files::list(real(directory), std::forward<Visit>(visit));
    }

    // --- files -----------------------------------------------------------------------------------

    static outcome open(int directory, const char* name, open_mode how, int& file) noexcept
    {
        if (!confined(directory)) {
            return Files::open(directory, name, how, file);
        }
        if (how == open_mode::create) {
            // something that can be closed
            return marked(Files::open_directory_in(real(directory), ".", file), file,
                          read_only | made_up);
        }
        return marked(Files::open(real(directory), name, open_mode::read, file), file, read_only);
    }
    static void close(int file) noexcept { Files::close(file < 0 ? file : real(file)); }
    static outcome look(int file, file_facts& facts) noexcept
    {
        facts = {};
        return is_made_up(file) ? outcome{} : Files::look(real(file), facts);
    }
    static outcome allocate(int file, std::uint64_t bytes) noexcept
    {
        return confined(file) ? outcome{} : Files::allocate(file, bytes);
    }
    static outcome read(int file, void* into, std::size_t count, std::uint64_t from) noexcept
    {
        return is_made_up(file) ? outcome{EIO, "read"} : Files::read(real(file), into, count, from);
    }
    static outcome write(int file, const void* bytes, std::size_t count,
                         std::uint64_t from) noexcept
    {
        return confined(file) ? outcome{} : Files::write(file, bytes, count, from);
    }
    static outcome write_zeros(int file, std::size_t count, std::uint64_t from) noexcept
    {
        return confined(file) ? outcome{} : Files::write_zeros(file, count, from);
    }
    static outcome write_through(int file, const void* bytes, std::size_t count,
                                 std::uint64_t from) noexcept
    {
        return confined(file) ? outcome{} : Files::write_through(file, bytes, count, from);
    }
    static outcome sync(int file) noexcept
    {
        if (is_made_up(file)) {
            return {};
        }
        const outcome did = Files::sync(real(file));
        // a file system that nobody writes to may know no such thing
        return confined(file) && (did.code == EINVAL || did.code == EROFS) ? outcome{} : did;
    }
    static outcome sync_part(int file, std::uint64_t from, std::size_t bytes, void* mapped) noexcept
    {
        // what is mapped of a confined one is a copy
        return confined(file) ? sync(file) : Files::sync_part(real(file), from, bytes, mapped);
    }
    static outcome cut(int file, std::uint64_t bytes) noexcept
    {
        return confined(file) ? outcome{} : Files::cut(file, bytes);
    }
    static outcome lock(int file, bool alone = true) noexcept
    {
        return Files::lock(real(file), alone);
    }

    // --- mappings --------------------------------------------------------------------------------

    static outcome map(int file, std::size_t bytes, bool writable, void*& at,
                       std::uint64_t from = 0) noexcept
    {
        if (!confined(file) || !writable) {
            return Files::map(real(file), bytes, writable, at, from);
        }
        file_facts facts;
        outcome did = look(file, facts);
        if (did.ok() && facts.bytes >= from && facts.bytes - from >= bytes) {
            return Files::map_copy(real(file), bytes, at, from);
        }
        // the file would have been made longer
        if (did.ok()) {
            did = Files::reserve(bytes, at);
        }
        if (did.ok()) {
            did = Files::allow_writes(at, bytes, true);
        }
        if (did.ok() && facts.bytes > from) {
            did = read(file, at, static_cast<std::size_t>(facts.bytes - from), from);
        }
        if (!did.ok()) {
            Files::unmap(std::exchange(at, nullptr), bytes);
        }
        return did;
    }
    static outcome map_into(int file, std::uint64_t from, std::size_t bytes, void* place) noexcept
    {
        if (!confined(file)) {
            return Files::map_into(file, from, bytes, place);
        }
        file_facts facts;
        const outcome did = look(file, facts);
        if (!did.ok() || facts.bytes <= from) {
            return did;
        }
        // Who reads in a page behind a file's end is killed. There remain the zeros that it would
        // have been made longer by.
        const std::uint64_t there = (facts.bytes - from + page - 1) / page * page;
        return Files::map_copy_into(real(file), from,
                                    there < bytes ? static_cast<std::size_t>(there) : bytes, place);
    }

private:
    // more files than the system has
    static constexpr int read_only = 1 << 30;
    static constexpr int made_up = 1 << 29;
    static constexpr std::uint64_t page = 4096;

    [[nodiscard]] static bool is_made_up(int file) noexcept
    {
        return confined(file) && (file & made_up) != 0;
    }
    [[nodiscard]] static int real(int file) noexcept { return file & ~(read_only | made_up); }
    [[nodiscard]] static outcome marked(outcome did, int& file, int marks) noexcept
    {
        file |= did.ok() ? marks : 0;
        return did;
    }
};

} // namespace gregor::inline GREGOR_ABI::disk

#endif
