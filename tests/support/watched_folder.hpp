// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/log/os_file.hpp>

#if GREGOR_FILES

#    include <algorithm>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <filesystem>
#    include <map>
#    include <string>
#    include <utility>
#    include <vector>

#    include <fcntl.h>
#    include <sys/mman.h>
#    include <sys/stat.h>
#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/failing_files.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/simulated_files.hpp"
#    include "support/stepped_process.hpp"

// What would be left of a folder's files if the process that writes to them ended now, or the
// machine.

namespace support {

/// What a process says of those of its calls that change names or lengths, or make something
/// lasting; of the last one.
struct told_calls {
    enum class kind : std::uint8_t { changes, sync, sync_part, sync_directory };

    volatile std::uint64_t count = 0; ///< once as it begins, once as it ends: odd within one
    volatile kind what = kind::changes;
    volatile std::uint64_t inode = 0;
    volatile std::uint64_t from = 0;
    volatile std::uint64_t bytes = 0;
};

/// The system's calls, which are told.
struct telling_files : hasty_files {
    using outcome = gregor::disk::outcome;
    using base = hasty_files;
    using kind = told_calls::kind;

    static inline told_calls* to = nullptr;
    /// The process is stepped from the first of these calls on: before it, nothing changes.
    static inline stepped_process::wish* steps = nullptr;

    static outcome rename(int directory, const char* old, const char* other) noexcept
    {
        return telling(kind::changes, -1, 0, 0,
                       [&] { return base::rename(directory, old, other); });
    }
    static outcome remove(int directory, const char* name) noexcept
    {
        return telling(kind::changes, -1, 0, 0, [&] { return base::remove(directory, name); });
    }
    static outcome open(int directory, const char* name, gregor::disk::open_mode how,
                        int& file) noexcept
    {
        return telling(kind::changes, -1, 0, 0,
                       [&] { return base::open(directory, name, how, file); });
    }
    static outcome allocate(int file, std::uint64_t bytes) noexcept
    {
        return telling(kind::changes, -1, 0, 0, [&] { return base::allocate(file, bytes); });
    }
    static outcome cut(int file, std::uint64_t bytes) noexcept
    {
        return telling(kind::changes, -1, 0, 0, [&] { return base::cut(file, bytes); });
    }
    static outcome sync(int file) noexcept
    {
        return telling(kind::sync, file, 0, 0, [&] { return base::sync(file); });
    }
    static outcome write_through(int file, const void* bytes, std::size_t count,
                                 std::uint64_t from) noexcept
    {
        return telling(kind::sync_part, file, from, count,
                       [&] { return base::write_through(file, bytes, count, from); });
    }
    static outcome sync_part(int file, std::uint64_t from, std::size_t bytes, void* mapped) noexcept
    {
        return telling(kind::sync_part, file, from, bytes,
                       [&] { return base::sync_part(file, from, bytes, mapped); });
    }
    static outcome sync_directory(int directory) noexcept
    {
        return telling(kind::sync_directory, -1, 0, 0,
                       [&] { return base::sync_directory(directory); });
    }

private:
    template <class Call>
    static outcome telling(kind what, int file, std::uint64_t from, std::uint64_t bytes,
                           Call&& call) noexcept
    {
        if (to == nullptr) {
            return call();
        }
        if (auto* const wish = std::exchange(steps, nullptr)) {
            wish->step();
        }
        gregor::disk::file_facts facts;
        static_cast<void>(file < 0 || base::look(file, facts).ok());
        to->what = what;
        to->inode = facts.inode;
        to->from = from;
        to->bytes = bytes;
        to->count = to->count + 1;
        const outcome did = call();
        to->count = to->count + 1;
        return did;
    }
};

/// The system's calls, on copies of files, which say that they are what they are copies of.
struct copied_files : hasty_files {
    static inline std::map<std::uint64_t, std::uint64_t> originals; ///< by inode

