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
#    include <deque>
#    include <filesystem>
#    include <functional>
#    include <map>
#    include <set>
#    include <string>
#    include <utility>
#    include <vector>

#    include <fcntl.h>
#    include <sys/stat.h>
#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/failing_files.hpp"
#    include "support/random.hpp"
#    include "support/simulated_files.hpp"

namespace support {

/// A folder with all that is below it, on a disk that may lose its power: what the process does
/// there by `forgetful_files` is done, and what of it is lasting is known here. What was there at
/// the beginning is. As in `simulated_disk`, a power loss forgets of each sector that was not made
/// lasting what was written or what was there before, and any part of what was done to the names
/// since their directories were made lasting. What one call does to two names is one thing, which
/// is lasting when both directories are.
///
/// Threads   one
class forgetful_tree {
public:
    using bytes = simulated_disk::bytes;
    using inode = std::uint64_t;

    explicit forgetful_tree(const std::string& path) : root_(take_in(path)) {}
    forgetful_tree(const forgetful_tree&) = delete;
    forgetful_tree& operator=(const forgetful_tree&) = delete;
    ~forgetful_tree()
    {
        for (const auto& [number, each] : nodes_) {
            ::close(each.handle);
        }
    }

    /// Called before each of the process's calls.
    std::function<void()> before_call;
    /// From the n-th call from now on, none does anything: the process is dead.
    void kill_at_call(long n)
    {
        calls_ = 0;
        dies_at_ = n;
    }
    void kill_never() { dies_at_ = -1; }
    [[nodiscard]] bool dead() const noexcept { return dies_at_ >= 0 && calls_ > dies_at_; }
    [[nodiscard]] long calls() const noexcept { return calls_; }

    /// Whether the process may do a call.
    [[nodiscard]] bool begins_call()
    {
        if (before_call) {
            before_call();
        }
        ++calls_;
        return !dead();
    }

    /// What the disk has when the power goes now, in a folder that is not there yet.
    void lose_power(dice& chance, const std::string& to) const
    {
        const forgetting names{chance, chance.below(3)};
        std::map<inode, std::map<std::string, inode>> held;
        for (const auto& [number, each] : nodes_) {
            held[number] = each.names;
        }
        for (const change& each : changes_) {
            if (!each.unsynced.empty() && names.forgets()) {
                continue;
            }
            for (const entry& its : each.entries) {
                its.is(held[its.directory]);
            }
        }
        put_directory(held, root_, {chance, chance.below(3)}, to);
    }

    // --- what was done ---------------------------------------------------------------------------

    struct entry {
        inode directory;
        std::string name;
        inode node; ///< 0: nothing is called so any more

        void is(std::map<std::string, inode>& in) const
        {
            if (node == 0) {
                in.erase(name);
            } else {
                in[name] = node;
            }
        }
    };

    [[nodiscard]] inode number_of(int handle) const
    {
        struct stat found = {};
        REQUIRE(::fstat(handle, &found) == 0);
        return static_cast<inode>(found.st_ino);
    }
    /// What is called so; 0 where nothing is.
    [[nodiscard]] static inode number_of(int directory, const char* name)
    {
        struct stat found = {};
        return ::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0
                   ? static_cast<inode>(found.st_ino)
                   : 0;
    }
    /// It is there now.
    void made(int directory, const char* name)
    {
        const int handle = ::openat(directory, name, O_RDONLY | O_CLOEXEC);
        REQUIRE(handle >= 0);
        const inode number = number_of(handle);
        // held open, so that nothing else gets its number
        nodes_.emplace(number, node{handle, {}, {}});
        changed({{number_of(directory), name, number}});
    }
    void changed(std::vector<entry> entries)
    {
        change done{std::move(entries), {}};
        for (const entry& each : done.entries) {
            done.unsynced.insert(each.directory);
        }
        changes_.push_back(std::move(done));
    }
    void synced_directory(int directory)
    {
        const inode number = number_of(directory);
        for (change& each : changes_) {
            each.unsynced.erase(number);
        }
        while (!changes_.empty() && changes_.front().unsynced.empty()) {
            for (const entry& its : changes_.front().entries) {
                its.is(nodes_.at(its.directory).names);
            }
            changes_.pop_front();
        }
    }
    void synced(int file)
    {
        node& which = nodes_.at(number_of(file));
        which.lasting = read(which.handle);
    }
    void synced(int file, std::uint64_t from, std::size_t count)
    {
        node& which = nodes_.at(number_of(file));
        const bytes now = read(which.handle);
        which.lasting.resize(now.size());
        std::copy_n(now.begin() + static_cast<std::ptrdiff_t>(from),
                    (std::min)(count, now.size() - static_cast<std::size_t>(from)),
                    which.lasting.begin() + static_cast<std::ptrdiff_t>(from));
    }

private:
    struct node {
        int handle;
        std::map<std::string, inode> names; ///< those that are lasting, of a directory
        bytes lasting;                      ///< of a file
    };
    struct change {
        std::vector<entry> entries;
        std::set<inode> unsynced; ///< directories
    };
    /// All of it, half of it, or none.
    struct forgetting {
        dice& chance;
        std::uint64_t halves;

