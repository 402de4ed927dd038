// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace word_count {

struct close_file {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, close_file>;

/// What cannot be read, and why, in a sentence.
class input_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One source of text, which can be read more than once: a file, or a stream (standard input, a
/// pipe). A stream comes by only once, so it is copied into a temporary file while it does.
class input {
public:
    using take_block = std::function<void(std::string_view)>;

    static input file(std::string path, std::uint64_t bytes);
    static input stream(std::string name, file_handle source);

    /// Passes all of it on, a block at a time: however long it is, little of it is in memory.
    /// Throws input_error.
    void read(const take_block& take);

    /// How long a file is; 0 of a stream, which does not say.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

private:
    input(std::string name, std::uint64_t bytes, file_handle stream);

    void read_file(std::FILE& source, std::uint64_t most, const take_block& take) const;
    void read_stream(const take_block& take);

    std::string name_;
    std::uint64_t bytes_;
    file_handle stream_; // until it has come by
    file_handle copy_;
};

/// What was found where the command line points to.
struct found_inputs {
    std::vector<input> texts;
    std::vector<std::string>
        passed_over;                 ///< notes: files in a folder that are no text, empty files
    std::vector<std::string> errors; ///< files and folders named by the user that cannot be read
};

/// Looks for text at these paths, folders with all that is below them; "-" is standard input.
found_inputs find_inputs(const std::vector<std::string>& paths);

} // namespace word_count
