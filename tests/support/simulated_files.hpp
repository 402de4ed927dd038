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
#    include <initializer_list>
#    include <map>
#    include <memory>
#    include <string>
#    include <string_view>
#    include <vector>

#    include "support/random.hpp"

namespace support {

/// A disk with a directory and others in it, in memory, which forgets at a power loss what it may
/// forget: of each sector that was not made lasting, what was written or what was there before; of
/// the names, any part of what was done to them since the directory was made lasting.
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
    std::vector<std::string> directories{""}; ///< what names in each begin with; lasting at once
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
    static outcome make_directory(int, const char* name)
    {
        return on_disk([&] {
            const std::string path = text({name, "/"});
            auto& all = disk->directories;
            if (std::find(all.begin(), all.end(), path) == all.end()) {
                all.push_back(path);
            }
            return 0;
        });
    }
    static outcome open_directory_in(int, const char* name, int& directory)
    {
        return on_disk([&] {
            const auto& all = disk->directories;
            const auto found = std::find(all.begin(), all.end(), text({name, "/"}));
            directory = simulated_disk::directory + static_cast<int>(found - all.begin());
            return found == all.end() ? ENOENT : 0;
        });
    }
    static outcome move(int from, int to, const char* name)
    {
        const std::string goes = path_of(from, name);
        const std::string comes = path_of(to, name);
        return rename(simulated_disk::directory, goes.c_str(), comes.c_str());
    }
    static outcome sync_directory(int)
    {
        return on_disk([] {
            disk->lasting_names = disk->names;
            disk->changes.clear();
            return 0;
        });
    }
    static outcome rename(int directory, const char* old, const char* other)
    {
        return on_disk([&] {
            const std::string from = path_of(directory, old);
            const std::string to = path_of(directory, other);
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
    static outcome remove(int directory, const char* there)
    {
        return on_disk([&] {
            const std::string name = path_of(directory, there);
            if (disk->names.erase(name) == 0) {
                return ENOENT;
            }
            disk->changes.push_back({name, "", -1});
            return 0;
        });
    }
    /// Of the first directory, as much as is asked for.
    template <class Visit>
    static outcome list(int, Visit&& visit)
    {
        return on_disk([&] {
            for (const auto& [name, file] : disk->names) {
                if (name.find('/') == std::string::npos) {
                    visit(std::string_view{name});
                }
            }
            for (const std::string& path : disk->directories) {
                if (!path.empty()) {
                    visit(std::string_view{path}.substr(0, path.size() - 1));
                }
            }
            return 0;
        });
    }
    static outcome open(int directory, const char* there, gregor::disk::open_mode how, int& file)
    {
        return on_disk([&] {
            const std::string name = path_of(directory, there);
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
    static outcome cut(int file, std::uint64_t bytes)
    {
        return on_disk([&] {
            of(file).now.resize(static_cast<std::size_t>(bytes));
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
        return did.ok() ? sync_part(file, from, count, nullptr) : did;
    }
    static outcome sync_part(int file, std::uint64_t from, std::size_t count, void*)
    {
        return on_disk([&] {
            auto& which = of(file);
            which.lasting.resize(which.now.size());
            std::copy_n(which.now.begin() + static_cast<std::ptrdiff_t>(from), count,
                        which.lasting.begin() + static_cast<std::ptrdiff_t>(from));
            return 0;
        });
    }
    static outcome write_zeros(int, std::size_t, std::uint64_t) { return {ENOSYS, "write"}; }
    static void populate(void*, std::size_t, bool) noexcept {}
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
    static std::string text(std::initializer_list<std::string_view> parts)
    {
        return gregor::text(parts);
    }
    static std::string path_of(int directory, std::string_view name)
    {
        const auto which = static_cast<std::size_t>(directory - simulated_disk::directory);
        return text({disk->directories[which], name});
    }
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
