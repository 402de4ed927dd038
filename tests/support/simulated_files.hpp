// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/log/os_file.hpp>

#if GREGOR_FILES

#    include <algorithm>
#    include <array>
#    include <cerrno>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <functional>
#    include <map>
#    include <memory>
#    include <string>
#    include <string_view>
#    include <vector>

#    include "support/random.hpp"

namespace support {

/// A disk with one directory, in memory, which forgets at a power loss what it may forget: of each
/// sector that was not made lasting, what was written or what was there before; of the names, any
/// part of what was done to them since the directory was made lasting.
///
/// Threads   one
struct simulated_disk {
    static constexpr std::size_t sector = 512;
    static constexpr std::size_t longest = std::size_t{1} << 18U; ///< of a file
    static constexpr int directory = 3;
    using bytes = std::vector<unsigned char>;

    struct file {
        bytes now; ///< never moves while it grows to `longest`: it may be mapped
        bytes lasting;
    };
    /// Something done to the names: one of them goes, one comes, or both at once.
    struct change {
        std::string goes;
        std::string comes;
        int file;
    };

    explicit simulated_disk(std::uint64_t seed) : chance(seed) {}

    /// The process is gone; what it left unsynced stands as long as the system does.
    void kill() { fails_from = -1; }

    void lose_power()
    {
        kill();
        names = lasting_names;
        for (const change& each : changes) {
            if (chance.one_in(2)) {
                continue;
            }
            names.erase(each.goes);
            if (!each.comes.empty()) {
                names[each.comes] = each.file;
            }
        }
        changes.clear();
        lasting_names = names;
        for (file& each : files) {
            if (each.lasting.size() != each.now.size() && chance.one_in(2)) {
                each.now = each.lasting;
            }
            each.lasting.resize(each.now.size());
            for (std::size_t at = 0; at < each.now.size(); at += sector) {
                const std::size_t count = (std::min)(sector, each.now.size() - at);
                unsigned char* const now = each.now.data() + at;
                if (std::memcmp(now, each.lasting.data() + at, count) != 0 && chance.one_in(2)) {
                    std::memcpy(now, each.lasting.data() + at, count);
                }
            }
            each.lasting = each.now;
        }
        ++boot;
    }

    dice chance;
    std::vector<file> files;
    std::map<std::string, int> names;
    std::map<std::string, int> lasting_names;
    std::vector<change> changes;
    unsigned char boot = 1;
    long calls = 0;
    long fails_from = -1; ///< from this call on, none does anything: the process is dead
};

/// The system's calls, on the disk that is set.
struct simulated_files {
    using outcome = gregor::disk::outcome;
    static inline simulated_disk* disk = nullptr;

    static outcome open_directory(const char*, int& directory) noexcept
    {
        directory = simulated_disk::directory;
        return {};
    }
    static outcome sync_directory(int)
    {
        return on_disk([] {
            disk->lasting_names = disk->names;
            disk->changes.clear();
            return 0;
        });
    }
    static outcome rename(int, const char* from, const char* to)
    {
        return on_disk([&] {
            const auto found = disk->names.find(from);
            if (found == disk->names.end()) {
                return ENOENT;
            }
            const int file = found->second;
            disk->names.erase(found);
            disk->names[to] = file;
            disk->changes.push_back({from, to, file});
            return 0;
        });
    }
    static outcome remove(int, const char* name)
    {
        return on_disk([&] {
            if (disk->names.erase(name) == 0) {
                return ENOENT;
            }
            disk->changes.push_back({name, "", -1});
            return 0;
        });
    }
    template <class Visit>
    static outcome list(int, Visit&& visit)
    {
        return on_disk([&] {
            for (const auto& [name, file] : disk->names) {
                visit(std::string_view{name});
            }
            return 0;
        });
    }
    static outcome open(int, const char* name, gregor::disk::open_mode how, int& file)
    {
        return on_disk([&] {
            const auto found = disk->names.find(name);
            if (how == gregor::disk::open_mode::create) {
                if (found != disk->names.end()) {
                    return EEXIST;
                }
                file = static_cast<int>(disk->files.size());
                disk->files.emplace_back();
                disk->names[name] = file;
                disk->changes.push_back({"", name, file});
                return 0;
            }
            if (found == disk->names.end()) {
                return ENOENT;
            }
            file = found->second;
            return 0;
        });
    }
    static void close(int) noexcept {}
    static outcome look(int file, gregor::disk::file_facts& facts)
    {
        return on_disk([&] {
            facts = {of(file).now.size(), 1, static_cast<std::uint64_t>(file)};
            return 0;
        });
    }
    static outcome allocate(int file, std::uint64_t bytes)
    {
        return on_disk([&] {
            auto& now = of(file).now;
            now.reserve(simulated_disk::longest);
            if (bytes > simulated_disk::longest) {
                return ENOSPC;
            }
            now.resize((std::max)(now.size(), static_cast<std::size_t>(bytes)));
            return 0;
        });
    }
    static outcome read(int file, void* into, std::size_t count, std::uint64_t from)
    {
        return on_disk([&] {
            const auto& now = of(file).now;
            if (from + count > now.size()) {
                return EIO;
            }
            std::memcpy(into, now.data() + from, count);
            return 0;
        });
    }
    static outcome write(int file, const void* bytes, std::size_t count, std::uint64_t from)
    {
        return on_disk([&] {
            auto& now = of(file).now;
            if (from + count > now.size()) {
                return ENOSPC; // nothing that the log writes makes a file longer
            }
            std::memcpy(now.data() + from, bytes, count);
            return 0;
        });
    }
    static outcome write_through(int file, const void* bytes, std::size_t count, std::uint64_t from)
    {
        const outcome did = write(file, bytes, count, from);
        return did.ok() ? sync_part(file, from, count) : did;
    }
    static outcome sync_part(int file, std::uint64_t from, std::size_t count)
    {
        return on_disk([&] {
            auto& which = of(file);
            which.lasting.resize(which.now.size());
            std::copy_n(which.now.begin() + static_cast<std::ptrdiff_t>(from), count,
                        which.lasting.begin() + static_cast<std::ptrdiff_t>(from));
            return 0;
        });
    }
    static void populate(void*, std::size_t) noexcept {}
    static outcome sync(int file)
    {
        return on_disk([&] {
            of(file).lasting = of(file).now;
            return 0;
        });
    }
    static outcome map(int file, std::size_t, bool, void*& at, std::uint64_t from = 0)
    {
        return on_disk([&] {
            at = of(file).now.data() + from;
            return 0;
        });
    }
    static void unmap(void*, std::size_t) noexcept {}
    /// What is written to a window would not come to the disk that is simulated.
    static outcome map_into(int, std::uint64_t, std::size_t, void*) { return {ENOSYS, "map"}; }
    static void forget(void*, std::size_t) noexcept {}
    static outcome boot_id(std::array<unsigned char, 16>& id)
    {
        return on_disk([&] {
            id.fill(disk->boot);
            return 0;
        });
    }
    static outcome random(std::uint64_t& value)
    {
        return on_disk([&] {
            value = disk->chance.below(~std::uint64_t{0}) + 1;
            return 0;
        });
    }

private:
    static simulated_disk::file& of(int file)
    {
        return disk->files[static_cast<std::size_t>(file)];
    }
    template <class Call>
    static outcome on_disk(Call&& call)
    {
        const long mine = disk->calls++;
        if (disk->fails_from >= 0 && mine >= disk->fails_from) {
            return {EIO, "call, dead,"};
        }
        return {call(), "call"};
    }
};

} // namespace support

#endif
