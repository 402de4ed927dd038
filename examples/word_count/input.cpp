// SPDX-License-Identifier: MIT
#include "input.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace word_count {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_block_bytes = std::size_t{256} << 10;
// small, so that text which comes by slowly goes on at once
constexpr std::size_t stream_block_bytes = std::size_t{4} << 10;

[[noreturn]] void fail(const std::string& name, int error)
{
    throw input_error{fmt::format("{}: {}", name, std::generic_category().message(error))};
}

file_handle open(const std::string& path)
{
    errno = 0;
    file_handle file{std::fopen(path.c_str(), "rb")};
    if (file == nullptr) {
        fail(path, errno);
    }
    return file;
}

std::string_view next_block(std::FILE& source, std::vector<char>& room, const std::string& name)
{
    errno = 0;
    const std::size_t count = std::fread(room.data(), 1, room.size(), &source);
    if (count == 0 && std::ferror(&source) != 0) {
        fail(name, errno);
    }
    return {room.data(), count};
}

} // namespace

input::input(std::string name, std::uint64_t bytes, file_handle stream)
    : name_(std::move(name)), bytes_(bytes), stream_(std::move(stream))
{
}

input input::file(std::string path, std::uint64_t bytes)
{
    return {std::move(path), bytes, nullptr};
}

input input::stream(std::string name, file_handle source)
{
    return {std::move(name), 0, std::move(source)};
}

void input::read(const take_block& take)
{
    if (stream_ != nullptr) {
        read_stream(take);
    } else if (copy_ != nullptr) {
        std::rewind(copy_.get());
        read_file(*copy_, std::numeric_limits<std::uint64_t>::max(), take);
    } else {
        // A log that grows meanwhile is read as far as it went at first, so that two counts can
        // agree.
        read_file(*open(name_), bytes_, take);
    }
}

void input::read_file(std::FILE& source, std::uint64_t most, const take_block& take) const
{
    std::vector<char> room(file_block_bytes);
    while (most != 0) {
        const std::string_view block = next_block(source, room, name_);
        if (block.empty()) {
            return;
        }
        take(block.substr(0, std::min<std::uint64_t>(block.size(), most)));
        most -= std::min<std::uint64_t>(block.size(), most);
    }
}

void input::read_stream(const take_block& take)
{
    copy_.reset(std::tmpfile());
    if (copy_ == nullptr) {
        fail("a temporary file", errno);
    }
    std::vector<char> room(stream_block_bytes);
    for (;;) {
        const std::string_view block = next_block(*stream_, room, name_);
        if (block.empty()) {
            break;
        }
        if (block.find('\0') != std::string_view::npos) {
            throw input_error{fmt::format("{}: is binary: it has NUL bytes", name_)};
        }
        if (std::fwrite(block.data(), 1, block.size(), copy_.get()) != block.size()) {
            fail("a temporary file", errno);
        }
        take(block);
    }
    stream_.reset();
}

namespace {

/// Walks what the command line names. A problem with something that was named is an error, with
/// something that was found below it a note.
class finder {
public:
    void add_named(const std::string& path)
    {
        if (path == "-") {
            if (std::exchange(has_standard_input_, true)) {
                found_.errors.emplace_back("standard input: is named twice");
                return;
            }
            found_.texts.push_back(input::stream("standard input", file_handle{stdin}));
            return;
        }
        std::error_code problem;
        const fs::file_status status = fs::status(path, problem);
        if (fs::is_directory(status)) {
            add_folder(path, found_.errors);
        } else if (fs::is_regular_file(status)) {
            add_file(path, found_.errors);
        } else if (fs::exists(status)) {
            add_stream(path);
        } else {
            found_.errors.push_back(fmt::format("{}: {}", path, problem.message()));
        }
    }

    found_inputs found() && { return std::move(found_); }

private:
    using sentences = std::vector<std::string>;

    void add_file(const std::string& path, sentences& problems)
    {
        try {
            std::error_code ignored;
            const std::uint64_t bytes = fs::file_size(path, ignored);
            std::vector<char> room(stream_block_bytes);
            const std::string_view start = next_block(*open(path), room, path);
            if (start.empty()) {
                found_.passed_over.push_back(fmt::format("{}: is empty", path));
            } else if (start.find('\0') != std::string_view::npos) {
                problems.push_back(fmt::format("{}: is binary: it has NUL bytes", path));
            } else {
                found_.texts.push_back(input::file(path, bytes));
            }
        } catch (const input_error& problem) {
            problems.emplace_back(problem.what());
        }
    }

    /// A pipe, or a device.
    void add_stream(const std::string& path)
    {
        try {
            found_.texts.push_back(input::stream(path, open(path)));
        } catch (const input_error& problem) {
            found_.errors.emplace_back(problem.what());
        }
    }

    void add_folder(const fs::path& folder, sentences& problems)
    {
        std::error_code problem;
        std::vector<fs::path> entries;
        for (fs::directory_iterator each{folder, problem};
             !problem && each != fs::directory_iterator{}; each.increment(problem)) {
            entries.push_back(each->path());
        }
        if (problem) {
            problems.push_back(fmt::format("{}: {}", folder.string(), problem.message()));
        }
        std::sort(entries.begin(), entries.end());
        for (const fs::path& entry : entries) {
            std::error_code ignored;
            if (fs::is_directory(fs::symlink_status(entry, ignored))) { // a link might lead round
                if (!is_passed_over(entry)) {
                    add_folder(entry, found_.passed_over);
                }
            } else if (fs::is_regular_file(entry, ignored)) {
                add_file(entry.string(), found_.passed_over);
            }
        }
    }

    static bool is_passed_over(const fs::path& folder)
    {
        std::error_code ignored;
        return folder.filename().string().starts_with('.') ||
               fs::exists(folder / "CMakeCache.txt", ignored);
    }

    found_inputs found_;
    bool has_standard_input_ = false;
};

} // namespace

found_inputs find_inputs(const std::vector<std::string>& paths)
{
    finder walk;
    for (const std::string& path : paths) {
        walk.add_named(path);
    }
    return std::move(walk).found();
}

} // namespace word_count
