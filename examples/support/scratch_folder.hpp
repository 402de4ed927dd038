// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <system_error>

/// An empty folder for one run of an example, gone with all that is in it when this goes.
class scratch_folder {
public:
    scratch_folder()
    {
        std::random_device any;
        do {
            path_ = std::filesystem::temp_directory_path() /
                    ("gregor-example-" + std::to_string(any()));
        } while (!std::filesystem::create_directory(path_));
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    ~scratch_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};
