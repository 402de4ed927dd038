// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <stdlib.h>

namespace benchmarks {

// A store keeps records of one length on disk, in the order in which they are appended:
//
//     Store(folder, record_bytes)   an empty one in a folder of its own
//     append(records, synced)       one record or several, as one write, batch or transaction;
//                                   synced: survives a power cut, with all before it
//     flush()                       what was appended has left the process
//
// Records lie side by side in what is appended, as payload<N> does in an array.

/// A folder for one round, on the disk of the working directory (or of GREGOR_BENCH_FOLDER): what
/// is in it goes with it.
class scratch_folder {
public:
    scratch_folder()
    {
        const char* const wanted = std::getenv("GREGOR_BENCH_FOLDER");
        std::string name = wanted != nullptr ? wanted : std::filesystem::current_path().string();
        name += "/gregor-bench-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), name);
        }
        path_ = name;
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    ~scratch_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

/// What a store answers is either good, or ends the run. (A view: a string would be made and freed
/// for each record.)
inline void expect(bool good, std::string_view what)
{
    if (!good) {
        throw std::runtime_error(std::string{what});
    }
}

/// The lengths of records, in bytes, that all of them are measured with: `add.operator()<Bytes>()`.
template <class Add>
void each_length(const Add& add)
{
    add.template operator()<64>();
    add.template operator()<256>();
    add.template operator()<1024>();
}

} // namespace benchmarks
