// SPDX-License-Identifier: MIT
// The files of a partition whose records lie in blobs: a checkpoint, up to two segments of eight
// slots, and up to three chunks. What counts is whole, with its blob, and nothing is written over
// it later.

#include "fuzz/partition.hpp"

#include <optional>

#include <gregor/log/blob_reader.hpp>

namespace {

namespace disk = gregor::disk;
using fuzz::files;
using fuzz::is_itself;
using fuzz::puts_checksums_right;
using fuzz::syncs_all;
using fuzz::verifies_sealed;
using gregor::offset_t;

/// What a slot says of its blob is so, where there are such bytes.
constexpr unsigned char puts_blobs_right = 2;

const disk::segment_format format{.type = "text",
                                  .payload_bytes = 24,
                                  .payload_alignment = 8,
                                  .slot_count = 8,
                                  .blob_chunk_bytes = disk::page_bytes};
constexpr std::size_t slot_bytes = 40;
constexpr std::size_t payload_at = 16;
constexpr std::size_t content_bytes = 512; ///< of a chunk that are not zero

using compact_segment = fuzz::compact_segment<slot_bytes>;

/// A chunk: which one, how long its file is, its header, and what is not zero of it.
struct compact_chunk {
    disk::little64 base;
    disk::little32 bytes;
    disk::chunk_header header;
    unsigned char content[content_bytes];
};

/// In the files of an input.
unsigned char* find_blob(fuzz::partition& input, const disk::blob_ref& ref)
{
    const std::uint64_t base = ref.position & ~(format.blob_chunk_bytes - 1);
    fuzz::bytes* const file = input.find(disk::chunk_name(base));
    if (file == nullptr || !disk::is_possible(ref, format.blob_chunk_bytes)) {
        return nullptr;
    }
    const auto at = static_cast<std::size_t>(disk::page_bytes + (ref.position - base));
    return at + ref.bytes <= file->size() ? file->data() + at : nullptr;
}

void put_blobs_right(compact_segment& segment, fuzz::partition& input)
{
    for (std::size_t i = 0; i != 8; ++i) {
        disk::blob_ref ref = disk::blob_of(segment.slot(i), payload_at);
        if (const unsigned char* const blob = find_blob(input, ref)) {
            ref.crc = gregor::crc32c::of(blob, ref.bytes);
            std::memcpy(segment.slot(i) + payload_at, &ref, sizeof ref);
        }
    }
}

/// Puts the input's files on the disk.
void fill(fuzz::partition& input, fuzz::pieces& from, unsigned char mode)
{
    const bool right = (mode & puts_checksums_right) != 0;
    input.add_checkpoint(from, mode);
    const std::size_t chunks = from.take<unsigned char>() % 4U;
    for (std::size_t i = 0; i != chunks; ++i) {
        auto chunk = from.take<compact_chunk>();
        if (right && chunk.header.magic[0] != 0) {
            fuzz::put_right(chunk.header, 0);
        }
        fuzz::bytes image(disk::page_bytes + format.blob_chunk_bytes);
        std::memcpy(image.data(), &chunk.header, sizeof chunk.header);
        std::memcpy(image.data() + disk::page_bytes, chunk.content, content_bytes);
        image.resize(chunk.bytes % (2 * image.size()));
        input.add(disk::chunk_name(chunk.base), image);
    }
    std::uint64_t last_salt = 0;
    for (int which = 0; which != 2 && from.left() != 0; ++which) {
        auto segment = from.take<compact_segment>();
        if (which != 0) {
            segment.header.previous_salt = last_salt;
        }
        if ((mode & is_itself) != 0) {
            segment.identity.device = 1;
            segment.identity.inode = static_cast<std::uint64_t>(input.next_number());
        }
        if (right && (mode & puts_blobs_right) != 0) {
            put_blobs_right(segment, input);
        }
        if (right) {
            segment.put_right();
        }
        last_salt = segment.header.salt;
        input.add(disk::segment_name(segment.header.base), segment.image(format));
    }
}

/// Everything below the end counts, and has its blob; what is written next lies behind all of them.
void look_at_records(fuzz::partition& input, disk::recovered<files>& log, bool sealed_too)
{
    fuzz::require(log.blobs.has_value(), "there is a store of blobs");
    fuzz::require(log.blobs_end <= disk::most_blob_position + disk::page_bytes,
                  "blobs end where some may still come");
    disk::blob_reader<files> blobs{input.in, format.blob_chunk_bytes};
    for (auto& segment : log.segments) {
        for (std::size_t i = 0; i != 8; ++i) {
            const offset_t at = segment.base() + i;
            unsigned char slot[slot_bytes];
            fuzz::require(segment.read(at, 1, slot).ok(), "a slot can be read");
            const auto state = disk::look_at_slot(disk::salted(segment.salt()), at,
                                                  segment.recycled(), slot, slot_bytes);
            if (at >= log.report.end) {
                fuzz::require(state == disk::slot_state::empty, "nothing stands beyond the end");
                continue;
            }
            if (segment.sealed() && !sealed_too) {
                continue;
            }
            fuzz::require(state == disk::slot_state::record || state == disk::slot_state::skipped,
                          "everything below the end counts");
            if (state == disk::slot_state::record) {
                const disk::blob_ref ref = disk::blob_of(slot, payload_at);
                bool whole = false;
                fuzz::require(blobs.read(ref, whole).ok() && whole, "a record has its blob");
                fuzz::require(disk::end_of(ref) <= log.blobs_end,
                              "what is written next lies behind it");
                fuzz::require(ref.bytes == 0 || find_blob(input, ref) != nullptr,
                              "a blob lies in a chunk");
            }
        }
    }
}

} // namespace

