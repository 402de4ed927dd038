// SPDX-License-Identifier: MIT
// The files of a partition whose records lie in blobs: a checkpoint, up to two segments of eight
// slots, and up to three chunks. What counts is whole, with its blob, and nothing is written over
// it later.

#include "fuzz/target.hpp"

#include <map>
#include <optional>

#include <gregor/log/blob_reader.hpp>
#include <gregor/log/recovery.hpp>
#include <gregor/log/repair.hpp>

#include "support/simulated_files.hpp"

namespace {

namespace disk = gregor::disk;
using files = support::simulated_files;
using gregor::offset_t;

enum : unsigned char {
    puts_checksums_right = 1,
    puts_blobs_right = 2, ///< what a slot says of its blob is so, where there are such bytes
    is_itself = 4,        ///< no copy
    verifies_sealed = 8,
    syncs_all = 16,
};

const disk::segment_format format{.type = "text",
                                  .payload_bytes = 24,
                                  .payload_alignment = 8,
                                  .slot_count = 8,
                                  .blob_chunk_bytes = disk::page_bytes};
constexpr std::size_t slot_bytes = 40;
constexpr std::size_t payload_at = 16;
constexpr std::size_t content_bytes = 512; ///< of a chunk that are not zero

/// The blocks and the slots of a segment, without the zeros between.
struct compact_segment {
    disk::header_block header;
    disk::identity_block identity;
    disk::seal_block seal;
    unsigned char slots[8 * slot_bytes];
};

/// A chunk: which one, how long its file is, its header, and what is not zero of it.
struct compact_chunk {
    disk::little64 base;
    disk::little32 bytes;
    disk::chunk_header header;
    unsigned char content[content_bytes];
};

/// In the files of an input.
unsigned char* find_blob(support::simulated_disk& memory, const disk::blob_ref& ref)
{
    const std::uint64_t base = ref.position & ~(format.blob_chunk_bytes - 1);
    const auto found = memory.names.find(disk::chunk_name(base));
    if (found == memory.names.end() || !disk::is_possible(ref, format.blob_chunk_bytes)) {
        return nullptr;
    }
    fuzz::bytes& file = memory.files[static_cast<std::size_t>(found->second)].now;
    const auto at = static_cast<std::size_t>(disk::page_bytes + (ref.position - base));
    return at + ref.bytes <= file.size() ? file.data() + at : nullptr;
}

void put_all_right(compact_segment& segment, support::simulated_disk& memory, unsigned char mode)
{
    const std::uint64_t salt = segment.header.salt;
    fuzz::put_right(segment.header, salt);
    fuzz::put_right(segment.identity, salt);
    if (segment.seal.magic[0] != 0) {
        fuzz::put_right(segment.seal, salt);
    }
    for (std::size_t i = 0; i != 8; ++i) {
        unsigned char* const slot = segment.slots + i * slot_bytes;
        std::uint64_t stamp = 0;
        std::memcpy(&stamp, slot, sizeof stamp);
        disk::blob_ref ref = disk::blob_of(slot, payload_at);
        const unsigned char* const blob = find_blob(memory, ref);
        if ((mode & puts_blobs_right) != 0 && blob != nullptr) {
            ref.crc = gregor::crc32c::of(blob, ref.bytes);
            std::memcpy(slot + payload_at, &ref, sizeof ref);
        }
        if (stamp != 0) {
            fuzz::put_slot_right(salt, slot, slot_bytes);
        }
    }
}

/// Puts the input's files on the disk.
void fill(support::simulated_disk& memory, fuzz::pieces& from, unsigned char mode)
{
    const bool right = (mode & puts_checksums_right) != 0;
    const auto add = [&](const std::string& name, fuzz::bytes image) {
        memory.names[name] = static_cast<int>(memory.files.size());
        memory.files.push_back({image, image});
    };
    fuzz::bytes checkpoint(2 * disk::page_bytes);
    for (std::size_t at = 0; at != checkpoint.size(); at += disk::page_bytes) {
        auto block = from.take<disk::checkpoint_block>();
        if (right) {
            fuzz::put_right(block, 0);
        }
        std::memcpy(checkpoint.data() + at, &block, sizeof block);
    }
    add("checkpoint", std::move(checkpoint));
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
        add(disk::chunk_name(chunk.base), std::move(image));
    }
    std::uint64_t last_salt = 0;
    for (int which = 0; which != 2 && from.left() != 0; ++which) {
        auto segment = from.take<compact_segment>();
        if (which != 0) {
            segment.header.previous_salt = last_salt;
        }
        if ((mode & is_itself) != 0) {
            segment.identity.device = 1;
            segment.identity.inode = memory.files.size();
        }
        if (right) {
            put_all_right(segment, memory, mode);
        }
        last_salt = segment.header.salt;
        fuzz::bytes image(static_cast<std::size_t>(format.file_bytes()));
        std::memcpy(image.data(), &segment, offsetof(compact_segment, slots));
        std::memcpy(image.data() + disk::page_bytes, segment.slots, sizeof segment.slots);
        add(disk::segment_name(segment.header.base), std::move(image));
    }
}

