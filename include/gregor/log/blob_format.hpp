// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/crc32c.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"

// What does not lie in a slot, byte by byte
// =========================================
//
// Records that are not of one length lie in blobs: a second row of files beside the segments, which
// `blob_chunk_bytes` in their headers tells from logs without.
//
//     <directory>/<topic>/<partition>/00000000000000000000.blobs
//     <directory>/<topic>/<partition>/00000000000016777216.blobs
//     ...                               chunks, by the position of their first byte
//
// Positions count the bytes of all chunks that there ever were. A chunk is one page that says what
// it is, and then `blob_chunk_bytes` of blobs, a power of two; its position is a multiple of that.
// A blob lies in one chunk, at a multiple of 8.
//
// The payload of a slot begins with where its blob lies, 16 bytes in the writer's byte order:
//
//     position u64    bytes u32: 0 where there is none    crc u32, CRC-32C of the blob's bytes
//
// What follows in the payload is, each where the topic has it and at a multiple of its length, 8 at
// the most: the key, the time, the headers, the value. What of these lies in the blob is a number
// here:
//
//     key      bytes u32, given u32: 1, or 0 where there is none    where layout has bit 16
//     headers  bytes u32                                            where layout has bit 4
//     value    bytes u32                                            where layout has bit 8
//
// and what does not, lies here as in a log without blobs. In the blob lie the value, the key and
// the headers, so far as they are there, in this order, each with zeros up to a multiple of 8 (or
// of 16, 32 or 64, where one of them asks for that): so the numbers of bytes, rounded up, add up to
// those of the blob. Headers are, one after the other,
//
//     bytes u32    name    bytes u32    value
//
// The slot's own checksum covers all of the payload. So a record is whole where its slot is, and
// its blob; it does not matter which of the files reached the disk first. Bytes that no slot speaks
// of mean nothing.
//
// Header block of a chunk, 512 bytes, as those of a segment; all numbers little-endian:
//
//       0  magic "gregorBL"       16  base u64, its position
//       8  version u32: 1         24  chunk_bytes u64
//      12  partition u32         508  crc u32 of 8 zero bytes and bytes 0 .. 507
//
// Of a chunk whose header is not whole, or whose length is another one, the blobs count all the
// same: each has its checksum, and the name says where they lie. The header is for who finds
// the files of two logs in one place.
//
// In a file of what was set aside, the blob of a record lies behind its slot, with zeros up to a
// multiple of 8.
//
// A chunk goes when no segment that is left may speak of it: a segment's header says from which
// position on its blobs lie (`blobs_from`), and its seal how far they go (`blobs_end`).

namespace gregor::inline GREGOR_ABI::disk {

inline constexpr std::string_view blobs_ending = ".blobs";
inline constexpr std::string_view chunk_magic = "gregorBL";
inline constexpr std::size_t blob_alignment = 8;

/// Bits of a header's `layout`, where records have blobs.
inline constexpr std::uint32_t value_in_blob = 8;
inline constexpr std::uint32_t key_in_blob = 16;

/// Where the blob of a record lies; how a payload begins that has one.
struct blob_ref {
    std::uint64_t position = 0;
    std::uint32_t bytes = 0;
    std::uint32_t crc = 0;
};
static_assert(sizeof(blob_ref) == 16);

struct chunk_header {
    char magic[8];
    little32 version;
    little32 partition;
    little64 base;
    little64 chunk_bytes;
    unsigned char zero[476];
    little32 crc;
};
static_assert(sizeof(chunk_header) == block_bytes && offsetof(chunk_header, crc) == 508);

[[nodiscard]] inline std::string chunk_name(std::uint64_t base)
{
    return text({twenty_digits(base), blobs_ending});
}

/// The position in a chunk's name; none where it is no chunk's.
[[nodiscard]] inline std::optional<std::uint64_t> chunk_in(std::string_view name)
{
    if (!name.ends_with(blobs_ending)) {
        return std::nullopt;
    }
    name.remove_suffix(blobs_ending.size());
    return base_in(text({name, segment_ending}));
}

[[nodiscard]] inline chunk_header make_chunk_header(const segment_format& format,
                                                    std::uint64_t base) noexcept
{
    chunk_header made{};
    made.version = format_version;
    made.partition = format.partition;
    made.base = base;
    made.chunk_bytes = format.blob_chunk_bytes;
    finish_block(made, chunk_magic, 0);
    return made;
}

/// How far blobs go at a moment: to this position, and none of them is of a record from this offset
/// on.
struct blobs_taken {
    std::uint64_t end = 0;
    offset_t claimed = 0;
};

/// Of a slot whose record has one.
[[nodiscard]] inline blob_ref blob_of(const void* slot, std::size_t payload_at) noexcept
{
    blob_ref ref;
    std::memcpy(&ref, static_cast<const unsigned char*>(slot) + payload_at, sizeof ref);
    return ref;
}

/// It may be where a blob is: in one chunk.
[[nodiscard]] constexpr bool is_possible(const blob_ref& ref, std::uint64_t chunk_bytes) noexcept
{
    return ref.position <= most_blob_position && ref.position % blob_alignment == 0 &&
           (ref.bytes != 0 || ref.position == 0) &&
           ref.bytes <= chunk_bytes - (ref.position & (chunk_bytes - 1));
}

/// The first position behind it.
[[nodiscard]] constexpr std::uint64_t end_of(const blob_ref& ref) noexcept
{
    return (ref.position + ref.bytes + blob_alignment - 1) / blob_alignment * blob_alignment;
}

/// Whether these bytes are what was written.
[[nodiscard]] inline bool is_whole_blob(const blob_ref& ref, const void* bytes) noexcept
{
    return crc32c::of(bytes, ref.bytes) == ref.crc;
}

} // namespace gregor::inline GREGOR_ABI::disk
