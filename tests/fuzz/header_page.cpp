// SPDX-License-Identifier: MIT
// The page that a segment begins with, to who knows its format and to who does not.

#include "fuzz/target.hpp"

#include <memory>
#include <optional>

#include <gregor/log/segment_header.hpp>

namespace {

enum : unsigned char { puts_checksums_right = 1, has_magic = 2, is_of_base = 4 };

const gregor::disk::segment_format small{
    .type = "number", .payload_bytes = 16, .payload_alignment = 8, .slot_count = 8};

/// What has to be so where this page is taken for one of this format.
void accepted(const gregor::disk::header_page& page, const gregor::disk::segment_format& format,
              gregor::offset_t base)
{
    namespace disk = gregor::disk;
    const disk::header_block& found = page.header;
    const disk::header_block wanted =
        disk::make_header(format, base, found.salt, found.previous_salt, found.created,
                          found.recycled == 1, found.blobs_from);
    fuzz::require(std::memcmp(&found, &wanted, sizeof found) == 0,
                  "a header is taken where a writer would write it");
    fuzz::require(found.slot_bytes >= disk::slot_head_bytes + format.payload_bytes,
                  "a record lies in its slot");
    fuzz::require(found.payload_at % format.payload_alignment == 0, "a record is aligned");
    fuzz::require(found.blobs_from <= (format.has_blobs() ? disk::most_blob_position : 0),
                  "blobs begin where they can, and only in a log that has some");
    fuzz::require(page.seal.magic[0] == 0 || page.seal.end == base + format.slot_count,
                  "a seal stands at the end");
}

} // namespace

void fuzz::look(const bytes& input)
{
    pieces from{input};
    const auto mode = from.take<unsigned char>();
    const auto page = std::make_unique<disk::header_page>();
    from.fill(page.get(), sizeof *page);
    if ((mode & has_magic) != 0) {
        std::memcpy(page->header.magic, disk::header_magic.data(), sizeof page->header.magic);
        page->header.version = disk::format_version;
    }
    if ((mode & puts_checksums_right) != 0) {
        put_right(page->header, page->header.salt);
        if (page->seal.magic[0] != 0) {
            put_right(page->seal, page->header.salt);
        }
    }
    const std::optional<disk::segment_format> told = disk::format_in(page->header);
    const auto power_of_two = [](std::uint64_t n) { return n != 0 && (n & (n - 1)) == 0; };
    require(!told || (power_of_two(told->slot_count) && power_of_two(told->payload_alignment) &&
                      told->payload_bytes != 0 && !told->type.empty()),
            "a format that a header tells of is a possible one");
    const gregor::offset_t base = (mode & is_of_base) != 0 ? std::uint64_t{page->header.base} : 8;
    for (const auto& format : {told.value_or(small), small}) {
        const auto refused = disk::refuse_header(*page, format, base, "the path");
        if (!refused) {
            accepted(*page, format, base);
        } else {
            require(std::string_view{refused->what()}.find("the path") != std::string_view::npos &&
                        !refused->expected().empty(),
                    "a refusal names the file and what was expected");
            require(refused->code() == gregor::errc::corrupt ||
                        refused->code() == gregor::errc::wrong_format,
                    "a refusal says that the file is not right");
        }
    }
}

std::vector<fuzz::bytes> fuzz::seeds()
{
    std::vector<bytes> all;
    const disk::segment_format large{.type = std::string(255, 't'),
                                     .payload_bytes = 1U << 30U,
                                     .payload_alignment = 4096,
                                     .layout = 7,
                                     .partition = 3,
                                     .slot_count = std::uint64_t{1} << 31U};
    const disk::segment_format texts{.type = "text",
                                     .payload_bytes = 16,
                                     .payload_alignment = 8,
                                     .slot_count = 8,
                                     .blob_chunk_bytes = 1U << 20U};
    for (const auto* format : {&small, &large, &texts}) {
        for (const bool sealed : {false, true}) {
            disk::header_page page{};
            page.header =
                disk::make_header(*format, 8, 11, 10, 1, sealed, format->has_blobs() ? 48 : 0);
            disk::finish_block(page.identity, disk::identity_magic, 11);
            if (sealed) {
                page.seal.end = 8 + format->slot_count;
                disk::finish_block(page.seal, disk::seal_magic, 11);
            }
            for (const int mode : {0, 5, 7}) {
                bytes input{static_cast<unsigned char>(mode)};
                append(input, &page, 3 * disk::block_bytes);
                all.push_back(std::move(input));
            }
        }
    }
    return all;
}
