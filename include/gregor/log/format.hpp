// SPDX-License-Identifier: MIT
#pragma once

#include <array>
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

// The files of a log, byte by byte: version 1
// ===========================================
//
//     <directory>/<topic>/lock                             held by who writes, or by all who read
//     <directory>/<topic>/<partition>/checkpoint           what is known to be lasting
//     <directory>/<topic>/<partition>/offsets              how far its groups are
//     <directory>/<topic>/<partition>/00000000000000000000.log
//     <directory>/<topic>/<partition>/00000000000000065536.log
//     ...                                                  segments, by the offset of their first
//     <directory>/<topic>/<partition>/00000000000000000000.blobs
//     ...                               what is not of one length, see blob_format.hpp
//
// A name that ends in .new is of a file that was not finished; one that ends in .aside keeps
// records that a recovery could not leave in the log, or is a folder of what a repair took away.
// <partition>.new is the folder of one that was to be added, and was not.
//
// An upgrade (upgrade.hpp) keeps the log that was there in a folder beside the topic's, ~old2 and
// so on where there is one, and makes the new one in another, with a file upgrade.new in it until
// it has its place:
//
//     <directory>/<topic>~old/<topic>/
//     <directory>/<topic>~new/<topic>/
//
// A segment is one page that says what it is, and then a fixed number of slots, a power of two, all
// of one length. The offsets in it are base .. base + slots - 1; the base is a multiple of the
// number. So the place of a record follows from its offset, and there is no index:
//
//     byte 0          512        1024     1536            4096                       file end
//     | header block | identity | seal   | zero          | slot | slot | slot ...    | zero |
//
// The file ends with the page in which the last slot ends.
//
// Slot of offset o, in the byte order of who wrote it (the header says which):
//
//     byte 0        8      12         16                                       slot_bytes
//     | stamp u64  | crc  | reserved | zero up to payload_at | payload | zero        |
//
//     stamp     (o + 1) * 4 + kind; kind 1: a record, 2: void, to be passed over. 0: nothing yet.
//               Stored last. payload and crc are there when it is.
//     crc       CRC-32C of: the segment's salt (8 bytes, little-endian), the stamp (8 bytes as they
//               lie), and all bytes of the slot from `reserved` to its end
//     reserved  0
//     payload   payload_bytes of them, as the program has them in memory; zero where they mean
//               nothing: in a void, in a key that is not set, between the fields
//
// A slot whose stamp is of another offset is empty: where the file was another segment once, what
// it held then may still lie there. Its header says so (`recycled`); and its salt is another one,
// so what lies there has the wrong checksum too.
//
// A torn tail is what a crash leaves behind the last record that counts: slots with some of their
// bytes, or whole ones behind one that is missing. What of it counts, `recovery.hpp` says.
//
// Header block, all numbers little-endian, whoever wrote it; never changed:
//
//       0  magic "gregorLS"       32  payload_bytes u32     72  created u64, ns since 1970
//       8  version u32: 1         36  layout u32            80  recycled u32: 0 or 1
//      12  header_bytes u32       40  partition u32         84  type_bytes u32
//      16  byte_order u32         44  timestamp_at u32      88  type, 256 bytes, zero behind it
//          1 little, 2 big        48  slots u64            344  zero
//      20  slot_bytes u32         56  base u64             496  salt u64, drawn by chance
//      24  payload_at u32         64  previous_salt u64:   504  timestamp_tick u32
//      28  payload_alignment u32      0 in the first       508  crc u32 of bytes 0 .. 507
//
// Where records carry the time, it lies in their slots at timestamp_at: i64, in the byte order of
// the slots, so many times timestamp_tick ns since 1970. Else both are 0, and so they are in logs
// that are older than these two fields.
//
// Where records have blobs (blob_format.hpp), which blob_chunk_bytes says:
//
//     344  blobs_from u64: before this position none of them lies; 352  blob_chunk_bytes u64
//
// Identity block: which file this is, so that a copy of it is known for one. Written again where it
// does not fit. Seal block: written once, when every slot is full and lasting; zero before.
// Checkpoint file: two checkpoint blocks, those of even sequence at 0 and of odd at 4096, written
// in turn; the valid one of the higher sequence counts. Each of these blocks is 512 bytes, which a
// disk writes as one:
//
//     identity    0 magic "gregorID"   8 device u64   16 inode u64
//     seal        0 magic "gregorSE"   8 end u64      16 sealed u64, ns since 1970
//                24 newest u64, the latest time of its records, ns since 1970; 0: not known
//                32 blobs_end u64, the position behind which no blob of it lies, 0 without
//     checkpoint  0 magic "gregorCP"   8 sequence u64 16 durable u64: all below it is lasting
//                24 epoch u64         32 epoch_start u64, the end when the epoch began
//                40 boot id, 16 bytes 56 version u32  60 clean u32: 1 where `durable` is the end
//                64 log u64, drawn by chance when the partition was made
//                72 epoch_start of each of the 15 epochs before, u64, the youngest first
//               192 blobs_end u64, a position behind which no blob counts yet, 0 without
//
// and each ends like the header block: zero, then at 508 a crc u32, of the salt (8 bytes; for a
// checkpoint 0) and bytes 0 .. 507.
//
// Offsets file: a page with a header, and in turn, as in a checkpoint, its state; then a page for
// each group, in no order, as many as the state says. What lies behind them does not count.
//
//     byte 0     512   1024           1536          2048   4096   8192
//     | header | zero | state, even | state, odd | zero | cell | cell ...
//
//     header      0 magic "gregorOF"   8 version u32: 1 12 cell_bytes u32: 4096
//                16 partition u32     20 reserved: 0    24 log u64, as the checkpoint says
//               496 salt u64, drawn by chance
//     state       0 magic "gregorOS"   8 sequence u64   16 epoch u64, that of the log when offsets
//                24 cells u64             beyond its end were last moved back
//
// A cell, written where it is mapped, so that what is there counts also if the program is killed:
//
//     byte 0    512    1024     1536     2048   3072   4096
//     | group | group | offset | offset | note | note |
//
//     group       0 magic "gregorGR"   8 sequence u64   16 salt u64, drawn when the group came
//      twice     24 flags u32: 1 lossy                  28 name_bytes u32: 0 where there is none
//                32 name, 255 bytes, zero behind it; sequences are of the file: a later one counts
//     offset      0 word u64: offset * 4 + 2 where it was committed + 1 where it holds producers
//      in turn    8 sequence u64, even in the first      16 crc u32 of salt and bytes 0 .. 15
//                20 whole u32: 1; 0 while the others are written
//     note        0 sequence u64       8 offset u64, to which it belongs
//                16 text_bytes u32    20 text, 1000 bytes, zero behind it
//              1020 crc u32 of salt and bytes 0 .. 1019
//
// Header, state and group are blocks as those above, with the header's salt; what is in a cell has
// the salt of its group, so nothing of the one that was there before counts.
//
// Example: offset 5 of a segment whose salt is 0x1122334455667788, written little-endian; records
// of 12 bytes with alignment 4, so 32 bytes a slot (the length is a multiple of 8); the record is
// "hello, disk!":
//
//     19 00 00 00 00 00 00 00   stamp: (5 + 1) * 4 + 1
//     8c bb 1f 6e               crc of 88 77 66 55 44 33 22 11, the stamp, and what follows
//     00 00 00 00               reserved
//     68 65 6c 6c 6f 2c 20 64   "hello, d"
//     69 73 6b 21 00 00 00 00   "isk!" and padding

