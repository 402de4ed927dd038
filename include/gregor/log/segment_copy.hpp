// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/recovery_report.hpp"
#include "gregor/log/segment.hpp"
#include "gregor/log/whole_slots.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// Does in a copy of a segment what a recovery does in its file: below `end`, each slot holds a
/// record or a void. What stands from there on nobody reads who reads a closed log.
///
/// Threads   one, before anybody reads there
/// Errors    returned
/// Cost      memory for the pages in which something is mended
template <class Files>
[[nodiscard]] outcome mend_mapped(segment<Files>& copy, offset_t end) noexcept
{
    const auto slot_bytes = static_cast<std::size_t>(copy.format().slot_bytes());
    unsigned char* slot = copy.slot(copy.base());
    const std::size_t bytes = static_cast<std::size_t>(copy.format().slot_count) * slot_bytes;
    if (const outcome did = Files::allow_writes(slot, bytes, true); !did.ok()) {
        return did;
    }
    const std::uint32_t begun = salted(copy.salt());
    for (offset_t at = copy.base(); at != copy.end() && at < end; ++at, slot += slot_bytes) {
        slot_head head;
        std::memcpy(&head, slot, sizeof head);
        if (!is_stamped(head, at)) {
            std::memset(slot, 0, slot_bytes);
            finish_slot(begun, at, slot_kind::skipped, slot, slot_bytes);
        }
    }
    return Files::allow_writes(copy.slot(copy.base()), bytes, false);
}

/// The same in all of a partition whose files are confined to be read, once they are mapped: what
/// its recovery has mended, and so has not.
template <class PartitionFiles>
[[nodiscard]] std::optional<error> mend_mapped(PartitionFiles& of)
{
    const recovery_report& found = of.report();
    if (found.voids == 0) {
        return std::nullopt;
    }
    for (offset_t base = of.begin(); base != of.room_end(); base += of.format().slot_count) {
        auto& each = of.segment_of(base);
        if (each.sealed()) {
            continue;
        }
        if (const outcome did = mend_mapped(each, found.end); !did.ok()) {
            return did.on(text({of.path(), "/", segment_name(base)}));
        }
    }
    return std::nullopt;
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