    static gregor::disk::outcome look(int file, gregor::disk::file_facts& facts) noexcept
    {
        const auto did = hasty_files::look(file, facts);
        const auto found = originals.find(facts.inode);
        facts.inode = found == originals.end() ? facts.inode : found->second;
        return did;
    }
};

/// A folder to which a stepped process writes by `telling_files`. What it held when it was begun
/// with is lasting.
///
/// Threads   one
class watched_folder {
public:
    watched_folder(std::string path, const told_calls& told) : path_(std::move(path)), told_(told)
    {
        begin();
    }

    /// What is there now is the beginning, however it came there.
    void begin()
    {
        count_ = told_.count;
        look();
        for (file& each : files_) {
            static_cast<void>(each.read());
            each.lasting = each.now;
        }
        lasting_names_ = names_;
        changes_.clear();
    }

    /// Whether a byte, a length or a name is another one than when this was asked last: after each
    /// instruction.
    [[nodiscard]] bool changed()
    {
        const std::uint64_t count = told_.count;
        bool is = (count != count_ || count % 2 != 0) && look();
        for (file& each : files_) {
            is = each.read() || is;
        }
        if (count != count_ && count % 2 == 0) {
            is = settle() || is;
        }
        count_ = count;
        return is;
    }

    [[nodiscard]] const std::map<std::string, std::uint64_t>& names() const { return names_; }
    [[nodiscard]] const simulated_disk::bytes& bytes_of(const std::string& name) const
    {
        return of(names_.at(name)).now;
    }