namespace gregor::inline GREGOR_ABI::disk {

/// A number in a file: little-endian, aligned to nothing.
template <class Number>
struct little {
    unsigned char bytes[sizeof(Number)];

    constexpr little& operator=(Number value) noexcept
    {
        for (unsigned char& byte : bytes) {
            byte = static_cast<unsigned char>(value & 0xffU);
            value = static_cast<Number>(value >> 8U);
        }
        return *this;
    }
    // NOLINTNEXTLINE(google-explicit-constructor): a number, that lies in its own way
    constexpr operator Number() const noexcept
    {
        Number value = 0;
        for (std::size_t i = sizeof(Number); i != 0; --i) {
            value = static_cast<Number>(static_cast<Number>(value << 8U) | bytes[i - 1]);
        }
        return value;
    }
};
using little32 = little<std::uint32_t>;
using little64 = little<std::uint64_t>;

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t block_bytes = 512;
inline constexpr std::size_t longest_type_name = 255;
inline constexpr std::size_t slot_head_bytes = 16;
inline constexpr std::size_t earlier_epochs = 15;
inline constexpr std::uint64_t most_blob_position = ~std::uint64_t{0} >> 2U; ///< nobody comes to it

/// 1 where the lowest byte comes first, 2 where the highest does.
[[nodiscard]] inline std::uint32_t native_byte_order() noexcept
{
    const std::uint32_t one = 1;
    unsigned char first = 0;
    std::memcpy(&first, &one, 1);
    return first == 1 ? 1 : 2;
}

struct header_block {
    char magic[8];
    little32 version;
    little32 header_bytes;
    little32 byte_order;
    little32 slot_bytes;
    little32 payload_at;
    little32 payload_alignment;
    little32 payload_bytes;
    little32 layout;
    little32 partition;
    little32 timestamp_at;
    little64 slot_count;
    little64 base;
    little64 previous_salt;
    little64 created;
    little32 recycled;
    little32 type_bytes;
    char type[256];
    little64 blobs_from;
    little64 blob_chunk_bytes;
    unsigned char zero[136];
    little64 salt;
    little32 timestamp_tick;
    little32 crc;
};

struct identity_block {
    char magic[8];
    little64 device;
    little64 inode;
    unsigned char zero[484];
    little32 crc;
};

struct seal_block {
    char magic[8];
    little64 end;
    little64 sealed;
    little64 newest;
    little64 blobs_end;
    unsigned char zero[468];
    little32 crc;
};

struct checkpoint_block {
    char magic[8];
    little64 sequence;
    little64 durable;
    little64 epoch;
    little64 epoch_start;
    unsigned char boot_id[16];
    little32 version;
    little32 clean;
    little64 log;
    little64 earlier_starts[earlier_epochs];
    little64 blobs_end;
    unsigned char zero[428 - 8 * earlier_epochs];
    little32 crc;
};

struct header_page {
    header_block header;
    identity_block identity;
    seal_block seal;
    unsigned char zero[page_bytes - 3 * block_bytes];
};

inline constexpr std::string_view header_magic = "gregorLS";
inline constexpr std::string_view identity_magic = "gregorID";
inline constexpr std::string_view seal_magic = "gregorSE";
inline constexpr std::string_view checkpoint_magic = "gregorCP";

static_assert(sizeof(header_block) == block_bytes && sizeof(identity_block) == block_bytes &&
              sizeof(seal_block) == block_bytes && sizeof(checkpoint_block) == block_bytes);
static_assert(offsetof(header_block, slot_count) == 48 && offsetof(header_block, type) == 88 &&
              offsetof(header_block, blobs_from) == 344 && offsetof(header_block, salt) == 496 &&
              offsetof(header_block, crc) == 508);
static_assert(offsetof(identity_block, crc) == 508 && offsetof(seal_block, crc) == 508);
static_assert(offsetof(checkpoint_block, boot_id) == 40 && offsetof(checkpoint_block, log) == 64 &&
              offsetof(checkpoint_block, crc) == 508);
static_assert(sizeof(header_page) == page_bytes && offsetof(header_page, seal) == 1024);

/// Where the payload lies in a slot, and how long a slot is.
[[nodiscard]] constexpr std::uint64_t payload_at_of(std::uint32_t alignment) noexcept
{
    return alignment > slot_head_bytes ? alignment : slot_head_bytes;
}
[[nodiscard]] constexpr std::uint64_t slot_bytes_of(std::uint32_t payload_bytes,
                                                    std::uint32_t alignment) noexcept
{
    const std::uint64_t multiple = alignment > 8 ? alignment : 8;
    return (payload_at_of(alignment) + payload_bytes + multiple - 1) / multiple * multiple;
}

/// What a segment's numbers are before the first one is written.
struct segment_format {
    std::string type; ///< the record's type, by the name its owner gave it; up to 255 bytes
    std::uint32_t payload_bytes = 0;
    std::uint32_t payload_alignment = 1;
    std::uint32_t layout = 0; ///< what lies in a slot besides the value, by policies
    std::uint32_t partition = 0;
    std::uint64_t slot_count = 0;     ///< a power of two
    std::uint32_t timestamp_at = 0;   ///< where in a slot its time lies; 0: nowhere
    std::uint32_t timestamp_tick = 0; ///< the unit of that, in ns
    /// How long the files beside it are; 0 where everything lies in the slots.
    std::uint64_t blob_chunk_bytes = 0;

