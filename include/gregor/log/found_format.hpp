// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gregor/base/config.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/segment_header.hpp"
#include "gregor/log/topic_files.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What the files of a topic say that its records are, by the header of one segment.
struct found_format {
    bool written = false;                 ///< there is a segment
    std::optional<segment_format> format; ///< none where its header tells none

    /// Records of this identity are what is there. Where nothing was written, all are.
    [[nodiscard]] bool is(const record_identity& records) const
    {
        return !written ||
               (format && format->type == records.type && format->payload_bytes == records.bytes &&
                format->payload_alignment == records.alignment &&
                format->layout == records.layout && format->has_blobs() == records.has_blobs);
    }
};

/// Of the oldest segment of a partition, which is in this folder.
template <class Files>
[[nodiscard]] outcome look_at_partition(int in, found_format& found)
{
    std::optional<offset_t> oldest;
    outcome did = Files::list(in, [&](std::string_view name) {
        if (const auto base = base_in(name); base && (!oldest || *base < *oldest)) {
            oldest = base;
        }
    });
    if (!did.ok() || !oldest) {
        return did;
    }
    found.written = true;
    file_handle<Files> file;
    file_facts facts;
    header_page page{};
    did = Files::open(in, segment_name(*oldest).c_str(), open_mode::read, file.fill());
    if (did.ok()) {
        did = Files::look(file.get(), facts);
    }
    if (did.ok() && facts.bytes >= sizeof page) {
        did = Files::read(file.get(), &page, sizeof page, 0);
    }
    if (did.ok()) {
        found.format = format_in(page.header);
    }
    return did;
}

/// Of the topic in this folder. Nothing is opened to be written, or locked.
template <class Files>
[[nodiscard]] result<found_format> find_format(const directory<Files>& topic)
{
    found_format found;
    outcome did;
    for (std::size_t i = 0; did.ok() && !found.written; ++i) {
        file_handle<Files> in;
        did = Files::open_directory_in(topic.get(), std::to_string(i).c_str(), in.fill());
        if (did.ok()) {
            did = look_at_partition<Files>(in.get(), found);
        } else if (did.code == ENOENT) {
            return found; // there is no partition more
        }
    }
    return did.ok() ? result<found_format>{std::move(found)} : did.on(topic.path);
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
