// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <gregor/log/confinable.hpp>
#include <gregor/log/os_file.hpp>

namespace log_tool {

namespace disk = gregor::disk;

/// The system's calls, of which those that would change something are refused: the log's own code
/// reads with them what it would else open to write.
struct reading_files : disk::os_files {
    using outcome = disk::outcome;

    static outcome open(int directory, const char* name, disk::open_mode how, int& file) noexcept
    {
        return how == disk::open_mode::create
                   ? refused("create")
                   : disk::os_files::open(directory, name, disk::open_mode::read, file);
    }
    static outcome make_directory(int, const char*) noexcept { return {}; } // it is there, or not
    static outcome sync_directory(int) noexcept { return {}; }
    static outcome sync(int) noexcept { return {}; }
    static outcome rename(int, const char*, const char*) noexcept { return refused("rename"); }
    static outcome move(int, int, const char*) noexcept { return refused("move"); }
    static outcome remove(int, const char*) noexcept { return refused("remove"); }
    static outcome allocate(int, std::uint64_t) noexcept { return refused("allocate"); }
    static outcome write(int, const void*, std::size_t, std::uint64_t) noexcept
    {
        return refused("write");
    }
    static outcome write_zeros(int, std::size_t, std::uint64_t) noexcept
    {
        return refused("write");
    }
    static outcome write_through(int, const void*, std::size_t, std::uint64_t) noexcept
    {
        return refused("write");
    }
    static outcome cut(int, std::uint64_t) noexcept { return refused("cut"); }

private:
    static outcome refused(const char* call) noexcept { return {EROFS, call}; }
};

/// The same, but what would change something is said to be done: for a recovery or a repair that
/// only tells what it would do, in a folder that is confined to be read.
using pretending_files = disk::confinable<disk::os_files>;

} // namespace log_tool
