// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/format.hpp"

namespace gregor::inline GREGOR_ABI::disk {

/// Of a format that is not `possible()`.
[[nodiscard]] inline error impossible_format(std::string_view path)
{
    return error{errc::invalid_option, text({"log \"", path, "\""}),
                 "a type with a name of up to 255 bytes, of up to 1 GiB and aligned to up to 4096, "
                 "and a power of two of up to 2^31 records a segment",
                 "another format"};
}

[[nodiscard]] inline header_block make_header(const segment_format& format, offset_t base,
                                              std::uint64_t salt, std::uint64_t previous_salt,
                                              std::uint64_t now, bool recycled,
                                              std::uint64_t blobs_from = 0)
{
    header_block made{};
    made.version = format_version;
    made.header_bytes = page_bytes;
    made.byte_order = native_byte_order();
    made.slot_bytes = static_cast<std::uint32_t>(format.slot_bytes());
    made.payload_at = static_cast<std::uint32_t>(format.payload_at());
    made.payload_alignment = format.payload_alignment;
    made.payload_bytes = format.payload_bytes;
    made.layout = format.layout;
    made.partition = format.partition;
    made.timestamp_at = format.timestamp_at;
    made.timestamp_tick = format.timestamp_tick;
    made.slot_count = format.slot_count;
    made.base = base;
    made.previous_salt = previous_salt;
    made.created = now;
    made.recycled = recycled ? 1U : 0U;
    made.type_bytes = static_cast<std::uint32_t>(format.type.size());
    std::memcpy(made.type, format.type.data(), format.type.size());
    made.blobs_from = blobs_from;
    made.blob_chunk_bytes = format.blob_chunk_bytes;
    made.salt = salt;
    finish_block(made, header_magic, salt);
    return made;
}

/// The format that a header speaks of, for who does not know the type of the records; none where it
/// is not whole, of another version, or speaks of an impossible one. What is in it need not fit
/// together: `refuse_header` with this format says so.
[[nodiscard]] inline std::optional<segment_format> format_in(const header_block& found)
{
    if (found.version != format_version || !is_block(found, header_magic, found.salt) ||
        found.type_bytes > longest_type_name) {
        return std::nullopt;
    }
    segment_format format{.type = {found.type, std::size_t{found.type_bytes}},
                          .payload_bytes = found.payload_bytes,
                          .payload_alignment = found.payload_alignment,
                          .layout = found.layout,
                          .partition = found.partition,
                          .slot_count = found.slot_count,
                          .timestamp_at = found.timestamp_at,
                          .timestamp_tick = found.timestamp_tick,
                          .blob_chunk_bytes = found.blob_chunk_bytes};
    return format.possible() ? std::optional{std::move(format)} : std::nullopt;
}

/// Why a header page is not that of this segment of this log; none where it is. What another
/// program may have written is `wrong_format`, what nobody wrote `corrupt`.
[[nodiscard]] inline std::optional<error> refuse_header(const header_page& page,
                                                        const segment_format& format, offset_t base,
                                                        std::string_view path)
{
    const header_block& found = page.header;
    const auto refused = [&](errc code, std::string_view what, std::string_view wanted,
                             std::string_view there) {
        return error{code, text({"segment \"", path, "\""}), text({what, " ", wanted}),
                     std::string{there}};
    };
    const auto other = [&](std::string_view what, std::uint64_t wanted, std::uint64_t there) {
        return refused(errc::wrong_format, what, std::to_string(wanted), std::to_string(there));
    };
    if (std::memcmp(found.magic, header_magic.data(), sizeof found.magic) != 0) {
        return refused(errc::wrong_format, "to begin with", header_magic, "something else");
    }
    if (found.version != format_version) {
        return other("version", format_version, found.version);
    }
    if (!is_block(found, header_magic, found.salt)) {
        return refused(errc::corrupt, "a header with", "its checksum", "another checksum");
    }
    if (found.byte_order != native_byte_order()) {
        const auto order = [](std::uint32_t which) {
            return which == 1 ? "little-endian" : "big-endian";
        };
        return refused(errc::wrong_format, "byte order", order(native_byte_order()),
                       order(found.byte_order));
    }
    const std::string_view type{found.type, found.type_bytes <= longest_type_name
                                                ? std::size_t{found.type_bytes}
                                                : longest_type_name};
    if (type != format.type) {
        return refused(errc::wrong_format, "records of type", format.type, type);
    }
    segment_format told = format;
    if (found.timestamp_at == 0) { // as in logs that are older than the field
        told.timestamp_at = 0;
        told.timestamp_tick = 0;
    }
    const header_block wanted = make_header(told, base, found.salt, found.previous_salt,
                                            found.created, found.recycled != 0, found.blobs_from);
    const auto differs = [&](little32 header_block::* field) {
        return found.*field != wanted.*field;
    };
    struct named {
        const char* what;
        little32 header_block::* field;
    };
    for (const auto& [what, field] :
         {named{"bytes a record", &header_block::payload_bytes},
          named{"alignment of a record", &header_block::payload_alignment},
          named{"policies of the layout", &header_block::layout},
          named{"partition", &header_block::partition},
          named{"place of the time in a slot", &header_block::timestamp_at},
          named{"ns a tick of that time", &header_block::timestamp_tick},
          named{"bytes a slot", &header_block::slot_bytes}}) {
        if (differs(field)) {
            return other(what, wanted.*field, found.*field);
        }
    }
    if (found.slot_count != format.slot_count) {
        return other("records a segment", format.slot_count, found.slot_count);
    }
    if (found.blob_chunk_bytes != format.blob_chunk_bytes) {
        return other("bytes a chunk of blobs", format.blob_chunk_bytes, found.blob_chunk_bytes);
    }
    if (found.base != base) {
        return other("base offset, as its name says,", base, found.base);
    }
    if (std::memcmp(&found, &wanted, sizeof found) != 0 ||
        found.blobs_from > (format.has_blobs() ? most_blob_position : 0)) {
        return refused(errc::corrupt, "a header with", "nothing else in it", "more");
    }
    const header_page empty{};
    if (std::memcmp(page.zero, empty.zero, sizeof empty.zero) != 0) {
        return refused(errc::corrupt, "a header page with", "nothing behind it", "something");
    }
    const bool unsealed = std::memcmp(&page.seal, &empty.seal, sizeof empty.seal) == 0;
    if (!unsealed &&
        (!is_block(page.seal, seal_magic, found.salt) ||
         page.seal.end != base + format.slot_count || page.seal.blobs_end > most_blob_position)) {
        return refused(errc::corrupt, "a seal with its checksum,", "or none", "another one");
    }
    return std::nullopt;
}

/// The same of the header block alone. What stands behind it and does not belong there, a seal
/// among them, is taken out of the page.
[[nodiscard]] inline std::optional<error> refuse_header_block(header_page& page,
                                                              const segment_format& format,
                                                              offset_t base, std::string_view path)
{
    auto refused = refuse_header(page, format, base, path);
    if (refused) {
        std::memset(page.zero, 0, sizeof page.zero);
        refused = refuse_header(page, format, base, path);
    }
    if (refused) {
        page.seal = {};
        refused = refuse_header(page, format, base, path);
    }
    return refused;
}

} // namespace gregor::inline GREGOR_ABI::disk