    [[nodiscard]] constexpr bool has_blobs() const noexcept { return blob_chunk_bytes != 0; }

    [[nodiscard]] constexpr std::uint64_t payload_at() const noexcept
    {
        return payload_at_of(payload_alignment);
    }
    [[nodiscard]] constexpr std::uint64_t slot_bytes() const noexcept
    {
        return slot_bytes_of(payload_bytes, payload_alignment);
    }
    [[nodiscard]] constexpr std::uint64_t file_bytes() const noexcept
    {
        return (page_bytes + slot_count * slot_bytes() + page_bytes - 1) / page_bytes * page_bytes;
    }
    [[nodiscard]] constexpr std::uint64_t slot_at(std::uint64_t index) const noexcept
    {
        return page_bytes + index * slot_bytes();
    }
    /// Nothing in it overflows, and a record lies as its type wants to.
    [[nodiscard]] constexpr bool possible() const noexcept
    {
        const auto power_of_two = [](std::uint64_t n) { return n != 0 && (n & (n - 1)) == 0; };
        return !type.empty() && type.size() <= longest_type_name && payload_bytes != 0 &&
               payload_bytes <= (1U << 30U) && power_of_two(payload_alignment) &&
               payload_alignment <= page_bytes && power_of_two(slot_count) &&
               slot_count <= (std::uint64_t{1} << 31U) &&
               (timestamp_at == 0 ? timestamp_tick == 0
                                  : timestamp_tick != 0 && timestamp_at >= payload_at() &&
                                        timestamp_at + std::uint64_t{8} <= slot_bytes()) &&
               (!has_blobs() ||
                (power_of_two(blob_chunk_bytes) && payload_bytes >= 16 &&
                 blob_chunk_bytes >= page_bytes && blob_chunk_bytes <= std::uint64_t{1} << 31U));
    }
};

// --- slots ---------------------------------------------------------------------------------------

struct slot_head {
    std::uint64_t stamp;
    std::uint32_t crc;
    std::uint32_t reserved;
};
static_assert(sizeof(slot_head) == slot_head_bytes);

enum class slot_kind : std::uint8_t { record = 1, skipped = 2 };

[[nodiscard]] constexpr std::uint64_t stamp_of(offset_t offset, slot_kind kind) noexcept
{
    return ((offset + 1) << 2U) | static_cast<std::uint64_t>(kind);
}

/// What the checksums of a segment begin with.
[[nodiscard]] inline std::uint32_t salted(std::uint64_t salt) noexcept
{
    little64 lying{};
    lying = salt;
    return crc32c::of(lying.bytes, sizeof lying.bytes);
}

/// The checksum of a slot that lies here complete but for its stamp and its checksum.
[[nodiscard]] inline std::uint32_t slot_crc(std::uint32_t salted, std::uint64_t stamp,
                                            const void* slot, std::size_t slot_bytes) noexcept
{
    constexpr std::size_t from = offsetof(slot_head, reserved);
    return crc32c::extend(crc32c::extend(salted, &stamp, sizeof stamp),
                          static_cast<const unsigned char*>(slot) + from, slot_bytes - from);
}

/// Makes a slot of what lies here from `payload_at` on; everything before it is written over.
inline void finish_slot(std::uint32_t salted, offset_t offset, slot_kind kind, void* slot,
                        std::size_t slot_bytes) noexcept
{
    slot_head head{stamp_of(offset, kind), 0, 0};
    std::memcpy(slot, &head, sizeof head);
    head.crc = slot_crc(salted, head.stamp, slot, slot_bytes);
    std::memcpy(slot, &head, sizeof head);
}

/// What a slot turns out to be, to who looks for one offset in it.
enum class slot_state : std::uint8_t {
    record,
    skipped,
    empty,   ///< nothing was stamped there
    damaged, ///< something was, and it is not that any more
};

[[nodiscard]] inline slot_state look_at_slot(std::uint32_t salted, offset_t offset, bool recycled,
                                             const void* slot, std::size_t slot_bytes) noexcept
{
    slot_head head;
    std::memcpy(&head, slot, sizeof head);
    const auto fits = [&](slot_kind kind) {
        return head.crc == slot_crc(salted, stamp_of(offset, kind), slot, slot_bytes);
    };
    for (const slot_kind kind : {slot_kind::record, slot_kind::skipped}) {
        if (head.stamp == stamp_of(offset, kind)) {
            const bool whole = fits(kind) && head.reserved == 0;
            return !whole                      ? slot_state::damaged
                   : kind == slot_kind::record ? slot_state::record
                                               : slot_state::skipped;
        }
    }
    // Zero, nobody ever stamped it: no flip of a bit leads there. Of what lies there from another
    // time, the checksum fits no stamp of this one; what fits had its own stamp damaged.
    const bool of_another_time = recycled && !fits(slot_kind::record) && !fits(slot_kind::skipped);
    return head.stamp == 0 || of_another_time ? slot_state::empty : slot_state::damaged;
}

// --- blocks --------------------------------------------------------------------------------------

/// Closes a block with its checksum.
template <class Block>
void finish_block(Block& block, std::string_view magic, std::uint64_t salt) noexcept
{
    std::memcpy(block.magic, magic.data(), sizeof block.magic);
    block.crc = crc32c::extend(salted(salt), &block, offsetof(Block, crc));
}

/// It is whole, and of this kind and salt.
template <class Block>
[[nodiscard]] bool is_block(const Block& block, std::string_view magic, std::uint64_t salt) noexcept
{
    return std::memcmp(block.magic, magic.data(), sizeof block.magic) == 0 &&
           block.crc == crc32c::extend(salted(salt), &block, offsetof(Block, crc));
}

} // namespace gregor::inline GREGOR_ABI::disk
