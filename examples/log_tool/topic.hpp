// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gregor/base/error.hpp>
#include <gregor/log/cell_contents.hpp>
#include <gregor/log/checkpoint.hpp>
#include <gregor/log/directory.hpp>
#include <gregor/log/file_lock.hpp>
#include <gregor/log/segment.hpp>

#include "files.hpp"

namespace log_tool {

using gregor::offset_t;
using directory = disk::directory<reading_files>;
using segment = disk::segment<reading_files>;
using checkpoint = disk::checkpoint_file<reading_files>;

/// What a folder of a topic holds.
struct topic {
    directory in;
    std::vector<std::uint32_t> partitions; ///< in order
    std::vector<std::string> strangers;    ///< names that no topic gives
    /// As the first header says that can be read; none where nothing was written, or is readable.
    std::optional<disk::segment_format> format;
    std::uint32_t byte_order = 0; ///< of that header

    [[nodiscard]] disk::segment_format format_of(std::uint32_t partition) const
    {
        disk::segment_format its = format.value_or(disk::segment_format{});
        its.partition = partition;
        return its;
    }
};

/// What a folder of a partition holds.
struct partition {
    directory in;
    std::uint32_t number = 0;
    std::vector<offset_t> bases;       ///< of its segments, in order
    std::vector<std::uint64_t> chunks; ///< of blobs, by their positions, in order
    bool has_checkpoint = false;
    bool has_offsets = false;
    std::vector<std::string> unfinished; ///< files that somebody was making when he died
    std::vector<std::string> asides;     ///< records that a recovery put aside
    std::vector<std::string> strangers;

    [[nodiscard]] bool has_chunk(std::uint64_t position) const
    {
        return std::binary_search(chunks.begin(), chunks.end(), position);
    }
};

/// Looks for partitions in it. Throws gregor::error where it cannot be read, or holds none.
topic open_topic(const std::string& path);

/// Throws gregor::error where it cannot be read.
partition open_partition(const topic& of, std::uint32_t number);

/// What is in the cells of a partition's offsets file that are not free. Throws gregor::error where
/// it cannot be read, or is that of another log.
std::vector<disk::cell_contents> read_offsets(const partition& of);

/// The partitions that are asked for: this one, or all. Throws gregor::error where it is not there.
std::vector<std::uint32_t> chosen(const topic& of, std::optional<std::uint32_t> partition);

/// Throws this error where it says nothing of the file, but of who wants to read it.
void refuse_denied(const gregor::error& problem);

/// The folder of a topic, and nobody else who changes something there: with others that read it,
/// where nothing is to be changed. Throws gregor::error where somebody has it.
template <class Files>
struct held_topic {
    disk::directory<Files> in;
    disk::file_lock<Files> lock;
};
held_topic<disk::os_files> hold_to_change(const topic& of);
held_topic<pretending_files> hold_to_tell(const topic& of);

/// How long a file is; 0 where that cannot be known.
std::uint64_t bytes_of(const directory& in, const std::string& name);

/// The process that has the topic open to write, by its number; empty where none has, or where this
/// system does not tell.
std::string writer_of(const topic& of);

/// The number in the name of a partition's folder.
std::optional<std::uint32_t> partition_in(std::string_view name);

} // namespace log_tool
