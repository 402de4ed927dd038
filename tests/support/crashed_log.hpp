// SPDX-License-Identifier: MIT
#pragma once

#include "support/small_disk.hpp"

#if GREGOR_FILES

#    include <cstdint>
#    include <cstring>
#    include <fstream>
#    include <map>
#    include <string>
#    include <string_view>
#    include <vector>

// A small log with all that can be wrong with one that a crash has left, and what a recovery has to
// make of it.

namespace small_disk {

/// The same slots, with blobs beside them: a chunk for each segment.
inline disk::segment_format format_of(bool texts)
{
    disk::segment_format made = format();
    made.blob_chunk_bytes = texts ? 4096 : 0;
    return made;
}

/// The blob of this offset, where there are any, at a place of its own: nothing else is right.
inline std::string text_of(offset_t offset)
{
    return std::string(300 + offset, static_cast<char>('a' + offset));
}
inline disk::blob_ref ref_of(offset_t offset)
{
    const std::string text = text_of(offset);
    return {offset * 512, static_cast<std::uint32_t>(text.size()),
            gregor::crc32c::of(text.data(), text.size())};
}

/// A crashed log while it is made.
struct log_to_crash {
    log_to_crash(const std::string& where, bool with_texts)
        : path(where), texts(with_texts), in(open(where)),
          log(*disk::recover(in, format_of(with_texts)))
    {
    }

    void roll()
    {
        const bool first = log.segments.empty();
        const offset_t base = first ? 0 : log.segments.back().end();
        const std::uint64_t salt = first ? 0 : log.segments.back().salt();
        const std::uint64_t blobs_from = texts ? base * 512 : 0;
        auto made = disk::segment<>::create(in, format_of(texts), base, salt, 1, blobs_from);
        REQUIRE(made.has_value());
        log.segments.push_back(*std::move(made));
        REQUIRE((!texts || !log.blobs->add(in, blobs_from)));
    }
    void seal() { REQUIRE(log.segments.back().seal(2, 0, texts ? blobs_end() : 0).ok()); }
    void put(offset_t offset)
    {
        if (!texts) {
            small_disk::put(of(log, offset), offset);
            return;
        }
        const disk::blob_ref ref = ref_of(offset);
        std::fstream chunk{path + "/" + disk::chunk_name(ref.position / 4096 * 4096),
                           std::ios::binary | std::ios::in | std::ios::out};
        chunk.seekp(static_cast<std::streamoff>(4096 + ref.position % 4096));
        chunk << text_of(offset);
        std::vector<unsigned char> slot(32);
        std::memcpy(slot.data() + 16, &ref, sizeof ref);
        auto& segment = of(log, offset);
        disk::finish_slot(disk::salted(segment.salt()), offset, disk::slot_kind::record,
                          slot.data(), slot.size());
        REQUIRE(segment.write(offset, 1, slot.data()).ok());
    }
    [[nodiscard]] std::uint64_t blobs_end() const { return log.segments.back().end() * 512; }

    std::string path;
    bool texts;
    disk::directory<disk::os_files> in;
    disk::recovered<disk::os_files> log;
};

/// Dead claims, half a record behind the end, an unfinished file; in the last case after a start of
/// the system.
inline snapshot crashed_log(const std::string& path, bool same_boot, bool texts = false)
{
    {
        log_to_crash made{path, texts};
        made.roll();
        for (offset_t offset = 0; offset != 8; ++offset) {
            made.put(offset);
        }
        made.seal();
        made.roll();
        made.roll();
        for (const offset_t offset : {8U, 9U, 11U, 14U, 17U}) {
            made.put(offset);
        }
        auto half = slot_of(format(), of(made.log, 20).salt(), 20);
        std::memset(half.data(), 0, 8);
        REQUIRE(of(made.log, 20).write(20, 1, half.data()).ok());
    }
    support::put_bytes(path + "/00000000000000000024.log.new", "x");
    if (!same_boot) {
        forget_boot(path, offset_t{9});
    }
    return snapshot{path};
}

/// What a recovery has made of it, each record what it has to be, or 0.
struct recovered_log {
    bool opened = false;
    disk::recovery_report report;
    std::map<offset_t, std::uint64_t> records; ///< by their offset, as `read` gives them
};

template <class Files>
recovered_log read_all(gregor::result<disk::recovered<Files>>&& log,
                       const disk::directory<Files>& in, bool texts)
{
    if (!log) {
        return {};
    }
    recovered_log all{true, log->report, read(*log)};
    disk::blob_reader<Files> blobs{in, texts ? 4096U : 0U};
    for (auto& [offset, payload] : all.records) {
        const disk::blob_ref ref = ref_of(offset);
        if (texts) {
            bool whole = false;
            const bool done = blobs.read(ref, whole).ok();
            payload = done && whole && payload == ref.position ? payload_of(offset) : 0;
        }
    }
    return all;
}

/// The offsets of the whole records that were set aside, of a folder's files.
template <class Bytes>
std::map<offset_t, int> kept_in(const std::map<std::string, Bytes>& files)
{
    std::map<offset_t, int> kept;
    for (const auto& [name, bytes] : files) {
        if (!std::string_view{name}.ends_with(disk::aside_ending) || bytes.size() < 4096) {
            continue;
        }
        disk::header_page page{};
        std::memcpy(&page, bytes.data(), sizeof page);
        for (std::size_t at = 4096; at < bytes.size(); at += 32) {
            std::uint64_t stamp = 0;
            std::memcpy(&stamp, bytes.data() + at, sizeof stamp);
            const offset_t offset = (stamp >> 2U) - 1;
            if (disk::look_at_slot(disk::salted(page.header.salt), offset, false, bytes.data() + at,
                                   32) != disk::slot_state::record) {
                continue;
            }
            if (page.header.blob_chunk_bytes != 0) {
                const auto* const slot = reinterpret_cast<const unsigned char*>(bytes.data()) + at;
                const disk::blob_ref ref = disk::blob_of(slot, 16);
                if (!disk::is_whole_blob(ref, slot + 32)) {
                    continue;
                }
                at += (ref.bytes + 7) / 8 * 8;
            }
            ++kept[offset];
        }
    }
    return kept;
}

} // namespace small_disk

#endif