void fuzz::look(const bytes& input)
{
    pieces from{input};
    const auto mode = from.take<unsigned char>();
    const auto options = options_of(mode);
    partition there;
    fill(there, from, mode);
    auto log = there.recover(format, options, [&](auto& repaired, const auto&) {
        look_at_records(there, repaired, true);
    });
    if (!log) {
        return;
    }
    look_at_records(there, *log, options.verify_sealed);
    auto again = disk::recover(there.in, format, options);
    require(again.has_value(), "what was recovered can be opened");
    require(again->report.end == log->report.end && again->blobs_end == log->blobs_end,
            "a second recovery comes to the same");
    look_at_records(there, *again, options.verify_sealed);
}

namespace {

/// A log of so many records, each with a blob of 100 bytes; `hole`: one that is missing; `broken`:
/// one whose blob is.
fuzz::bytes log_of(unsigned char mode, offset_t count, std::optional<offset_t> hole,
                   std::optional<offset_t> broken, offset_t durable, unsigned char boot)
{
    constexpr std::uint64_t a_chunk = 4; // blobs
    fuzz::bytes input{mode};
    const auto position = [](offset_t at) {
        return at / a_chunk * format.blob_chunk_bytes + at % a_chunk * 104;
    };
    fuzz::append_checkpoint(input, durable, boot, position(durable));
    const auto chunks = static_cast<unsigned char>((count + a_chunk - 1) / a_chunk);
    input.push_back(chunks);
    std::vector<compact_chunk> all(chunks);
    for (std::size_t i = 0; i != chunks; ++i) {
        all[i].base = i * format.blob_chunk_bytes;
        all[i].bytes = static_cast<std::uint32_t>(disk::page_bytes + format.blob_chunk_bytes);
        all[i].header = disk::make_chunk_header(format, all[i].base);
        for (std::size_t b = 0; b != content_bytes; ++b) {
            all[i].content[b] = static_cast<unsigned char>(b * 7 + i);
        }
    }
    fuzz::bytes segments;
    for (offset_t base = 0; base < count; base += 8) {
        compact_segment segment{};
        const std::uint64_t salt = 100 + base;
        segment.header = disk::make_header(format, base, salt, base == 0 ? 0 : salt - 8, 1,
                                           base % 16 == 8, position(base));
        disk::finish_block(segment.identity, disk::identity_magic, salt);
        if (base + 8 < count) {
            segment.seal.end = base + 8;
            segment.seal.blobs_end = position(base + 8);
            disk::finish_block(segment.seal, disk::seal_magic, salt);
        }
        for (offset_t at = base; at != base + 8 && at < count; ++at) {
            unsigned char* const slot = segment.slot(at - base);
            const unsigned char* const blob = all[at / a_chunk].content + at % a_chunk * 104;
            disk::blob_ref ref{position(at), 100, gregor::crc32c::of(blob, 100)};
            ref.crc ^= broken == at ? 1U : 0U;
            std::memcpy(slot + payload_at, &ref, sizeof ref);
            if (hole == at) {
                std::memset(slot, 0, slot_bytes);
            } else {
                disk::finish_slot(disk::salted(salt), at, disk::slot_kind::record, slot,
                                  slot_bytes);
            }
        }
        fuzz::append(segments, &segment, sizeof segment);
    }
    fuzz::append(input, all.data(), all.size() * sizeof(compact_chunk));
    fuzz::append(input, segments.data(), segments.size());
    return input;
}

bool opens(const fuzz::bytes& input)
{
    fuzz::pieces from{input};
    const auto mode = from.take<unsigned char>();
    fuzz::partition there;
    fill(there, from, mode);
    return disk::recover(there.in, format, {.verify_sealed = (mode & verifies_sealed) != 0})
        .has_value();
}

} // namespace

std::vector<fuzz::bytes> fuzz::seeds()
{
    constexpr unsigned char right = puts_checksums_right | is_itself;
    constexpr unsigned char usual = right | puts_blobs_right;
    std::vector<bytes> all{log_of(0, 12, {}, {}, 8, 1),
                           log_of(usual, 12, {}, {}, 8, 1),
                           log_of(usual, 12, 10, {}, 8, 1),
                           log_of(usual | syncs_all, 7, 3, {}, 0, 1),
                           log_of(right, 12, {}, 10, 8, 9),
                           log_of(usual | verifies_sealed, 12, {}, {}, 9, 9),
                           log_of(usual | verifies_sealed, 12, {}, {}, 12, 1)};
    for (const bytes& each : all) {
        require(opens(each), "a seed that is as it should be is one that opens");
    }
    all.push_back(log_of(right, 12, {}, 10, 8, 1));
    require(!opens(all.back()), "a seed with a broken blob in the same boot is refused");
    all.push_back(log_of(right | verifies_sealed, 12, {}, 3, 8, 1));
    require(!opens(all.back()), "a seed with a broken blob that was durable is refused");
    return all;
}