        [[nodiscard]] bool forgets() const { return chance.below(2) < halves; }
    };

    [[nodiscard]] static bytes read(int handle)
    {
        struct stat found = {};
        REQUIRE(::fstat(handle, &found) == 0);
        bytes now(static_cast<std::size_t>(found.st_size));
        REQUIRE(::pread(handle, now.data(), now.size(), 0) == static_cast<ssize_t>(now.size()));
        return now;
    }

    inode take_in(const std::string& path)
    {
        const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        REQUIRE(handle >= 0);
        const inode number = number_of(handle);
        node taken{handle, {}, {}};
        if (std::filesystem::is_directory(path)) {
            for (const auto& each : std::filesystem::directory_iterator(path)) {
                taken.names[each.path().filename().string()] = take_in(each.path().string());
            }
        } else {
            taken.lasting = read(handle);
        }
        nodes_.emplace(number, std::move(taken));
        return number;
    }

    void put_directory(const std::map<inode, std::map<std::string, inode>>& held, inode number,
                       const forgetting& sectors, const std::string& to) const
    {
        REQUIRE(::mkdir(to.c_str(), 0700) == 0);
        for (const auto& [name, its] : held.at(number)) {
            const node& which = nodes_.at(its);
            struct stat found = {};
            REQUIRE(::fstat(which.handle, &found) == 0);
            if (S_ISDIR(found.st_mode)) {
                put_directory(held, its, sectors, to + "/" + name);
            } else {
                put_file(which, sectors, to + "/" + name);
            }
        }
    }
    static void put_file(const node& which, const forgetting& sectors, const std::string& to)
    {
        bytes now = read(which.handle);
        bytes lasting = which.lasting;
        if (lasting.size() != now.size() && sectors.forgets()) {
            now = lasting;
        }
        lasting.resize(now.size());
        for (std::size_t at = 0; at < now.size(); at += simulated_disk::sector) {
            const std::size_t count = (std::min)(simulated_disk::sector, now.size() - at);
            if (std::memcmp(now.data() + at, lasting.data() + at, count) != 0 &&
                sectors.forgets()) {
                std::memcpy(now.data() + at, lasting.data() + at, count);
            }
        }
        const int file = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        REQUIRE(::write(file, now.data(), now.size()) == static_cast<ssize_t>(now.size()));
        ::close(file);
    }

    std::map<inode, node> nodes_; ///< those that are gone, too
    std::deque<change> changes_;  ///< the first one is not lasting
    inode root_;
    long calls_ = 0;
    long dies_at_ = -1;
};

/// The system's calls, which a tree hears of that is set; and the start of the system that is.
struct forgetful_files : hasty_files {
    using outcome = gregor::disk::outcome;
    using open_mode = gregor::disk::open_mode;
    using base = hasty_files;

    static inline forgetful_tree* tree = nullptr;
    static inline unsigned char boot = 1;

