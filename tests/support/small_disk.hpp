// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/log/recovery.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstring>
#    include <filesystem>
#    include <map>
#    include <optional>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/scratch_directory.hpp"

/// A log on disk of a few small records, written through files as a producer writes it in memory;
/// and what one has to ask of it after a crash.
namespace small_disk {

namespace disk = gregor::disk;
using gregor::offset_t;

/// Slots of 32 bytes, 8 in a segment: a file is two pages.
inline disk::segment_format format()
{
    return {.type = "number", .payload_bytes = 16, .payload_alignment = 8, .slot_count = 8};
}

/// What a record of this offset holds: nothing else is ever right.
inline std::uint64_t payload_of(offset_t offset)
{
    return 0x9e3779b97f4a7c15U * (offset + 1);
}

inline std::vector<unsigned char> slot_of(const disk::segment_format& format, std::uint64_t salt,
                                          offset_t offset,
                                          disk::slot_kind kind = disk::slot_kind::record,
                                          std::uint64_t payload = 0)
{
    std::vector<unsigned char> slot(static_cast<std::size_t>(format.slot_bytes()));
    const std::uint64_t twice[] = {payload != 0 ? payload : payload_of(offset), offset};
    std::memcpy(slot.data() + format.payload_at(), twice, sizeof twice);
    disk::finish_slot(disk::salted(salt), offset, kind, slot.data(), slot.size());
    return slot;
}

template <class Files = disk::os_files>
disk::directory<Files> open(const std::string& path)
{
    auto opened = disk::directory<Files>::open(path);
    REQUIRE(opened.has_value());
    return *std::move(opened);
}

/// Writes the record of this offset, as a producer does that lives.
template <class Files>
void put(disk::segment<Files>& in, offset_t offset)
{
    const auto slot = slot_of(in.format(), in.salt(), offset);
    REQUIRE(in.write(offset, 1, slot.data()).ok());
}

/// The next segment.
template <class Files>
void roll(disk::recovered<Files>& log, const disk::directory<Files>& in)
{
    const bool first = log.segments.empty();
    const offset_t base = first ? 0 : log.segments.back().end();
    const std::uint64_t salt = first ? 0 : log.segments.back().salt();
    auto made = disk::segment<Files>::create(in, format(), base, salt, 1);
    REQUIRE(made.has_value());
    log.segments.push_back(*std::move(made));
}

template <class Files>
disk::segment<Files>& of(disk::recovered<Files>& log, offset_t offset)
{
    return log.segments[static_cast<std::size_t>((offset - log.segments.front().base()) / 8)];
}

/// A log of `count` records, the first segments sealed.
inline void write(const std::string& path, offset_t count)
{
    const auto in = open(path);
    auto log = disk::recover(in, format());
    REQUIRE(log.has_value());
    for (offset_t offset = 0; offset != count; ++offset) {
        if (offset % 8 == 0) {
            if (offset != 0) {
                REQUIRE(log->segments.back().seal(2, 0).ok());
            }
            roll(*log, in);
        }
        put(log->segments.back(), offset);
    }
}

/// As after a start of the system: what was written in another one.
inline void forget_boot(const std::string& path, std::optional<offset_t> durable = std::nullopt)
{
    const auto in = open(path);
    auto checkpoint = disk::checkpoint_file<>::open(in);
    REQUIRE(checkpoint.has_value());
    auto values = checkpoint->values();
    values.boot_id.fill(1);
    values.durable = durable.value_or(values.durable);
    REQUIRE(checkpoint->write(values).ok());
    REQUIRE(checkpoint->write(values).ok());
}

/// What can be read of a recovered log: offset and payload of each record. Whether a slot is whole
/// is looked at again, as a reader would.
template <class Files>
std::map<offset_t, std::uint64_t> read(disk::recovered<Files>& log)
{
    std::map<offset_t, std::uint64_t> records;
    for (offset_t at = log.report.begin; at != log.report.end; ++at) {
        auto& segment = of(log, at);
        std::vector<unsigned char> slot(32);
        REQUIRE(segment.read(at, 1, slot.data()).ok());
        const auto state = disk::look_at_slot(disk::salted(segment.salt()), at, segment.recycled(),
                                              slot.data(), slot.size());
        if (state == disk::slot_state::record) {
            std::memcpy(&records[at], slot.data() + 16, 8);
        } else if (state != disk::slot_state::skipped) {
            records[at] = 0;
        }
    }
    return records;
}

/// Each record holds what was written at its offset.
inline bool all_right(const std::map<offset_t, std::uint64_t>& records)
{
    for (const auto& [offset, payload] : records) {
        if (payload != payload_of(offset)) {
            return false;
        }
    }
    return true;
}

inline std::string segment_file(const std::string& path, offset_t base)
{
    return path + "/" + disk::segment_name(base);
}

/// All files of a directory, to be put back as they were. The same files: they keep their inodes.
class snapshot {
public:
    explicit snapshot(std::string path) : path_(std::move(path))
    {
        for (const auto& entry : std::filesystem::directory_iterator{path_}) {
            if (!entry.is_directory()) {
                files_[entry.path().filename().string()] = support::bytes_of(entry.path().string());
            }
        }
    }

    void restore() const { restore_to(path_); }
    /// The same in another directory, which has files of these names, or none.
    void restore_to(const std::string& path) const
    {
        for (const auto& entry : std::filesystem::directory_iterator{path}) {
            if (files_.count(entry.path().filename().string()) == 0) {
                std::filesystem::remove_all(entry.path());
            }
        }
        for (const auto& [name, bytes] : files_) {
            support::put_bytes(path + "/" + name, bytes);
        }
    }

    [[nodiscard]] const std::map<std::string, std::string>& files() const { return files_; }

    friend bool operator==(const snapshot& a, const snapshot& b) { return a.files_ == b.files_; }

private:
    std::string path_;
    std::map<std::string, std::string> files_;
};

} // namespace small_disk

#endif
