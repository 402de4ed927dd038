// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/cell_contents.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/recovery_report.hpp"

namespace gregor::inline GREGOR_ABI::disk {

/// The log that offsets are of, as its recovery left it.
struct offsets_owner {
    std::uint64_t log = 0; ///< as its checkpoint says
    std::uint32_t partition = 0;
    std::uint64_t epoch = 0;
    epoch_starts starts = {};
    offset_t begin = 0;
    offset_t end = 0;
};

/// The first page of an offsets file, and what it says.
struct offsets_page {
    offsets_header header;
    std::optional<offsets_state> state; ///< the later one of two that are whole
    bool torn = false;                  ///< one of them is not
};

[[nodiscard]] inline offsets_header make_offsets_header(const offsets_owner& of, std::uint64_t salt)
{
    offsets_header made{};
    made.version = format_version;
    made.cell_bytes = static_cast<std::uint32_t>(cell_bytes);
    made.partition = of.partition;
    made.log = of.log;
    made.salt = salt;
    finish_block(made, offsets_magic, salt);
    return made;
}

#if GREGOR_FILES

/// Reads the first page, once it is found to be that of an offsets file; of this log, if one is
/// named.
template <class Files>
[[nodiscard]] result<offsets_page> read_offsets_page(int file, const std::string& path,
                                                     const offsets_owner* of)
{
    const auto refused = [&](errc code, std::string expected, std::string found) {
        return error{code, text({"offsets \"", path, "\""}), std::move(expected), std::move(found)};
    };
    const auto other = [&](std::string_view what, std::uint64_t wanted, std::uint64_t there) {
        return refused(errc::wrong_format, text({what, " ", std::to_string(wanted)}),
                       std::to_string(there));
    };
    file_facts facts;
    outcome did = Files::look(file, facts);
    unsigned char bytes[page_bytes];
    if (did.ok() && facts.bytes >= page_bytes) {
        did = Files::read(file, bytes, page_bytes, 0);
    }
    if (!did.ok()) {
        return did.on(path);
    }
    if (facts.bytes < page_bytes) {
        return refused(errc::corrupt, text({std::to_string(page_bytes), " bytes or more"}),
                       text({std::to_string(facts.bytes), " bytes"}));
    }
    offsets_page page{cell::part_at<offsets_header>(bytes, 0), std::nullopt};
    const offsets_header& header = page.header;
    if (std::memcmp(header.magic, offsets_magic.data(), sizeof header.magic) != 0) {
        return refused(errc::wrong_format, text({"to begin with ", offsets_magic}),
                       "something else");
    }
    if (header.version != format_version) {
        return other("version", format_version, header.version);
    }
    if (!is_block(header, offsets_magic, header.salt)) {
        return refused(errc::corrupt, "a header with its checksum", "another checksum");
    }
    if (header.cell_bytes != cell_bytes) {
        return other("bytes a cell", cell_bytes, header.cell_bytes);
    }
    if (of != nullptr && header.partition != of->partition) {
        return other("the offsets of partition", of->partition, header.partition);
    }
    if (of != nullptr && header.log != of->log) {
        return other("the offsets of the log of number", of->log, header.log);
    }
    for (std::size_t i = 0; i != 2; ++i) {
        const auto state = cell::part_at<offsets_state>(bytes, states_at[i]);
        const bool whole = is_block(state, offsets_state_magic, header.salt) &&
                           state.sequence % 2 == i && state.sequence < most_sequences;
        page.torn = page.torn || !whole;
        if (whole && (!page.state || state.sequence > page.state->sequence)) {
            page.state = state;
        }
    }
    if (!page.state) {
        return refused(errc::corrupt, "a state with its checksum", "none");
    }
    const std::uint64_t cells = page.state->cells;
    if (cells > most_cells) {
        return refused(errc::corrupt, text({"up to ", std::to_string(most_cells), " cells"}),
                       std::to_string(cells));
    }
    if (facts.bytes < page_bytes + cells * cell_bytes) {
        return refused(errc::corrupt,
                       text({std::to_string(page_bytes + cells * cell_bytes),
                             " bytes or more, for ", std::to_string(cells), " cells"}),
                       text({std::to_string(facts.bytes), " bytes"}));
    }
    return page;
}

#endif

} // namespace gregor::inline GREGOR_ABI::disk