std::map<std::string, fuzz::bytes> contents(const support::simulated_disk& memory)
{
    std::map<std::string, fuzz::bytes> all;
    for (const auto& [name, number] : memory.names) {
        all[name] = memory.files[static_cast<std::size_t>(number)].now;
    }
    return all;
}

/// Everything below the end counts, and has its blob; what is written next lies behind all of them.
void look_at_records(const disk::directory<files>& in, disk::recovered<files>& log,
                     support::simulated_disk& memory, bool sealed_too)
{
    fuzz::require(log.blobs.has_value(), "there is a store of blobs");
    fuzz::require(log.blobs_end <= disk::most_blob_position + disk::page_bytes,
                  "blobs end where some may still come");
    disk::blob_reader<files> blobs{in, format.blob_chunk_bytes};
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
                fuzz::require(ref.bytes == 0 || find_blob(memory, ref) != nullptr,
                              "a blob lies in a chunk");
            }
        }
    }
}

/// What recovery refused: a repair refuses it as of another program, or makes it one that opens.
void repair(const disk::directory<files>& in, support::simulated_disk& memory,
            disk::recovery_options options)
{
    const auto before = contents(memory);
    const auto repaired = disk::repair(in, format, options);
    if (!repaired) {
        fuzz::require(repaired.error().code() == gregor::errc::wrong_format &&
                          contents(memory) == before,
                      "a repair changes nothing where it refuses the files");
        return;
    }
    auto log = disk::recover(in, format, {.verify_sealed = true});
    fuzz::require(log.has_value(), "what was repaired can be opened, and is whole");
    look_at_records(in, *log, memory, true);
}

} // namespace

void fuzz::look(const bytes& input)
{
    pieces from{input};
    const auto mode = from.take<unsigned char>();
    support::simulated_disk memory{1};
    files::disk = &memory;
    fill(memory, from, mode);
    const auto in = *disk::directory<files>::open("memory");
    const disk::recovery_options options{.verify_sealed = (mode & verifies_sealed) != 0,
                                         .sync_all = (mode & syncs_all) != 0};
    const auto before = contents(memory);
    auto log = disk::recover(in, format, options);
    if (!log) {
        require(log.error().code() == gregor::errc::corrupt ||
                    log.error().code() == gregor::errc::wrong_format,
                "a refusal says that the files are not right");
        require(contents(memory) == before, "what is refused is not changed");
        repair(in, memory, options);
        return;
    }
    look_at_records(in, *log, memory, options.verify_sealed);
    auto again = disk::recover(in, format, options);
    require(again.has_value(), "what was recovered can be opened");
    require(again->report.end == log->report.end && again->blobs_end == log->blobs_end,
            "a second recovery comes to the same");
    look_at_records(in, *again, memory, options.verify_sealed);
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
    for (const std::uint64_t sequence : {2U, 1U}) {
        disk::checkpoint_block block{};
        block.version = disk::format_version;
        block.sequence = sequence;
        block.durable = durable;
        block.blobs_end = position(durable);
        std::memset(block.boot_id, boot, sizeof block.boot_id);
        disk::finish_block(block, disk::checkpoint_magic, 0);
        fuzz::append(input, &block, sizeof block);
    }
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
            unsigned char* const slot = segment.slots + (at - base) * slot_bytes;
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
    support::simulated_disk memory{1};
    files::disk = &memory;
    fill(memory, from, mode);
    const auto in = *disk::directory<files>::open("memory");
    return disk::recover(in, format, {.verify_sealed = (mode & verifies_sealed) != 0}).has_value();
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