    static outcome open_directory(const char* path, int& directory) noexcept
    {
        return if_alive([&] { return base::open_directory(path, directory); });
    }
    static outcome open_directory_in(int parent, const char* name, int& directory) noexcept
    {
        return if_alive([&] { return base::open_directory_in(parent, name, directory); });
    }
    static outcome make_directory(int parent, const char* name) noexcept
    {
        return if_alive([&] {
            const bool is_new = forgetful_tree::number_of(parent, name) == 0;
            const outcome did = base::make_directory(parent, name);
            if (tree != nullptr && did.ok() && is_new) {
                tree->made(parent, name);
            }
            return did;
        });
    }
    static outcome sync_directory(int directory) noexcept
    {
        return if_alive([&] {
            if (tree != nullptr) {
                tree->synced_directory(directory);
            }
            return outcome{};
        });
    }
    static outcome rename(int directory, const char* from, const char* to) noexcept
    {
        return if_alive([&] {
            const auto number = forgetful_tree::number_of(directory, from);
            const outcome did = base::rename(directory, from, to);
            if (tree != nullptr && did.ok()) {
                const auto in = tree->number_of(directory);
                tree->changed({{in, from, 0}, {in, to, number}});
            }
            return did;
        });
    }
    static outcome move(int from, int to, const char* name) noexcept
    {
        return if_alive([&] {
            const auto number = forgetful_tree::number_of(from, name);
            const outcome did = base::move(from, to, name);
            if (tree != nullptr && did.ok()) {
                tree->changed(
                    {{tree->number_of(from), name, 0}, {tree->number_of(to), name, number}});
            }
            return did;
        });
    }
    static outcome exchange(int one, int other, const char* name) noexcept
    {
        return if_alive([&] {
            const outcome did = base::exchange(one, other, name);
            if (tree != nullptr && did.ok()) {
                tree->changed(
                    {{tree->number_of(one), name, forgetful_tree::number_of(one, name)},
                     {tree->number_of(other), name, forgetful_tree::number_of(other, name)}});
            }
            return did;
        });
    }
    static outcome remove(int directory, const char* name) noexcept
    {
        return if_alive([&] { return goes(base::remove(directory, name), directory, name); });
    }
    static outcome remove_directory(int parent, const char* name) noexcept
    {
        return if_alive([&] { return goes(base::remove_directory(parent, name), parent, name); });
    }
    template <class Visit>
    static outcome list(int directory, Visit&& visit)
    {
        return if_alive([&] { return base::list(directory, std::forward<Visit>(visit)); });
    }
    static outcome open(int directory, const char* name, open_mode how, int& file) noexcept
    {
        return if_alive([&] {
            const bool is_new = forgetful_tree::number_of(directory, name) == 0;
            const outcome did = base::open(directory, name, how, file);
            if (tree != nullptr && did.ok() && is_new) {
                tree->made(directory, name);
            }
            return did;
        });
    }
    static outcome allocate(int file, std::uint64_t bytes) noexcept
    {
        return if_alive([&] { return base::allocate(file, bytes); });
    }
    static outcome read(int file, void* into, std::size_t count, std::uint64_t from) noexcept
    {
        return if_alive([&] { return base::read(file, into, count, from); });
    }
    static outcome write(int file, const void* bytes, std::size_t count,
                         std::uint64_t from) noexcept
    {
        return if_alive([&] { return base::write(file, bytes, count, from); });
    }
    static outcome write_through(int file, const void* bytes, std::size_t count,
                                 std::uint64_t from) noexcept
    {
        return if_alive([&] {
            const outcome did = base::write(file, bytes, count, from);
            if (tree != nullptr && did.ok()) {
                tree->synced(file, from, count);
            }
            return did;
        });
    }
    static outcome write_zeros(int file, std::size_t count, std::uint64_t from) noexcept
    {
        return if_alive([&] { return base::write_zeros(file, count, from); });
    }
    static outcome sync(int file) noexcept
    {
        return if_alive([&] {
            if (tree != nullptr) {
                tree->synced(file);
            }
            return outcome{};
        });
    }
    static outcome sync_part(int file, std::uint64_t from, std::size_t count, void*) noexcept
    {
        return if_alive([&] {
            if (tree != nullptr) {
                tree->synced(file, from, count);
            }
            return outcome{};
        });
    }
    static outcome cut(int file, std::uint64_t bytes) noexcept
    {
        return if_alive([&] { return base::cut(file, bytes); });
    }
    static outcome boot_id(std::array<unsigned char, 16>& id) noexcept
    {
        id.fill(boot);
        return {};
    }

private:
    template <class Call>
    static outcome if_alive(Call&& call)
    {
        return tree != nullptr && !tree->begins_call() ? outcome{EIO, "call, dead,"} : call();
    }
    static outcome goes(const outcome& did, int directory, const char* name)
    {
        if (tree != nullptr && did.ok()) {
            tree->changed({{tree->number_of(directory), name, 0}});
        }
        return did;
    }
};

} // namespace support

#endif
