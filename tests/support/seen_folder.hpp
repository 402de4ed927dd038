// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/log/os_file.hpp>

#if GREGOR_FILES

#    include <filesystem>
#    include <map>
#    include <string>
#    include <tuple>

#    include <sys/stat.h>
#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/scratch_directory.hpp"

namespace support {

/// All that can be seen of a folder from the outside: which files, what is in them, when they were
/// changed.
class seen_folder {
public:
    explicit seen_folder(const scratch_directory& folder)
    {
        look(folder.path());
        for (const auto& entry : std::filesystem::recursive_directory_iterator{folder.path()}) {
            look(entry.path().string());
        }
    }
    friend bool operator==(const seen_folder&, const seen_folder&) = default;

private:
    void look(const std::string& path)
    {
        struct stat facts = {};
        REQUIRE(::stat(path.c_str(), &facts) == 0);
        files_[path] = {
            facts.st_ino,          facts.st_size,
            facts.st_blocks,       facts.st_mtim.tv_sec,
            facts.st_mtim.tv_nsec, facts.st_ctim.tv_sec,
            facts.st_ctim.tv_nsec, S_ISREG(facts.st_mode) ? bytes_of(path) : std::string{}};
    }

    std::map<std::string,
             std::tuple<ino_t, off_t, blkcnt_t, time_t, long, time_t, long, std::string>>
        files_;
};

/// What `act` leaves when it is killed.
template <class Act>
void killed_after(Act&& act)
{
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        act();
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
}

} // namespace support

#endif