    /// As the process would leave it to who comes next in the same boot; for `copied_files`.
    void copy_to(const std::string& path) const
    {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
        copied_files::originals.clear();
        for (const auto& [name, inode] : names_) {
            const auto& bytes = of(inode).now;
            const std::string to = path + "/" + name;
            const int copy = ::open(to.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
            struct stat found = {};
            const bool done =
                ::write(copy, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
                ::fstat(copy, &found) == 0;
            ::close(copy);
            REQUIRE(done);
            copied_files::originals[static_cast<std::uint64_t>(found.st_ino)] = inode;
        }
    }

    /// What the disk knows and what it may forget. `written`: it has come to write everything.
    [[nodiscard]] simulated_disk disk(std::uint64_t seed, bool written) const
    {
        simulated_disk made{seed};
        for (const file& each : files_) {
            made.files.push_back({each.now, written ? each.now : each.lasting});
        }
        const auto indexed = [this](const std::map<std::string, std::uint64_t>& names) {
            std::map<std::string, int> all;
            for (const auto& [name, inode] : names) {
                all[name] = static_cast<int>(&of(inode) - files_.data());
            }
            return all;
        };
        made.names = indexed(names_);
        made.lasting_names = written ? made.names : indexed(lasting_names_);
        for (const change& each : changes_) {
            if (!written) {
                made.changes.push_back(
                    {each.goes, each.comes,
                     each.comes.empty() ? -1 : static_cast<int>(&of(each.inode) - files_.data())});
            }
        }
        return made;
    }

private:
    /// Mapped as the process has it.
    struct file {
        explicit file(std::uint64_t which) : inode(which) {}
        file(file&& other) noexcept
            : inode(other.inode), now(std::move(other.now)), lasting(std::move(other.lasting)),
              mapped_(std::exchange(other.mapped_, nullptr)),
              mapped_bytes_(std::exchange(other.mapped_bytes_, 0))
        {
        }
        file& operator=(file&&) = delete;
        ~file() { unmap(); }

        /// False where it is mapped already, as long as it is.
        bool map(const std::string& path, std::size_t bytes)
        {
            if (bytes == mapped_bytes_) {
                return false;
            }
            unmap();
            if (bytes == 0) {
                return true;
            }
            const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
            void* const made = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, opened, 0);
            ::close(opened);
            REQUIRE(made != MAP_FAILED);
            mapped_ = static_cast<unsigned char*>(made);
            mapped_bytes_ = bytes;
            return true;
        }
        void unmap()
        {
            if (mapped_ != nullptr) {
                ::munmap(mapped_, mapped_bytes_);
            }
            mapped_ = nullptr;
            mapped_bytes_ = 0;
        }
        /// Whether it is not what it was the last time.
        bool read()
        {
            if (now.size() == mapped_bytes_ &&
                (now.empty() || std::memcmp(now.data(), mapped_, mapped_bytes_) == 0)) {
                return false;
            }
            now.assign(mapped_, mapped_ + mapped_bytes_);
            return true;
        }

        std::uint64_t inode;
        simulated_disk::bytes now;
        simulated_disk::bytes lasting;

    private:
        unsigned char* mapped_ = nullptr;
        std::size_t mapped_bytes_ = 0;
    };
    struct change {
        std::string goes;
        std::string comes;
        std::uint64_t inode;
    };

    [[nodiscard]] const file& of(std::uint64_t inode) const
    {
        return *std::find_if(files_.begin(), files_.end(),
                             [inode](const file& each) { return each.inode == inode; });
    }

    /// Which names there are, and how long the files.
    bool look()
    {
        std::map<std::string, std::uint64_t> names;
        bool is = false;
        for (const auto& entry : std::filesystem::directory_iterator{path_}) {
            struct stat found = {};
            if (::stat(entry.path().c_str(), &found) != 0) {
                continue;
            }
            const auto inode = static_cast<std::uint64_t>(found.st_ino);
            names[entry.path().filename().string()] = inode;
            auto its = std::find_if(files_.begin(), files_.end(),
                                    [inode](const file& each) { return each.inode == inode; });
            if (its == files_.end()) {
                files_.emplace_back(inode);
                its = files_.end() - 1;
            }
            is = its->map(entry.path().string(), static_cast<std::size_t>(found.st_size)) || is;
        }
        if (names != names_) {
            note_changes(names);
            names_ = std::move(names);
            is = true;
        }
        return is;
    }

    void note_changes(const std::map<std::string, std::uint64_t>& names)
    {
        const auto has = [](const auto& all, const std::pair<std::string, std::uint64_t>& each) {
            const auto found = all.find(each.first);
            return found != all.end() && found->second == each.second;
        };
        std::map<std::string, std::uint64_t> gone;
        for (const auto& each : names_) {
            if (!has(names, each)) {
                gone.insert(each);
            }
        }
        for (const auto& each : names) {
            if (has(names_, each)) {
                continue;
            }
            const auto was = std::find_if(gone.begin(), gone.end(), [&](const auto& other) {
                return other.second == each.second;
            });
            changes_.push_back({was == gone.end() ? "" : was->first, each.first, each.second});
            if (was != gone.end()) {
                gone.erase(was);
            }
        }
        for (const auto& each : gone) {
            changes_.push_back({each.first, "", 0});
        }
    }

    /// A call has ended that may have made something lasting; true where it has.
    bool settle()
    {
        using kind = told_calls::kind;
        const std::uint64_t inode = told_.inode;
        switch (told_.what) {
        case kind::changes: return false;
        case kind::sync_directory:
            lasting_names_ = names_;
            changes_.clear();
            return true;
        case kind::sync:
        case kind::sync_part: break;
        }
        for (file& each : files_) {
            if (each.inode == inode && told_.what == kind::sync) {
                each.lasting = each.now;
            } else if (each.inode == inode) {
                each.lasting.resize(each.now.size());
                std::memcpy(each.lasting.data() + told_.from, each.now.data() + told_.from,
                            static_cast<std::size_t>(told_.bytes));
            }
        }
        return true;
    }

    std::string path_;
    const told_calls& told_;
    std::uint64_t count_ = 0;
    std::vector<file> files_; ///< those that are gone, too
    std::map<std::string, std::uint64_t> names_;
    std::map<std::string, std::uint64_t> lasting_names_;
    std::vector<change> changes_;
};

} // namespace support

#endif
