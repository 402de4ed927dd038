// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace support {

/// An empty directory, gone with all that is in it when this goes. In memory where it can be had:
/// tests put the same files back thousands of times.
class scratch_directory {
public:
    scratch_directory()
    {
        std::string name = "/dev/shm/gregor-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            name = (std::filesystem::temp_directory_path() / "gregor-XXXXXX").string();
            if (::mkdtemp(name.data()) == nullptr) {
                std::abort();
            }
        }
        path_ = name;
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
    ~scratch_directory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string path() const { return path_.string(); }
    [[nodiscard]] std::string operator/(const std::string& name) const
    {
        return (path_ / name).string();
    }

private:
    std::filesystem::path path_;
};

[[nodiscard]] inline std::string bytes_of(const std::string& file)
{
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

/// The file as it was otherwise: the same, where there is one.
inline void put_bytes(const std::string& file, const std::string& bytes)
{
    const bool there = std::filesystem::exists(file);
    const auto how = std::ios::binary | std::ios::out;
    {
        std::ofstream out{file, there ? how | std::ios::in : how};
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    std::filesystem::resize_file(file, bytes.size());
}

} // namespace support
